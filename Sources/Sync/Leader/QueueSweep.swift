// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Failpoints
internal import Logging
internal import Metrics
internal import Queue
internal import SCIM
internal import Storage

/// Finds open jobs that Redis does not know and enqueues them: the safety net under the enqueue after the commit (queue-patterns 6.2).
struct QueueSweep: Sendable {
    let queue: WorkQueue
    let jobs: JobStore
    let logger: Logger

    /// A write this young may be between its commit and its enqueue.
    private static let grace = Duration.seconds(5)
    private static let recent = Duration.seconds(60)
    /// In a second of the leader's: a full pass never competes with the work it guards.
    private static let pageSize = 4_000
    private let repaired = Counter(label: "scim_queue_repaired_total")

    init(queue: WorkQueue, jobs: JobStore, logger: Logger) {
        self.queue = queue
        self.jobs = jobs
        self.logger = logger
    }

    /// Jobs accepted in the last minute, and all groups whose members have come.
    func recent() async throws {
        // Job ids are UUIDs of version 7, which begin with the milliseconds: below every id of that moment or later.
        let moment = Timestamp.now().advanced(by: .zero - Self.recent)
        let start = JobID(high: UInt64(max(0, moment.microsecondsSinceEpoch / 1000)) << 16, low: 0)
        var position: OpenWorkPage.Position? = .jobs(after: start)
        while let next = position { position = try await page(from: next) }
    }

    /// One page of a pass over all open work.
    /// - Returns: Where to go on; nil at the end, and when Redis has lost the queue: the rebuild does all of it then.
    func page(from position: OpenWorkPage.Position) async throws -> OpenWorkPage.Position? {
        let page = try await jobs.openWork(from: position, limit: Self.pageSize, olderThan: Self.grace)
        let entries = page.entries.map { $0.enqueue }
        let known = try await queue.known(entries.map(\.key))
        let unknown = entries.filter { !known.contains($0.key) }
        if !unknown.isEmpty {
            try await Failpoint.hit("sweep.found")
            guard try await queue.enqueue(unknown) != .lost else { return nil }
            repaired.increment(by: unknown.count)
            logger.warning(
                "Open jobs were missing in Redis and are enqueued again", metadata: ["resources": "\(unknown.count)"])
        }
        try await Failpoint.hit("sweep.page-done")
        return page.next
    }
}
