// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Executors
internal import Metrics
internal import SCIM
internal import Storage
internal import UDM

/// The worker's figures (names: queue-patterns section 13). What every job needs is looked up once: a look-up builds the series' name.
///
/// What alerts and dashboards name is there from the start: a rate over a series that comes up with its first count misses that count.
struct SyncMetrics: Sendable {
    private struct Finishing: Hashable {
        let operation: JobOperation
        let outcome: String
    }

    private struct Finished {
        let duration: Timer
        let count: Counter

        init(_ key: Finishing, _ factory: any MetricsFactory) {
            let operation = ("operation", key.operation.rawValue)
            duration = Timer(
                label: "scim_sync_duration_seconds", dimensions: [operation, ("outcome", key.outcome)],
                factory: factory)
            count = Counter(
                label: "scim_jobs_finished_total", dimensions: [operation, ("state", key.outcome)], factory: factory)
        }
    }

    private struct Attempt: Hashable {
        let operation: JobOperation
        let errorClass: String
    }

    private let leases: Kept<String, Counter>
    private let standbyGauge: Gauge
    private let lag: Timer
    private let waits: Kept<String, Timer>
    private let finishing: Kept<Finishing, Finished>
    private let attempts: Kept<Attempt, Counter>
    private let verifications: Kept<String, Counter>

    init(factory: any MetricsFactory = MetricsSystem.factory) {
        standbyGauge = Gauge(label: "scim_queue_standby", factory: factory)
        lag = Timer(label: "scim_sync_lag_seconds", factory: factory)
        leases = Kept { result in
            Counter(label: "scim_queue_leases_total", dimensions: [("result", result)], factory: factory)
        }
        waits = Kept { lane in
            Timer(label: "scim_queue_wait_seconds", dimensions: [("lane", lane)], factory: factory)
        }
        finishing = Kept { Finished($0, factory) }
        attempts = Kept { attempt in
            Counter(
                label: "scim_sync_attempts_total",
                dimensions: [("operation", attempt.operation.rawValue), ("class", attempt.errorClass)],
                factory: factory)
        }
        verifications = Kept { result in
            Counter(label: "scim_sync_verifications_total", dimensions: [("result", result)], factory: factory)
        }
        for result in ["leased", "nothing", "elsewhere", "paused", "lost", "returned"] { _ = leases[result] }
        for result in ["done", "repaired", "problem"] { _ = verifications[result] }
        for lane in ["interactive", "bulk", "repair"] { _ = waits[lane] }
        for operation in [JobOperation.create, .modify, .delete] {
            for outcome in ["done", "superseded", "cancelled", "dead"] {
                _ = finishing[Finishing(operation: operation, outcome: outcome)]
            }
            for error in [UDMErrorClass.transient, .permanent, .unknownOutcome, .authentication] {
                _ = attempts[Attempt(operation: operation, errorClass: error.label)]
            }
        }
    }

    func leased(_ result: String, _ count: Int = 1) {
        if count > 0 { leases[result].increment(by: count) }
    }

    /// Confirmed leases that wait for a place at UDM.
    func standby(_ count: Int) { standbyGauge.record(count) }

    /// From the moment the job was due to its lease.
    func waited(lane: String, for length: Duration) {
        waits[lane].record(duration: max(.zero, length))
    }

    func finished(_ job: LeasedJob, outcome: String, started: ContinuousClock.Instant, now: Timestamp) {
        let figures = finishing[Finishing(operation: job.operation, outcome: outcome)]
        figures.duration.record(duration: started.duration(to: .now))
        figures.count.increment()
        lag.record(duration: max(.zero, job.acceptedAt.duration(to: now)))
    }

    /// Looks at UDM after calls of unknown outcome: `done`, `repaired` besides, or `problem`.
    func verified(_ result: String) {
        verifications[result].increment()
    }

    func attempted(_ job: LeasedJob, error: UDMError) {
        attempts[Attempt(operation: job.operation, errorClass: error.class.label)].increment()
    }
}
