#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
# SPDX-License-Identifier: Apache-2.0
#
# Checks the models in docs/model with spin: the protocol as it is must hold, and every wrong variant must be caught. What the model says
# of the protocol is worth nothing if it would say the same of a wrong one. MODEL=deep adds larger bounds, for about ten minutes.
set -euo pipefail
cd "$(dirname "$0")/.."

packages=()
if ! command -v spin >/dev/null; then packages+=(spin); fi
if ! command -v gcc >/dev/null; then packages+=(gcc libc6-dev); fi
if [ ${#packages[@]} -gt 0 ]; then
    as_root=()
    if [ "$(id -u)" -ne 0 ]; then as_root=(sudo); fi
    echo "model: installing ${packages[*]} with apt-get ..."
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=120 update -qq
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=120 install -y -qq \
        --no-install-recommends "${packages[@]}" >/dev/null
fi

models="$PWD/docs/model"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
failed=0

# run KIND MODEL DEFINITIONS...: leaves pan's report in pan.log and prints "holds", "violated" or "unfinished".
run() {
    local kind=$1 model=$2
    shift 2
    cp "$models/$model.pml" model.pml
    if ! spin "$@" -a model.pml >spin.log 2>&1; then
        cat spin.log >&2
        echo broken
        return
    fi
    if [ "$kind" = safety ]; then
        gcc -w -O2 -DNOCLAIM -DSAFETY -DCOLLAPSE -o pan pan.c
        timeout "${MODEL_SECONDS:-600}" ./pan -m100000 >pan.log 2>&1 || true
    else
        gcc -w -O2 -DNFAIR=3 -DCOLLAPSE -o pan pan.c
        timeout "${MODEL_SECONDS:-600}" ./pan -a -f -m1000000 >pan.log 2>&1 || true
    fi
    # A search that was cut short has shown nothing.
    if grep -qE 'max search depth too small|out of memory' pan.log; then echo unfinished; return; fi
    case "$(grep -oE 'errors: [0-9]+' pan.log || true)" in
        'errors: 0') echo holds ;;
        'errors: '*) echo violated ;;
        *) echo unfinished ;;
    esac
}

# expect WANTED KIND MODEL DEFINITIONS...
expect() {
    local wanted=$1 kind=$2 model=$3 found states
    shift 3
    found=$(run "$kind" "$model" "$@")
    states=$(grep -oE '^ *[0-9]+ states, stored' pan.log | head -n 1 | grep -oE '[0-9]+' || echo 0)
    printf '%-9s %-9s %-8s %-45s %s states\n' "$found" "$kind" "$model" "$*" "$states"
    if [ "$found" != "$wanted" ]; then
        echo "model: expected \"$wanted\"" >&2
        failed=1
    fi
}

expect holds safety queue -DSLOTS=3 -DFAULTS=1
expect holds safety queue -DSLOTS=2 -DFAULTS=2
expect holds liveness queue -DSLOTS=2 -DFAULTS=1
expect holds safety members
expect holds liveness members
for variant in WRONG_CONFIRM WRONG_OUTCOME WRONG_PUSH WRONG_CHECK; do
    expect violated safety queue -DSLOTS=2 -DFAULTS=2 "-D$variant"
done
expect violated liveness queue -DSLOTS=2 -DFAULTS=1 -DWRONG_SWEEP
for variant in WRONG_NOTE WRONG_WAKE; do expect violated safety members "-D$variant"; done

if [ "${MODEL:-}" = deep ]; then
    expect holds safety queue -DSLOTS=3 -DFAULTS=2
    expect holds safety queue -DSLOTS=2 -DFAULTS=3
    expect holds safety queue -DSLOTS=2 -DFAULTS=2 -DWRITES=3
    expect holds liveness queue -DSLOTS=2 -DFAULTS=2
    expect holds liveness members -DFAULTS=6
fi
exit "$failed"
