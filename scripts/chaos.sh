#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
# SPDX-License-Identifier: Apache-2.0
#
# Kills the bridge and everything around it, and counts what was lost: docs/developing/failpoints.md. Arguments go to scim-chaos.
set -euo pipefail
cd "$(dirname "$0")/.."

# Failpoints exist in debug builds only.
flags=(--explicit-target-dependency-import-check error)
swift build "${flags[@]}" --product scim-bridge
swift build "${flags[@]}" --product scim-chaos
exec "$(swift build "${flags[@]}" --show-bin-path)/scim-chaos" "$@"
