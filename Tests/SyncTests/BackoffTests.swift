// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Sync

@Suite struct BackoffTests {
    /// Always the largest or the smallest value.
    private struct FixedGenerator: RandomNumberGenerator {
        let value: UInt64
        mutating func next() -> UInt64 { value }
    }

    @Test(
        "The ceiling doubles with every failed attempt until the cap",
        arguments: [
            (1, Duration.seconds(2)), (2, .seconds(4)), (3, .seconds(8)), (9, .seconds(512)), (10, .seconds(900)),
            (40, .seconds(900)), (Int.max, .seconds(900)),
        ])
    func ceiling(attempts: Int, expected: Duration) {
        #expect(Backoff().ceiling(after: attempts) == expected)
    }

    @Test("The first retry of a lone failure comes within two seconds")
    func firstRetry() {
        var generator = FixedGenerator(value: .max)
        #expect(Backoff().wait(after: 1, using: &generator) <= .seconds(2))
    }

    @Test("Jitter is full: waits reach from almost nothing to the ceiling")
    func jitter() {
        var low = FixedGenerator(value: 0)
        var high = FixedGenerator(value: .max)
        #expect(Backoff().wait(after: 5, using: &low) == .milliseconds(50))
        #expect(Backoff().wait(after: 5, using: &high) > .seconds(31))
    }

    @Test("What the server asks for is the least wait")
    func retryAfter() {
        var generator = FixedGenerator(value: 0)
        #expect(Backoff().wait(after: 1, retryAfter: .seconds(15), using: &generator) == .seconds(15))
    }
}
