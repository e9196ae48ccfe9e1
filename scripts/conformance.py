# SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
# SPDX-License-Identifier: Apache-2.0
"""Runs all checks of scim2-tester against the service at SCIM_URL with the bearer token in the file SCIM_TOKEN_FILE.

Ends with 0 when no check fails. A check whose expectation contradicts an RFC is named in CONTRADICTIONS with the reason; it must fail in just that
way, so that the list cannot outlive its entries.
"""

import os
import sys
from pathlib import Path
from typing import Annotated

import scim2_models
from scim2_models import ComplexAttribute, Mutability, Required


class SecurityEvents(ComplexAttribute):
    async_request: Annotated[str | None, Mutability.read_only, Required.true] = None
    event_uris: Annotated[list[str] | None, Mutability.read_only] = None


class ServiceProviderConfig(scim2_models.ServiceProviderConfig):
    """With the attribute of RFC 9967. The tester's own model is older and refuses what it does not know, so it would not even begin."""

    security_events: Annotated[SecurityEvents | None, Mutability.read_only] = None


# Before the client and the tester take the name from there.
scim2_models.ServiceProviderConfig = ServiceProviderConfig

from httpx2 import Client  # noqa: E402
from scim2_client.engines.httpx2 import SyncSCIMClient  # noqa: E402
from scim2_tester import Status, check_server  # noqa: E402

SYNC = "urn:univention:scim:schemas:extension:2.0:Sync"
MEMBER_ROLES = "urn:ietf:params:scim:schemas:extension:Univention:1.0:Group:memberRoles"

READ_ONLY = (
    "every attribute of this extension is readOnly and returned on request (RFC 7643 section 7); the tester writes the extension all the same, "
    "and expects it back empty"
)
DISPLAY = "a member has the name of its resource as display, as in RFC 7643 section 8.4; the tester expects members without one"
APPENDED = (
    "Add appends to a list (RFC 7644 section 3.5.2.1), and the tester has added the whole extension, with another role, just before; "
    "it expects the new value alone"
)

# (check, resource type, attribute) -> why its expectation is wrong here
CONTRADICTIONS = {
    ("check_add_attribute", "User", SYNC): READ_ONLY,
    ("check_replace_attribute", "User", SYNC): READ_ONLY,
    ("check_add_attribute", "Group", SYNC): READ_ONLY,
    ("check_replace_attribute", "Group", SYNC): READ_ONLY,
    ("check_add_attribute", "Group", "members"): DISPLAY,
    ("check_replace_attribute", "Group", "members"): DISPLAY,
    ("check_add_attribute", "Group", MEMBER_ROLES): APPENDED,
}


def attribute(result) -> str | None:
    return result.data.get("urn") if isinstance(result.data, dict) else None


def main() -> int:
    token = Path(os.environ["SCIM_TOKEN_FILE"]).read_text().strip()
    with Client(base_url=os.environ["SCIM_URL"], headers={"Authorization": f"Bearer {token}"}, timeout=30) as client:
        results = check_server(SyncSCIMClient(client))
    passed, failed, contradicted = 0, 0, set()
    for result in results:
        key = (result.title, result.resource_type, attribute(result))
        if result.status == Status.SUCCESS:
            passed += 1
        elif key in CONTRADICTIONS and "returned unexpected value" in (result.reason or ""):
            contradicted.add(key)
        else:
            # A check that was skipped as well: everything that it could need is announced.
            failed += 1
            place = " ".join(part for part in key if part)
            print(f"{result.status.name} {place}\n  {result.reason}\n  {result.data}")
    for key in CONTRADICTIONS.keys() - contradicted:
        failed += 1
        print(f"{' '.join(key)}: the tester does not contradict the RFC any more; take it off the list")
    for key in sorted(contradicted):
        print(f"not counted: {' '.join(key)}: {CONTRADICTIONS[key]}")
    print(f"{passed} checks passed, {failed} failed, {len(contradicted)} contradict an RFC")
    # It would stop early at a service that it cannot discover.
    return 0 if failed == 0 and passed >= 100 else 1


if __name__ == "__main__":
    sys.exit(main())
