# SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
# SPDX-License-Identifier: Apache-2.0
"""Leads many of the requests that schemathesis makes up to something that exists and may be done.

What names, mail addresses and paths have to be like is more than JSON Schema can say, and nearly no made-up id names anything. Left alone, nearly
every write would be refused at its first word, and nothing behind that would ever be tried. Every other request goes out as it was made up.
"""

import copy
import hashlib
import re

import schemathesis

UUID = re.compile(r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
PATHS = {
    "User": [
        "active", "displayName", "name", "name.givenName", "nickName", "title", "emails", 'emails[type eq "work"].value',
        'phoneNumbers[type eq "mobile"].value', "addresses", "roles", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager",
    ],
    "Group": ["displayName", "externalId", "members", "urn:ietf:params:scim:schemas:extension:Univention:1.0:Group:description"],
}
# Ids of resources by type, and transactions, newest last.
known = {"User": [], "Group": [], "Transaction": []}


def digest(value):
    return hashlib.sha256(repr(value).encode()).digest()


def word(value):
    """A name that follows from the value, so that the same seed makes the same requests."""
    return "n" + digest(value).hex()[:12]


@schemathesis.hook
def before_call(context, case, **kwargs):
    operation = case.operation.definition.raw.get("operationId", "")
    kind = "Group" if "Group" in operation else "User"
    chance = digest((operation, case.path_parameters, case.query, case.body))[0]
    if chance % 2:
        lead_to_existing(case, kind, chance)
    if isinstance(case.body, dict) and chance % 4:
        case.body = possible(copy.deepcopy(case.body), operation, kind)


@schemathesis.hook
def after_call(context, case, response):
    operation = case.operation.definition.raw.get("operationId", "")
    if "set-txn" in response.headers:
        known["Transaction"].append(response.headers["set-txn"][0])
    if response.status_code == 201:
        known["Group" if "Group" in operation else "User"].append(response.json()["id"])


def lead_to_existing(case, kind, chance):
    parameters = case.path_parameters or {}
    # An id that a link has brought stays.
    if UUID.match(str(parameters.get("id", ""))) and known[kind] and parameters["id"] not in known[kind]:
        parameters["id"] = known[kind][chance % len(known[kind])]
    if "transaction" in parameters and known["Transaction"]:
        parameters["transaction"] = known["Transaction"][-1]
    # Made-up entity tags are those of nothing.
    if case.headers and "If-Match" in case.headers:
        case.headers["If-Match"] = "*"
    if case.headers and "If-None-Match" in case.headers:
        del case.headers["If-None-Match"]


def possible(body, operation, kind):
    if operation.startswith("patch"):
        return possible_patch(body, kind)
    if operation in ("createUser", "replaceUser"):
        return possible_user(body)
    if operation in ("createGroup", "replaceGroup"):
        return possible_group(body)
    return body


def possible_user(body):
    name = word(body)
    # What is of another type than a string was meant to be wrong.
    if isinstance(body.get("userName"), str):
        body["userName"] = name
    parts = body.get("name")
    if isinstance(parts, dict) and isinstance(parts.get("familyName"), str):
        parts["familyName"] += "x"
    if isinstance(body.get("password"), str):
        body["password"] = name
    emails = body.get("emails")
    for index, email in enumerate(emails if isinstance(emails, list) else []):
        if isinstance(email, dict) and email.get("type") in ("mailbox", "alias"):
            email["value"] = f"{name}.{index}@example.org"
    return body


def possible_group(body):
    if isinstance(body.get("displayName"), str):
        body["displayName"] = word(body)
    if isinstance(body.get("members"), list):
        body["members"] = [{"value": id} for id in known["User"][-3:]]
    return body


def possible_patch(body, kind):
    operations = body.get("Operations")
    for operation in operations if isinstance(operations, list) else []:
        if not isinstance(operation, dict) or not isinstance(operation.get("path"), str):
            continue
        path = PATHS[kind][digest(operation)[0] % len(PATHS[kind])]
        operation["path"] = path
        if "value" in operation:
            operation["value"] = value(path, operation["value"])
    return body


def value(path, made_up):
    if path == "active":
        return bool(made_up)
    if path == "name":
        return {"familyName": word(made_up)}
    if path == "members":
        return [{"value": id} for id in known["User"][-2:]]
    if path in ("emails", "roles"):
        return [{"value": word(made_up), "type": "work"}]
    if path == "addresses":
        return [{"locality": word(made_up), "type": "work"}]
    return word(made_up)
