// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Executors
internal import Failpoints
package import Logging
internal import Metrics
package import Queue
internal import SCIM
internal import ServiceLifecycle
package import Storage

/// The duties that one process has at a time: rebuild, sweep, sampled counts, partitions and retention.
///
/// Leadership is a PostgreSQL advisory lock held by a session of its own; losing the session loses it, which is looked at before each page of
/// the long duties. Every duty is idempotent, so two leaders for a moment do no harm.
package actor SyncLeader: Service {
    private let executor = DispatchExecutor(label: "sync.leader")
    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    private let queue: WorkQueue
    private let jobs: JobStore
    private let leadership: Leadership
    private let rebuild: QueueRebuild
    private let sweep: QueueSweep
    private var sampler: QueueSampler
    private let historyDays: Int
    private let fullSweep: Duration
    private let operators: OperatorDuties
    private let compensation: Compensation
    private let logger: Logger
    private let leads = Gauge(label: "scim_leader", dimensions: [("duty", "sync")])
    /// Where the full pass of the sweep goes on; nil between two passes.
    private var sweepPosition: OpenWorkPage.Position?
    /// Where the walk over what Redis holds goes on: `begins`, at a cursor, or nil between two walks.
    private var walk: Walk?
    private var oddLeases: [ResourceKey: String] = [:]
    private var hasMoreToRemove = false

    private enum Walk {
        case begins
        case goesOn(cursor: String)
    }

    private static let tick = Duration.seconds(1)
    /// While there is more to remove.
    private static let removalPause = Duration.seconds(10)

    /// - Parameters:
    ///   - historyDays: How long finished jobs are kept (`HISTORY_DAYS`); dead letters stay.
    ///   - fullSweep: Between the beginnings of two full passes of the sweep.
    package init(
        queue: WorkQueue, jobs: JobStore, resources: ResourceStore, operators: OperatorStores, leadership: Leadership,
        historyDays: Int = 30, fullSweep: Duration = SyncConfiguration.fullSweepDefault, logger: Logger
    ) {
        self.queue = queue
        self.jobs = jobs
        self.leadership = leadership
        self.historyDays = historyDays
        self.fullSweep = fullSweep
        self.logger = logger
        let isLeader: @Sendable () async -> Bool = { await leadership.hold() }
        rebuild = QueueRebuild(
            queue: queue, jobs: jobs, pauses: operators.pauses, logger: logger, isLeader: isLeader)
        sweep = QueueSweep(queue: queue, jobs: jobs, logger: logger, isLeader: isLeader)
        sampler = QueueSampler(queue: queue, jobs: jobs)
        self.operators = OperatorDuties(stores: operators, queue: queue, logger: logger, isLeader: isLeader)
        compensation = Compensation(jobs: jobs, resources: resources, queue: queue, logger: logger)
    }

    package func run() async throws {
        leads.record(0)
        await cancelWhenGracefulShutdown {
            await self.lead()
        }
        await leadership.resign()
        leads.record(0)
    }

    private func lead() async {
        var wasLeader = false
        var timetable = Timetable(fullSweepEvery: fullSweep)
        while !Task.isCancelled {
            let isLeader = await leadership.hold()
            if isLeader != wasLeader {
                logger.notice(isLeader ? "This process leads" : "This process no longer leads")
                leads.record(isLeader ? 1 : 0)
                if !isLeader { sampler.retire() }
                wasLeader = isLeader
            }
            if isLeader {
                await attempt("rebuild") { try await self.rebuild.runIfLost() }
                await attempt("compensation") { try await self.compensation.run() }
                for duty in timetable.due(at: .now) {
                    await perform(duty)
                    if duty == .retention, hasMoreToRemove {
                        timetable.put(duty, at: .now.advanced(by: Self.removalPause))
                    }
                }
                await attempt("full sweep") { try await self.sweepOn() }
            }
            try? await Task.sleep(for: Self.tick)  // only cancellation ends it early, and the loop looks at that
        }
    }

    private func perform(_ duty: Duty) async {
        switch duty {
        case .sample:
            await attempt("sampling") { try await self.sample() }
        case .sampleResources:
            await attempt("counting resources") { try await self.sampleResources() }
            await attempt("settling dead letters") { try await self.operators.settle() }
        case .recentSweep:
            await attempt("sweep") { try await self.sweep.recent() }
            await attempt("look at leases") { try await self.lookAtLeases() }
        case .fullSweep:
            sweepPosition = .start
            walk = .begins
        case .pauses:
            await attempt("pauses") { try await self.operators.pause() }
        case .expiry:
            await attempt("erasing passwords") { try await self.erasePasswords() }
        case .partitions:
            await attempt("pruning attempts") { try await self.operators.prune() }
            await attempt("partitions") {
                if try await !self.jobs.ensurePartitions() {
                    self.logger.info("The job history is locked; its partitions are made later")
                }
            }
        case .retention:
            hasMoreToRemove = false
            await attempt("retention") { self.hasMoreToRemove = try await self.removeOld() }
        }
    }

    /// Passwords that waited too long for UDM are gone after a day, whatever becomes of their writes.
    private func erasePasswords() async throws {
        try await Failpoint.hit("expiry.before-erasure")
        let count = try await jobs.erasePasswords(olderThan: SyncConfiguration.passwordLifetimeMax)
        try await Failpoint.hit("expiry.erased")
        if count > 0 {
            logger.error("Passwords waited too long for UDM and were erased", metadata: ["jobs": "\(count)"])
        }
    }

    /// A page at each look, so that the other duties go on meanwhile.
    private func sweepOn() async throws {
        if let position = sweepPosition { sweepPosition = try await sweep.page(from: position) }
        // As fast as the other direction: a thousand keys a page.
        for _ in 0..<4 {
            guard let walk else { break }
            var cursor: String?
            if case .goesOn(let next) = walk { cursor = next }
            self.walk = try await sweep.surplus(from: cursor).map { .goesOn(cursor: $0) }
        }
    }

    private func sample() async throws {
        var sampler = sampler
        defer { self.sampler = sampler }
        try await sampler.sample()
    }

    private func sampleResources() async throws {
        var sampler = sampler
        defer { self.sampler = sampler }
        try await sampler.sampleResources()
    }

    private func lookAtLeases() async throws { oddLeases = try await sweep.oddLeases(former: oddLeases) }

    /// - Returns: Whether there is more to remove.
    private func removeOld() async throws -> Bool {
        let removal = try await jobs.removeOld(historyDays: historyDays)
        if removal.partitions + removal.rows + removal.transactions > 0 {
            logger.info(
                "Old history was removed",
                metadata: [
                    "days": "\(removal.partitions)", "rows": "\(removal.rows)",
                    "transactions": "\(removal.transactions)",
                ])
        }
        return removal.isUnfinished
    }

    /// A duty that fails is tried again at its next turn; PostgreSQL or Redis may be away.
    private func attempt(_ duty: String, _ body: () async throws -> Void) async {
        // The one before may have taken long.
        guard await leadership.hold() else { return }
        do {
            try await body()
        } catch {
            if Task.isCancelled { return }
            logger.warning(
                "A leader duty failed and will be tried again", metadata: ["duty": "\(duty)", "error": "\(error)"])
        }
    }
}
