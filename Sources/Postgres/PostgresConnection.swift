// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import CPostgres
internal import Dispatch
internal import Executors
package import Logging

/// One connection for exclusive use, and the dispatch queue that all of its libpq calls run on.
///
/// Statements run one after the other; each is a transaction of its own unless one was begun. A connection whose state
/// is unknown, because no answer came, is closed and answers every later call with ``PostgresError/Kind/connectionLost``.
package actor PostgresConnection {
    /// How long a cancelled statement may take to end before the connection is given up.
    private static let cancelGrace: Duration = .seconds(10)
    /// How long the server's answer to a cancel request is waited for before it is asked again, and twice as long after each further one: a request
    /// that comes before the statement does, or between two of its messages, is nothing to the server.
    private static let cancelPatience: Duration = .milliseconds(100)

    /// A caller that waits for the connection; resumed with false when it was cancelled. Who cannot be cancelled has number 0.
    private struct Turn {
        let number: UInt64
        let continuation: CheckedContinuation<Bool, Never>
    }

    nonisolated let session = PostgresSession()
    private nonisolated let executor: DispatchExecutor
    private nonisolated let configuration: PostgresConfiguration
    private nonisolated let logger: Logger

    private(set) var link: PostgresLink?
    private var ending: PostgresError?
    private var isBusy = false
    private var turns: [Turn] = []
    private var lastTurn: UInt64 = 0
    private var waiter: CheckedContinuation<Void, Never>?
    /// Counts what ``nextEvent(after:)`` waits for.
    private(set) var events: UInt64 = 0

    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    private init(_ configuration: PostgresConfiguration, label: String, logger: Logger) {
        self.configuration = configuration
        self.logger = logger
        executor = DispatchExecutor(label: label)
    }

    isolated deinit { link?.close() }

    /// Opens a connection, within the connect timeout. Its owner closes it.
    package static func open(
        _ configuration: PostgresConfiguration, label: String, logger: Logger
    ) async throws(PostgresError) -> PostgresConnection {
        let deadline = ContinuousClock.now + configuration.connectTimeout
        return try await open(configuration, label: label, deadline: deadline, logger: logger)
    }

    static func open(
        _ configuration: PostgresConfiguration, label: String, deadline: ContinuousClock.Instant, logger: Logger
    ) async throws(PostgresError) -> PostgresConnection {
        let connection = PostgresConnection(configuration, label: label, logger: logger)
        try await connection.open(until: deadline)
        return connection
    }

    // MARK: - Statements

    /// Executes one statement and takes all its rows.
    package func execute(
        _ statement: PostgresStatement, _ parameters: [PostgresParameter] = []
    ) async throws(PostgresError) -> PostgresResult {
        try ParameterBuffer.validate(parameters)
        return try await operation(isCancellable: true) { connection throws(PostgresError) in
            try await connection.perform(PostgresCommand(statement, parameters))
        }
    }

    /// Sends `sql` in the simple protocol: several statements, without parameters, such as a migration. Outside a
    /// transaction block they are one transaction, unless they say otherwise. The response timeout covers all of them,
    /// because the server answers at the end.
    package func run(_ sql: String) async throws(PostgresError) { _ = try await run(sql, .always, isCancellable: true) }

    /// The server's version as libpq counts it: 150004 is 15.4.
    package func serverVersion() throws(PostgresError) -> Int {
        guard let link else { throw closedError }
        return Int(PQserverVersion(link.pointer))
    }

    /// Asks the server to stop the statement under way, if there is one; its caller gets
    /// ``PostgresError/Kind/cancelled``. Cancelling the caller's task does the same.
    package nonisolated func cancel() { cancel(nil) }

    package nonisolated var isOpen: Bool { session.isOpen }

    /// Closes the connection; a statement under way fails, and an open transaction is rolled back by the server.
    package func close() async {
        guard let link = detach(.shutDown("connection")) else { return }
        await withCheckedContinuation { continuation in link.close { continuation.resume() } }
    }

    // MARK: - Transactions of the pool

    func begin() async throws(PostgresError) { _ = try await run("BEGIN", .never, isCancellable: false) }

    func commit() async throws(PostgresError) {
        let results = try await run("COMMIT", .always, isCancellable: false)
        // After an error that the body kept to itself the server rolls back, and does not call that an error.
        if results.last.map({ PostgresResult($0).commandTag }) != "COMMIT" {
            throw PostgresError(
                kind: .server, message: "rolled back, because a statement of the transaction had failed",
                sqlState: "25P02")
        }
    }

    /// Ends whatever transaction is open, or the connection.
    func rollback() async {
        do throws(PostgresError) {
            _ = try await run("ROLLBACK", .never, isCancellable: false)
        } catch {
            logger.debug("ROLLBACK failed, the connection is closed: \(error.message)")
            await close()
        }
    }

    private func run(
        _ sql: String, _ risk: CommitRisk, isCancellable: Bool
    ) async throws(PostgresError) -> [ResultHandle] {
        try ParameterBuffer.validate([.text(sql)])
        return try await operation(isCancellable: isCancellable) { connection throws(PostgresError) in
            let reply = try await connection.exchange(risk) { PQsendQuery($0.pointer, sql) == 1 }
            switch reply {
            case .results(let results): return results
            case .failure(let failure): throw failure.error
            }
        }
    }

    // MARK: - One operation after the other

    /// Waits for its turn, and lets the cancellation of the task reach the server meanwhile.
    private func operation<Value: Sendable>(
        isCancellable: Bool, _ body: (isolated PostgresConnection) async throws(PostgresError) -> Value
    ) async throws(PostgresError) -> Value {
        let number = try await beginOperation(isCancellable: isCancellable)
        let outcome: Result<Value, PostgresError>
        if isCancellable {
            outcome = await withTaskCancellationHandler {
                await attempt(body)
            } onCancel: {
                cancel(number)
            }
        } else {
            outcome = await attempt(body)
        }
        let wasCancelled = await endOperation()
        if wasCancelled, case .failure(let error) = outcome, error.sqlState == "57014" { throw .cancelled() }
        return try outcome.get()
    }

    private func attempt<Value: Sendable>(
        _ body: (isolated PostgresConnection) async throws(PostgresError) -> Value
    ) async -> Result<Value, PostgresError> {
        do throws(PostgresError) {
            guard try refresh() else { return .success(try await body(self)) }
            do throws(PostgresError) {
                return .success(try await body(self))
            } catch {
                guard error.kind == .connectionLost, !error.mayHaveCommitted, link == nil else { throw error }
                try reopen()
                try checkCancellation()
                return .success(try await body(self))
            }
        } catch {
            return .failure(error)
        }
    }

    /// Whether this is the first statement since a pool handed the connection out. There is no session state to lose
    /// yet, so a connection that ended while it was idle is replaced before anything is sent.
    func refresh() throws(PostgresError) -> Bool {
        guard session.takeFresh() else { return false }
        if let link, !link.read() { lose(.connectionLost(link.errorMessage)) }
        if link == nil {
            try reopen()
            try checkCancellation()
        }
        return true
    }

    /// A request to stop that came while the connection was being opened, or after the statement was prepared, is nothing to the server.
    func checkCancellation() throws(PostgresError) {
        if session.wasCancelled { throw .cancelled() }
    }

    func beginOperation(isCancellable: Bool) async throws(PostgresError) -> UInt64 {
        if isCancellable {
            guard await takeTurn() else { throw .cancelled() }
            if Task.isCancelled {
                endTurn()
                throw .cancelled()
            }
        } else {
            _ = await takeTurn(number: 0)
        }
        return session.begin()
    }

    /// False when the task was cancelled first.
    private func takeTurn() async -> Bool {
        lastTurn += 1
        let number = lastTurn
        return await withTaskCancellationHandler {
            await takeTurn(number: number)
        } onCancel: {
            executor.dispatchQueue.async { [weak self] in
                self?.assumeIsolated { connection in
                    guard let index = connection.turns.firstIndex(where: { $0.number == number }) else { return }
                    connection.turns.remove(at: index).continuation.resume(returning: false)
                }
            }
        }
    }

    // Whether the connection is busy is looked at where the turn begins to wait: what calls an asynchronous function may be suspended before that.
    private func takeTurn(number: UInt64) async -> Bool {
        await withCheckedContinuation { continuation in
            if !isBusy {
                isBusy = true
                continuation.resume(returning: true)
            } else if number > 0, Task.isCancelled {
                continuation.resume(returning: false)
            } else {
                turns.append(Turn(number: number, continuation: continuation))
            }
        }
    }

    /// Whether the operation was cancelled.
    func endOperation() async -> Bool {
        let status = link.map { PQtransactionStatus($0.pointer) }
        let wasCancelled = session.end(isInTransaction: status != nil && status != PQTRANS_IDLE)
        // A late cancel request would hit the next statement.
        if session.isCancelling { await session.waitForCancel() }
        endTurn()
        return wasCancelled
    }

    private func endTurn() {
        guard turns.isEmpty else { return turns.removeFirst().continuation.resume(returning: true) }
        isBusy = false
        // While it is idle it is to notice its end.
        link?.resumeReading()
    }

    nonisolated func cancel(_ operation: UInt64?) {
        guard let number = session.cancel(operation) else { return }
        checkCancelled(number, after: Self.cancelPatience, until: .now + Self.cancelGrace)
    }

    private nonisolated func checkCancelled(
        _ number: UInt64, after patience: Duration, until end: ContinuousClock.Instant
    ) {
        let next = DispatchTime.now() + .nanoseconds(Int(patience.nanoseconds))
        executor.dispatchQueue.asyncAfter(deadline: next) { [weak self] in
            self?.assumeIsolated { connection in
                guard connection.session.isUnderWay(number) else { return }
                if ContinuousClock.now >= end {
                    connection.lose(.cancelled(mayHaveCommitted: true))
                    connection.session.cancelEnded(number)
                } else {
                    _ = connection.session.cancel(number)
                    connection.checkCancelled(number, after: patience * 2, until: end)
                }
            }
        }
    }

    // MARK: - The link

    /// For the operation that was under way when the connection ended.
    var endingError: PostgresError { ending ?? .shutDown("connection") }

    /// For an operation that comes later: nothing of it was sent.
    var closedError: PostgresError {
        guard let ending, ending.kind != .shutDown else { return .shutDown("connection") }
        return .connectionLost("the connection has ended: \(ending.message)")
    }

    private func open(until deadline: ContinuousClock.Instant) throws(PostgresError) {
        // Blocks this connection's own dispatch queue, nothing else.
        let link = try PostgresLink(
            opening: configuration, pipelined: false, deadline: deadline, queue: executor.dispatchQueue, logger: logger)
        link.start(
            onReadable: { [weak self] in self?.assumeIsolated { $0.readable() } },
            onSilence: { [weak self] in self?.assumeIsolated { $0.silent() } },
            onDrained: { [weak self] in self?.assumeIsolated { $0.resumeWaiter() } })
        self.link = link
        ending = nil
        session.opened(PostgresCanceller(for: link.pointer))
    }

    private func reopen() throws(PostgresError) {
        if let ending, ending.kind == .shutDown { throw ending }
        try open(until: ContinuousClock.now + configuration.connectTimeout)
    }

    /// Waits until something has arrived, everything has left, or the connection has ended; the clock runs meanwhile.
    ///
    /// - Parameter seen: ``events`` before the caller looked at what there is. If it has changed since, nothing is waited for: between the look and
    ///   the wait the task may have been suspended.
    func nextEvent(after seen: UInt64) async {
        await withCheckedContinuation { continuation in
            guard let link, events == seen else { return continuation.resume() }
            link.resumeReading()
            link.expectAnswer()
            waiter = continuation
        }
        link?.expectNothing()
    }

    private func resumeWaiter() {
        events &+= 1
        let waiter = waiter
        self.waiter = nil
        waiter?.resume()
    }

    private func readable() {
        guard let link else { return }
        let isAlive = link.read()
        if !isAlive, !isBusy { return lose(.connectionLost(link.errorMessage)) }
        // A receiver of COPY that takes its time: the socket's buffer, then the server, waits for it.
        if isBusy, waiter == nil { link.pauseReading() }
        resumeWaiter()
    }

    private func silent() {
        guard let link, waiter != nil else { return }
        if link.hasInput { return readable() }
        lose(.noAnswer(within: configuration.silenceLimit ?? .zero))
    }

    func lose(_ error: PostgresError) {
        guard let link = detach(error) else { return }
        logger.debug("connection to PostgreSQL ended: \(error.message)")
        link.close()
    }

    private func detach(_ error: PostgresError) -> PostgresLink? {
        guard let link else {
            if error.kind == .shutDown { ending = error }
            return nil
        }
        self.link = nil
        ending = error
        session.ended()
        resumeWaiter()
        return link
    }
}
