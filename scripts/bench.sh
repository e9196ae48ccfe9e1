#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
# SPDX-License-Identifier: Apache-2.0
#
# The accept rate of the API beside its limit, on servers of its own (bench-servers.sh), removed again at the end. Needs the release build.
# Arguments go to `scim-bench accept`, such as --connections 32.
#
#   BENCH_SECONDS  for the measurement, 180 unless set
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/bench-servers.sh
. scripts/bench-servers.sh

seconds="${BENCH_SECONDS:-180}"
number BENCH_SECONDS "$seconds"

# Accepted writes of a run are about 3 KB each, twice, and as much log.
# All steps together write 3 GB of log.
log_files=256
start_servers 14
measure accept --database-url "$database_url" --database-password-file "$database_password_file" --budget-seconds "$seconds" "$@"
