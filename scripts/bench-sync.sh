#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
# SPDX-License-Identifier: Apache-2.0
#
# How fast a worker brings jobs to the UDM double, on servers of its own (bench-servers.sh), removed again at the end. Needs the release build.
# docs/developing/bench.md tells what the figures are.
#
#   BENCH_SYNC  profiles, each latency in ms:resources in flight:jobs, "100:32:20000 50:64:20000 0:64:30000" unless set; the slowest first, because the
#               limit of calls remembers for ten minutes how fast UDM was
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/bench-servers.sh
. scripts/bench-servers.sh

profiles="${BENCH_SYNC:-100:32:20000 50:64:20000 0:64:30000}"
for profile in $profiles; do
    [[ "$profile" =~ ^[0-9]{1,5}:[1-9][0-9]{0,3}:[1-9][0-9]{0,6}$ ]] ||
        fail "BENCH_SYNC names \"$profile\"; a profile is latency:in flight:jobs, such as 50:64:20000"
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
    IFS=: read -r latency in_flight jobs <<<"$profile"
    measure sync "${database[@]}" "${udm[@]}" --setting "OPS_ADDRESS=127.0.0.1:$(free_port)" --seed "$seed" \
        --udm-latency "$latency" --in-flight "$in_flight" --jobs "$jobs" || status=$?
    [ "$status" -lt 128 ] || exit "$status"
    if [ "$status" -ne 0 ] && [ -s "$work/log/worker" ]; then tail -n 5 "$work/log/worker" >&2; fi
done
exit "$status"
