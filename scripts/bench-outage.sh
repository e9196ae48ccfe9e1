#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
# SPDX-License-Identifier: Apache-2.0
#
# What clients notice while UDM is away, and while Redis is away and comes back empty, on servers of its own (bench-servers.sh), removed
# again at the end. Needs the release build. Arguments go to both commands, such as --rate 100. docs/developing/bench.md tells what the
# figures are.
#
#   BENCH_STEPS    what goes away, "outage redis-loss" unless set
#   BENCH_AWAY     seconds for which it is away, 60 unless set
#   BENCH_LATENCY  milliseconds that UDM takes for a request, 10 unless set
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/bench-servers.sh
. scripts/bench-servers.sh

away="${BENCH_AWAY:-60}"
latency="${BENCH_LATENCY:-10}"
number BENCH_AWAY "$away"
number BENCH_LATENCY "$latency"
steps="${BENCH_STEPS:-outage redis-loss}"
for step in $steps; do
    case "$step" in
    outage | redis-loss) ;;
    *) fail "BENCH_STEPS names \"$step\"; there are outage and redis-loss" ;;
    esac
done

start_servers 8
start_udm_double
redis_commands
common=(--database-url "$database_url" --database-password-file "$database_password_file" --udm-url "$udm_url"
    --udm-password-file "$udm_password_file" --udm-latency "$latency" --bridge "$bridge" --worker-log "$work/log/worker" --away "$away")

# A step with void figures does not keep the others from being measured.
status=0
for step in $steps; do
    own=()
    if [ "$step" = redis-loss ]; then own+=(--stop "$redis_stop" --start "$redis_start"); fi
    measure "$step" "${common[@]}" "${own[@]}" "$@" || status=$?
    # Interrupted, by Ctrl-C or a signal.
    [ "$status" -lt 128 ] || exit "$status"
    show_worker_log "$status"
done
exit "$status"
