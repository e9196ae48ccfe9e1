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

# Known to work together. A newer checker may check more, so it is taken over on purpose and not by chance.
packages=(scim2-tester==0.5.2 'scim2-client[httpx2]==0.13.2' scim2-models==0.12.3)
build="${CONFORMANCE_BUILD:-release}"
seconds="${CONFORMANCE_SECONDS:-300}"
bridge=".build/$build/scim-bridge"
environment=.conformance/environment

fail() {
    echo "conformance: $*" >&2
    exit 1
}

[[ "$build" =~ ^(release|debug)$ ]] || fail "CONFORMANCE_BUILD must be release or debug, not \"$build\""
[[ "$seconds" =~ ^[1-9][0-9]*$ ]] || fail "CONFORMANCE_SECONDS must be a number of seconds, not \"$seconds\""
[ -x "$bridge" ] || fail "$bridge is missing. Run 'make build', or 'swift build' with CONFORMANCE_BUILD=debug"
for program in python3 curl; do
    command -v "$program" >/dev/null || fail "$program is missing"
done

# The list of what is installed is written last, so an installation that was interrupted begins again.
if [ "$(cat .conformance/installed 2>/dev/null)" != "${packages[*]}" ]; then
    echo "conformance: installing ${packages[*]} ..."
    rm -rf .conformance
    mkdir .conformance
    python3 -m venv "$environment" || fail "python3 cannot make an environment. Install the package python3-venv"
    timeout 300 "$environment/bin/pip" install --quiet --disable-pip-version-check "${packages[@]}" ||
        fail "pip could not install the checker from PyPI"
    echo "${packages[*]}" >.conformance/installed
fi

work="$(mktemp -d "${TMPDIR:-/tmp}/scim-conformance.XXXXXX")"
dev=""
cleanup() {
    local status=$?
    trap - EXIT
    # A second Ctrl-C must not leave servers behind.
    trap '' INT TERM
    if [ -n "$dev" ]; then
        kill -INT "$dev" 2>/dev/null || true
        # `dev` stops its servers itself and has a limit for each of them.
        for _ in $(seq 600); do
            kill -0 "$dev" 2>/dev/null || break
            sleep 0.1
        done
        kill -KILL "$dev" 2>/dev/null || true
        wait "$dev" 2>/dev/null || true
    fi
    if [ "$status" -ne 0 ] && [ -s "$work/dev.log" ]; then
        echo "conformance: the last lines of the server:" >&2
        tail -n 10 "$work/dev.log" >&2
    fi
    rm -rf "$work"
    exit "$status"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
# PostgreSQL runs as another user when this is root, and has to get into the folder.
chmod 711 "$work"

free_port() {
    local port
    for _ in $(seq 100); do
        port=$((20000 + RANDOM % 10000))
        if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
            echo "$port"
            return
        fi
    done
    fail "no free port on 127.0.0.1"
}

port="$(free_port)"
operations_port="$(free_port)"
url="http://127.0.0.1:$port/scim/v2"
# Nothing but the doubles: a real UDM would get everything that the checker makes up.
unset UDM_URL PROVISIONING_URL DATABASE_URL REDIS_URL CONFIG_FILE
echo "conformance: starting scim-bridge dev ($build) ..."
"$bridge" dev --fresh --folder "$work/data" --port "$port" --operations-port "$operations_port" --latency 5ms \
    >"$work/dev.log" 2>&1 </dev/null &
dev=$!

token="$work/data/secrets/token"
header="$work/header"
ready=""
for _ in $(seq 600); do
    kill -0 "$dev" 2>/dev/null || fail "scim-bridge dev has ended"
    if [ -s "$token" ]; then
        # In a file: everybody on the machine can read arguments.
        (umask 077 && printf 'Authorization: Bearer %s' "$(cat "$token")" >"$header")
        if curl --silent --fail --noproxy '*' --max-time 5 --header "@$header" --output /dev/null "$url/ServiceProviderConfig"; then
            ready=yes
            break
        fi
    fi
    sleep 0.2
done
[ -n "$ready" ] || fail "scim-bridge dev does not answer at $url"

status=0
SCIM_URL="$url" SCIM_TOKEN_FILE="$token" NO_PROXY=127.0.0.1 no_proxy=127.0.0.1 \
    timeout "$seconds" "$environment/bin/python" scripts/conformance.py </dev/null || status=$?
[ "$status" -ne 124 ] || fail "the checks were not finished in $seconds s"
[ "$status" -eq 0 ] || fail "scim2-tester found something (see above)"
