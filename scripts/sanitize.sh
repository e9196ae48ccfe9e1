#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
# SPDX-License-Identifier: Apache-2.0
#
# Thread sanitizer over the tests of the two C-library layers and the queue, in a build folder of its own.
set -euo pipefail
cd "$(dirname "$0")/.."

export SWIFT_BACKTRACE="${SWIFT_BACKTRACE:-enable=no}"
export TSAN_OPTIONS="${TSAN_OPTIONS:-halt_on_error=1}"
echo "Building with the thread sanitizer (the first time takes several minutes) ..."
swift build --build-tests --sanitize thread --scratch-path .build-sanitize --explicit-target-dependency-import-check error
# One after the other: all at once they take the processors from each other until waits with a limit run out.
for target in PostgresTests RedisTests QueueTests; do
    swift test --skip-build --sanitize thread --scratch-path .build-sanitize --explicit-target-dependency-import-check error \
        --filter "^$target\\."
done
