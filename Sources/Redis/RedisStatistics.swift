// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Executors

/// What a client has seen of Redis since it was made.
package struct RedisStatistics: Sendable, Equatable {
    /// Upper bounds in seconds of the first of ``latencies``: scripts take a fraction of a millisecond, a Redis that saves or swaps much longer.
    package static let bounds: [Double] = [
        0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5,
    ]
    /// Values of ``errors``, in this order.
    package static let kinds = ["server", "not_connected", "connection_lost", "timeout", "overloaded", "other"]

    /// Replies by the time they took: one number for each bound, and one for what was slower.
    package fileprivate(set) var latencies = [UInt64](repeating: 0, count: bounds.count + 1)
    /// The sum of these times.
    package fileprivate(set) var seconds = 0.0
    /// Failed commands, by ``kinds``.
    package fileprivate(set) var errors = [UInt64](repeating: 0, count: kinds.count)

    /// Commands that Redis replied to, with an error or without.
    package var replies: UInt64 { latencies.reduce(0, +) }

    fileprivate static func index(of kind: RedisError.Kind) -> Int {
        switch kind {
        case .server: 0
        case .notConnected, .connectFailed: 1
        case .connectionLost: 2
        case .timeout: 3
        case .overloaded: 4
        case .protocolViolation, .unexpectedReply, .configuration, .unsuitableServer, .cancelled, .shutDown: 5
        }
    }
}

/// Counts for ``RedisClient/statistics``. Its lock is nearly always free: the event loop counts, a scrape reads.
final class RedisFigures: Sendable {
    private let state = Locked(RedisStatistics())

    var statistics: RedisStatistics { state.withLock { $0 } }

    /// - Parameter nanoseconds: From writing the command to its reply.
    func replied(after nanoseconds: Int64) {
        let seconds = Double(nanoseconds) * 1e-9
        let bucket = RedisStatistics.bounds.firstIndex { seconds <= $0 } ?? RedisStatistics.bounds.count
        state.withLock { statistics in
            statistics.latencies[bucket] += 1
            statistics.seconds += seconds
        }
    }

    func failed(_ kind: RedisError.Kind, count: Int = 1) {
        let index = RedisStatistics.index(of: kind)
        state.withLock { $0.errors[index] += UInt64(count) }
    }
}
