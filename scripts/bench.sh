#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
# SPDX-License-Identifier: Apache-2.0
#
# The accept rate of the API beside its limit. Starts a PostgreSQL and a Redis of its own with full durability and one `serve --roles api`,
# measures, and removes everything again. Needs the release build. Arguments go to `scim-bench accept`, such as --connections 32.
#
#   BENCH_SECONDS  for the measurement, 180 unless set
#   BENCH_FOLDER   where the data lie meanwhile, /var/tmp unless set; on the disk that is to be measured
set -euo pipefail
cd "$(dirname "$0")/.."

seconds="${BENCH_SECONDS:-180}"
bridge=.build/release/scim-bridge
bench=.build/release/scim-bench

fail() {
    echo "bench: $*" >&2
    exit 1
}

[[ "$seconds" =~ ^[1-9][0-9]*$ ]] || fail "BENCH_SECONDS must be a number of seconds, not \"$seconds\""
for program in "$bridge" "$bench"; do
    [ -x "$program" ] || fail "$program is missing. Run 'make build'"
done
command -v redis-server >/dev/null || fail "redis-server is missing. Run 'make setup'"
binaries=""
for folder in /usr/lib/postgresql/*/bin; do
    version="$(basename "$(dirname "$folder")")"
    if [ -x "$folder/postgres" ] && [ "$version" -ge 15 ] 2>/dev/null; then binaries="$folder"; fi
done
[ -n "$binaries" ] || fail "no PostgreSQL server from version 15 on. Run 'make setup'"

work="$(mktemp -d "${BENCH_FOLDER:-/var/tmp}/scim-bench.XXXXXX")"
pids=()
as_user=()
cleanup() {
    local status=$? i
    # A process that has ended already must not end the cleanup: `set -e` holds in a trap, too.
    set +e
    trap - EXIT
    # A second Ctrl-C must not leave servers behind.
    trap '' INT TERM
    # Last started, first stopped. PostgreSQL takes INT as a fast shutdown.
    for ((i = ${#pids[@]} - 1; i >= 0; i--)); do
        if [ "$i" -eq 0 ]; then kill -INT "${pids[$i]}" 2>/dev/null; else kill -TERM "${pids[$i]}" 2>/dev/null; fi
        wait "${pids[$i]}" 2>/dev/null
    done
    if [ "$status" -ne 0 ] && [ -s "$work/log/api" ]; then
        echo "bench: the last lines of the server:" >&2
        tail -n 5 "$work/log/api" >&2
    fi
    rm -rf "$work"
    exit "$status"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# PostgreSQL refuses to run as root.
if [ "$(id -u)" -eq 0 ]; then
    id postgres >/dev/null 2>&1 || fail "there is no user postgres to run PostgreSQL as. Run 'make setup'"
    as_user=(setpriv --reuid=postgres --regid=postgres --clear-groups --)
    chmod 711 "$work"
fi

# Accepted writes of a run are about 3 KB each, twice, and as much log.
free_kilobytes="$(df -Pk "$work" | awk 'NR == 2 { print $4 }')"
[ "$free_kilobytes" -ge $((8 * 1024 * 1024)) ] || fail "less than 8 GiB are free in $work. Set BENCH_FOLDER to another folder"

secret() { (umask 077 && od -An -N32 -tx1 /dev/urandom | tr -d ' \n' >"$1"); }

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

# wait_for NAME PID PORT: until something answers there, for at most 30 s.
wait_for() {
    for _ in $(seq 300); do
        kill -0 "$2" 2>/dev/null || { cat "$work/log/$1" >&2; fail "$1 did not start"; }
        if (exec 3<>"/dev/tcp/127.0.0.1/$3") 2>/dev/null; then return; fi
        sleep 0.1
    done
    cat "$work/log/$1" >&2
    fail "$1 does not answer"
}

mkdir "$work/log" "$work/redis" "$work/postgresql"
secret "$work/database-password"
secret "$work/redis-password"
secret "$work/password-key"
cp -p "$work/database-password" "$work/postgresql/initial-password"
if [ "$(id -u)" -eq 0 ]; then chown -R postgres: "$work/postgresql"; fi

echo "bench: starting PostgreSQL and Redis in $work"
data="$work/postgresql/data"
database_port="$(free_port)"
"${as_user[@]}" "$binaries/initdb" -D "$data" -U scim --auth=scram-sha-256 --pwfile="$work/postgresql/initial-password" \
    --encoding=UTF8 --locale=C.UTF-8 >"$work/log/initdb" 2>&1 || { cat "$work/log/initdb" >&2; fail "initdb failed"; }
rm -f "$work/postgresql/initial-password"
# Full durability. No checkpoint falls into a run by chance: it would hit one side of the comparison only.
"${as_user[@]}" "$binaries/postgres" -D "$data" -p "$database_port" -c listen_addresses=127.0.0.1 -c unix_socket_directories= \
    -c fsync=on -c synchronous_commit=on -c full_page_writes=on -c max_connections=300 -c shared_buffers=512MB -c max_wal_size=8GB \
    -c checkpoint_timeout=1h >"$work/log/postgresql" 2>&1 </dev/null &
pids+=($!)
redis_port="$(free_port)"
cat >"$work/redis.conf" <<CONF
port $redis_port
bind 127.0.0.1
requirepass $(cat "$work/redis-password")
dir $work/redis
appendonly yes
appendfsync everysec
save ""
maxmemory-policy noeviction
CONF
redis-server "$work/redis.conf" >"$work/log/redis" 2>&1 </dev/null &
pids+=($!)
wait_for postgresql "${pids[0]}" "$database_port"
wait_for redis "${pids[1]}" "$redis_port"
PGPASSWORD="$(cat "$work/database-password")" "$binaries/createdb" -h 127.0.0.1 -p "$database_port" -U scim scim

token="$("$bridge" token create --client bench --file "$work/tokens.json")"
(umask 077 && printf '%s\n' "$token" >"$work/token")
http_port="$(free_port)"
ops_port="$(free_port)"
export DATABASE_URL="postgresql://scim@127.0.0.1:$database_port/scim" DATABASE_PASSWORD_FILE="$work/database-password"
export REDIS_URL="redis://127.0.0.1:$redis_port/0" REDIS_PASSWORD_FILE="$work/redis-password"
export HTTP_ADDRESS="127.0.0.1:$http_port" OPS_ADDRESS="127.0.0.1:$ops_port"
export STATIC_TOKENS_FILE="$work/tokens.json" PASSWORD_KEY_FILE="$work/password-key"
export LOG_LEVEL=warning SCHEMA_FOLDER="$PWD/schema"
"$bridge" migrate
"$bridge" serve --roles api >"$work/log/api" 2>&1 </dev/null &
pids+=($!)
wait_for api "${pids[2]}" "$http_port"

"$bench" accept --url "http://127.0.0.1:$http_port/scim/v2" --token-file "$work/token" --server-pid "${pids[2]}" \
    --database-url "$DATABASE_URL" --database-password-file "$work/database-password" --budget-seconds "$seconds" \
    --note "Redis=$(redis-server --version | sed -n 's/.* v=\([0-9.]*\).*/\1/p'), appendfsync everysec" \
    --note "server=scim-bridge $("$bridge" --version), roles api, LOG_LEVEL=warning" "$@" &
pids+=($!)
# Not in the foreground: the shell answers a signal only between two commands.
wait "${pids[3]}"
