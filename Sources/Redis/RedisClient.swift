// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Executors
package import Logging
internal import NIOCore
internal import NIOPosix

/// Redis as the program uses it: one pipelined connection that is kept open, and separate channels for blocking reads.
///
/// Commands may be submitted from any thread; what arrives while a batch is being written goes out with the next flush.
/// While there is no connection every command fails at once with ``RedisError/Kind/notConnected``. The event loop is the
/// client's own, so that load on the HTTP server's threads does not delay a lease renewal.
package final class RedisClient: Sendable {
    let configuration: RedisConfiguration
    let link: RedisLink
    let blocking: RedisBlockingChannels
    let scriptDigests = Locked<[String: String]>([:])
    private let group: MultiThreadedEventLoopGroup
    private let figures = RedisFigures()
    private struct Tasks {
        var running: Task<Void, Never>?
        var closing: Task<Void, Never>?
    }

    private let tasks = Locked(Tasks())

    package init(configuration: RedisConfiguration, logger: Logger) {
        self.configuration = configuration
        group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let eventLoop = group.next()
        let blocking = RedisBlockingChannels(configuration, eventLoop: eventLoop, logger: logger)
        self.blocking = blocking
        link = RedisLink(configuration, eventLoop: eventLoop, figures: figures, logger: logger) {
            blocking.closeAll($0)
        }
    }

    /// Begins to connect, and waits for the first attempt. From then on the connection is kept open until ``close()``.
    ///
    /// - Throws: Why the first attempt failed. If ``RedisError/canRetry`` is true the client goes on trying and a caller
    ///   that can do without Redis for now ignores the error; otherwise a setting or the server must be changed, such as
    ///   a wrong password or a `maxmemory-policy` other than `noeviction`.
    package func start() async throws(RedisError) {
        let isClosed = tasks.withLock { tasks in
            guard tasks.closing == nil else { return true }
            if tasks.running == nil { tasks.running = Task { await link.run() } }
            return false
        }
        if isClosed { throw RedisLink.closed }
        await link.firstAttempt()
        if isConnected { return }
        throw link.lastError ?? RedisLink.closed
    }

    package var isConnected: Bool { link.isConnected }

    /// Counts since the start, of commands that do not wait in Redis on purpose.
    package var statistics: RedisStatistics { figures.statistics }

    /// Why there is no connection; `nil` while there is one or none was tried.
    package var lastError: RedisError? { link.lastError }

    /// Connections made since the start: more than 1 means that Redis or the network was away.
    package var connectCount: Int { link.connectCount }

    /// Sends a command. `completion` runs once: on the event loop, where it must not block, or at once when the command
    /// cannot be sent.
    package func submit(_ command: RedisCommand, completion: @escaping RedisCompletion) {
        submit(command.arguments, completion: completion)
    }

    func submit(_ arguments: RedisArguments, completion: @escaping RedisCompletion) {
        do throws(RedisError) {
            try link.current().submit(arguments, completion: completion)
        } catch {
            completion(.failure(error))
        }
    }

    /// Sends a command and waits for its reply, at most ``RedisConfiguration/commandTimeout``.
    package func send(_ command: RedisCommand) async throws(RedisError) -> RedisReply {
        try await link.current().send(command.arguments)
    }

    /// Sends several commands in one piece; replies come in the same order. Not a transaction.
    package func pipeline(_ commands: [RedisCommand]) async throws(RedisError) -> [Result<RedisReply, RedisError>] {
        try await link.current().pipeline(commands.map(\.arguments))
    }

    /// Sends a command that makes Redis wait, such as `BLPOP`, over a channel of its own.
    ///
    /// - Parameter limit: How long the command itself waits at most; the reply may take the command timeout longer.
    /// - Throws: ``RedisError/Kind/cancelled`` when the task is cancelled: the channel is closed, which ends the wait in
    ///   Redis too.
    package func sendBlocking(_ command: RedisCommand, upTo limit: Duration) async throws(RedisError) -> RedisReply {
        // While Redis is away, a channel of its own would only wait for the connect timeout.
        _ = try link.current()
        return try await blocking.send(
            command.arguments, timeout: limit + configuration.commandTimeout, endpoint: link.endpoint)
    }

    /// Closes every connection; commands under way fail. The client cannot be started again.
    package func close() async {
        let closing = tasks.withLock { tasks in
            if let closing = tasks.closing { return closing }
            let running = tasks.running
            let closing = Task { await self.end(running) }
            tasks.closing = closing
            return closing
        }
        await closing.value
    }

    private func end(_ running: Task<Void, Never>?) async {
        await link.close()
        blocking.close()
        await running?.value
        await withCheckedContinuation { continuation in
            group.shutdownGracefully { _ in continuation.resume() }
        }
    }
}
