// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import NIOCore
internal import Synchronization

/// When the requests of an open loop are due: at even distances, whatever the answers do.
///
/// Whichever connection is free takes the next moment, waits for it, and sends. When none is free, the requests that become due meanwhile
/// are sent late, and their latency still counts from the moment at which they were due: a server that stops for a second is seen by all
/// requests of that second and not by one for each connection ("coordinated omission").
final class OpenSchedule: Sendable {
    private let begin: NIODeadline
    /// Nanoseconds between two requests.
    private let interval: Double
    private let count: Int
    private let taken = Atomic(0)

    /// - Parameters:
    ///   - rate: Requests a second, above 0.
    ///   - maximumRequests: The schedule ends with that many, however long it is.
    init(rate: Double, from begin: NIODeadline, until end: NIODeadline, maximumRequests: Int) {
        self.begin = begin
        interval = 1e9 / rate
        count = min(maximumRequests, Int((Double(max(0, (end - begin).nanoseconds)) / interval).rounded(.up)))
    }

    /// The next moment; nil when all are taken.
    func take() -> NIODeadline? {
        let number = taken.wrappingAdd(1, ordering: .relaxed).oldValue
        guard number < count else { return nil }
        return begin + .nanoseconds(Int64(Double(number) * interval))
    }
}

/// One answer of an open loop.
struct LatencyPoint: Sendable, Equatable {
    /// When its request should have been sent.
    let due: NIODeadline
    /// From then to the end of the answer.
    let microseconds: Int64
}
