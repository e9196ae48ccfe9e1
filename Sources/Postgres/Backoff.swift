// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// Full jitter: a random wait up to a limit that doubles with every failure, so that many processes do not return at
/// the same moment after an outage.
package struct Backoff: Sendable {
    package private(set) var failures = 0
    private let base: Duration
    private let cap: Duration

    package init(base: Duration = .milliseconds(50), cap: Duration = .seconds(2)) {
        self.base = base
        self.cap = cap
    }

    /// After a success: the next wait is a short one again.
    package mutating func reset() { failures = 0 }

    /// The wait before the next try, between zero and `base` doubled per failure so far, at most `cap`.
    package mutating func next(using generator: inout some RandomNumberGenerator) -> Duration {
        let limit = min(cap, base * (1 << min(failures, 10)))
        failures += 1
        return limit * Double.random(in: 0...1, using: &generator)
    }

    package mutating func next() -> Duration {
        var generator = SystemRandomNumberGenerator()
        return next(using: &generator)
    }
}
