#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
# SPDX-License-Identifier: Apache-2.0
#
# Everything that is measured, one part after the other, each on servers of its own, in about 30 minutes, and one report of all. A part that
# fails does not keep the others from being measured; it is named at the end, and the exit status is 1. Needs the release build.
#
#   BENCH_PARTS         what is measured, "accept writes sync engine outage scim rebuild soak scaling" unless set; "import" takes six minutes more
#   BENCH_RUN           list of a run that was interrupted: parts that are in it and went well are not measured again
#   BENCH_PART_SECONDS  after which a part is ended, 1200 unless set
set -uo pipefail
cd "$(dirname "$0")/.." || exit

parts="${BENCH_PARTS:-accept writes sync engine outage scim rebuild soak scaling}"
for part in $parts; do
    case "$part" in
    accept | writes | sync | engine | outage | scim | rebuild | soak | scaling | import) ;;
    *)
        echo "bench: BENCH_PARTS names \"$part\"; there are accept, writes, sync, engine, outage, scim, rebuild, soak, scaling and import" >&2
        exit 1
        ;;
    esac
done
bench="${BENCH_BINARIES:-.build/release}/scim-bench"
if [ ! -x "$bench" ]; then
    echo "bench: $bench is missing. Run 'make build'" >&2
    exit 1
fi
mkdir -p bench/results
export BENCH_RUN="${BENCH_RUN:-bench/results/$(date -u +%Y-%m-%dT%H%M%S).run}"
touch "$BENCH_RUN" || exit

# part NAME SETTING... SCRIPT ARGUMENT...
part() {
    local name="$1" status=0 began="$SECONDS"
    shift
    [[ " $parts " == *" $name "* ]] || return 0
    if grep -q "^part $name 0 " "$BENCH_RUN"; then
        echo "bench: $name is in $BENCH_RUN already"
        return 0
    fi
    echo "bench: $name"
    # The script removes its servers when it is ended, and needs a moment for that.
    env "$@" || status=$?
    echo "part $name $status $((SECONDS - began))" >>"$BENCH_RUN"
    # Interrupted, by Ctrl-C or a signal; a part that was too slow is a failure like others.
    if [ "$status" -eq 130 ] || [ "$status" -eq 143 ]; then
        echo "bench: interrupted. BENCH_RUN=$BENCH_RUN make bench goes on with $name" >&2
        exit "$status"
    fi
    [ "$status" -eq 0 ] || echo "bench: $name failed with status $status; going on with the others" >&2
}

limit=(timeout --foreground --kill-after=60 "${BENCH_PART_SECONDS:-1200}")
directory=(BENCH_USERS="${BENCH_USERS:-101000}")
# What is asked of groups is asked of one of 100,000. Whoever chooses another number of users gets a tenth of them, unless set.
if [ -z "${BENCH_USERS:-}" ]; then directory+=(BENCH_GROUP_MEMBERS="${BENCH_GROUP_MEMBERS:-100000}"); fi
part accept BENCH_SECONDS="${BENCH_SECONDS:-120}" "${limit[@]}" scripts/bench.sh
part writes BENCH_SECONDS="${BENCH_SECONDS:-50}" BENCH_PATCH_CONNECTIONS=1,32 "${limit[@]}" scripts/bench-writes.sh
part sync BENCH_SYNC="${BENCH_SYNC:-50:64:20000 real:8:400 0:64:20000 0:64:10000:strict}" BENCH_SYNC_REPEATS="${BENCH_SYNC_REPEATS:-2}" \
    "${limit[@]}" scripts/bench-sync.sh
part engine "${limit[@]}" scripts/bench-engine.sh
part outage "${limit[@]}" scripts/bench-outage.sh
part scim "${directory[@]}" BENCH_LISTS_SECONDS="${BENCH_LISTS_SECONDS:-200}" BENCH_LISTS_CONNECTIONS=1 \
    "${limit[@]}" scripts/bench-scim.sh
part rebuild "${limit[@]}" scripts/bench-rebuild.sh
part soak BENCH_SECONDS="${BENCH_SOAK_SECONDS:-180}" "${limit[@]}" scripts/bench-soak.sh
part scaling "${limit[@]}" scripts/bench-scaling.sh
part import BENCH_SYNC=100:32:100000 BENCH_SYNC_REPEATS=1 "${limit[@]}" scripts/bench-sync.sh

status=0
"$bench" summary --list "$BENCH_RUN" || status=$?
"$bench" trend || status=$?
failed="$(awk '$1 == "part" { status[$2] = $3 } END { for (name in status) if (status[name] != 0) printf " %s", name }' "$BENCH_RUN")"
if [ -n "$failed" ]; then
    echo "bench: failed:$failed. BENCH_RUN=$BENCH_RUN make bench measures them again" >&2
    status=1
fi
exit "$status"
