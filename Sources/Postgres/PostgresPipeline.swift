// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Dispatch
package import Logging

/// One shared connection in pipeline mode. What concurrent callers ask for while an answer is under way goes to the
/// server together, as one *segment* with one `PQpipelineSync` and one network round trip; there is no timer.
///
/// It connects when it is first used, and again by itself, with jitter, when the connection is lost. Callers then wait
/// for at most one attempt, never longer than the connect timeout.
package final class PostgresPipeline: Sendable {
    package enum Mode: Sendable {
        /// The session is read only. A read is answered as soon as its own result is there. Some share statements, see
        /// ``PostgresStatement/init(_:_:key:gathered:)``; after an error of such a one they are repeated one by one.
        case reads
        /// Every `execute` is a transaction of its own in effect: those of one segment commit together, and after an
        /// error, which rolls all of them back, they are repeated one by one.
        case writes
    }

    package struct Statistics: Sendable, Equatable {
        /// Sent together, with one sync.
        package var segments = 0
        /// Those that share a statement count as one.
        package var commands = 0
        /// Commands sent again after a neighbour failed or a prepared statement had gone.
        package var repeats = 0
        package var connects = 0
        /// Calls that arrived while an answer, or a connection, was under way.
        package var waiting = 0
        package var isConnected = false
    }

    /// In nanoseconds: several times as long as reads by key take.
    private static let patience: UInt64 = 10_000_000

    package let label: String
    private let driver: PipelineDriver
    private let mode: Mode
    private let connectTimeout: Duration

    /// Opens nothing yet.
    ///
    /// - Parameters:
    ///   - label: Names the dispatch queue.
    ///   - waitTimeout: How long a call may wait for others that are under way before it is sent; then it fails with
    ///     ``PostgresError/Kind/poolTimeout``. Nil: as long as they take.
    package init(
        configuration: PostgresConfiguration, label: String, mode: Mode, waitTimeout: Duration? = nil, logger: Logger
    ) {
        self.label = label
        self.mode = mode
        connectTimeout = configuration.connectTimeout
        driver = PipelineDriver(
            configuration: configuration, label: label, mode: mode, waitTimeout: waitTimeout, logger: logger)
    }

    deinit { driver.abort() }

    /// Executes one statement, as if nobody else used the connection.
    package func execute(
        _ statement: PostgresStatement, _ parameters: [PostgresParameter] = []
    ) async throws(PostgresError) -> PostgresResult {
        let results = try await submit([PostgresCommand(statement, parameters)], isTransaction: false)
        guard let result = results.first else {
            throw PostgresError(kind: .decoding, message: "the server sent no result")
        }
        return result
    }

    /// Executes `commands` in order as one transaction with its own sync, however many other callers there are. After
    /// an error nothing of it has taken effect.
    ///
    /// - Parameter isCancellable: False: what the server makes of it is awaited although the task is cancelled.
    package func transaction(
        _ commands: [PostgresCommand], isCancellable: Bool = true
    ) async throws(PostgresError) -> [PostgresResult] {
        guard !commands.isEmpty else { return [] }
        return try await submit(commands, isTransaction: true, isCancellable: isCancellable)
    }

    /// Refuses new calls, lets those under way end, and closes the connection.
    package func close() async { await driver.close() }

    package var statistics: Statistics { driver.inbox.statistics }

    /// Whether what is asked for now would wait for something that takes long, or for a connection.
    ///
    /// - Parameter time: How long from now.
    package func isHeldUp(in time: Duration = .zero) -> Bool {
        driver.inbox.isHeldUp(for: Self.patience, at: DispatchTime.now().uptimeNanoseconds + time.nanoseconds)
    }

    private func submit(
        _ commands: [PostgresCommand], isTransaction: Bool, isCancellable: Bool = true
    ) async throws(PostgresError) -> [PostgresResult] {
        for command in commands { try ParameterBuffer.validate(command.parameters) }
        let request = PipelineRequest(commands: commands, isTransaction: isTransaction, mayCommit: mode == .writes)
        guard isCancellable else { return try await outcome(of: request).get() }
        return try await withTaskCancellationHandler {
            await outcome(of: request)
        } onCancel: {
            request.abandon()
        }.get()
    }

    private func outcome(of request: PipelineRequest) async -> PipelineRequest.Outcome {
        await withCheckedContinuation { continuation in
            guard request.wait(continuation) else { return }
            guard let submission = driver.inbox.submit(request) else {
                return request.finish(.failure(.shutDown("pipeline")))
            }
            if submission.mustWake { driver.wake() }
            if submission.isDisconnected { driver.expire([request]) }
        }
    }
}
