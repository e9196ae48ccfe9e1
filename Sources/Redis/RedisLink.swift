// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Executors
internal import Logging
internal import NIOCore

/// Keeps one connection to Redis open. Runs on the client's event loop, so that load elsewhere does not delay it.
///
/// States, seen by callers through ``current()``:
/// - *idle*: `run` was not called yet.
/// - *connecting*: no connection; `lastError` is why, once the first attempt has failed. Commands fail at once.
/// - *connected*: the hand-shake succeeded; commands go to this connection until it ends.
/// - *closed*: the end; no further attempt.
actor RedisLink {
    private struct Shared {
        var connection: RedisConnection?
        var lastError: RedisError?
        var isClosed = false
        var attempts = 0
        /// Where a cluster sent us instead of the configured endpoint.
        var redirect: RedisEndpoint?
        var attemptWaiters: [CheckedContinuation<Void, Never>] = []
        var connectCount = 0
    }

    nonisolated let unownedExecutor: UnownedSerialExecutor
    nonisolated let eventLoop: any EventLoop
    nonisolated private let executor: any SerialExecutor
    nonisolated private let shared = Locked(Shared())
    private let configuration: RedisConfiguration
    private nonisolated let figures: RedisFigures
    private let logger: Logger
    /// Told on the event loop whenever a connection has ended, before the next attempt.
    private let onLost: @Sendable (RedisError) -> Void
    private var pause: CheckedContinuation<Void, Never>?
    private var handshaking: RedisConnection?

    init(
        _ configuration: RedisConfiguration, eventLoop: any EventLoop, figures: RedisFigures, logger: Logger,
        onLost: @escaping @Sendable (RedisError) -> Void
    ) {
        self.configuration = configuration
        self.eventLoop = eventLoop
        self.figures = figures
        self.logger = logger
        self.onLost = onLost
        executor = eventLoop.executor
        unownedExecutor = executor.asUnownedSerialExecutor()
    }

    nonisolated func current() throws(RedisError) -> RedisConnection {
        let (connection, error) = shared.withLock { ($0.connection, $0.isClosed ? Self.closed : $0.lastError) }
        if let connection { return connection }
        figures.failed(error?.kind == .shutDown ? .shutDown : .notConnected)
        guard let error else { throw RedisError(.notConnected, "Redis is not connected yet") }
        throw RedisChannelHandler.notSent(error)
    }

    nonisolated var isConnected: Bool { shared.withLock { $0.connection }?.isOpen ?? false }

    /// Where the present connection goes, for further connections beside it.
    nonisolated var endpoint: RedisEndpoint { shared.withLock { $0.redirect } ?? configuration.endpoint }

    nonisolated var lastError: RedisError? { shared.withLock { $0.lastError } }

    /// Connections made so far.
    nonisolated var connectCount: Int { shared.withLock { $0.connectCount } }

    /// Waits until an attempt has succeeded or failed, unless one has.
    nonisolated func firstAttempt() async {
        await withCheckedContinuation { continuation in
            let isOver = shared.withLock { shared in
                if shared.attempts > 0 || shared.isClosed { return true }
                shared.attemptWaiters.append(continuation)
                return false
            }
            if isOver { continuation.resume() }
        }
    }

    /// Connects, waits for the end of the connection, and starts over, until ``close()``.
    func run() async {
        var failures = 0
        while !shared.withLock({ $0.isClosed }) {
            let reason: RedisError
            do throws(RedisError) {
                let connection = try await connect()
                failures = 0
                reason = await withCheckedContinuation { continuation in
                    connection.onEnd { continuation.resume(returning: $0) }
                }
                if reason.kind != .shutDown { logger.warning("Redis connection lost: \(reason)") }
            } catch {
                failures += 1
                report(error, failures: failures)
                reason = error
            }
            ended(reason)
            await waitBeforeAttempt(failures)
        }
    }

    /// Ends the connection and every further attempt.
    func close() {
        let connection = shared.withLock { shared in
            shared.isClosed = true
            defer { shared.connection = nil }
            return shared.connection
        }
        connection?.close(Self.closed)
        handshaking?.close(Self.closed)
        pause?.resume()
        pause = nil
        attempted()
    }

    private func connect() async throws(RedisError) -> RedisConnection {
        let endpoint = endpoint
        let connection = try await RedisConnection.connect(
            configuration, to: endpoint, on: eventLoop, figures: figures)
        handshaking = connection
        defer { handshaking = nil }
        do throws(RedisError) {
            try await RedisHandshake(configuration: configuration, logger: logger, checksServer: true)
                .run(on: connection)
        } catch {
            connection.close(error)
            throw error
        }
        let isWanted = shared.withLock { shared in
            guard !shared.isClosed else { return false }
            shared.connection = connection
            shared.lastError = nil
            shared.connectCount += 1
            return true
        }
        guard isWanted else {
            connection.close(Self.closed)
            throw Self.closed
        }
        logger.info("Redis connected", metadata: ["endpoint": "\(endpoint)"])
        attempted()
        return connection
    }

    private func ended(_ reason: RedisError) {
        shared.withLock { shared in
            shared.connection = nil
            shared.lastError = reason
            // A node that was recommended and cannot be reached is forgotten: the configured one knows better.
            shared.redirect = reason.prefix == "MOVED" ? RedisEndpoint(moved: reason, from: endpoint(shared)) : nil
        }
        onLost(reason)
        attempted()
    }

    private nonisolated func endpoint(_ shared: Shared) -> RedisEndpoint { shared.redirect ?? configuration.endpoint }

    private func attempted() {
        let waiters = shared.withLock { shared in
            shared.attempts += 1
            defer { shared.attemptWaiters = [] }
            return shared.attemptWaiters
        }
        for waiter in waiters { waiter.resume() }
    }

    /// Full jitter, so that many processes do not return at the same instant.
    private func waitBeforeAttempt(_ failures: Int) async {
        let cap = TimeAmount(configuration.reconnectDelayMax).nanoseconds
        let most = min(cap, Self.firstDelayMax.nanoseconds << Int64(min(failures, 12)))
        let delay = TimeAmount.nanoseconds(Int64.random(in: 1...max(1, most)))
        guard !shared.withLock({ $0.isClosed }) else { return }
        let timer = eventLoop.scheduleTask(in: delay) { self.assumeIsolated { $0.endPause() } }
        await withCheckedContinuation { pause = $0 }
        timer.cancel()
    }

    private func endPause() {
        pause?.resume()
        pause = nil
    }

    /// The first failure and then every 30th: an outage of minutes must not fill the log.
    private func report(_ error: RedisError, failures: Int) {
        guard error.kind != .shutDown else { return }
        logger.log(level: failures % 30 == 1 ? .warning : .debug, "no Redis connection: \(error)")
    }

    private static let firstDelayMax: TimeAmount = .milliseconds(50)
    static let closed = RedisError(.shutDown, "the Redis client was closed")
}

extension RedisEndpoint {
    /// The target of `MOVED 3999 host:port`; an empty host means the one that said so.
    init?(moved error: RedisError, from source: RedisEndpoint) {
        let words = error.message.split(separator: " ")
        guard error.prefix == "MOVED", words.count >= 3, let colon = words[2].lastIndex(of: ":"),
            let port = Int(words[2][words[2].index(after: colon)...])
        else { return nil }
        var name = words[2][..<colon]
        if name.hasPrefix("["), name.hasSuffix("]") { name = name.dropFirst().dropLast() }
        self.init(host: name.isEmpty ? source.host : String(name), port: port)
    }
}
