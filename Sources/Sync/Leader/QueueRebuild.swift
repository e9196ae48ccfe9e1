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
    let logger: Logger

    private static let chunk = 5_000
    private let rebuilds = Counter(label: "scim_queue_rebuilds_total")

    init(queue: WorkQueue, jobs: JobStore, logger: Logger) {
        self.queue = queue
        self.jobs = jobs
        self.logger = logger
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
        try await Failpoint.hit("rebuild.begun")
        var position: OpenWorkPage.Position?
        var count = 0
        while true {
            let page = try await jobs.openWork(from: position, limit: Self.chunk, olderThan: .zero)
            _ = try await queue.rebuild(page.entries.map { $0.enqueue })
            try await Failpoint.hit("rebuild.between-chunks")
            count += page.entries.count
            guard let next = page.next else { break }
            position = next
        }
        try await Failpoint.hit("rebuild.before-mark")
        // The mark goes last: a crash before it repeats the rebuild, which is idempotent.
        _ = try await queue.finishRebuild(generation: generation)
        logger.notice("The queue is rebuilt", metadata: ["resources": "\(count)"])
    }
}
