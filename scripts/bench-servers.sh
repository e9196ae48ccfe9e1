# shellcheck shell=bash
# SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
# SPDX-License-Identifier: Apache-2.0
#
# For the scripts that measure, which source it at the top of the repository: a PostgreSQL and a Redis of their own with full durability and
# one `serve --roles api`, all on 127.0.0.1, all gone when the script ends, however it ends.
#
#   BENCH_FOLDER    where the data lie meanwhile, /var/tmp unless set; on the disk that is to be measured
#   BENCH_BINARIES  folder of scim-bridge and scim-bench, .build/release unless set; figures of another build mean nothing
#   BENCH_RUN       file that lists the results of a run of several parts (bench-all.sh)

bridge="${BENCH_BINARIES:-.build/release}/scim-bridge"
bench="${BENCH_BINARIES:-.build/release}/scim-bench"
work=""
pids=()
as_user=()
binaries=""

fail() {
    echo "bench: $*" >&2
    exit 1
}

# number NAME VALUE: refuses what is no whole number from 1 on.
number() { [[ "$2" =~ ^[1-9][0-9]{0,8}$ ]] || fail "$1 must be a number from 1 on, not \"$2\""; }

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
    # A Redis that redis_start has started. Whoever is ended in order removes its file.
    if [ -s "$work/redis.pid" ]; then
        i="$(cat "$work/redis.pid")"
        if [ "$(cat "/proc/$i/comm" 2>/dev/null)" = redis-server ]; then
            kill -TERM "$i"
            # It is no child of this shell.
            for _ in $(seq 50); do
                kill -0 "$i" 2>/dev/null || break
                sleep 0.1
            done
        fi
    fi
    if [ "$status" -ne 0 ] && [ -s "$work/log/api" ]; then
        echo "bench: the last lines of the server:" >&2
        tail -n 5 "$work/log/api" >&2
    fi
    if [ -n "$work" ]; then rm -rf "$work"; fi
    exit "$status"
}

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

