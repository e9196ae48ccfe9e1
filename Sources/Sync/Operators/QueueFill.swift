// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Failpoints
package import Queue
internal import SCIM
package import Storage

/// Enqueues everything that is open in PostgreSQL. What Redis has already only moves forward, so it can be done at any time.
package struct QueueFill: Sendable {
    private let queue: WorkQueue
    private let jobs: JobStore
    private let pauses: PauseStore?

    private static let chunk = 5_000

    /// - Parameter pauses: Whose pauses the queue gets as well; nil leaves them as they are.
    package init(queue: WorkQueue, jobs: JobStore, pauses: PauseStore? = nil) {
        self.queue = queue
        self.jobs = jobs
        self.pauses = pauses
    }

    /// - Parameters:
    ///   - whileTrue: Asked before each chunk; when it is not, the rest is left.
    ///   - progress: Called after each chunk with the resources so far.
    /// - Returns: How many resources with open work Redis got, and whether these are all: not so when Redis was emptied meanwhile.
    @discardableResult
    package func run(
        whileTrue: @Sendable () async -> Bool = { true }, progress: (Int) -> Void = { _ in }
    ) async throws -> (resources: Int, isComplete: Bool) {
        var count = 0
        var page = try await jobs.openWork(from: nil, limit: Self.chunk, olderThan: .zero)
        while true {
            guard await whileTrue() else { return (count, false) }
            // Read while this one is on its way to Redis.
            let next = page.next
            async let following = self.page(from: next)
            let enqueued = page.entries.map { $0.enqueue }
            let state = try await queue.rebuild(enqueued)
            try await Failpoint.hit("rebuild.between-chunks")
            try await queue.forgetEnded(page.entries, enqueued, jobs: jobs)
            count += page.entries.count
            progress(count)
            guard state != .lost else { return (count, false) }
            guard let read = try await following else { return (count, true) }
            page = read
        }
    }

    private func page(from position: OpenWorkPage.Position?) async throws -> OpenWorkPage? {
        guard let position else { return nil }
        return try await jobs.openWork(from: position, limit: Self.chunk, olderThan: .zero)
    }

    /// Fills Redis by an operator's order: whether it is empty or not.
    /// - Returns: How many resources have open work, and the state of the queue afterwards.
    package func rebuild(progress: (Int) -> Void = { _ in }) async throws -> (resources: Int, state: QueueState) {
        if case .ready = try await queue.state() {
            try await pauses?.apply(to: queue)
            return (try await run(progress: progress).resources, try await queue.state())
        }
        let generation = try await queue.beginRebuild(paused: try await pauses?.queueScopes())
        let count = try await run(progress: progress).resources
        return (count, try await queue.finishRebuild(generation: generation))
    }
}
