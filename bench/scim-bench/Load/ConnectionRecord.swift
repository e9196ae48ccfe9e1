// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Histogram
internal import NIOCore

/// What one connection saw in one run.
struct ConnectionRecord: Sendable {
    /// All that expected answers accepted, those of the warm-up included.
    var accepted = 0
    /// The same for each series.
    var acceptedBySeries: [Int] = []
    /// What expected answers within the measured time accepted.
    var measured = 0
    /// Microseconds from sending to the end of the answer, of the measured ones, for each series.
    var latencies: [Histogram<UInt32>] = []
    var failures: [String: Int] = [:]
    /// The first failure with what the server wrote, for the report.
    var firstFailure: String?
    var samples: [ResourceSample] = []
    /// Every expected answer of an open loop, in their order.
    var points: [LatencyPoint] = []
    /// When the last answer was complete.
    var lastAnswer: NIODeadline?
    /// The run's bound on the number of requests ended this connection.
    var usedUp = false

    /// 1 µs to 60 s with three digits.
    static var emptyHistogram: Histogram<UInt32> {
        Histogram(highestTrackableValue: UInt64(longestLatency), numberOfSignificantValueDigits: .three)
    }

    private static let longestLatency: Int64 = 60_000_000

    /// - Parameter series: Nil: a step in between.
    mutating func noteAccepted(_ operations: Int, series: Int?) {
        accepted += operations
        guard let series else { return }
        while acceptedBySeries.count <= series { acceptedBySeries.append(0) }
        acceptedBySeries[series] += operations
    }

    mutating func noteMeasured(microseconds: Int64, series: Int = 0, operations: Int = 1) {
        measured += operations
        while latencies.count <= series { latencies.append(Self.emptyHistogram) }
        latencies[series].record(UInt64(min(max(1, microseconds), Self.longestLatency)))
    }

    mutating func noteFailure(_ reason: String, detail: String? = nil) {
        failures[reason, default: 0] += 1
        if firstFailure == nil { firstFailure = detail.map { "\(reason): \($0)" } ?? reason }
    }
}
