#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
# SPDX-License-Identifier: Apache-2.0
#
# Runs scim2-tester, a public compliance checker for SCIM 2.0, against `scim-bridge dev` with the doubles. Fails when a check fails. The checker
# is installed from PyPI into .conformance/ and kept there; the servers live in a folder of their own and are gone afterwards, whatever happens.
#
#   CONFORMANCE_BUILD    which build is checked: release, unless set to debug
#   CONFORMANCE_SECONDS  for all checks, 300 unless set
set -euo pipefail
cd "$(dirname "$0")/.."
name=conformance
. scripts/dev-for-checks.sh

# Known to work together. A newer checker may check more, so it is taken over on purpose and not by chance.
packages=(scim2-tester==0.5.2 'scim2-client[httpx2]==0.13.2' scim2-models==0.12.3)
seconds="${CONFORMANCE_SECONDS:-300}"

check_bridge "${CONFORMANCE_BUILD:-release}" CONFORMANCE_BUILD
[[ "$seconds" =~ ^[1-9][0-9]*$ ]] || fail "CONFORMANCE_SECONDS must be a number of seconds, not \"$seconds\""
install_from_pypi .conformance "${packages[@]}"
start_dev

status=0
SCIM_URL="$url" SCIM_TOKEN_FILE="$token" NO_PROXY=127.0.0.1 no_proxy=127.0.0.1 \
    timeout "$seconds" .conformance/environment/bin/python scripts/conformance.py </dev/null || status=$?
[ "$status" -ne 124 ] || fail "the checks were not finished in $seconds s"
[ "$status" -eq 0 ] || fail "scim2-tester found something (see above)"
