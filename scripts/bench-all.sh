#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
# SPDX-License-Identifier: Apache-2.0
#
# Everything that is measured, one after the other, in about 30 minutes, each on servers of its own. Needs the release build.
#
#   BENCH_USERS  of the directory, 100000 unless set; a million take an hour more
set -uo pipefail
cd "$(dirname "$0")/.." || exit

status=0
part() {
    echo "bench: $*"
    env "$@" || status=$?
    # Interrupted, by Ctrl-C or a signal.
    [ "$status" -lt 128 ] || exit "$status"
}

part scripts/bench.sh
part scripts/bench-writes.sh
part scripts/bench-sync.sh
part BENCH_AWAY="${BENCH_AWAY:-60}" scripts/bench-outage.sh
part BENCH_USERS="${BENCH_USERS:-100000}" BENCH_LISTS_SECONDS="${BENCH_LISTS_SECONDS:-400}" scripts/bench-scim.sh
"${BENCH_BINARIES:-.build/release}/scim-bench" trend
exit "$status"
