// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Logging
package import Queue
internal import Redis
package import Storage

/// What can be paused: a part of the queue, or an operation wherever it is queued.
package enum PauseTarget: Sendable, Hashable, CustomStringConvertible {
    case queue(PauseScope)
    /// Workers leave jobs of it open; what comes after them in the order of a resource waits too.
    case operation(JobOperation)

    /// As an operator writes it and PostgreSQL keeps it: `all`, `lane:bulk`, `tenant:default`, `operation:delete`.
    package init?(_ text: String) {
        let prefix = "operation:"
        if text.hasPrefix(prefix), let operation = JobOperation(rawValue: String(text.dropFirst(prefix.count))) {
            self = .operation(operation)
        } else if let scope = PauseScope(text) {
            self = .queue(scope)
        } else {
            return nil
        }
    }

    package var description: String {
        switch self {
        case .queue(let scope): scope.description
        case .operation(let operation): "operation:\(operation.rawValue)"
        }
    }
}

/// Pauses and resumes: in PostgreSQL first, which decides, then in Redis, which acts.
package struct QueuePauses: Sendable {
    private let store: PauseStore
    private let queue: WorkQueue
    private let fill: QueueFill

    package init(database: Database, queue: WorkQueue) {
        store = database.operators.pauses
        self.queue = queue
        fill = QueueFill(queue: queue, jobs: database.jobs)
    }

    /// What a change came to.
    package struct Change: Sendable, Equatable {
        /// False: it was so before.
        package let isNew: Bool
        /// Why Redis does not know of it yet; the leader tells it within seconds. Nil when it knows.
        package let redisProblem: String?
    }

    /// Stores the pause first: Redis may be away, and forgets.
    package func pause(_ target: PauseTarget, reason: String?, by actor: String) async throws -> Change {
        let isNew = try await store.pause(target.description, reason: reason, by: actor)
        guard case .queue(let scope) = target else { return Change(isNew: isNew, redisProblem: nil) }
        return Change(
            isNew: isNew, redisProblem: await problem { () async throws(RedisError) in try await queue.pause(scope) })
    }

    /// Ends a pause, in PostgreSQL first.
    package func resume(_ target: PauseTarget, by actor: String) async throws -> Change {
        let isNew = try await store.resume(target.description, by: actor)
        switch target {
        case .queue(let scope):
            return Change(
                isNew: isNew,
                redisProblem: await problem { () async throws(RedisError) in try await queue.resume(scope) })
        case .operation:
            // Resources with such jobs were put off; without this they would come back within a minute.
            do {
                _ = try await fill.run()
                return Change(isNew: isNew, redisProblem: nil)
            } catch let error as RedisError {
                return Change(isNew: isNew, redisProblem: error.message)
            }
        }
    }

    private func problem(_ body: () async throws(RedisError) -> QueueState) async -> String? {
        do throws(RedisError) {
            return try await body() == .lost ? "Redis is empty" : nil
        } catch {
            return error.message
        }
    }
}

extension PauseStore {
    /// The scopes that concern the queue; operations are not among them.
    package func queueScopes() async throws -> Set<PauseScope> {
        Set(try await list().compactMap { PauseScope($0.scope) })
    }

    /// Makes the queue pause what is to be paused, and nothing else.
    ///
    /// Redis is asked first: whoever pauses tells PostgreSQL first, so what Redis has without PostgreSQL was resumed.
    /// - Returns: How many scopes differed.
    @discardableResult
    package func apply(to queue: WorkQueue) async throws -> Int {
        let present = try await queue.pausedScopes()
        let wanted = try await queueScopes()
        for scope in wanted.subtracting(present) { try await queue.pause(scope) }
        for scope in present.subtracting(wanted) { try await queue.resume(scope) }
        return wanted.symmetricDifference(present).count
    }
}
