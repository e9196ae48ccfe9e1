// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// Tells the rate of a counter since it was last asked.
final class RateWatch: Sendable {
    fileprivate let last = Mutex<(count: Int, at: ContinuousClock.Instant)>((0, .now))

    /// - Parameters:
    ///   - count: The counter's value `now`.
    func rate(_ count: Int, now: ContinuousClock.Instant = .now) -> Double {
        last.withLock { last in
            let length = (now - last.at) / .seconds(1)
            guard length > 0 else { return 0 }
            defer { last = (count, now) }
            return Double(count - last.count) / length
        }
    }
}

extension RateWatch {
    /// How much the counter has grown since it was last asked.
    func difference(_ count: Int) -> Int {
        last.withLock { last in
            defer { last = (count, .now) }
            return count - last.count
        }
    }
}
