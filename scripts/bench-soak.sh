#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
# SPDX-License-Identifier: Apache-2.0
#
# What grows while reads and writes go on: memory of API, worker and sender of events, tables and their dead rows. On servers of its own
# (bench-servers.sh), removed again at the end. Needs the release build. Arguments go to `scim-bench soak`, such as --rate 500.
# docs/developing/bench.md tells what the figures are.
#
#   BENCH_SECONDS  of load, 180 unless set
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/bench-servers.sh
. scripts/bench-servers.sh

seconds="${BENCH_SECONDS:-180}"
number BENCH_SECONDS "$seconds"

# A write is about 4 KB with its job, its event and what UDM has of it, and twice as much log.
start_servers $((6 + seconds / 150))
start_udm_double
start_provisioning_double
status=0
measure soak --database-url "$database_url" --database-password-file "$database_password_file" --udm-url "$udm_url" \
    --udm-password-file "$udm_password_file" --bridge "$bridge" --worker-log "$work/log/worker" \
    --provisioning-url "$provisioning_url" --seconds "$seconds" "$@" || status=$?
show_worker_log "$status"
exit "$status"
