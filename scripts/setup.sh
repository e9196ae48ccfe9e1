#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
# SPDX-License-Identifier: Apache-2.0
#
# Installs the Debian packages the bridge is built with and that `dev` and the tests start. Idempotent: does nothing when all are there.
set -euo pipefail

packages=(libpq-dev libhiredis-dev libssl-dev openssl postgresql postgresql-contrib redis-server pkg-config ca-certificates)

if ! command -v swift >/dev/null; then
    echo "setup: no 'swift' on the PATH. Install the Swift 6.3 toolchain for Debian 12 from swift.org and run this again." >&2
    exit 1
fi

missing=()
for package in "${packages[@]}"; do
    if ! dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed; then
        missing+=("$package")
    fi
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

echo "setup: installing ${missing[*]} with apt-get ..."
export DEBIAN_FRONTEND=noninteractive
# A service of the distribution would occupy the usual ports; the bridge starts its own PostgreSQL and Redis.
export RUNLEVEL=1
apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get -o DPkg::Lock::Timeout=120)
"${apt[@]}" update -qq
"${apt[@]}" install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
echo "setup: done"
