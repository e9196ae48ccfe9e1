# SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Read by scripts that run a checker against `scim-bridge dev` with the doubles. They set `name`, for messages; `$work` is a folder that is
# gone at their end, whatever happens, and so are the servers, `$dev` and those in `others`.

fail() {
    echo "$name: $*" >&2
    exit 1
}

# Installs packages from PyPI into an environment of their own and keeps it: install_from_pypi FOLDER PACKAGE...
install_from_pypi() {
    local folder="$1"
    shift
    # The list of what is installed is written last, so an installation that was interrupted begins again.
    [ "$(cat "$folder/installed" 2>/dev/null)" != "$*" ] || return 0
    echo "$name: installing $* ..."
    rm -rf "$folder"
    mkdir "$folder"
    python3 -m venv "$folder/environment" || fail "python3 cannot make an environment. Install the package python3-venv"
    timeout 300 "$folder/environment/bin/pip" install --quiet --disable-pip-version-check "$@" ||
        fail "pip could not install the checker from PyPI"
    echo "$*" >"$folder/installed"
}

# Ends with 0, or says what is missing: check_bridge BUILD SETTING, with the name of the setting that chose the build.
check_bridge() {
    [[ "$1" =~ ^(release|debug)$ ]] || fail "$2 must be release or debug, not \"$1\""
    bridge=".build/$1/scim-bridge"
    [ -x "$bridge" ] || fail "$bridge is missing. Run 'make build', or 'swift build' with $2=debug"
    local program
    for program in python3 curl; do
        command -v "$program" >/dev/null || fail "$program is missing"
    done
}

work=""
dev=""
# Process ids of what else a script has started; each writes a log into `$work`.
others=()

# Waits for the end of a process, and does not wait for ever: stop PID SIGNAL.
stop() {
    kill "-$2" "$1" 2>/dev/null || true
    for _ in $(seq 600); do
        kill -0 "$1" 2>/dev/null || break
        sleep 0.1
    done
    kill -KILL "$1" 2>/dev/null || true
    wait "$1" 2>/dev/null || true
}

cleanup() {
    local status=$? log pid
    trap - EXIT
    # A second Ctrl-C must not leave servers behind.
    trap '' INT TERM
    for pid in "${others[@]}"; do stop "$pid" TERM; done
    # `dev` stops its servers itself and has a limit for each of them.
    if [ -n "$dev" ]; then stop "$dev" INT; fi
    if [ "$status" -ne 0 ] && [ -n "$work" ]; then
        for log in "$work"/*.log; do
            [ -s "$log" ] || continue
            echo "$name: the last lines of $(basename "$log" .log):" >&2
            tail -n 10 "$log" >&2
        done
    fi
    [ -z "$work" ] || rm -rf "$work"
    exit "$status"
}

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

# Starts `dev`. Sets `origin`, `url` (of SCIM), `operations` (the origin of the operators' port) and `token` (a file).
launch_dev() {
    trap cleanup EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    work="$(mktemp -d "${TMPDIR:-/tmp}/scim-$name.XXXXXX")"
    # PostgreSQL runs as another user when this is root, and has to get into the folder.
    chmod 711 "$work"
    local port operations_port
    port="$(free_port)"
    operations_port="$(free_port)"
    origin="http://127.0.0.1:$port"
    operations="http://127.0.0.1:$operations_port"
    url="$origin/scim/v2"
    # Nothing but the doubles: a real UDM would get everything that the checker makes up.
    unset UDM_URL PROVISIONING_URL DATABASE_URL REDIS_URL CONFIG_FILE
    echo "$name: starting scim-bridge dev ($bridge) ..."
    "$bridge" dev --fresh --folder "$work/data" --port "$port" --operations-port "$operations_port" --latency 5ms \
        >"$work/dev.log" 2>&1 </dev/null &
    dev=$!
    token="$work/data/secrets/token"
}

# The same, and waits until it answers. Sets `header` besides (a file for curl --header @).
start_dev() {
    launch_dev
    header="$work/header"
    for _ in $(seq 600); do
        kill -0 "$dev" 2>/dev/null || fail "scim-bridge dev has ended"
        if [ -s "$token" ]; then
            # In a file: everybody on the machine can read arguments.
            (umask 077 && printf 'Authorization: Bearer %s' "$(cat "$token")" >"$header")
            if curl --silent --fail --noproxy '*' --max-time 5 --header "@$header" --output /dev/null "$url/ServiceProviderConfig"; then
                return
            fi
        fi
        sleep 0.2
    done
    fail "scim-bridge dev does not answer at $url"
}
