// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import NIOCore
internal import NIOHTTP1

/// What a fresh connection of AsyncHTTPClient needs before it may carry calls to UDM.
///
/// - UDM's answers have a `Link` header per relation, several hundred on some objects. NIO's decoder stops at 256 fields and
///   the client has no setting for it, so its decoder is replaced.
/// - ``SentMark`` notes in the ``CallLedger`` which calls were sent.
enum ConnectionSetup {
    static let maximumHeaderFields = 4096
    static let maximumHeaderBytes = 4 << 20

    static func prepare(_ channel: any Channel, ledger: CallLedger) -> EventLoopFuture<Void> {
        channel.eventLoop.assertInEventLoop()
        let prepared: EventLoopFuture<Void>
        do {
            let pipeline = channel.pipeline.syncOperations
            let decoder = try pipeline.handler(type: ByteToMessageHandler<HTTPResponseDecoder>.self)
            let gate = EarlyBytesGate()
            let mark = SentMark(ledger: ledger)
            try pipeline.addHandler(gate, position: .before(decoder))
            try pipeline.addHandler(mark, position: .after(decoder))
            let bound = NIOLoopBound((pipeline, gate, mark), eventLoop: channel.eventLoop)
            prepared = pipeline.removeHandler(decoder).flatMapThrowing {
                let (pipeline, gate, mark) = bound.value
                try pipeline.addHandler(ByteToMessageHandler(makeDecoder()), position: .before(mark))
                pipeline.removeHandler(gate, promise: nil)
                // A connection that closed meanwhile would stay in the pool for ever: its end was reported before its birth.
                guard channel.isActive else { throw ChannelError.ioOnClosedChannel }
            }
        } catch {
            prepared = channel.eventLoop.makeFailedFuture(error)
        }
        // The pool forgets a connection whose preparation failed, but does not close it.
        return prepared.flatMapErrorThrowing { error in
            channel.close(promise: nil)
            throw error
        }
    }

    private static func makeDecoder() -> HTTPResponseDecoder {
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderFieldCount = maximumHeaderFields
        limits.maxHeaderListSize = maximumHeaderBytes
        return HTTPResponseDecoder(
            leftOverBytesStrategy: .dropBytes, informationalResponseStrategy: .forward, limitConfiguration: limits)
    }
}

/// Closes a connection whose server speaks before it is asked, while there is no decoder for what it says.
private final class EarlyBytesGate: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        context.close(promise: nil)
    }
}

/// Tells the ledger that a call leaves, and takes the call's number out of its headers. Head and body leave together: the client flushes
/// each by itself, which would be two packets, and two awakenings of the server.
///
/// The client's own deadline ends with the head of the answer. A body that is not over by the call's deadline ends the connection; nearly all
/// arrive with their head, so that there is a timer for the others only.
final class SentMark: ChannelDuplexHandler {
    typealias OutboundIn = HTTPClientRequestPart
    typealias OutboundOut = HTTPClientRequestPart
    typealias InboundIn = HTTPClientResponsePart

    /// Never leaves the process.
    static let header = "X-Call-Number"

    private let ledger: CallLedger
    /// A head was written whose body follows at once, as all bodies are whole.
    private var awaitsBody = false
    /// Of the call under way.
    private var deadline = NIODeadline.distantFuture
    /// The head of an answer is there, its end is not.
    private var isAnswering = false
    private var timer: Scheduled<Void>?

    init(ledger: CallLedger) { self.ledger = ledger }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard case .head(var head) = unwrapOutboundIn(data) else {
            awaitsBody = false
            context.write(data, promise: promise)
            return
        }
        guard let number = head.headers.first(name: Self.header).flatMap({ UInt64($0) }),
            let deadline = ledger.markSent(number)
        else {
            promise?.fail(ChannelError.ioOnClosedChannel)
            context.close(promise: nil)
            return
        }
        self.deadline = deadline
        head.headers.remove(name: Self.header)
        awaitsBody = head.headers.contains(name: "Content-Length")
        context.write(wrapOutboundOut(.head(head)), promise: promise)
    }

    func flush(context: ChannelHandlerContext) {
        if !awaitsBody { context.flush() }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head: isAnswering = true
        case .body: break
        case .end: endAnswer()
        }
        context.fireChannelRead(data)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if isAnswering, timer == nil {
            let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
            timer = context.eventLoop.scheduleTask(deadline: deadline) {
                let (mark, context) = bound.value
                mark.endAnswer()
                context.fireErrorCaught(BodyOverdue())
                context.close(promise: nil)
            }
        }
        context.fireChannelReadComplete()
    }

    func channelInactive(context: ChannelHandlerContext) {
        endAnswer()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { endAnswer() }

    private func endAnswer() {
        isAnswering = false
        timer?.cancel()
        timer = nil
    }
}

/// The body of an answer was not over in the time that a call has.
struct BodyOverdue: Error {}
