// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Logging
internal import Metrics
internal import Queue
internal import SCIM
internal import Storage

/// Fills a Redis that lost its content from PostgreSQL, while enqueues and leases go on (queue-patterns section 6.3).
struct QueueRebuild: Sendable {
    let queue: WorkQueue
    let jobs: JobStore
    let logger: Logger
    /// Asked before each page.
    let isLeader: @Sendable () async -> Bool

    private static let chunk = 5_000
    private let rebuilds = Counter(label: "scim_queue_rebuilds_total")

    init(
        queue: WorkQueue, jobs: JobStore, logger: Logger, isLeader: @escaping @Sendable () async -> Bool = { true }
    ) {
        self.queue = queue
        self.jobs = jobs
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
        let generation = try await queue.beginRebuild()
        rebuilds.increment()
        let started = ContinuousClock.now
        var count = 0
        var page = try await jobs.openWork(from: nil, limit: Self.chunk, olderThan: .zero)
        while true {
            // Whoever leads now does it anew.
            guard await isLeader() else { return }
            let next = page.next
            // Read while this one is on its way to Redis.
            async let following = next.asyncMap {
                try await jobs.openWork(from: $0, limit: Self.chunk, olderThan: .zero)
            }
            let state = try await queue.rebuild(page.entries.map { $0.enqueue })
            count += page.entries.count
            // Emptied once more: the next look begins anew.
            guard state != .lost else { return }
            guard let read = try await following else { break }
            page = read
        }
        // The mark goes last: a crash before it repeats the rebuild, which is idempotent.
        _ = try await queue.finishRebuild(generation: generation)
        logger.notice(
            "The queue is rebuilt",
            metadata: ["resources": "\(count)", "seconds": "\(started.duration(to: .now).inSeconds)"])
    }
}

extension Optional where Wrapped: Sendable {
    fileprivate func asyncMap<Value: Sendable>(
        _ body: @Sendable (Wrapped) async throws -> Value
    ) async throws -> Value? {
        if let self { try await body(self) } else { nil }
    }
}
