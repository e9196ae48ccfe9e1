// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// The wait between two attempts of a job: full jitter (queue-patterns section 9).
///
/// Random between 0 and `min(cap, base × 2ⁿ)`, so that jobs that failed together do not come back together.
package struct Backoff: Sendable {
    package var base: Duration
    package var cap: Duration

    package init(base: Duration = .seconds(1), cap: Duration = .seconds(15 * 60)) {
        self.base = base
        self.cap = cap
    }

    /// The largest wait before the attempt that follows `attempts` failed ones.
    package func ceiling(after attempts: Int) -> Duration {
        // Beyond 2^30 the cap has long been reached; the shift must not overflow.
        min(cap, base * (1 << max(0, min(attempts, 30))))
    }

    /// - Parameters:
    ///   - attempts: Failed attempts so far, 1 after the first.
    ///   - retryAfter: What the server asked for: the wait is never below it.
    package func wait(
        after attempts: Int, retryAfter: Duration? = nil, using generator: inout some RandomNumberGenerator
    ) -> Duration {
        let ceiling = ceiling(after: attempts)
        let fraction = Double.random(in: 0..<1, using: &generator)
        let jittered = Duration.milliseconds(Int64(ceiling.milliseconds * fraction))
        return max(jittered, retryAfter ?? .zero, .milliseconds(50))
    }
}

extension Duration {
    /// Length in milliseconds, with fractions.
    var milliseconds: Double { Double(components.seconds) * 1e3 + Double(components.attoseconds) / 1e15 }

    /// Length in seconds, with fractions.
    package var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}
