// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Metrics
internal import SCIM
internal import Storage

/// The figures of one sink. Counters are those of this process; depths are sampled by whoever sends.
struct EventMetrics: Sendable {
    /// Values of the label `class`.
    static let failureClasses = ["transient", "configuration", "refused", "invalid"]

    private let sink: String
    private let sent: Counter
    /// By ``failureClasses``; there from the start, because a rate over a series that comes up with its first count misses that count.
    private let failed: [String: Counter]

    init(_ sink: SinkName) {
        self.sink = sink.rawValue
        sent = Counter(label: "scim_events_sent_total", dimensions: [("sink", sink.rawValue)])
        failed = Dictionary(
            uniqueKeysWithValues: Self.failureClasses.map {
                ($0, Counter(label: "scim_events_failed_total", dimensions: [("class", $0), ("sink", sink.rawValue)]))
            })
    }

    func countSent() { sent.increment() }

    func countFailed(_ failureClass: String) { failed[failureClass]?.increment() }

    func isHeld(_ isHeld: Bool) { gauge("scim_event_sink_held", isHeld ? 1 : 0) }

    func record(_ statistics: SinkStatistics, now: Timestamp) {
        gauge("scim_event_sink_depth", Double(statistics.open))
        gauge("scim_event_sink_parked", Double(statistics.parked))
        let age = statistics.oldest?.duration(to: now).components
        let seconds = age.map { Double($0.seconds) + Double($0.attoseconds) * 1e-18 } ?? 0
        gauge("scim_event_sink_oldest_age_seconds", max(0, seconds))
    }

    private func gauge(_ label: String, _ value: Double) {
        Gauge(label: label, dimensions: [("sink", sink)]).record(value)
    }
}
