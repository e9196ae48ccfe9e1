#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
# SPDX-License-Identifier: Apache-2.0
#
# Builds all tests and runs them, one process for each test target: several start and stop servers of their own, and two cores shared
# by all targets at once make their time limits meaningless. The tests start a throw-away PostgreSQL and Redis on loopback unless
# TEST_DATABASE_URL or TEST_REDIS_URL name running ones. Arguments name targets: scripts/test.sh QueueTests SyncTests
set -euo pipefail
cd "$(dirname "$0")/.."

# A crash's backtrace costs seconds in tests that kill things on purpose.
export SWIFT_BACKTRACE="${SWIFT_BACKTRACE:-enable=no}"
flags=(--explicit-target-dependency-import-check error)

targets=("$@")
if [ ${#targets[@]} -eq 0 ]; then
    for folder in Tests/*Tests; do targets+=("$(basename "$folder")"); done
fi

echo "Building the tests (the first time takes several minutes) ..."
swift build --build-tests "${flags[@]}"

# Run directly: `swift test` waits for everybody who inherited its output, also for a server's shell that outlives the tests.
bundle="$(swift build --show-bin-path "${flags[@]}")/scim-bridgePackageTests.xctest"

passed=0
failed=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT
for target in "${targets[@]}"; do
    status=0
    # Every storage test has the connections of a whole process, a dozen, to a database of its own: two hundred at once only wait for each other.
    parallel=()
    if [ "$target" = StorageTests ]; then parallel=(--no-parallel); fi
    timeout "${TEST_TARGET_SECONDS:-600}" "$bundle" --testing-library swift-testing "${parallel[@]}" --filter "^$target\\." >"$log" 2>&1 </dev/null || status=$?
    summary=$(grep -E 'Test run with [0-9]+ tests?' "$log" | tail -n 1 || true)
    count=$(sed -nE 's/.*Test run with ([0-9]+) tests?.*/\1/p' <<<"$summary")
    if [ "$status" -eq 0 ] && [ -n "$count" ] && [ "$count" -gt 0 ]; then
        passed=$((passed + count))
        echo "$target: ${summary#* }"
    else
        # A test process that ran nothing has not passed.
        failed=$((failed + 1))
        echo "$target: FAILED (status $status)"
        grep -vE '^(◇|✔|􀟈|􁁛)' "$log" | tail -n 60
    fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
