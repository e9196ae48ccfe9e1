// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Dispatch
internal import Executors
package import Logging

/// Plain connections, opened on demand and at most `size` of them, each for one user at a time.
package final class PostgresPool: Sendable {
    /// The connections now, and what callers waited for since the start; sampled for the metrics.
    package struct Statistics: Sendable, Equatable {
        /// Open, or being opened.
        package var size = 0
        package var idle = 0
        package var waiting = 0
        /// Most connections.
        package var limit = 0
        /// Callers that had to wait for a connection since the start, how long all of them together, and how many in vain.
        package var waits = 0
        package var waited = Duration.zero
        package var timeouts = 0
    }

    enum Grant {
        case connection(PostgresConnection)
        /// To open a connection, which has been counted already.
        case permission
    }

    private struct State {
        var idle: [PostgresConnection] = []
        /// Open, or being opened.
        var size = 0
        var opening = 0
        var lastNumber = 0
        var waiters: [PoolWaiter] = []
        var waits = 0
        var waited = Duration.zero
        var timeouts = 0
        var backoff = Backoff()
        var notBefore: ContinuousClock.Instant?
        var isClosed = false
        var closers: [CheckedContinuation<Void, Never>] = []
    }

    private let configuration: PostgresConfiguration
    package let label: String
    private let largestSize: Int
    private let waitTimeout: Duration
    private let logger: Logger
    private let timers: DispatchQueue
    private let state = Locked(State())

    /// - Parameter waitTimeout: For a connection to become free.
    package init(
        configuration: PostgresConfiguration, size: Int, label: String, waitTimeout: Duration, logger: Logger
    ) {
        self.configuration = configuration
        self.label = label
        self.waitTimeout = waitTimeout
        self.logger = logger
        largestSize = max(1, size)
        timers = DispatchQueue(label: "\(label).timers")
    }

    package var statistics: Statistics {
        state.withLock { state in
            Statistics(
                size: state.size, idle: state.idle.count, waiting: state.waiters.count, limit: largestSize,
                waits: state.waits, waited: state.waited, timeouts: state.timeouts)
        }
    }

    /// Lends a connection. A transaction that `body` leaves open is rolled back; everything else that it sets in the
    /// session (`SET`, session-level advisory locks) stays, so use `SET LOCAL` and transaction-level locks.
    package func withConnection<T: Sendable>(
        _ body: @escaping @Sendable (PostgresConnection) async throws -> T
    ) async throws -> T {
        try await offEventLoop { [self] in
            let connection = try await acquire()
            do {
                let value = try await body(connection)
                await release(connection)
                return value
            } catch {
                await release(connection)
                throw error
            }
        }
    }

    /// Commits when `body` returns, rolls back when it throws. When the connection is lost while the server commits,
    /// the error says ``PostgresError/mayHaveCommitted``.
    package func withTransaction<T: Sendable>(
        _ body: @escaping @Sendable (PostgresConnection) async throws -> T
    ) async throws -> T {
        try await withConnection { connection in
            try await connection.begin()
            do {
                let value = try await body(connection)
                if Task.isCancelled { throw PostgresError.cancelled() }
                try await connection.commit()
                return value
            } catch {
                if connection.session.isInTransaction { await connection.rollback() }
                throw error
            }
        }
    }

    /// Refuses new users, waits for those that have a connection, and closes all.
    package func close() async {
        let (idle, waiters) = state.withLock { state in
            defer {
                state.size -= state.idle.count
                state.isClosed = true
                state.idle = []
                state.waiters = []
            }
            return (state.idle, state.waiters)
        }
        for waiter in waiters { waiter.finish(.failure(.shutDown("pool"))) }
        for connection in idle { await connection.close() }
        await withCheckedContinuation { continuation in
            let isEmpty = state.withLock { state in
                if state.size > 0 { state.closers.append(continuation) }
                return state.size == 0
            }
            if isEmpty { continuation.resume() }
        }
    }

    // MARK: - Lending

    private func acquire() async throws(PostgresError) -> PostgresConnection {
        if Task.isCancelled { throw .cancelled() }
        switch try await grant() {
        case .connection(let connection) where connection.isOpen:
            connection.session.markFresh()
            return connection
        case .connection(let connection):
            // It ended while it was idle; its place is ours.
            await connection.close()
            return try await open()
        case .permission:
            return try await open()
        }
    }

    private func grant() async throws(PostgresError) -> Grant {
        let waiter = PoolWaiter()
        let immediate = state.withLock { state -> Result<Grant, PostgresError>? in
            if state.isClosed { return .failure(.shutDown("pool")) }
            if let connection = state.idle.popLast() { return .success(.connection(connection)) }
            if state.size < largestSize {
                state.size += 1
                return .success(.permission)
            }
            state.waiters.append(waiter)
            return nil
        }
        if let immediate { return try immediate.get() }
        let begin = ContinuousClock.now
        let deadline = DispatchTime.now() + .nanoseconds(Int(clamping: waitTimeout.nanoseconds))
        timers.asyncAfter(deadline: deadline) { [weak self, weak waiter] in
            guard let self, let waiter else { return }
            let message = "no connection became free within \(waitTimeout)"
            giveUp(waiter, PostgresError(kind: .poolTimeout, message: message, canRetry: true))
        }
        let outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { waiter.wait($0) }
        } onCancel: {
            giveUp(waiter, .cancelled())
        }
        state.withLock { state in
            state.waits += 1
            state.waited += begin.duration(to: .now)
            if case .failure(let error) = outcome, error.kind == .poolTimeout { state.timeouts += 1 }
        }
        return try outcome.get()
    }

    private func giveUp(_ waiter: PoolWaiter, _ error: PostgresError) {
        let wasWaiting = state.withLock { state in
            guard let index = state.waiters.firstIndex(where: { $0 === waiter }) else { return false }
            state.waiters.remove(at: index)
            return true
        }
        // Whoever took it out of the list answers it.
        if wasWaiting { waiter.finish(.failure(error)) }
    }

    private func open() async throws(PostgresError) -> PostgresConnection {
        let deadline = ContinuousClock.now + configuration.connectTimeout
        state.withLock { $0.opening += 1 }
        do throws(PostgresError) {
            try await waitAfterFailure(until: deadline)
            let number = state.withLock { state in
                state.lastNumber += 1
                return state.lastNumber
            }
            let connection = try await PostgresConnection.open(
                configuration, label: "\(label).\(number)", deadline: deadline, logger: logger)
            state.withLock { state in
                state.opening -= 1
                state.backoff.reset()
                state.notBefore = nil
            }
            return connection
        } catch {
            failedToOpen(error)
            throw error
        }
    }

    /// After a failed attempt the next one waits, with jitter, whoever makes it.
    private func waitAfterFailure(until deadline: ContinuousClock.Instant) async throws(PostgresError) {
        guard let notBefore = state.withLock({ $0.notBefore }) else { return }
        let pause = min(notBefore, deadline)
        guard pause > .now else { return }
        do {
            try await Task.sleep(until: pause, clock: .continuous)
        } catch {
            throw .cancelled()
        }
    }

    private func failedToOpen(_ error: PostgresError) {
        let waiters = state.withLock { state -> [(PoolWaiter, PoolWaiter.Outcome)] in
            state.opening -= 1
            let isOutage = error.kind == .connectionFailed
            if isOutage { state.notBefore = .now + state.backoff.next() }
            // Nobody has a connection to give back: waiting on would not help.
            if isOutage, state.size - state.idle.count - state.opening <= 1 {
                state.size -= 1
                defer { state.waiters = [] }
                return state.waiters.map { ($0, .failure(error)) }
            }
            if !state.waiters.isEmpty { return [(state.waiters.removeFirst(), .success(.permission))] }
            state.size -= 1
            return []
        }
        for (waiter, outcome) in waiters { waiter.finish(outcome) }
        resumeClosers()
    }

    // MARK: - Taking back

    private func release(_ connection: PostgresConnection) async {
        if connection.session.isInTransaction { await connection.rollback() }
        let isUsable = connection.isOpen
        let (waiter, isKept) = state.withLock { state -> (PoolWaiter?, Bool) in
            if state.isClosed {
                state.size -= 1
                return (nil, false)
            }
            if !state.waiters.isEmpty { return (state.waiters.removeFirst(), isUsable) }
            if isUsable { state.idle.append(connection) } else { state.size -= 1 }
            return (nil, isUsable)
        }
        if !isKept { await connection.close() }
        waiter?.finish(.success(isKept ? .connection(connection) : .permission))
        resumeClosers()
    }

    private func resumeClosers() {
        let closers = state.withLock { state -> [CheckedContinuation<Void, Never>] in
            guard state.isClosed, state.size == 0 else { return [] }
            defer { state.closers = [] }
            return state.closers
        }
        for closer in closers { closer.resume() }
    }
}

/// Who waits for a connection; answered once, by whoever takes it out of the pool's list. The answer may come before
/// the wait begins.
final class PoolWaiter: Sendable {
    typealias Outcome = Result<PostgresPool.Grant, PostgresError>

    private enum State {
        case created
        case waiting(CheckedContinuation<Outcome, Never>)
        case finished(Outcome)
    }

    private let state = Locked(State.created)

    func wait(_ continuation: CheckedContinuation<Outcome, Never>) {
        let outcome = state.withLock { state -> Outcome? in
            if case .finished(let outcome) = state { return outcome }
            state = .waiting(continuation)
            return nil
        }
        if let outcome { continuation.resume(returning: outcome) }
    }

    func finish(_ outcome: Outcome) {
        let continuation = state.withLock { state -> CheckedContinuation<Outcome, Never>? in
            guard case .waiting(let continuation) = state else {
                state = .finished(outcome)
                return nil
            }
            state = .finished(outcome)
            return continuation
        }
        continuation?.resume(returning: outcome)
    }
}
