// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Metrics
internal import Queue
internal import SCIM
internal import Storage

/// Exports the depths of the queue in Redis and in PostgreSQL as gauges. The leader samples; a scrape only reads what was sampled.
///
/// To count open jobs PostgreSQL has to read them. At 10,000 that takes milliseconds and is done with every sample; a backlog of millions is
/// counted so seldom that it takes a twentieth of the time, and shown as it was meanwhile. Ages, the drain rate and Redis' own depths, which
/// cost the same whatever there is, are new with every sample.
struct QueueSampler: Sendable {
    let queue: WorkQueue
    let jobs: JobStore
    private let factory: any MetricsFactory
    private var statistics: QueueStatistics?
    private var nextCount: ContinuousClock.Instant?
    /// Takes several times as long as the statistics, so it has a pace of its own.
    private var open: OpenResources?
    private var nextOpenCount: ContinuousClock.Instant?
    private var nextResourceCount: ContinuousClock.Instant?
    private var drain = DrainRate()
    private var sampledTenants: Set<String> = []
    private var exported: Set<Series> = []

    private struct Series: Hashable {
        let label: String
        let names: [String]
        let values: [String]
    }

    init(queue: WorkQueue, jobs: JobStore, factory: any MetricsFactory = MetricsSystem.factory) {
        self.queue = queue
        self.jobs = jobs
        self.factory = factory
    }

    /// How long after a count that took `length` the next one may begin.
    static func pause(after length: Duration) -> Duration { min(.seconds(60), length * 20) }

    /// - Throws: The first trouble; what the other server tells is exported all the same.
    mutating func sample(now: ContinuousClock.Instant = .now) async throws {
        var failure: (any Error)?
        var isNew = false
        do {
            isNew = try await sampleJobs(now: now)
        } catch {
            failure = error
        }
        do {
            try await sampleQueue(isNew: isNew)
        } catch {
            failure = failure ?? error
        }
        if let failure { throw failure }
    }

    /// - Returns: Whether the resources with open jobs were counted anew.
    private mutating func sampleJobs(now: ContinuousClock.Instant) async throws -> Bool {
        drain.note(try await jobs.endedJobs(), at: now)
        gauge("scim_queue_drain_rate", [], drain.perSecond)
        if nextCount.map({ now >= $0 }) ?? true {
            let begin = ContinuousClock.now
            // Also of one that fails: without a server it fails at once, and a count that ends in its time limit is not tried again soon.
            defer { nextCount = now + Self.pause(after: begin.duration(to: .now)) }
            statistics = try await jobs.statistics()
        }
        guard let statistics else { return false }
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

        return try await countOpenResources(now: now)
    }

    private mutating func sampleQueue(isNew: Bool) async throws {
        let depth = try await queue.depth()
        for lane in Lane.allCases {
            let ready = depth.lanes[lane]?.ready ?? 0
            gauge("scim_queue_depth", [("lane", lane.rawValue), ("state", "ready")], Double(ready))
        }
        // Waiting, leased and dirty keys keep their lane in a hash of their own: counted over all lanes, so that a sample reads no key.
        for (state, count) in [("due", depth.due), ("leased", depth.leased), ("dirty", depth.dirty)] {
            gauge("scim_queue_depth", [("lane", "all"), ("state", state)], Double(count))
        }
        gauge("scim_queue_lease_overdue_seconds", [], depth.leaseOverdue?.inSeconds ?? 0)
        gauge("scim_queue_resources", [("store", "redis")], Double(depth.resources))
        // As close to each other as they can be: of a large backlog the count takes a moment, and the difference is off by what ended in it.
        if isNew, let open { gauge("scim_queue_difference", [], Double(open.withJobs - depth.resources)) }
    }

    /// - Returns: Whether it was time for it.
    private mutating func countOpenResources(now: ContinuousClock.Instant) async throws -> Bool {
        guard nextOpenCount.map({ now >= $0 }) ?? true else { return false }
        let begin = ContinuousClock.now
        defer { nextOpenCount = now + Self.pause(after: begin.duration(to: .now)) }
        let counted = try await jobs.openResources()
        open = counted
        gauge("scim_parked_attributes", [], Double(counted.parkedAttributes))
        gauge("scim_queue_resources", [("store", "postgresql")], Double(counted.withJobs))
        return true
    }

    /// Reads all resources while they can be counted, so asked for seldom, and more seldom the more there are.
    mutating func sampleResources(now: ContinuousClock.Instant = .now) async throws {
        guard nextResourceCount.map({ now >= $0 }) ?? true else { return }
        let begin = ContinuousClock.now
        defer { nextResourceCount = now + Self.pause(after: begin.duration(to: .now)) }
        let counts = try await jobs.resourceCounts()
        for type in ResourceType.allCases {
            gauge("scim_objects", [("resource", type.rawValue)], Double(counts[type] ?? 0))
        }
    }

    /// Somebody else leads: figures that nobody samples any more must not stand beside theirs.
    mutating func retire() {
        for series in exported {
            Gauge(label: series.label, dimensions: Array(zip(series.names, series.values)), factory: factory).record(0)
        }
        exported = []
        sampledTenants = []
        (statistics, open) = (nil, nil)
        (nextCount, nextOpenCount, nextResourceCount) = (nil, nil, nil)
        drain = DrainRate()
    }

    private mutating func gauge(_ label: String, _ dimensions: [(String, String)], _ value: Double) {
        exported.insert(Series(label: label, names: dimensions.map(\.0), values: dimensions.map(\.1)))
        Gauge(label: label, dimensions: dimensions, factory: factory).record(value)
    }
}
