// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Metrics
internal import SCIM
internal import Storage
internal import Synchronization
internal import UDM

/// The worker's figures (names: queue-patterns section 13).
///
/// Every job touches several, so they are made once and found by small keys; making one costs a lock, a search and a string. Those that alerts
/// and dashboards name are there from the start: a rate over a series that comes up with its first count misses that count.
final class SyncMetrics: Sendable {
    private struct Ends {
        let duration: Timer
        let count: Counter
    }

    private struct EndKey: Hashable {
        let operation: JobOperation
        let outcome: String
    }

    private struct AttemptKey: Hashable {
        let operation: JobOperation
        let errorClass: String
    }

    private struct Series {
        var leases: [String: Counter] = [:]
        var waits: [String: Timer] = [:]
        var ends: [EndKey: Ends] = [:]
        var attempts: [AttemptKey: Counter] = [:]
        var verifications: [String: Counter] = [:]
    }

    private let factory: any MetricsFactory
    private let lag: Timer
    private let series = Mutex(Series())

    init(factory: any MetricsFactory = MetricsSystem.factory) {
        self.factory = factory
        lag = Timer(label: "scim_sync_lag_seconds", factory: factory)
        for result in ["leased", "nothing", "elsewhere", "paused", "lost"] { leased(result, 0) }
        for lane in ["interactive", "bulk", "repair"] { _ = wait(lane) }
        for operation in [JobOperation.create, .modify, .delete] {
            for outcome in ["done", "superseded", "cancelled", "dead"] {
                _ = ends(EndKey(operation: operation, outcome: outcome))
            }
            for errorClass in [UDMErrorClass.transient, .permanent, .unknownOutcome, .authentication] {
                _ = attempts(AttemptKey(operation: operation, errorClass: errorClass.label))
            }
        }
        for result in ["done", "repaired", "problem"] { verified(result, 0) }
    }

    func leased(_ result: String, _ count: Int = 1) {
        counter(\.leases, result, "scim_queue_leases_total", "result").increment(by: count)
    }

    /// From the moment the job was due to its lease.
    func waited(lane: String, for length: Duration) {
        wait(lane).record(duration: max(.zero, length))
    }

    func finished(_ job: LeasedJob, outcome: String, started: ContinuousClock.Instant, now: Timestamp) {
        let ends = ends(EndKey(operation: job.operation, outcome: outcome))
        ends.duration.record(duration: started.duration(to: .now))
        ends.count.increment()
        lag.record(duration: max(.zero, job.acceptedAt.duration(to: now)))
    }

    /// Looks at UDM after calls of unknown outcome: `done`, `repaired` besides, or `problem`.
    func verified(_ result: String, _ count: Int = 1) {
        counter(\.verifications, result, "scim_sync_verifications_total", "result").increment(by: count)
    }

    func attempted(_ job: LeasedJob, error: UDMError) {
        attempts(AttemptKey(operation: job.operation, errorClass: error.class.label)).increment()
    }

    private func counter(
        _ path: WritableKeyPath<Series, [String: Counter]> & Sendable, _ value: String, _ label: String, _ name: String
    ) -> Counter {
        series.withLock { series in
            if let counter = series[keyPath: path][value] { return counter }
            let counter = Counter(label: label, dimensions: [(name, value)], factory: factory)
            series[keyPath: path][value] = counter
            return counter
        }
    }

    private func wait(_ lane: String) -> Timer {
        series.withLock { series in
            if let timer = series.waits[lane] { return timer }
            let timer = Timer(label: "scim_queue_wait_seconds", dimensions: [("lane", lane)], factory: factory)
            series.waits[lane] = timer
            return timer
        }
    }

    private func ends(_ key: EndKey) -> Ends {
        series.withLock { series in
            if let ends = series.ends[key] { return ends }
            let operation = ("operation", key.operation.rawValue)
            let ends = Ends(
                duration: Timer(
                    label: "scim_sync_duration_seconds", dimensions: [operation, ("outcome", key.outcome)],
                    factory: factory),
                count: Counter(
                    label: "scim_jobs_finished_total", dimensions: [operation, ("state", key.outcome)],
                    factory: factory))
            series.ends[key] = ends
            return ends
        }
    }

    private func attempts(_ key: AttemptKey) -> Counter {
        series.withLock { series in
            if let counter = series.attempts[key] { return counter }
            let counter = Counter(
                label: "scim_sync_attempts_total",
                dimensions: [("operation", key.operation.rawValue), ("class", key.errorClass)], factory: factory)
            series.attempts[key] = counter
            return counter
        }
    }
}
