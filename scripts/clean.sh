#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
# SPDX-License-Identifier: Apache-2.0
#
# Removes the data of `make run` and the build products. Servers that a killed `dev` left running are stopped first: without their
# process ids, which lie among the data, nobody would find them again.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ -d .scim-bridge ]; then
    bridge=""
    for configuration in release debug; do
        if [ -x ".build/$configuration/scim-bridge" ]; then
            bridge=".build/$configuration/scim-bridge"
            break
        fi
    done
    if [ -z "$bridge" ]; then
        echo "clean: .scim-bridge holds data and maybe servers, and there is no program to stop them. Run 'make build' first" >&2
        exit 1
    fi
    "$bridge" dev clean
fi
rm -rf .build .build-* .conformance .chart .schemathesis
