// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Failpoints
internal import Logging
internal import Metrics
internal import Queue
internal import SCIM
internal import Storage

/// Fills a Redis that lost its content from PostgreSQL, while enqueues and leases go on (queue-patterns section 6.3).
struct QueueRebuild: Sendable {
    let queue: WorkQueue
    let jobs: JobStore
    /// Whose pauses an emptied Redis is told again; nil keeps what it has.
    let pauses: PauseStore?
    let logger: Logger
    /// Asked before each page.
    let isLeader: @Sendable () async -> Bool

    private let rebuilds = Counter(label: "scim_queue_rebuilds_total")

    init(
        queue: WorkQueue, jobs: JobStore, pauses: PauseStore? = nil, logger: Logger,
        isLeader: @escaping @Sendable () async -> Bool = { true }
    ) {
        self.queue = queue
        self.jobs = jobs
        self.pauses = pauses
        self.logger = logger
        self.isLeader = isLeader
    }

    /// Rebuilds when Redis is empty, and also when a former leader died in the middle of it.
    func runIfLost() async throws {
        switch try await queue.state() {
        case .ready: return
        case .lost: logger.warning("Redis has lost the queue; rebuilding it from PostgreSQL")
        case .rebuilding: logger.warning("An interrupted rebuild of the queue is done again")
        }
        let generation = try await queue.beginRebuild(paused: try await pauses?.queueScopes())
        rebuilds.increment()
        try await Failpoint.hit("rebuild.begun")
        let started = ContinuousClock.now
        let filled = try await QueueFill(queue: queue, jobs: jobs).run(whileTrue: isLeader)
        // Whoever leads now, or the next look at a Redis that was emptied once more, does it anew.
        guard filled.isComplete else { return }
        try await Failpoint.hit("rebuild.before-mark")
        // The mark goes last: a crash before it repeats the rebuild, which is idempotent.
        _ = try await queue.finishRebuild(generation: generation)
        logger.notice(
            "The queue is rebuilt",
            metadata: ["resources": "\(filled.resources)", "seconds": "\(started.duration(to: .now).inSeconds)"])
    }
}
