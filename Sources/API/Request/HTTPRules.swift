// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON
internal import NIOCore
internal import NIOHTTP1
internal import SCIM

/// What HTTP asks of every server and Hummingbird leaves open: a request names one host; a client that waits for 100 before it sends a body gets it when
/// the body is to be read, or a final answer without having sent it; HTTP/1.0 gets no chunks; `close` closes however it is written; and the refusal of
/// what is no HTTP has a body like every other error.
final class HTTPRules: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    /// Somebody is about to read the body of the request.
    struct BodyIsWanted {}

    /// A request that came without the end of its answer.
    private struct Unanswered {
        var awaitsContinue: Bool
        let isOld: Bool
    }

    /// Oldest first: Hummingbird answers them one after the other.
    private var unanswered: CircularBuffer<Unanswered> = []
    private var fault: Fault?
    private let lines: RequestLines

    /// Why a request is refused.
    private enum Fault {
        case host
        case decoding(HTTPParserError)
        case address
        case method
    }

    /// - Parameter lines: What comes before the decoder.
    init(_ lines: RequestLines) { self.lines = lines }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        // Nothing that follows a refused head means anything.
        guard fault == nil else { return }
        guard case .head(var head) = unwrapInboundIn(data) else {
            if case .end = unwrapInboundIn(data) { lines.requestEnded() } else { lines.bodyCame() }
            return context.fireChannelRead(data)
        }
        lines.headEnded()
        guard head.namesItsHost else {
            fault = .host
            return context.fireErrorCaught(HTTPParserError.unknown)
        }
        unanswered.append(Unanswered(awaitsContinue: head.expectsContinue, isOld: head.isOld))
        // The one spelling that Hummingbird knows.
        if head.closes { head.headers.replaceOrAdd(name: "Connection", value: "close") }
        context.fireChannelRead(wrapInboundOut(.head(head)))
    }

    /// Hummingbird answers these errors by an empty 400, after the answers to what came before, and closes the connection.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if fault == nil, let error = error as? HTTPParserError {
            switch error {
            case .headerOverflow where lines.addressIsTooLong: fault = .address
            case .invalidMethod where lines.hasUnknownMethod: fault = .method
            default: fault = .decoding(error)
            }
        }
        context.fireErrorCaught(error)
    }

    func triggerUserOutboundEvent(context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?) {
        guard event is BodyIsWanted else { return context.triggerUserOutboundEvent(event, promise: promise) }
        guard unanswered.first?.awaitsContinue == true else {
            promise?.succeed()
            return
        }
        unanswered[unanswered.startIndex].awaitsContinue = false
        context.writeAndFlush(
            wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: .continue))), promise: promise)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(let head) where fault != nil && head.isEmptyRefusal: refuse(head, context, promise)
        case .head(var head) where unanswered.first?.isOld == true:
            // What has no length ends with the connection.
            head.version = .http1_0
            context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .end:
            _ = unanswered.popFirst()
            context.write(data, promise: promise)
        case .head, .body: context.write(data, promise: promise)
        }
    }

    private func refuse(_ head: HTTPResponseHead, _ context: ChannelHandlerContext, _ promise: EventLoopPromise<Void>?)
    {
        var head = head
        head.status = Self.status(of: fault)
        let error = SCIMError(status: Int(head.status.code), detail: Self.detail(of: fault))
        let body = ByteBuffer(bytes: error.json.serialize())
        head.headers.replaceOrAdd(name: "Content-Type", value: MediaType.scim)
        head.headers.replaceOrAdd(name: "X-Request-ID", value: LowercaseUUID.random().description)
        head.headers.replaceOrAdd(name: "Content-Length", value: String(body.readableBytes))
        context.write(wrapOutboundOut(.head(head)), promise: promise)
        context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
    }

    private static func status(of fault: Fault?) -> HTTPResponseStatus {
        switch fault {
        case .address: .uriTooLong
        case .decoding(.headerOverflow): .requestHeaderFieldsTooLarge
        // RFC 9110 section 9.1; a known one that an address lacks is 405.
        case .method: .notImplemented
        default: .badRequest
        }
    }

    private static func detail(of fault: Fault?) -> String {
        switch fault {
        case .host: "A request has one Host header with the name of a host"
        case .address: "The address is longer than the service takes; POST /.search takes longer filters"
        case .decoding(.headerOverflow): "The headers are larger than the service takes"
        case .method: "The method is not known"
        default: "The request is no valid HTTP"
        }
    }
}

extension HTTPRules {
    /// Puts the rules right behind the decoder. Hummingbird adds its handlers where requests have no version any more.
    final class Installer: ChannelInboundHandler, RemovableChannelHandler {
        typealias InboundIn = NIOAny

        func handlerAdded(context: ChannelHandlerContext) {
            let pipeline = context.pipeline.syncOperations
            do {
                let decoder = try pipeline.handler(type: ByteToMessageHandler<HTTPRequestDecoder>.self)
                let lines = RequestLines()
                try pipeline.addHandler(lines, position: .before(decoder))
                try pipeline.addHandler(HTTPRules(lines), position: .after(decoder))
            } catch {
                // Without a decoder it is no server of HTTP.
                return context.close(promise: nil)
            }
            pipeline.removeHandler(context: context, promise: nil)
        }
    }
}

extension HTTPRequestHead {
    /// Of HTTP/1.0; other versions than that and 1.1 do not get past the decoder.
    fileprivate var isOld: Bool { version == .http1_0 }

    /// RFC 9112 section 9.3. Connections of HTTP/1.0 are kept for nobody: where an answer has no length, only their end tells that it is whole.
    fileprivate var closes: Bool {
        isOld || headers[canonicalForm: "Connection"].contains { $0.lowercased() == "close" }
    }

    /// RFC 9112 section 3.2: exactly one; HTTP/1.0 may have none.
    fileprivate var namesItsHost: Bool {
        let hosts = headers["Host"]
        guard hosts.count == 1 else { return hosts.isEmpty && isOld }
        return hosts[0].utf8.allSatisfy(Self.isOfAuthority)
    }

    /// RFC 3986 section 3.2.2, with the colon before a port.
    private static func isOfAuthority(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "-._~%!$&'()*+,;=:[]".utf8.contains(byte)
        }
    }

    /// RFC 9110 section 10.1.1. A request without a body has nothing to go on with.
    fileprivate var expectsContinue: Bool {
        guard let expectation = headers.first(name: "Expect"), !isOld,
            expectation.lowercased() == "100-continue"
        else { return false }
        return headers.contains(name: "Transfer-Encoding")
            || headers.first(name: "Content-Length").map { $0 != "0" } ?? false
    }
}

extension HTTPResponseHead {
    /// What Hummingbird makes of an error of the decoder; every 400 of the API has a body.
    fileprivate var isEmptyRefusal: Bool {
        status == .badRequest && !headers.contains(name: "Content-Type") && headers.first(name: "Content-Length") == "0"
    }
}
