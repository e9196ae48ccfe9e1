// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

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
    private static let page = 1_000
    /// Between the pages of a full pass, so that it never competes with the work it guards.
    private static let pace = Duration.milliseconds(250)
    private let repaired = Counter(label: "scim_queue_repaired_total")

    init(queue: WorkQueue, jobs: JobStore, logger: Logger) {
        self.queue = queue
        self.jobs = jobs
        self.logger = logger
    }

    /// Jobs accepted in the last minute.
    func recent() async throws {
        // Job ids are UUIDs of version 7, which begin with the milliseconds: below every id of that moment or later.
        let moment = Timestamp.now().advanced(by: .zero - Self.recent)
        let start = JobID(high: UInt64(max(0, moment.microsecondsSinceEpoch / 1000)) << 16, low: 0)
        try await sweep(from: .jobs(after: start), pace: .zero) { true }
    }

    /// All open jobs, paced.
    /// - Parameter goesOn: Asked before each page: a process that no longer leads stops.
    func full(while goesOn: () async -> Bool) async throws {
        try await sweep(from: nil, pace: Self.pace, while: goesOn)
    }

    private func sweep(from start: OpenWorkPage.Position?, pace: Duration, while goesOn: () async -> Bool) async throws
    {
        var position = start
        var found = 0
        while await goesOn() {
            let page = try await jobs.openWork(from: position, limit: Self.page, olderThan: Self.grace)
            if !page.entries.isEmpty {
                let entries = page.entries.map { $0.enqueue }
                let known = try await queue.known(entries.map(\.key))
                let unknown = entries.filter { !known.contains($0.key) }
                if !unknown.isEmpty {
                    _ = try await queue.enqueue(unknown)
                    repaired.increment(by: unknown.count)
                    found += unknown.count
                }
            }
            guard let next = page.next else { break }
            position = next
            if pace > .zero { try await Task.sleep(for: pace) }
        }
        if found > 0 {
            logger.warning(
                "Open jobs were missing in Redis and are enqueued again", metadata: ["resources": "\(found)"])
        }
    }
}
