#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
# SPDX-License-Identifier: Apache-2.0
#
# What 1, 2 and 4 API and worker processes reach on one PostgreSQL and one Redis, with one queue and with several, and how large the database is
# for each user. On servers of its own (bench-servers.sh), removed again at the end. Needs the release build. Arguments go to
# `scim-bench scaling`, such as --document docs/scaling.md, which writes the section there anew.
#
#   BENCH_PROCESSES  numbers of processes, 1,2,4 unless set
#   BENCH_REPEATS    of each, 2 unless set
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/bench-servers.sh
. scripts/bench-servers.sh

processes="${BENCH_PROCESSES:-1,2,4}"
repeats="${BENCH_REPEATS:-2}"
[[ "$processes" =~ ^[0-9,]+$ ]] || fail "BENCH_PROCESSES must be numbers such as 1,2,4, not \"$processes\""
number BENCH_REPEATS "$repeats"

start_servers 12
start_udm_double
status=0
measure scaling --database-url "$database_url" --database-password-file "$database_password_file" --udm-url "$udm_url" \
    --udm-password-file "$udm_password_file" --bridge "$bridge" --worker-log "$work/log/worker" --processes "$processes" \
    --repeats "$repeats" --seconds 4 "$@" || status=$?
show_worker_log "$status"
exit "$status"