# start_servers GIBIBYTES SETTING...: with so much free space at least, and further settings of PostgreSQL such as shared_buffers=1GB.
# Sets url, token_file, api_pid, redis_port, database_url and database_password_file.
start_servers() {
    local free_gibibytes="$1" folder version program setting data database_port http_port ops_port token
    local settings=()
    shift
    for setting in "$@"; do settings+=(-c "$setting"); done
    for program in "$bridge" "$bench"; do
        [ -x "$program" ] || fail "$program is missing. Run 'make build'"
    done
    command -v redis-server >/dev/null || fail "redis-server is missing. Run 'make setup'"
    for folder in /usr/lib/postgresql/*/bin; do
        version="$(basename "$(dirname "$folder")")"
        if [ -x "$folder/postgres" ] && [ "$version" -ge 15 ] 2>/dev/null; then binaries="$folder"; fi
    done
    [ -n "$binaries" ] || fail "no PostgreSQL server from version 15 on. Run 'make setup'"

    trap cleanup EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    work="$(mktemp -d "${BENCH_FOLDER:-/var/tmp}/scim-bench.XXXXXX")"
    # PostgreSQL refuses to run as root.
    if [ "$(id -u)" -eq 0 ]; then
        id postgres >/dev/null 2>&1 || fail "there is no user postgres to run PostgreSQL as. Run 'make setup'"
        as_user=(setpriv --reuid=postgres --regid=postgres --clear-groups --)
        chmod 711 "$work"
    fi
    [ "$(df -Pk "$work" | awk 'NR == 2 { print $4 }')" -ge $((free_gibibytes * 1024 * 1024)) ] ||
        fail "less than $free_gibibytes GiB are free in $work. Set BENCH_FOLDER to another folder"

    mkdir "$work/log" "$work/redis" "$work/postgresql"
    database_password_file="$work/database-password"
    secret "$database_password_file"
    secret "$work/redis-password"
    secret "$work/password-key"
    cp -p "$database_password_file" "$work/postgresql/initial-password"
    if [ "$(id -u)" -eq 0 ]; then chown -R postgres: "$work/postgresql"; fi

    echo "bench: starting PostgreSQL and Redis in $work"
    data="$work/postgresql/data"
    database_port="$(free_port)"
    "${as_user[@]}" "$binaries/initdb" -D "$data" -U scim --auth=scram-sha-256 --pwfile="$work/postgresql/initial-password" \
        --encoding=UTF8 --locale=C.UTF-8 >"$work/log/initdb" 2>&1 || { cat "$work/log/initdb" >&2; fail "initdb failed"; }
    rm -f "$work/postgresql/initial-password"
    # Full durability. No checkpoint falls into a run by chance: it would hit one side of the comparison only.
    "${as_user[@]}" "$binaries/postgres" -D "$data" -p "$database_port" -c listen_addresses=127.0.0.1 -c unix_socket_directories= \
        -c fsync=on -c synchronous_commit=on -c full_page_writes=on -c autovacuum=on -c max_connections=300 -c shared_buffers=512MB \
        -c max_wal_size=8GB -c min_wal_size=5GB -c checkpoint_timeout=1h "${settings[@]}" >"$work/log/postgresql" 2>&1 </dev/null &
    pids+=($!)
    redis_port="$(free_port)"
    cat >"$work/redis.conf" <<CONF
port $redis_port
bind 127.0.0.1
requirepass $(cat "$work/redis-password")
dir $work/redis
pidfile $work/redis.pid
appendonly yes
appendfsync everysec
save ""
maxmemory-policy noeviction
CONF
    redis-server "$work/redis.conf" >"$work/log/redis" 2>&1 </dev/null &
    pids+=($!)
    wait_for postgresql "${pids[0]}" "$database_port"
    # It listens before it takes connections.
    for _ in $(seq 300); do
        if "$binaries/pg_isready" -q -h 127.0.0.1 -p "$database_port"; then break; fi
        sleep 0.1
    done
    wait_for redis "${pids[1]}" "$redis_port"
    use_log_files
    PGPASSWORD="$(cat "$database_password_file")" "$binaries/createdb" -h 127.0.0.1 -p "$database_port" -U scim scim

    token="$("$bridge" token create --client bench --file "$work/tokens.json")"
    token_file="$work/token"
    (umask 077 && printf '%s\n' "$token" >"$token_file")
    http_port="$(free_port)"
    ops_port="$(free_port)"
    url="http://127.0.0.1:$http_port/scim/v2"
    database_url="postgresql://scim@127.0.0.1:$database_port/scim"
    export DATABASE_URL="$database_url" DATABASE_PASSWORD_FILE="$database_password_file"
    export REDIS_URL="redis://127.0.0.1:$redis_port/0" REDIS_PASSWORD_FILE="$work/redis-password"
    export PUBLIC_URL="$url" HTTP_ADDRESS="127.0.0.1:$http_port" OPS_ADDRESS="127.0.0.1:$ops_port"
    export STATIC_TOKENS_FILE="$work/tokens.json" PASSWORD_KEY_FILE="$work/password-key"
    export LOG_LEVEL=warning SCHEMA_FOLDER="$PWD/schema"
    # A million jobs are to be open here, and nobody brings them anywhere.
    export TENANT_JOBS_MAX=100000000 TENANT_JOBS_HARD_MAX=100000000 TENANT_AGE_MAX=1000h
    "$bridge" migrate
    "$bridge" serve --roles api >"$work/log/api" 2>&1 </dev/null &
    pids+=($!)
    api_pid="${pids[2]}"
    wait_for api "$api_pid" "$http_port"
    notes=(
        --note "Redis=$(redis-server --version | sed -n 's/.* v=\([0-9.]*\).*/\1/p'), appendfsync everysec"
        --note "server=scim-bridge $("$bridge" --version), roles api, LOG_LEVEL=warning")
}

