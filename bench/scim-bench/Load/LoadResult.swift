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
    /// Of each series; empty when nothing was measured.
    var latencies: [LatencySummary]
    /// How often which failure occurred.
    var failures: [String: Int]
    var firstFailure: String?
    var samples: [ResourceSample]
    /// As ``accepted``, for each series.
    var acceptedBySeries: [Int] = []
    /// Of an open loop, in the order in which the requests were due.
    var points: [LatencyPoint] = []
    var processorUse: ProcessorUse?

    /// All that was accepted in a series.
    func accepted(series: Int) -> Int { series < acceptedBySeries.count ? acceptedBySeries[series] : 0 }

    /// Of the first series.
    var latency: LatencySummary { latencies.first ?? LatencySummary() }

    /// Expected answers a second.
    var rate: Double { measuredSeconds > 0 ? Double(measured) / measuredSeconds : 0 }

    init(
        connections: Int, accepted: Int = 0, measured: Int = 0, measuredSeconds: Double = 0,
        latencies: [LatencySummary] = [], failures: [String: Int] = [:], firstFailure: String? = nil,
        samples: [ResourceSample] = [], processorUse: ProcessorUse? = nil
    ) {
        self.connections = connections
        self.accepted = accepted
        self.measured = measured
        self.measuredSeconds = measuredSeconds
        self.latencies = latencies
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
        var histograms: [Histogram<UInt32>] = []
        var until = measuredUntil
        if records.contains(where: \.usedUp), let last = records.compactMap(\.lastAnswer).max() {
            until = min(until, last)
        }
        for record in records {
            accepted += record.accepted
            for (series, count) in record.acceptedBySeries.enumerated() {
                if series < acceptedBySeries.count {
                    acceptedBySeries[series] += count
                } else {
                    acceptedBySeries.append(count)
                }
            }
            points += record.points
            measured += record.measured
            for (series, latency) in record.latencies.enumerated() {
                if series < histograms.count { histograms[series].add(latency) } else { histograms.append(latency) }
            }
            failures.merge(record.failures, uniquingKeysWith: +)
            firstFailure = firstFailure ?? record.firstFailure
            samples += record.samples
        }
        measuredSeconds = Double(max(0, (until - measuredFrom).nanoseconds)) / 1e9
        points.sort { $0.due < $1.due }
        latencies = histograms.map { LatencySummary($0) }
    }
}

/// Latencies in milliseconds.
struct LatencySummary: Sendable, Equatable {
    /// How many.
    var count = 0
    var mean = 0.0
    var p50 = 0.0
    var p95 = 0.0
    var p99 = 0.0
    var maximum = 0.0
}

extension LatencySummary {
    /// - Parameter histogram: In microseconds.
    init(_ histogram: Histogram<UInt32>) {
        guard histogram.totalCount > 0 else { return }
        count = Int(histogram.totalCount)
        mean = histogram.mean / 1000
        p50 = Double(histogram.valueAtPercentile(50)) / 1000
        p95 = Double(histogram.valueAtPercentile(95)) / 1000
        p99 = Double(histogram.valueAtPercentile(99)) / 1000
        maximum = Double(histogram.maxRecorded) / 1000
    }

    /// By nearest rank, as of the histogram.
    /// - Parameter microseconds: In any order.
    init(microseconds: [Int64]) {
        guard !microseconds.isEmpty else { return }
        let sorted = microseconds.sorted()
        func percentile(_ percent: Int) -> Double {
            let rank = max(1, (sorted.count * percent + 99) / 100)
            return Double(sorted[rank - 1]) / 1000
        }
        count = sorted.count
        mean = Double(sorted.reduce(0, +)) / Double(sorted.count) / 1000
        p50 = percentile(50)
        p95 = percentile(95)
        p99 = percentile(99)
        maximum = Double(sorted[sorted.count - 1]) / 1000
    }
}
