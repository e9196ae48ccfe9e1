// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Failpoints
internal import Logging
internal import Metrics
internal import Queue
internal import SCIM
internal import Storage
internal import Synchronization

/// Compares PostgreSQL and Redis (queue-patterns 6.2): open jobs that Redis does not know are enqueued, which is the safety net under the
/// enqueue after the commit; resources without open work are forgotten; leases that only Redis knows are reported.
struct QueueSweep: Sendable {
    let queue: WorkQueue
    let jobs: JobStore
    let logger: Logger
    /// Asked before each page.
    let isLeader: @Sendable () async -> Bool

    /// A write this young may be between its commit and its enqueue.
    private static let grace = Duration.seconds(5)
    private static let recent = Duration.seconds(60)
    /// In a second of the leader's: a full pass never competes with the work it guards.
    private static let pageSize = 4_000
    private let owedTurns = OwedTurns()
    private let repaired = Counter(label: "scim_queue_repaired_total")
    private let forgotten = Counter(label: "scim_queue_forgotten_total")
    private let odd = Counter(label: "scim_queue_odd_leases_total")

    init(
        queue: WorkQueue, jobs: JobStore, logger: Logger, isLeader: @escaping @Sendable () async -> Bool = { true }
    ) {
        self.queue = queue
        self.jobs = jobs
        self.logger = logger
        self.isLeader = isLeader
    }

    /// Jobs accepted in the last minute, all groups whose members have come, and all looks at UDM that are due.
    func recent(at now: ContinuousClock.Instant = .now) async throws {
        // Job ids are UUIDs of version 7, which begin with the milliseconds: below every id of that moment or later.
        let moment = Timestamp.now().advanced(by: .zero - Self.recent)
        let start = JobID(high: UInt64(max(0, moment.microsecondsSinceEpoch / 1000)) << 16, low: 0)
        var position: OpenWorkPage.Position? = .jobs(after: start)
        while let next = position, await isLeader() { position = try await page(from: next, at: now) }
    }

    /// One page of a pass over all open work.
    /// - Returns: Where to go on; nil at the end, and when Redis has lost the queue: the rebuild does all of it then.
    func page(
        from position: OpenWorkPage.Position, at now: ContinuousClock.Instant = .now
    ) async throws -> OpenWorkPage.Position? {
        let page = try await jobs.openWork(from: position, limit: Self.pageSize, olderThan: Self.grace)
        let entries = owedTurns.due(page.entries, at: now)
        let known = try await queue.known(entries.map(\.key))
        let missing = entries.filter { !known.contains($0.key) }
        // What ended between the two looks is missing for a good reason.
        let ended = try await jobs.idle(missing.map(\.resourceID))
        let unknown = missing.filter { !ended.contains($0.resourceID) }
        if !unknown.isEmpty {
            try await Failpoint.hit("sweep.found")
            let enqueued = unknown.map { $0.enqueue }
            guard try await queue.enqueue(enqueued) != .lost else { return nil }
            let needless = try await queue.forgetEnded(unknown, enqueued, jobs: jobs)
            owedTurns.note(unknown, at: now)
            // Looks at UDM wait in PostgreSQL until they are due: nothing was lost of them.
            if page.entries.contains(where: \.isVerification) || needless == unknown.count { return page.next }
            repaired.increment(by: unknown.count - needless)
            logger.warning(
                "Open jobs were missing in Redis and are enqueued again",
                metadata: ["resources": "\(unknown.count - needless)"])
        }
        try await Failpoint.hit("sweep.page-done")
        return page.next
    }

    // MARK: The other direction

    /// One page of a walk over all that Redis holds: what has no open work is forgotten.
    ///
    /// A write that is accepted between the two looks is found by ``recent(at:)``.
    /// - Parameter cursor: Nil begins.
    /// - Returns: Where to go on; nil at the end.
    func surplus(from cursor: String?) async throws -> String? {
        let page = try await queue.scan(cursor)
        let requests = page.keys.compactMap { key in LeaseRequest(key).map { (key, $0.resourceID) } }
        let idle = try await jobs.idle(requests.map(\.1))
        let surplus = requests.filter { idle.contains($0.1) }.map(\.0)
        try await Failpoint.hit("sweep.surplus-looked")
        let removed = surplus.isEmpty ? 0 : try await queue.forget(surplus)
        if removed > 0 {
            forgotten.increment(by: removed)
            logger.notice("Resources without open work were in Redis", metadata: ["resources": "\(removed)"])
            try await Failpoint.hit("sweep.surplus-forgotten")
        }
        return page.cursor
    }

    /// Leases that are alive in Redis although PostgreSQL's are over, at this look and the one before: their holders are slow or cut off from
    /// PostgreSQL. They run out by themselves.
    /// - Parameter former: What the look before returned.
    func oddLeases(former: [ResourceKey: String]) async throws -> [ResourceKey: String] {
        let tokens = try await queue.leaseTokens()
        let ids = tokens.keys.compactMap { LeaseRequest($0)?.resourceID }
        let held = try await jobs.leased(ids)
        let found = tokens.filter { key, _ in LeaseRequest(key).map { !held.contains($0.resourceID) } ?? true }
        let lasting = found.filter { former[$0.key] == $0.value }
        if !lasting.isEmpty {
            odd.increment(by: lasting.count)
            logger.warning(
                "Leases are alive in Redis that are over in PostgreSQL",
                metadata: [
                    "leases": "\(lasting.count)",
                    "resources": "\(lasting.keys.prefix(5).map(\.description).joined(separator: " "))",
                ])
        }
        return found
    }
}

/// Groups that are owed a turn and were enqueued for it. In a rolling upgrade a worker of an older version may take such a group, which it leaves
/// on record: it comes again a minute later, not with the next sweep.
private final class OwedTurns: Sendable {
    private let enqueued = Mutex<[ResourceID: ContinuousClock.Instant]>([:])

    private static let pause = Duration.seconds(60)

    /// Without those that were enqueued a moment ago.
    func due(_ entries: [OpenWork], at now: ContinuousClock.Instant) -> [OpenWork] {
        enqueued.withLock { enqueued in
            enqueued = enqueued.filter { $0.value.duration(to: now) < Self.pause }
            return entries.filter { !$0.isOwedTurn || enqueued[$0.resourceID] == nil }
        }
    }

    func note(_ entries: [OpenWork], at now: ContinuousClock.Instant) {
        enqueued.withLock { enqueued in
            for entry in entries where entry.isOwedTurn { enqueued[entry.resourceID] = now }
        }
    }
}
