#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
# SPDX-License-Identifier: Apache-2.0
#
# Builds and runs all tests. The tests start a throw-away PostgreSQL and Redis on loopback unless
# TEST_DATABASE_URL or TEST_REDIS_URL name running ones. Arguments go to `swift test`, such as --filter Queue.
set -euo pipefail
cd "$(dirname "$0")/.."

# A crash's backtrace costs seconds in tests that kill things on purpose.
export SWIFT_BACKTRACE="${SWIFT_BACKTRACE:-enable=no}"
echo "Building the tests (the first time takes several minutes) ..."
swift build --build-tests --explicit-target-dependency-import-check error
swift test --skip-build --explicit-target-dependency-import-check error "$@"
