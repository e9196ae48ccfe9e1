#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
# SPDX-License-Identifier: Apache-2.0
"""A complete receiver of the bridge's webhook: Python 3.8 or later, nothing else.

    webhook_receiver.py --secret-file secrets --port 8099

The file has one secret in each line, `whsec_` and base64: while a secret is changed, the old and the new one. It speaks plain HTTP on this
machine; a proxy in front of it speaks TLS, which the bridge demands of every other address.
"""

import argparse
import base64
import hashlib
import hmac
import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

METADATA = "urn:univention:scim:event:1.0"
# An older signature may be a recording that somebody plays again.
TOLERANCE_SECONDS = 5 * 60
LONGEST_BODY = 2 << 20


def apply(event):
    """What your system does with an event that it has not seen. Raise, and it comes again."""
    print(json.dumps(event), flush=True)


def is_number(text):
    return text.isascii() and text.isdigit()


def is_genuine(secrets, headers, body, now):
    """Whether one of the signatures is made with one of our secrets, and not long ago."""
    identifier, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not is_number(timestamp) or abs(now - int(timestamp)) > TOLERANCE_SECONDS:
        return False
    signed = f"{identifier}.{timestamp}.".encode() + body
    given = [part[3:] for part in headers.get("webhook-signature", "").split(" ") if part.startswith("v1,")]
    for secret in secrets:
        expected = base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()
        if any(hmac.compare_digest(expected.encode(), signature.encode()) for signature in given):
            return True
    return False


class Receiver(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    secrets = []
    # Of a real receiver these are in its database, changed in the transaction that applies the event.
    seen, positions, lock = set(), {}, threading.Lock()

    def do_POST(self):
        length = self.headers.get("Content-Length", "")
        if not is_number(length) or int(length) > LONGEST_BODY:
            self.close_connection = True
            return self.answer(413)
        body = self.rfile.read(int(length))
        if not is_genuine(self.secrets, self.headers, body, time.time()):
            return self.answer(401)
        try:
            self.receive(self.headers["webhook-id"], json.loads(body))
        except (KeyError, ValueError, TypeError):
            # Nobody can make this right by sending it again.
            return self.answer(400)
        except Exception as error:  # pylint: disable=broad-except
            print(f"not applied: {error}", file=sys.stderr, flush=True)
            return self.answer(503)
        return self.answer(204)

    def receive(self, identifier, message):
        shown = message["body"]["new"] or message["body"]["old"]
        with self.lock:
            # Delivery is at least once.
            if identifier in self.seen:
                return
            if message["realm"] == "scim":
                order = shown[METADATA]["order"]
                if order > self.positions.get(shown["id"], -1):
                    apply({"realm": "scim", "topic": message["topic"], "resource": shown["id"], "order": order})
                    self.positions[shown["id"]] = order
            else:
                apply({"realm": message["realm"], "topic": message["topic"], "detail": shown["detail"]})
            self.seen.add(identifier)

    def answer(self, status):
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments):
        pass


def main():
    parser = argparse.ArgumentParser(description="Receives the webhook of the SCIM-to-UDM write bridge.")
    parser.add_argument("--secret-file", required=True)
    parser.add_argument("--port", type=int, default=8099)
    options = parser.parse_args()
    with open(options.secret_file, encoding="utf-8") as file:
        lines = file.read().split()
    if not lines or any(not line.startswith("whsec_") for line in lines):
        sys.exit("each line of the file must begin with whsec_")
    Receiver.secrets = [base64.b64decode(line[len("whsec_") :]) for line in lines]
    server = ThreadingHTTPServer(("127.0.0.1", options.port), Receiver)
    print(f"listening on 127.0.0.1:{server.server_address[1]}", file=sys.stderr, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
