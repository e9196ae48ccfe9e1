#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
# SPDX-License-Identifier: Apache-2.0
#
# A great many resources are owed to UDM, and Redis is empty: how long a worker takes to fill it again while it works on, and what so deep a
# queue costs. On servers of its own (bench-servers.sh), removed again at the end. Needs the release build. Arguments go to
# `scim-bench rebuild`. docs/developing/bench.md tells what the figures are.
#
#   BENCH_RESOURCES  with an open job, 1000000 unless set
#   BENCH_LATENCY    milliseconds that UDM takes for a request, 50 unless set
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/bench-servers.sh
. scripts/bench-servers.sh

resources="${BENCH_RESOURCES:-1000000}"
latency="${BENCH_LATENCY:-50}"
number BENCH_RESOURCES "$resources"
number BENCH_LATENCY "$latency"

# A resource takes about 3 KB with its indexes and its job, and as much log until the next checkpoint.
start_servers $((4 + resources / 100000)) shared_buffers=1GB
start_udm_double
status=0
measure rebuild --database-url "$database_url" --database-password-file "$database_password_file" --udm-url "$udm_url" \
    --udm-password-file "$udm_password_file" --udm-latency "$latency" --bridge "$bridge" --worker-log "$work/log/worker" \
    --resources "$resources" "$@" || status=$?
show_worker_log "$status"
exit "$status"