# use_log_files: 1.5 GB of PostgreSQL's log, or $log_files times 16 MB, are written once and then recycled, as on any server that has run for
# an hour. A new file of the log is 16 MB of memory that nobody has used, which a virtual machine may take 0.2 s to get from its host, while
# every commit waits.
use_log_files() {
    echo "bench: making PostgreSQL's log files"
    PGPASSWORD="$(cat "$database_password_file")" "$binaries/psql" -Xq -v ON_ERROR_STOP=1 -h 127.0.0.1 -p "$database_port" -U scim -d postgres \
        -c "DO \$\$ BEGIN FOR n IN 1..${log_files:-96} LOOP PERFORM pg_logical_emit_message(false, '', ''), pg_switch_wal(); END LOOP; END \$\$" \
        -c CHECKPOINT >"$work/log/log-files" 2>&1 || { cat "$work/log/log-files" >&2; fail "PostgreSQL's log files could not be made"; }
}

# redis_commands: sets redis_stop and redis_start, commands that kill Redis and start it empty.
redis_commands() {
    cat >"$work/redis-stop" <<SH
kill -KILL "\$(cat '$work/redis.pid')"
SH
    cat >"$work/redis-start" <<SH
rm -rf '$work/redis' && mkdir '$work/redis' &&
    redis-server '$work/redis.conf' --daemonize yes --logfile '$work/log/redis-again' &&
    for _ in \$(seq 100); do (exec 3<>/dev/tcp/127.0.0.1/$redis_port) 2>/dev/null && exit 0; sleep 0.1; done
exit 1
SH
    # shellcheck disable=SC2034 # for whoever sources this
    redis_stop="bash '$work/redis-stop'"
    # shellcheck disable=SC2034 # for whoever sources this
    redis_start="bash '$work/redis-start'"
}

# start_udm_double: the double of UDM. Sets udm_url and udm_password_file.
start_udm_double() {
    local port
    port="$(free_port)"
    udm_password_file="$work/udm-password"
    secret "$udm_password_file"
    "$bridge" double udm --port "$port" --password-file "$udm_password_file" >"$work/log/udm" 2>&1 </dev/null &
    pids+=($!)
    wait_for udm "$!" "$port"
    # shellcheck disable=SC2034 # for whoever sources this
    udm_url="http://127.0.0.1:$port/univention/udm/"
}

# start_provisioning_double: the double of the Provisioning API. Sets provisioning_url and provisioning_password_file, and exports them for
# whoever serves the role events.
start_provisioning_double() {
    local port
    port="$(free_port)"
    provisioning_password_file="$work/provisioning-password"
    secret "$provisioning_password_file"
    "$bridge" double provisioning --port "$port" --password-file "$provisioning_password_file" >"$work/log/provisioning" 2>&1 </dev/null &
    pids+=($!)
    wait_for provisioning "$!" "$port"
    provisioning_url="http://127.0.0.1:$port"
    export PROVISIONING_URL="$provisioning_url" PROVISIONING_USERNAME=udm
    export PROVISIONING_PASSWORD_FILE="$provisioning_password_file"
}

# show_worker_log STATUS: the end of what the worker said, unless STATUS is 0.
show_worker_log() {
    local log
    [ "$1" -ne 0 ] || return 0
    for log in "$work"/log/worker*; do
        if [ -s "$log" ]; then
            echo "bench: the last lines of $(basename "$log"):" >&2
            tail -n 5 "$log" >&2
        fi
    done
}

# sql STATEMENT: on the database of the bridge.
sql() {
    PGPASSWORD="$(cat "$database_password_file")" "$binaries/psql" --no-psqlrc --quiet --set ON_ERROR_STOP=1 "$database_url" --command "$1"
}

# measure COMMAND ARGUMENT...: a command of scim-bench against the server. Returns its status.
measure() {
    local status=0 last="${#pids[@]}" list=()
    if [ -n "${BENCH_RUN:-}" ]; then list=(--list "$BENCH_RUN"); fi
    "$bench" "$1" --url "$url" --token-file "$token_file" --server-pid "$api_pid" "${notes[@]}" "${list[@]}" "${@:2}" &
    pids[last]=$!
    # Not in the foreground: the shell answers a signal only between two commands.
    wait "${pids[last]}" || status=$?
    unset "pids[last]"
    return "$status"
}
