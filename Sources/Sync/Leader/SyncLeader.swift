// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Executors
package import Logging
package import Queue
internal import SCIM
internal import ServiceLifecycle
package import Storage

/// The duties that one process has at a time: rebuild, sweep, sampled counts, partitions.
///
/// Leadership is a PostgreSQL advisory lock held by a session of its own; losing the session loses it. Every duty is idempotent, so two
/// leaders for a moment do no harm.
package actor SyncLeader: Service {
    private let executor = DispatchExecutor(label: "sync.leader")
    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    private let queue: WorkQueue
    private let jobs: JobStore
    private let leadership: Leadership
    private let rebuild: QueueRebuild
    private let sweep: QueueSweep
    private let sampler: QueueSampler
    private let compensation: Compensation
    private let logger: Logger
    /// Where the full pass of the sweep goes on; nil between two passes.
    private var sweepPosition: OpenWorkPage.Position?

    private static let tick = Duration.seconds(1)
    private static let sampleInterval = Duration.seconds(5)
    private static let resourceSampleInterval = Duration.seconds(60)
    private static let recentSweepInterval = Duration.seconds(10)
    private static let fullSweepInterval = Duration.seconds(600)
    private static let expiryInterval = Duration.seconds(600)
    private static let partitionInterval = Duration.seconds(3600)

    package init(
        queue: WorkQueue, jobs: JobStore, resources: ResourceStore, leadership: Leadership, logger: Logger
    ) {
        self.queue = queue
        self.jobs = jobs
        self.leadership = leadership
        self.logger = logger
        rebuild = QueueRebuild(queue: queue, jobs: jobs, logger: logger)
        sweep = QueueSweep(queue: queue, jobs: jobs, logger: logger)
        sampler = QueueSampler(queue: queue, jobs: jobs)
        compensation = Compensation(jobs: jobs, resources: resources, queue: queue, logger: logger)
    }

    package func run() async throws {
        await cancelWhenGracefulShutdown {
            await self.lead()
        }
        await leadership.resign()
    }

    private func lead() async {
        var wasLeader = false
        var nextSample = ContinuousClock.now
        var nextResourceSample = ContinuousClock.now
        var nextRecentSweep = ContinuousClock.now
        var nextFullSweep = ContinuousClock.now.advanced(by: .seconds(30))
        var nextPartitions = ContinuousClock.now
        var nextExpiry = ContinuousClock.now
        while !Task.isCancelled {
            let isLeader = await leadership.hold()
            if isLeader != wasLeader {
                logger.notice(isLeader ? "This process leads" : "This process no longer leads")
                wasLeader = isLeader
            }
            if isLeader {
                await attempt("rebuild") { try await self.rebuild.runIfLost() }
                await attempt("compensation") { try await self.compensation.run() }
                let now = ContinuousClock.now
                if now >= nextSample {
                    nextSample = now.advanced(by: Self.sampleInterval)
                    await attempt("sampling") { try await self.sampler.sample() }
                }
                if now >= nextResourceSample {
                    nextResourceSample = now.advanced(by: Self.resourceSampleInterval)
                    await attempt("counting resources") { try await self.sampler.sampleResources() }
                }
                if now >= nextRecentSweep {
                    nextRecentSweep = now.advanced(by: Self.recentSweepInterval)
                    await attempt("sweep") { try await self.sweep.recent() }
                }
                if now >= nextFullSweep {
                    nextFullSweep = now.advanced(by: Self.fullSweepInterval)
                    sweepPosition = .start
                }
                await attempt("full sweep") { try await self.sweepOn() }
                if now >= nextExpiry {
                    nextExpiry = now.advanced(by: Self.expiryInterval)
                    await attempt("erasing passwords") { try await self.erasePasswords() }
                }
                if now >= nextPartitions {
                    nextPartitions = now.advanced(by: Self.partitionInterval)
                    await attempt("partitions") {
                        if try await !self.jobs.ensurePartitions() {
                            self.logger.info("The job history is locked; its partitions are made later")
                        }
                    }
                }
            }
            try? await Task.sleep(for: Self.tick)  // only cancellation ends it early, and the loop looks at that
        }
    }

    /// Passwords that waited too long for UDM are gone after a day, whatever becomes of their writes.
    private func erasePasswords() async throws {
        let count = try await jobs.erasePasswords(olderThan: SyncConfiguration.passwordLifetimeMax)
        if count > 0 {
            logger.error("Passwords waited too long for UDM and were erased", metadata: ["jobs": "\(count)"])
        }
    }

    /// A page at each look, so that the other duties go on meanwhile.
    private func sweepOn() async throws {
        guard let position = sweepPosition else { return }
        sweepPosition = try await sweep.page(from: position)
    }

    /// A duty that fails is tried again at its next turn; PostgreSQL or Redis may be away.
    private func attempt(_ duty: String, _ body: () async throws -> Void) async {
        do {
            try await body()
        } catch {
            if Task.isCancelled { return }
            logger.warning(
                "A leader duty failed and will be tried again", metadata: ["duty": "\(duty)", "error": "\(error)"])
        }
    }
}
