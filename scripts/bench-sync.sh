#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
# SPDX-License-Identifier: Apache-2.0
#
# How fast a worker brings jobs to the UDM double, on servers of its own (bench-servers.sh), removed again at the end. Needs the release build.
# docs/developing/bench.md tells what the figures are.
#
#   BENCH_SYNC          profiles, each latency in ms:resources in flight:jobs, "100:32:20000 50:64:20000 real:8:400 0:64:30000 0:64:10000:strict"
#                       unless set. real: UDM takes the times of Univention's server, one request at a time. strict: each outcome is stored by itself
#   BENCH_SYNC_REPEATS  of each, worker and bare client in turn, 1 unless set
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/bench-servers.sh
. scripts/bench-servers.sh

profiles="${BENCH_SYNC:-100:32:20000 50:64:20000 real:8:400 0:64:30000 0:64:10000:strict}"
repeats="${BENCH_SYNC_REPEATS:-1}"
number BENCH_SYNC_REPEATS "$repeats"
for profile in $profiles; do
    [[ "$profile" =~ ^([0-9]{1,5}|real):[1-9][0-9]{0,3}:[1-9][0-9]{0,6}(:strict)?$ ]] ||
        fail "BENCH_SYNC names \"$profile\"; a profile is latency:in flight:jobs, such as 50:64:20000, real:8:400 or 0:64:10000:strict"
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
    own=(--udm-latency "$latency")
    if [ "$latency" = real ]; then own=(--udm-pace real); fi
    if [ -n "$strict" ]; then own+=(--setting OUTCOME_BATCH=1); fi
    result=0
    measure sync "${database[@]}" "${udm[@]}" "${own[@]}" --seed "$seed" --in-flight "$in_flight" --jobs "$jobs" \
        --repeats "$repeats" || result=$?
    [ "$result" -lt 128 ] || exit "$result"
    show_worker_log "$result"
    [ "$result" -eq 0 ] || status="$result"
done
exit "$status"
