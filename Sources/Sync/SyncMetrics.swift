// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Executors
internal import Metrics
internal import SCIM
internal import Storage
internal import UDM

/// The worker's figures (names: queue-patterns section 13). What every job needs is looked up once: a look-up builds the series' name.
struct SyncMetrics: Sendable {
    private struct Finishing: Hashable {
        let operation: JobOperation
        let outcome: String
    }

    private struct Finished {
        let duration: Timer
        let count: Counter

        init(_ key: Finishing) {
            let operation = ("operation", key.operation.rawValue)
            duration = Timer(label: "scim_sync_duration_seconds", dimensions: [operation, ("outcome", key.outcome)])
            count = Counter(label: "scim_jobs_finished_total", dimensions: [operation, ("state", key.outcome)])
        }
    }

    private let leases: [String: Counter]
    private let lag = Timer(label: "scim_sync_lag_seconds")
    private let waits = Kept<String, Timer> { lane in
        Timer(label: "scim_queue_wait_seconds", dimensions: [("lane", lane)])
    }
    private let finishing = Kept<Finishing, Finished> { Finished($0) }

    init() {
        leases = Dictionary(
            uniqueKeysWithValues: ["leased", "nothing", "elsewhere", "paused", "lost"].map {
                ($0, Counter(label: "scim_queue_leases_total", dimensions: [("result", $0)]))
            })
    }

    func leased(_ result: String, _ count: Int = 1) {
        if count > 0 { leases[result]?.increment(by: count) }
    }

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
        Counter(label: "scim_sync_verifications_total", dimensions: [("result", result)]).increment()
    }

    func attempted(_ job: LeasedJob, error: UDMError) {
        Counter(
            label: "scim_sync_attempts_total",
            dimensions: [("operation", job.operation.rawValue), ("class", error.class.label)]
        ).increment()
    }
}
