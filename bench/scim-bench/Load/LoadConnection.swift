// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import NIOCore
internal import NIOHTTP1

/// One connection of the load: one request in flight, the next as soon as its answer is complete, or when the schedule of an
/// open loop says so.
///
/// - `ready`: connected, waits for ``Start``.
/// - `pausing`: the next request of an open loop is not due yet.
/// - `waiting`: a request is in flight.
/// - `ended`: the record was handed over; whatever comes now is not counted.
final class LoadConnection: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    /// User event: send the first request.
    struct Start: Sendable {
        let measuredFrom: NIODeadline
        let measuredUntil: NIODeadline
        let answerLimit: TimeAmount
        let maximumRequests: Int
        /// Nil in a closed loop.
        let schedule: OpenSchedule?
    }

    /// User event: hand over the record now; a request in flight has failed.
    struct Stop: Sendable {}

    /// `due` is what a latency counts from: when the request was sent, in an open loop when it should have been.
    private enum State { case ready, pausing, waiting(due: NIODeadline, sent: NIODeadline), ended }

    private static let shownBodyLength = 300

    private var session: any RequestSession
    private let requestHead: HTTPRequestHead
    private let counters: LoadCounters
    private let finished: EventLoopPromise<ConnectionRecord>
    private var record = ConnectionRecord()
    private var state = State.ready
    private var plan: Start?
    private var sentCount = 0
    private var request = ByteBuffer()
    private var responseHead: HTTPResponseHead?
    private var responseBody: ByteBuffer?
    private var watchdog: RepeatedTask?
    private var wakeUp: Scheduled<Void>?

    init(session: any RequestSession, counters: LoadCounters, finished: EventLoopPromise<ConnectionRecord>) {
        self.session = session
        self.counters = counters
        self.finished = finished
        requestHead = HTTPRequestHead(version: .http1_1, method: session.method, uri: "/")
    }

    // MARK: - Events

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case let start as Start:
            guard case .ready = state else { return }
            plan = start
            watchAnswers(context, limit: start.answerLimit)
            send(context)
        case is Stop: fail(context, "stopped before the answer came")
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): responseHead = head
        case .body(var part):
            if responseBody == nil { responseBody = ByteBuffer() }
            let room = session.longestBody - (responseBody?.readableBytes ?? 0)
            guard keepsBody, room > 0, var slice = part.readSlice(length: min(room, part.readableBytes)) else { return }
            responseBody?.writeBuffer(&slice)
        case .end: answered(context)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { fail(context, "transport: \(error)") }

    func channelInactive(context: ChannelHandlerContext) {
        fail(context, "connection closed by the server")
        context.fireChannelInactive()
    }

    // MARK: - The loop

    private var keepsBody: Bool {
        guard let responseHead else { return false }
        return session.readsBodies || !(200..<300).contains(responseHead.status.code)
    }

    private func send(_ context: ChannelHandlerContext) {
        guard let plan, sentCount < plan.maximumRequests else {
            record.usedUp = true
            return end(context)
        }
        guard let schedule = plan.schedule else { return send(context, due: .now()) }
        guard let due = schedule.take() else { return end(context) }
        let now = NIODeadline.now()
        guard now < due + plan.answerLimit else {
            return fail(context, "all connections were busy when a request was due")
        }
        guard due > now else { return send(context, due: due) }
        state = .pausing
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        wakeUp = context.eventLoop.scheduleTask(deadline: due) {
            let (connection, context) = bound.value
            guard case .pausing = connection.state else { return }
            connection.send(context, due: due)
        }
    }

    private func send(_ context: ChannelHandlerContext, due: NIODeadline) {
        guard session.prepare(&request) else { return end(context) }
        sentCount += 1
        state = .waiting(due: due, sent: .now())
        context.write(wrapOutboundOut(.head(requestHead)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(request))), promise: nil)
    }

    private func answered(_ context: ChannelHandlerContext) {
        guard case .waiting(let due, _) = state, let plan, let head = responseHead else { return }
        let now = NIODeadline.now()
        let body = responseBody
        responseHead = nil
        responseBody = nil
        record.lastAnswer = now
        if let problem = session.check(head, body: body) {
            record.noteFailure(problem, detail: Self.shown(body))
            counters.countFailed()
        } else {
            let microseconds = (now - due).nanoseconds / 1000
            record.noteAccepted(session.operations, series: session.series)
            counters.countAccepted(session.operations)
            if plan.schedule != nil { record.points.append(LatencyPoint(due: due, microseconds: microseconds)) }
            // A slow answer of an open loop must count, however late it comes.
            let moment = plan.schedule == nil ? now : due
            if moment >= plan.measuredFrom, moment < plan.measuredUntil, let series = session.series {
                record.noteMeasured(microseconds: microseconds, series: series, operations: session.operations)
            }
        }
        if !head.isKeepAlive {
            record.noteFailure("the server does not keep connections open")
            return end(context)
        }
        let failures = record.failures.values.reduce(0, +)
        if plan.schedule == nil && now >= plan.measuredUntil || failures >= LoadWindow.failuresPerConnection {
            return end(context)
        }
        send(context)
    }

    private func fail(_ context: ChannelHandlerContext, _ reason: String) {
        if case .ended = state { return }
        record.noteFailure(reason)
        counters.countFailed()
        end(context)
    }

    private func end(_ context: ChannelHandlerContext) {
        if case .ended = state { return }
        state = .ended
        watchdog?.cancel()
        watchdog = nil
        wakeUp?.cancel()
        wakeUp = nil
        record.samples = session.samples
        counters.countEnded()
        finished.succeed(record)
        context.close(promise: nil)
    }

    private func watchAnswers(_ context: ChannelHandlerContext, limit: TimeAmount) {
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        let interval = TimeAmount.milliseconds(500)
        watchdog = context.eventLoop.scheduleRepeatedTask(initialDelay: interval, delay: interval) { _ in
            let (connection, context) = bound.value
            guard case .waiting(_, let sent) = connection.state, NIODeadline.now() - sent > limit else { return }
            connection.fail(context, "no answer within \(limit.nanoseconds / 1_000_000) ms")
        }
    }

    private static func shown(_ body: ByteBuffer?) -> String? {
        guard let body, body.readableBytes > 0 else { return nil }
        return String(buffer: body).prefix(shownBodyLength).split(whereSeparator: \.isNewline).joined(separator: " ")
    }
}
