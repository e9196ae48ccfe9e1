#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
# SPDX-License-Identifier: Apache-2.0
#
# Changes, reads with creates among them, bulk requests, the requests of Entra ID and an even pace, on servers of its own (bench-servers.sh),
# removed again at the end. Needs the release build. docs/developing/bench.md tells what the figures are.
#
#   BENCH_STEPS    what is measured, "patch mixed bulk entra pace" unless set
#   BENCH_SECONDS  for each of them, 90 unless set; twice that for patch, which has four numbers of connections
#   BENCH_PATCH_CONNECTIONS  those of patch, 1,8,32,128 unless set
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/bench-servers.sh
. scripts/bench-servers.sh

seconds="${BENCH_SECONDS:-90}"
number BENCH_SECONDS "$seconds"
steps="${BENCH_STEPS:-patch mixed bulk entra pace}"
for step in $steps; do
    case "$step" in
    patch | mixed | bulk | entra | pace) ;;
    *) fail "BENCH_STEPS names \"$step\"; there are patch, mixed, bulk, entra and pace" ;;
    esac
done

# All steps together write 3 GB of log.
log_files=256
start_servers 14

# A step with void figures does not keep the others from being measured.
status=0
for step in $steps; do
    own=(--budget-seconds "$seconds")
    if [ "$step" = patch ]; then
        own=(--budget-seconds $((2 * seconds)) --connections "${BENCH_PATCH_CONNECTIONS:-1,8,32,128}")
    fi
    measure "$step" --database-url "$database_url" --database-password-file "$database_password_file" "${own[@]}" "$@" ||
        status=$?
    # Interrupted, by Ctrl-C or a signal.
    [ "$status" -lt 128 ] || exit "$status"
done
exit "$status"
