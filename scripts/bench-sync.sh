#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
# SPDX-License-Identifier: Apache-2.0
#
# How fast a worker brings jobs to the UDM double, on servers of its own (bench-servers.sh), removed again at the end. Needs the release build.
# docs/developing/bench.md tells what the figures are.
#
#   BENCH_SYNC  profiles, each latency in ms:resources in flight:jobs, "100:32:20000 50:64:20000 0:64:30000 0:64:10000:strict" unless set; strict
#               stores each outcome by itself. The slowest first, because the limit of calls remembers for ten minutes how fast UDM was
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/bench-servers.sh
. scripts/bench-servers.sh

profiles="${BENCH_SYNC:-100:32:20000 50:64:20000 0:64:30000 0:64:10000:strict}"
for profile in $profiles; do
    [[ "$profile" =~ ^[0-9]{1,5}:[1-9][0-9]{0,3}:[1-9][0-9]{0,6}(:strict)?$ ]] ||
        fail "BENCH_SYNC names \"$profile\"; a profile is latency:in flight:jobs, such as 50:64:20000 or 0:64:10000:strict"
done

start_servers 8
start_udm_double
database=(--database-url "$database_url" --database-password-file "$database_password_file")
udm=(--udm-url "$udm_url" --udm-password-file "$udm_password_file" --bridge "$bridge" --worker-log "$work/log/worker")

# A profile with void figures does not keep the others from being measured.
status=0
seed=0
for profile in $profiles; do
    seed=$((seed + 1))
    IFS=: read -r latency in_flight jobs strict <<<"$profile"
    own=()
    if [ -n "$strict" ]; then own=(--setting OUTCOME_BATCH=1); fi
    result=0
    measure sync "${database[@]}" "${udm[@]}" "${own[@]}" --seed "$seed" --udm-latency "$latency" --in-flight "$in_flight" \
        --jobs "$jobs" || result=$?
    [ "$result" -lt 128 ] || exit "$result"
    show_worker_log "$result"
    [ "$result" -eq 0 ] || status="$result"
done
exit "$status"
