// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Metrics
internal import Queue
internal import SCIM
internal import Storage

/// Exports the depths of the queue in Redis and in PostgreSQL as gauges. The leader samples; a scrape only reads what was sampled.
struct QueueSampler: Sendable {
    let queue: WorkQueue
    let jobs: JobStore
    private var drain = DrainRate()
    private var sampledTenants: Set<String> = []
    private var exported: Set<Series> = []

    private struct Series: Hashable {
        let label: String
        let names: [String]
        let values: [String]
    }

    init(queue: WorkQueue, jobs: JobStore) {
        self.queue = queue
        self.jobs = jobs
    }

    mutating func sample() async throws {
        let statistics = try await jobs.statistics()
        drain.note(statistics.endedJobs, at: .now)
        gauge("scim_queue_drain_rate", [], drain.perSecond)
        for (tenant, count) in statistics.tenants {
            gauge("scim_tenant_open_jobs", [("tenant", tenant)], Double(count.openJobs))
        }
        for tenant in sampledTenants.subtracting(statistics.tenants.keys) {
            gauge("scim_tenant_open_jobs", [("tenant", tenant)], 0)
        }
        sampledTenants.formUnion(statistics.tenants.keys)
        // What the API looks at before it takes more.
        try await jobs.store(drain.loads(statistics.tenants))
        for lane in Lane.allCases {
            let open = statistics.lanes[lane.rawValue]
            gauge("scim_jobs_open", [("lane", lane.rawValue)], Double(open?.openJobs ?? 0))
            let oldest = open?.oldestAcceptedAt.map { $0.duration(to: .now()).inSeconds } ?? 0
            gauge("scim_queue_oldest_age_seconds", [("lane", lane.rawValue)], max(0, oldest))
        }
        gauge("scim_dead_letters", [], Double(statistics.deadLetters))
        gauge("scim_event_outbox_depth", [], Double(statistics.unsentEvents))
        gauge("scim_event_outbox_parked", [], Double(statistics.parkedEvents))
        let oldest = statistics.oldestUnsentEvent.map { $0.duration(to: .now()).inSeconds } ?? 0
        gauge("scim_event_outbox_oldest_age_seconds", [], max(0, oldest))

        // After PostgreSQL's figures, so that they are there also while Redis is away.
        let depth = try await queue.depth()
        for lane in Lane.allCases {
            let ready = depth.lanes[lane]?.ready ?? 0
            gauge("scim_queue_depth", [("lane", lane.rawValue), ("state", "ready")], Double(ready))
        }
        // Waiting, leased and dirty keys keep their lane in a hash of their own: counted over all lanes, so that a sample reads no key.
        for (state, count) in [("due", depth.due), ("leased", depth.leased), ("dirty", depth.dirty)] {
            gauge("scim_queue_depth", [("lane", "all"), ("state", state)], Double(count))
        }
    }

    /// An index scan over all resources, so asked for seldom.
    mutating func sampleResources() async throws {
        let counts = try await jobs.resourceCounts()
        for type in ResourceType.allCases {
            gauge("scim_objects", [("resource", type.rawValue)], Double(counts[type] ?? 0))
        }
    }

    /// Somebody else leads: figures that nobody samples any more must not stand beside theirs.
    mutating func retire() {
        for series in exported {
            Gauge(label: series.label, dimensions: Array(zip(series.names, series.values))).record(0)
        }
        exported = []
        sampledTenants = []
        drain = DrainRate()
    }

    private mutating func gauge(_ label: String, _ dimensions: [(String, String)], _ value: Double) {
        exported.insert(Series(label: label, names: dimensions.map(\.0), values: dimensions.map(\.1)))
        Gauge(label: label, dimensions: dimensions).record(value)
    }
}
