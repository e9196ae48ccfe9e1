#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
# SPDX-License-Identifier: Apache-2.0
#
# Checks the alert rules and the dashboard of the chart: their syntax, that every alert fires when it should and only then (Tests/alerts), that
# each has a runbook; and, where a built scim-bridge is there, with a real Prometheus that scrapes `scim-bridge dev`: that all metrics they name
# exist and all of their queries work.
#
#   ALERTS_BUILD    which build is scraped: debug or release; unless set, whichever is there, and none if there is none
#   ALERTS_SECONDS  for the part with Prometheus, 180 unless set
set -euo pipefail
cd "$(dirname "$0")/.."

rules=helm/scim-bridge/files/alerts.yaml
dashboard=helm/scim-bridge/files/dashboard.json
runbooks=docs/operating/runbooks.md
seconds="${ALERTS_SECONDS:-180}"

name=alerts
. scripts/dev-for-checks.sh

[[ "$seconds" =~ ^[1-9][0-9]*$ ]] || fail "ALERTS_SECONDS must be a number of seconds, not \"$seconds\""
# Another Prometheus than Debian's is as good.
if ! command -v promtool >/dev/null || ! command -v prometheus >/dev/null; then scripts/setup.sh prometheus; fi
command -v python3 >/dev/null || fail "python3 is missing"

promtool check rules "$rules"
promtool test rules Tests/alerts/*.yaml

mapfile -t alerts < <(sed -nE 's/^ *- alert: (.*)$/\1/p' "$rules")
[ ${#alerts[@]} -gt 0 ] || fail "no alert found in $rules"
for alert in "${alerts[@]}"; do
    for kind in fires "stays silent"; do
        grep -qx -- "- name: $alert $kind" Tests/alerts/*.yaml || fail "Tests/alerts has no test \"$alert $kind\""
    done
    grep -qx -- "## $alert" "$runbooks" || fail "$runbooks has no section \"$alert\""
    grep -q "runbook_url: $runbooks#${alert,,}\$" "$rules" || fail "$alert has no runbook_url $runbooks#${alert,,}"
done
# A test of silence that expects something, or one of firing that expects nothing, would say the opposite of its name.
awk '/^- name: /{name=$0} /exp_samples: \[\]/{empty[name]=1} /exp_samples:$/{full[name]=1}
    END {for (n in full) if (n ~ /silent$/) {print "alerts:" n " expects an alert"; bad=1}
         for (n in empty) if (n ~ /fires$/) {print "alerts:" n " expects none"; bad=1}; exit bad}' Tests/alerts/*.yaml
echo "alerts: ${#alerts[@]} alerts, each with a test that it fires, one that it stays silent, and a runbook"

build="${ALERTS_BUILD:-}"
if [ -z "$build" ]; then
    for candidate in debug release; do
        if [ -x ".build/$candidate/scim-bridge" ]; then
            build=$candidate
            break
        fi
    done
fi
if [ -z "$build" ]; then
    echo "alerts: no scim-bridge is built, so nothing is scraped. Run 'make build' first for that part"
    exit 0
fi
check_bridge "$build" ALERTS_BUILD

launch_dev
web="$(free_port)"
cat >"$work/prometheus.yml" <<YAML
global: {scrape_interval: 1s, evaluation_interval: 1s}
rule_files: ["$PWD/$rules"]
scrape_configs:
- job_name: scim-bridge
  static_configs: [{targets: ["${operations#http://}"]}]
YAML
promtool check config "$work/prometheus.yml" >/dev/null
prometheus --config.file="$work/prometheus.yml" --storage.tsdb.path="$work/prometheus" \
    --web.listen-address="127.0.0.1:$web" >"$work/prometheus.log" 2>&1 </dev/null &
others+=("$!")

NO_PROXY=127.0.0.1 no_proxy=127.0.0.1 timeout "$seconds" python3 scripts/alerts.py \
    --bridge "$bridge" --folder "$work/data" --scim "$url" \
    --operations "$operations" --prometheus "http://127.0.0.1:$web" --dashboard "$dashboard" ||
    fail "the metrics do not fit the rules or the dashboard (see above), or $seconds s were not enough"
