#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
# SPDX-License-Identifier: Apache-2.0
#
# Compares `scim-bridge dev` with what it says of itself at /openapi.json: the document is validated, then schemathesis makes up requests from it and
# looks at every answer. Fails for an answer that is not described, and for a 500. Both tools are installed from PyPI into .schemathesis/ and kept
# there; the servers live in a folder of their own and are gone afterwards, whatever happens.
#
#   SCHEMATHESIS_BUILD     which build is checked: release, unless set to debug
#   SCHEMATHESIS_EXAMPLES  made-up requests of each operation while fuzzing, 40 unless set
#   SCHEMATHESIS_SEED      where they come from; the same seed makes the same ones: 1 unless set
#   SCHEMATHESIS_SECONDS   for all of it, 170 unless set
set -euo pipefail
cd "$(dirname "$0")/.."
name=schemathesis
. scripts/dev-for-checks.sh

# Taken over on purpose and not by chance: a newer schemathesis makes up other requests.
packages=(schemathesis==4.32.5 openapi-spec-validator==0.9.0)
examples="${SCHEMATHESIS_EXAMPLES:-40}"
seed="${SCHEMATHESIS_SEED:-1}"
seconds="${SCHEMATHESIS_SECONDS:-170}"

# Not among them, because they are wrong for SCIM:
#   negative_data_rejection     unknown attributes and wrong read-only ones are ignored (RFC 7644 section 3.3), a count below 0 is 0 (section 3.4.2.4)
#   positive_data_acceptance    names are unique, members exist and values follow the directory's rules, which JSON Schema cannot say
#   missing_required_header     no header is required
#   object_level_authorization  a client may see all resources of its tenant; tenants are told apart by the tests of the API
checks=not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance
checks+=,unsupported_method,allow_header_conformance,use_after_free,ensure_resource_availability,ignored_auth

check_bridge "${SCHEMATHESIS_BUILD:-release}" SCHEMATHESIS_BUILD
for number in "$examples" "$seed" "$seconds"; do
    [[ "$number" =~ ^[1-9][0-9]*$ ]] || fail "the settings are whole numbers from 1 on, and \"$number\" is none"
done
install_from_pypi .schemathesis "${packages[@]}"
tools="$PWD/.schemathesis/environment/bin"
start_dev

document="$work/openapi.json"
curl --silent --show-error --fail --noproxy '*' --max-time 10 --header "@$header" --output "$document" "$origin/openapi.json" ||
    fail "$origin/openapi.json does not answer"
"$tools/openapi-spec-validator" "$document" || fail "the document is not OpenAPI"

status=0
# From a folder of its own: schemathesis keeps things where it runs. Health checks complain of how fast requests are made up, warnings of operations that
# most requests do not get far into; there is no user to the token, so /Me is always one of them. What other work on the machine delays for less than
# 30 s is no fault.
hooks="$PWD/scripts/schemathesis_hooks.py"
config="$PWD/scripts/schemathesis.toml"
(
    cd "$work"
    SCIM_TOKEN="$(cat "$token")" SCHEMATHESIS_HOOKS="$hooks" NO_PROXY=127.0.0.1 no_proxy=127.0.0.1 \
        timeout "$seconds" "$tools/schemathesis" --config-file "$config" run "$document" --url "$url" --checks "$checks" \
        --max-examples "$examples" --seed "$seed" --generation-database none --continue-on-failure --no-color \
        --suppress-health-check all --warnings off --request-timeout 30 </dev/null
) || status=$?
[ "$status" -ne 124 ] || fail "the requests were not finished in $seconds s"
[ "$status" -eq 0 ] || fail "schemathesis found something (see above)"
