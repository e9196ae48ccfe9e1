#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
# SPDX-License-Identifier: Apache-2.0
#
# Installs the Debian packages the bridge is built with and that `dev` and the tests start, and those named as arguments. Idempotent: does
# nothing when all are there.
#
# The bridge starts its own PostgreSQL and Redis, so what comes with the packages is kept from running and from occupying the usual ports:
# no service starts during the installation, no cluster is made, and units that were not there before are disabled.
set -euo pipefail

packages=(libpq-dev libhiredis-dev libssl-dev openssl postgresql postgresql-contrib redis-server pkg-config ca-certificates curl
    python3 python3-venv "$@")
policy=/usr/sbin/policy-rc.d
cluster_settings=/etc/postgresql-common/createcluster.conf

if ! command -v swift >/dev/null; then
    echo "setup: no 'swift' on the PATH. Install the Swift 6.3 toolchain for Debian 12 from swift.org and run this again." >&2
    exit 1
fi

is_installed() { dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null | grep -qx installed; }

missing=()
for package in "${packages[@]}"; do
    if ! is_installed "$package"; then missing+=("$package"); fi
done
if [ ${#missing[@]} -eq 0 ]; then
    exit 0
fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "setup: missing packages: ${missing[*]}. Run as root: apt-get install ${missing[*]}" >&2
        exit 1
    fi
    as_root=(sudo)
fi

install_packages() {
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=120 install -y -qq \
        --no-install-recommends "$@" >/dev/null
}

# Only what this run has made itself is removed again.
made_policy=""
cleanup() {
    if [ -n "$made_policy" ]; then "${as_root[@]}" rm -f "$policy"; fi
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

if [ ! -e "$policy" ]; then
    echo "setup: $policy keeps services from starting during the installation, and is removed afterwards"
    made_policy=yes
    printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
    "${as_root[@]}" chmod 755 "$policy"
fi

# Somebody's PostgreSQL, Redis or Prometheus that is there already stays as it is.
new_units=()
for unit in postgresql.service redis-server.service prometheus.service; do
    if [ ! -e "/lib/systemd/system/$unit" ] && [ ! -e "/etc/init.d/${unit%.service}" ]; then new_units+=("$unit"); fi
done

echo "setup: installing ${missing[*]} with apt-get ..."
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=120 update -qq

if ! is_installed postgresql-common; then
    install_packages postgresql-common
    echo "setup: create_main_cluster = off in $cluster_settings, so that PostgreSQL's package makes no cluster"
    "${as_root[@]}" pg_conftool "$cluster_settings" set create_main_cluster off
fi
install_packages "${missing[@]}"

if command -v systemctl >/dev/null; then
    for unit in "${new_units[@]}"; do
        if [ ! -e "/lib/systemd/system/$unit" ]; then continue; fi
        echo "setup: disabling $unit"
        # In a container there may be units but nothing that runs them.
        "${as_root[@]}" systemctl --quiet disable "$unit" >/dev/null 2>&1 || true
        if [ -d /run/systemd/system ]; then "${as_root[@]}" systemctl --quiet stop "$unit" || true; fi
    done
fi
echo "setup: done"
