// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Executors
internal import NIOCore
internal import NIOPosix
internal import NIOSSL

/// One connection to Redis. Commands submitted from any thread are gathered and written with one flush per turn of the
/// event loop; replies are matched by order.
final class RedisConnection: Sendable {
    private struct Outbox {
        var bytes = ByteBuffer()
        var entries: [PendingReply] = []
        var isScheduled = false
        /// Submitted and not answered yet.
        var unanswered = 0
        var failure: RedisError?
        var failureWaiters: [@Sendable (RedisError) -> Void] = []
    }

    private let outbox = Locked(Outbox())
    private let eventLoop: any EventLoop
    private let pendingMax: Int
    private let commandTimeout: TimeAmount
    private let figures: RedisFigures?
    /// Set once, on the event loop, before anybody else sees the connection.
    private let handler: NIOLoopBoundBox<RedisChannelHandler?>

    private init(_ configuration: RedisConfiguration, eventLoop: any EventLoop, figures: RedisFigures?) {
        self.eventLoop = eventLoop
        self.figures = figures
        pendingMax = configuration.pendingMax
        commandTimeout = TimeAmount(configuration.commandTimeout)
        handler = NIOLoopBoundBox.makeEmptyBox(valueType: RedisChannelHandler.self, eventLoop: eventLoop)
    }

    /// Connects, with TLS if configured; the caller does the hand-shake.
    ///
    /// - Parameter figures: Counts its commands; nil where they wait in Redis on purpose.
    static func connect(
        _ configuration: RedisConfiguration, to endpoint: RedisEndpoint, on eventLoop: any EventLoop,
        figures: RedisFigures? = nil
    ) async throws(RedisError) -> RedisConnection {
        let tls = try configuration.tls.map { (files) throws(RedisError) in try RedisTLS.context(files) }
        // The certificate of an address has the address in it, and SNI has no addresses.
        let isAddress = (try? SocketAddress(ipAddress: endpoint.host, port: endpoint.port)) != nil
        let connection = RedisConnection(configuration, eventLoop: eventLoop, figures: figures)
        let future = ClientBootstrap(group: eventLoop)
            .connectTimeout(TimeAmount(configuration.connectTimeout))
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(.socketOption(.so_keepalive), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let tls {
                        let name = isAddress ? nil : endpoint.host
                        try pipeline.addHandler(try NIOSSLClientHandler(context: tls, serverHostname: name))
                    }
                    try pipeline.addHandler(try connection.makeHandler())
                }
            }
            .connect(host: endpoint.host, port: endpoint.port)
        switch await future.result() {
        case .success: return connection
        case .failure(let error):
            throw RedisError(.connectFailed, "no connection to Redis at \(endpoint): \(error)")
        }
    }

    private func makeHandler() throws(RedisError) -> RedisChannelHandler {
        let handler = try RedisChannelHandler(
            figures: figures,
            onReplies: { [weak self] count in self?.outbox.withLock { $0.unanswered -= count } },
            onFailure: { [weak self] error in self?.end(error) })
        self.handler.value = handler
        return handler
    }

    /// Sends a command; `completion` runs once, on the event loop or, if the command cannot be sent, at once.
    func submit(
        _ arguments: RedisArguments, timeout: Duration? = nil, completion: @escaping RedisCompletion
    ) {
        enum Step { case gathered, drain, refused(RedisError) }
        let step: Step = outbox.withLock { box in
            if let failure = box.failure { return .refused(RedisChannelHandler.notSent(failure)) }
            guard box.unanswered < pendingMax else {
                return .refused(RedisError(.overloaded, "\(pendingMax) Redis commands are waiting for replies"))
            }
            guard arguments.format(into: &box.bytes) else {
                return .refused(RedisError(.overloaded, "no memory for a Redis command"))
            }
            box.unanswered += 1
            box.entries.append(
                PendingReply(timeout: timeout.map { TimeAmount($0) } ?? commandTimeout, completion: completion))
            if box.isScheduled { return .gathered }
            box.isScheduled = true
            return .drain
        }
        switch step {
        case .gathered: break
        case .drain: eventLoop.execute { self.drain() }
        case .refused(let error):
            figures?.failed(error.kind)
            completion(.failure(error))
        }
    }

    func send(_ arguments: RedisArguments, timeout: Duration? = nil) async throws(RedisError) -> RedisReply {
        try await withCheckedContinuation { continuation in
            submit(arguments, timeout: timeout) { continuation.resume(returning: $0) }
        }.get()
    }

    /// Sends several commands in one piece and waits for all replies, which are in the same order.
    func pipeline(_ commands: [RedisArguments], timeout: Duration? = nil) async -> [Result<RedisReply, RedisError>] {
        guard !commands.isEmpty else { return [] }
        let replies = RedisReplyCollector(count: commands.count)
        return await withCheckedContinuation { continuation in
            for (index, command) in commands.enumerated() {
                submit(command, timeout: timeout) { reply in
                    if let all = replies.collect(reply, at: index) { continuation.resume(returning: all) }
                }
            }
        }
    }

    /// Closes the connection; commands under way fail with `reason`.
    func close(_ reason: RedisError) {
        // A connection that has ended may be older than its event loop.
        guard isOpen else { return }
        eventLoop.execute { self.handler.value?.fail(reason) }
    }

    /// Runs `body` with the reason when the connection ends, at once if it has ended.
    func onEnd(_ body: @escaping @Sendable (RedisError) -> Void) {
        let failure: RedisError? = outbox.withLock { box in
            if box.failure == nil { box.failureWaiters.append(body) }
            return box.failure
        }
        if let failure { body(failure) }
    }

    var isOpen: Bool { outbox.withLock { $0.failure == nil } }

    private func drain() {
        let (bytes, entries) = outbox.withLock { box in
            defer {
                box.bytes = ByteBuffer()
                box.entries = []
                box.isScheduled = false
            }
            return (box.bytes, box.entries)
        }
        handler.value?.write(bytes, entries)
    }

    /// The handler has told its pending commands; what is still in the outbox is told by the drain that is scheduled.
    private func end(_ reason: RedisError) {
        let waiters = outbox.withLock { box in
            box.failure = reason
            defer { box.failureWaiters = [] }
            return box.failureWaiters
        }
        for waiter in waiters { waiter(reason) }
    }
}

/// Gathers the replies of a pipeline; the last one to arrive gets them all.
private final class RedisReplyCollector: Sendable {
    private let state: Locked<(replies: [Result<RedisReply, RedisError>?], missing: Int)>

    init(count: Int) { state = Locked((Array(repeating: nil, count: count), count)) }

    func collect(_ reply: Result<RedisReply, RedisError>, at index: Int) -> [Result<RedisReply, RedisError>]? {
        state.withLock { state in
            state.replies[index] = reply
            state.missing -= 1
            return state.missing == 0 ? state.replies.compactMap { $0 } : nil
        }
    }
}
