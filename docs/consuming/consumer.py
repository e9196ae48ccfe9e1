#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
# SPDX-License-Identifier: Apache-2.0
"""A complete consumer of the bridge's events: Python 3.8 or later, nothing else.

It subscribes at the Nubus Provisioning API, takes one event after the other, applies each once and in the order of its resource,
and confirms it. What it has to remember is in a SQLite file, changed in the same transaction as what an event does, so that it may be
killed at any moment.

    consumer.py --url http://nubus-provisioning-api --name my-consumer --password-file secret \\
        --admin-password-file admin-secret --state consumer.db

The admin's password is needed for subscribing only. Put what your system does with an event into `apply`.
"""

import argparse
import base64
import http.client
import json
import sqlite3
import sys
import time
import urllib.error
import urllib.request

METADATA = "urn:univention:scim:event:1.0"
SUBSCRIPTION = [
    {"realm": "scim", "topic": "user"},
    {"realm": "scim", "topic": "group"},
    {"realm": "sync-error", "topic": "scim2udm"},
]
# How long ids of events are kept: longer than anybody retries.
REMEMBERED_SECONDS = 30 * 24 * 3600


def apply(kind, event):
    """What your system does: `kind` is `created`, `modified`, `deleted`, or `sync-error`. Raise, and the event comes again."""
    print(json.dumps({"kind": kind, **event}), flush=True)


class Provisioning:
    """The few calls of the Provisioning API that a consumer needs."""

    def __init__(self, url, name, password):
        self.url = url.rstrip("/")
        self.name = name
        self.password = password

    def subscribe(self, admin, admin_password):
        """Safe to repeat: the same subscription again is 200. Another one under the same name is 409: delete it first."""
        body = {"name": self.name, "realms_topics": SUBSCRIPTION, "request_prefill": False, "password": self.password}
        self._call("POST", "/v1/subscriptions", body, user=admin, password=admin_password)

    def next(self, seconds):
        """The next message, or None. The same one comes until it is confirmed."""
        path = f"/v1/subscriptions/{self.name}/messages/next?timeout={seconds}"
        # Longer than the service waits, or a message stays in flight.
        return self._call("GET", path, timeout=seconds + 10)

    def confirm(self, message):
        path = f"/v1/subscriptions/{self.name}/messages/{message['sequence_number']}/status"
        try:
            self._call("PATCH", path, {"status": "ok"})
        except urllib.error.HTTPError as error:
            # Confirmed already.
            if error.code != 404:
                raise

    def _call(self, method, path, body=None, user=None, password=None, timeout=30):
        credentials = f"{user or self.name}:{password or self.password}".encode()
        request = urllib.request.Request(
            self.url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Authorization": "Basic " + base64.b64encode(credentials).decode(),
                "Content-Type": "application/json",
                "Accept": "application/json",
            },
        )
        with urllib.request.urlopen(request, timeout=timeout) as response:
            return json.loads(response.read() or b"null")


class Memory:
    """Which events were applied, and how far each resource is."""

    def __init__(self, path):
        self.db = sqlite3.connect(path, isolation_level=None)
        self.db.execute("CREATE TABLE IF NOT EXISTS seen (event_id TEXT PRIMARY KEY, at INTEGER)")
        self.db.execute("CREATE TABLE IF NOT EXISTS position (resource_id TEXT PRIMARY KEY, event_order INTEGER)")
        self.db.execute("DELETE FROM seen WHERE at < ?", (int(time.time()) - REMEMBERED_SECONDS,))

    def __enter__(self):
        self.db.execute("BEGIN IMMEDIATE")
        return self

    def __exit__(self, kind, error, trace):
        self.db.execute("COMMIT" if kind is None else "ROLLBACK")

    def is_new(self, event_id):
        row = (event_id, int(time.time()))
        return self.db.execute("INSERT OR IGNORE INTO seen VALUES (?, ?)", row).rowcount == 1

    def advance(self, resource_id, order):
        """False if the resource is further already: this event was held up and tells an older state."""
        return (
            self.db.execute(
                "INSERT INTO position VALUES (?, ?) ON CONFLICT (resource_id) DO UPDATE SET event_order = excluded.event_order "
                "WHERE excluded.event_order > event_order",
                (resource_id, order),
            ).rowcount
            == 1
        )


def handle(memory, message):
    body = message["body"]
    shown = body["new"] or body["old"]
    metadata = shown.get(METADATA)
    if metadata is None:
        # Realms belong to nobody: whoever else publishes here has a shape of their own.
        print(f"not of the bridge: {message['realm']}/{message['topic']}", file=sys.stderr, flush=True)
        return
    with memory:
        if not memory.is_new(metadata["eventId"]):
            return
        if message["realm"] == "sync-error":
            # An error takes nobody's place in the order: it tells of a write, not of a state.
            apply("sync-error", {"detail": shown["detail"], "resource": metadata["resourceId"], "metadata": metadata})
            return
        if not memory.advance(shown["id"], metadata["order"]):
            return
        # A large group comes without members: take the difference, or read the group over SCIM when that was cut.
        event = {"resource": shown["id"], "type": shown["objectType"], "order": metadata["order"]}
        event["old"], event["new"] = strip(body["old"]), strip(body["new"])
        if metadata.get("membersOmitted"):
            event["membersDelta"] = metadata["membersDelta"]
            event["mustRead"] = bool(metadata.get("membersDeltaTruncated") or metadata.get("attributesOmitted"))
        apply(metadata["operation"], event)


def strip(side):
    """The SCIM resource: `objectType` and the metadata are for the way only."""
    return {name: value for name, value in side.items() if name not in ("objectType", METADATA)}


def read_secret(path):
    with open(path, encoding="utf-8") as file:
        return file.read().strip()


def main():
    parser = argparse.ArgumentParser(description="Consumes the events of the SCIM-to-UDM write bridge.")
    parser.add_argument("--url", required=True, help="base of the Provisioning API")
    parser.add_argument("--name", required=True, help="of the subscription, which is its user name too")
    parser.add_argument("--password-file", required=True, help="of the subscription")
    parser.add_argument("--admin", default="admin", help="who may subscribe")
    parser.add_argument("--admin-password-file", help="subscribe first")
    parser.add_argument("--state", default="consumer.db", help="what is remembered")
    parser.add_argument("--idle-exit", type=int, help="end after so many empty polls in a row")
    parser.add_argument("--poll", type=float, default=5, help="seconds that the service waits for an event")
    options = parser.parse_args()

    provisioning = Provisioning(options.url, options.name, read_secret(options.password_file))
    if options.admin_password_file:
        provisioning.subscribe(options.admin, read_secret(options.admin_password_file))
    memory = Memory(options.state)
    wait, empty = 1, 0
    while options.idle_exit is None or empty < options.idle_exit:
        try:
            message = provisioning.next(options.poll)
            if message is None:
                empty += 1
                continue
            empty = 0
            handle(memory, message)
            provisioning.confirm(message)
            wait = 1
        except (OSError, ValueError, http.client.HTTPException) as error:
            # Unconfirmed, the same message comes again.
            print(f"again in {wait} s: {error}", file=sys.stderr, flush=True)
            time.sleep(wait)
            wait = min(wait * 2, 60)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
