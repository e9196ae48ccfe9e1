#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
# SPDX-License-Identifier: Apache-2.0
#
# What the engine is to do within which time: start until ready, recovery of a killed worker, users that join a group one by one, commit to UDM
# call while nothing else is to do, events a second, the queue in Redis beside bare scripts. On servers of its own (bench-servers.sh), removed
# again at the end. Needs the release build. docs/developing/bench.md tells what the figures are.
#
#   BENCH_STEPS  what is measured, "start recovery joins pickup events queue" unless set; recovery and joins, with their slow UDM, come before
#                pickup, because the limit of calls remembers for ten minutes how fast UDM was; events come last, because they send all there are
#   BENCH_KILLS  workers that are killed, 3 unless set; each takes about 20 s
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/bench-servers.sh
. scripts/bench-servers.sh

kills="${BENCH_KILLS:-3}"
number BENCH_KILLS "$kills"
steps="${BENCH_STEPS:-start recovery joins pickup events queue}"
for step in $steps; do
    case "$step" in
    start | recovery | joins | pickup | events | queue) ;;
    *) fail "BENCH_STEPS names \"$step\"; there are start, recovery, joins, pickup, events and queue" ;;
    esac
done

# PostgreSQL keeps the time of each commit: what pickup counts from.
start_servers 6 track_commit_timestamp=on
start_udm_double
start_provisioning_double
database=(--database-url "$database_url" --database-password-file "$database_password_file")
worker=(--udm-url "$udm_url" --udm-password-file "$udm_password_file" --bridge "$bridge" --worker-log "$work/log/worker")

# A step with void figures does not keep the others from being measured.
status=0
for step in $steps; do
    result=0
    case "$step" in
    start) measure start "${worker[@]}" --roles api --roles worker --roles api,worker,events || result=$? ;;
    pickup) measure pickup "${database[@]}" "${worker[@]}" || result=$? ;;
    recovery)
        measure recovery "${database[@]}" "${worker[@]}" --udm-latency 500 --in-flight 32 --kills "$kills" || result=$?
        ;;
    joins) measure joins "${database[@]}" "${worker[@]}" --udm-latency 1000 || result=$? ;;
    events)
        measure events "${database[@]}" --bridge "$bridge" --worker-log "$work/log/worker" --provisioning-url "$provisioning_url" \
            --provisioning-password-file "$provisioning_password_file" || result=$?
        ;;
    queue) measure queue || result=$? ;;
    esac
    # Interrupted, by Ctrl-C or a signal.
    [ "$result" -lt 128 ] || exit "$result"
    show_worker_log "$result"
    [ "$result" -eq 0 ] || status="$result"
done
exit "$status"
