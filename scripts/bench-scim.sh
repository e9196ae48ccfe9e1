#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
# SPDX-License-Identifier: Apache-2.0
#
# SCIM at size, on servers of its own (bench-servers.sh), removed again at the end: loads a directory through Bulk and measures lists, groups
# and reads, each beside its limit. Needs the release build. docs/developing/bench.md tells what the figures are.
#
#   BENCH_USERS          users, 1000000 unless set; at least 2000
#   BENCH_GROUP_MEMBERS  members of the large group, a tenth of the users unless set
#   BENCH_LISTS_SECONDS  for all lists, 900 unless set
#   BENCH_LISTS_CONNECTIONS  numbers of connections for them, 1,8 unless set
#   BENCH_LOAD_SECONDS   for the load at most, 7200 unless set
#   BENCH_STEPS          what is measured after the load, "lists groups read" unless set
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/bench-servers.sh
. scripts/bench-servers.sh

users="${BENCH_USERS:-1000000}"
number BENCH_USERS "$users"
[ "$users" -ge 2000 ] || fail "BENCH_USERS must be at least 2000: fewer have no pages to speak of"
members="${BENCH_GROUP_MEMBERS:-$((users / 10))}"
number BENCH_GROUP_MEMBERS "$members"
[ "$members" -le $((users - 500)) ] || fail "BENCH_GROUP_MEMBERS must leave 500 users outside, to be added"
number BENCH_LISTS_SECONDS "${BENCH_LISTS_SECONDS:-900}"
number BENCH_LOAD_SECONDS "${BENCH_LOAD_SECONDS:-7200}"
steps="${BENCH_STEPS:-lists groups read}"
for step in $steps; do
    case "$step" in
    lists | groups | read) ;;
    *) fail "BENCH_STEPS names \"$step\"; there are lists, groups and read" ;;
    esac
done

# A user takes about 6 KB with its indexes and its job, and as much log until the next checkpoint.
start_servers $((10 + users / 80000)) shared_buffers=1GB
database=(--database-url "$database_url" --database-password-file "$database_password_file")

measure load --users "$users" --group-members "$members" --budget-seconds "${BENCH_LOAD_SECONDS:-7200}"

# What autovacuum would do in a while, so that it does not do it in the middle of a run.
echo "bench: VACUUM ANALYZE, CHECKPOINT"
sql "VACUUM ANALYZE"
sql "CHECKPOINT"

# A step with void figures does not keep the others from being measured.
status=0
for step in $steps; do
    case "$step" in
    lists) measure lists --users "$users" "${database[@]}" --budget-seconds "${BENCH_LISTS_SECONDS:-900}" \
        --connections "${BENCH_LISTS_CONNECTIONS:-1,8}" || status=$? ;;
    groups) measure groups --users "$users" "${database[@]}" || status=$? ;;
    read) measure read --users "$users" "${database[@]}" || status=$? ;;
    esac
    # Interrupted, by Ctrl-C or a signal.
    [ "$status" -lt 128 ] || exit "$status"
done
exit "$status"
