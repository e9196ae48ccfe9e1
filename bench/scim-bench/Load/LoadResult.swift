// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Histogram
internal import NIOCore

/// One run of the load, over all its connections.
struct LoadResult: Sendable {
    var connections: Int
    /// All expected answers, those before and after the measured time included: as many resources must be there.
    var accepted: Int
    /// Expected answers within the measured time.
    var measured: Int
    var measuredSeconds: Double
    var latency: LatencySummary
    /// How often which failure occurred.
    var failures: [String: Int]
    var firstFailure: String?
    var samples: [ResourceSample]
    var processorUse: ProcessorUse?

    /// Expected answers a second.
    var rate: Double { measuredSeconds > 0 ? Double(measured) / measuredSeconds : 0 }

    init(
        connections: Int, accepted: Int = 0, measured: Int = 0, measuredSeconds: Double = 0,
        latency: LatencySummary = LatencySummary(), failures: [String: Int] = [:], firstFailure: String? = nil,
        samples: [ResourceSample] = [], processorUse: ProcessorUse? = nil
    ) {
        self.connections = connections
        self.accepted = accepted
        self.measured = measured
        self.measuredSeconds = measuredSeconds
        self.latency = latency
        self.failures = failures
        self.firstFailure = firstFailure
        self.samples = samples
        self.processorUse = processorUse
    }

    /// Adds up what the connections saw.
    ///
    /// - Parameter measuredFrom: Begin of the measured time, which ends at `measuredUntil`, or with the last answer when
    ///   a bound on the number of requests ended the run before.
    init(_ records: [ConnectionRecord], measuredFrom: NIODeadline, measuredUntil: NIODeadline) {
        self.init(connections: records.count)
        var histogram = ConnectionRecord.emptyHistogram
        var until = measuredUntil
        if records.contains(where: \.usedUp), let last = records.compactMap(\.lastAnswer).max() {
            until = min(until, last)
        }
        for record in records {
            accepted += record.accepted
            measured += record.measured
            histogram.add(record.latency)
            failures.merge(record.failures, uniquingKeysWith: +)
            firstFailure = firstFailure ?? record.firstFailure
            samples += record.samples
        }
        measuredSeconds = Double(max(0, (until - measuredFrom).nanoseconds)) / 1e9
        latency = LatencySummary(histogram)
    }
}

/// Latencies in milliseconds.
struct LatencySummary: Sendable, Equatable {
    var p50 = 0.0
    var p95 = 0.0
    var p99 = 0.0
    var maximum = 0.0
}

extension LatencySummary {
    /// - Parameter histogram: In microseconds.
    init(_ histogram: Histogram<UInt32>) {
        guard histogram.totalCount > 0 else { return }
        p50 = Double(histogram.valueAtPercentile(50)) / 1000
        p95 = Double(histogram.valueAtPercentile(95)) / 1000
        p99 = Double(histogram.valueAtPercentile(99)) / 1000
        maximum = Double(histogram.maxRecorded) / 1000
    }
}
