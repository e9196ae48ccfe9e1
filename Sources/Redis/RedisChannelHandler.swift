// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import NIOCore

/// What a caller hears of its command: called once, on the event loop.
package typealias RedisCompletion = @Sendable (Result<RedisReply, RedisError>) -> Void

/// A command that was submitted and not answered yet.
struct PendingReply: Sendable {
    var timeout: TimeAmount
    var deadline = NIODeadline.distantFuture
    var completion: RedisCompletion
}

/// Writes gathered commands and matches replies to them by order. Runs on the event loop only.
///
/// States: *open*: replies are matched. *Failed* (`failure` is set): every pending and every later command has been told
/// why, the channel is closing, and bytes that still arrive are dropped. There is no way back.
final class RedisChannelHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private var reader: RedisReplyReader
    private var pending = CircularBuffer<PendingReply>()
    private var context: ChannelHandlerContext?
    private var timer: (deadline: NIODeadline, task: Scheduled<Void>)?
    private var failure: RedisError?
    /// Told once with the reason that ended the connection, after the pending commands were.
    private let onFailure: @Sendable (RedisError) -> Void
    /// Told how many commands got their reply.
    private let onReplies: @Sendable (Int) -> Void
    /// Nil where commands wait in Redis on purpose.
    private let figures: RedisFigures?

    init(
        figures: RedisFigures? = nil, onReplies: @escaping @Sendable (Int) -> Void,
        onFailure: @escaping @Sendable (RedisError) -> Void
    ) throws(RedisError) {
        reader = try RedisReplyReader()
        self.figures = figures
        self.onReplies = onReplies
        self.onFailure = onFailure
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) {
        fail(RedisError(.connectionLost, "the connection to Redis was closed"))
        self.context = nil
    }

    /// Sends `bytes`, the commands of `entries` in order, with one flush.
    func write(_ bytes: ByteBuffer, _ entries: [PendingReply]) {
        if let failure {
            figures?.failed(.notConnected, count: entries.count)
            for entry in entries { entry.completion(.failure(Self.notSent(failure))) }
            return
        }
        let now = NIODeadline.now()
        for var entry in entries {
            entry.deadline = now + entry.timeout
            pending.append(entry)
        }
        context?.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
        armTimer()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard failure == nil else { return }
        let buffer = unwrapInboundIn(data)
        do throws(RedisError) {
            try buffer.withUnsafeReadableBytes { (bytes) throws(RedisError) in try reader.feed(bytes) }
            try deliver()
        } catch {
            fail(error)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        fail(RedisError(.connectionLost, "the connection to Redis failed: \(error)"))
    }

    func channelInactive(context: ChannelHandlerContext) {
        fail(RedisError(.connectionLost, "Redis closed the connection"))
        context.fireChannelInactive()
    }

    private func deliver() throws(RedisError) {
        var replies = 0
        defer {
            if replies > 0 { onReplies(replies) }
            armTimer()
        }
        let now = NIODeadline.now()
        while let reply = try reader.next() {
            guard let entry = pending.popFirst() else {
                throw RedisError(.protocolViolation, "Redis sent a reply that no command asked for")
            }
            replies += 1
            figures?.replied(after: (now - (entry.deadline - entry.timeout)).nanoseconds)
            guard case .error(let error) = reply else {
                entry.completion(.success(reply))
                continue
            }
            // This server is a replica now, or does not hold the keys: only another connection can help. The caller is
            // told last, so that its next command does not come back to this one.
            figures?.failed(.server)
            let isUseless = error.prefix == "READONLY" || error.prefix == "MOVED"
            if isUseless { fail(error) }
            entry.completion(.failure(error))
            if isUseless { return }
        }
    }

    /// One timer at a time, for the command that has waited longest. Usually it is moved on when it fires, not at every
    /// reply; only a command with a shorter timeout than those before it needs it earlier.
    private func armTimer() {
        guard let first = pending.first, let eventLoop = context?.eventLoop else { return }
        if let timer {
            guard first.deadline < timer.deadline else { return }
            timer.task.cancel()
        }
        let task = eventLoop.assumeIsolated().scheduleTask(deadline: first.deadline) { self.checkTimeout() }
        timer = (first.deadline, task)
    }

    private func checkTimeout() {
        timer = nil
        guard let first = pending.first else { return }
        guard first.deadline <= NIODeadline.now() else { return armTimer() }
        pending.removeFirst()
        let milliseconds = first.timeout.nanoseconds / 1_000_000
        let error = RedisError(.timeout, "Redis did not answer within \(milliseconds) ms", mayHaveRun: true)
        first.completion(.failure(error))
        onReplies(1)
        figures?.failed(.timeout)
        fail(error)
    }

    /// Ends the connection: the first reason counts.
    func fail(_ error: RedisError) {
        guard failure == nil else { return }
        failure = error
        timer?.task.cancel()
        timer = nil
        let lost = pending
        pending.removeAll()
        let reason = Self.underWay(error)
        if !lost.isEmpty { figures?.failed(reason.kind, count: lost.count) }
        for entry in lost { entry.completion(.failure(reason)) }
        onFailure(error)
        context?.close(promise: nil)
    }

    /// What the callers hear whose commands may or may not have run.
    private static func underWay(_ error: RedisError) -> RedisError {
        switch error.kind {
        case .shutDown, .cancelled, .protocolViolation: RedisError(error.kind, error.message, mayHaveRun: true)
        default: RedisError(.connectionLost, "the connection was closed: \(error.message)", mayHaveRun: true)
        }
    }

    static func notSent(_ error: RedisError) -> RedisError {
        switch error.kind {
        case .shutDown, .cancelled: RedisError(error.kind, error.message)
        default: RedisError(.notConnected, "Redis is not connected: \(error.message)")
        }
    }
}
