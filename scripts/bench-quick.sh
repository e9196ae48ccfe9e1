#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
# SPDX-License-Identifier: Apache-2.0
#
# The main figures in less than five minutes, on servers of its own (bench-servers.sh), removed again at the end: jobs brought to UDM, accept
# rate at 1 and 32 connections, changes, reads. Short runs: their spread is wide. Needs the release build.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/bench-servers.sh
. scripts/bench-servers.sh

start_servers 6
start_udm_double
database=(--database-url "$database_url" --database-password-file "$database_password_file")
short=(--repeats 3 --seconds 3)

# A step with void figures does not keep the others from being measured.
status=0
step() {
    measure "$@" || status=$?
    # Interrupted, by Ctrl-C or a signal.
    [ "$status" -lt 128 ] || exit "$status"
}

# First, because it needs an empty queue.
step sync "${database[@]}" --udm-url "$udm_url" --udm-password-file "$udm_password_file" --bridge "$bridge" \
    --worker-log "$work/log/worker" --udm-latency 20 --in-flight 64 --jobs 5000
step accept "${database[@]}" --connections 1,32 "${short[@]}"
step patch "${database[@]}" --connections 1,32 --users 2000 "${short[@]}"
step load --users 2000 --group-members 100 --seed 2
step read "${database[@]}" --users 2000 --seed 2 "${short[@]}"
"$bench" trend
exit "$status"
