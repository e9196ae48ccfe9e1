// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization

/// An HTTP server on loopback whose answers, right and wrong, a test dictates.
final class ScriptedServer: Sendable {
    struct Request: Sendable {
        var method: String
        var uri: String
        var headers: HTTPHeaders
        var body: String
    }

    enum Reply: Sendable {
        case answer(Int, headers: [(String, String)] = [], body: String = "")
        /// Closes the connection without a byte.
        case hangUp
        /// Never answers; the connection stays open.
        case silence
        /// Sends a head that promises more than comes, then closes.
        case cutOff(Int, headers: [(String, String)] = [])
        /// Sends a head that promises more than comes, then nothing.
        case stall(Int, headers: [(String, String)] = [])
    }

    private let channel: any Channel
    private let log: RequestLog

    var port: Int { channel.localAddress?.port ?? 0 }
    var requests: [Request] { log.requests }

    private init(channel: any Channel, log: RequestLog) {
        self.channel = channel
        self.log = log
    }

    static func start(
        tls: NIOSSLContext? = nil, respond: @escaping @Sendable (Request) -> Reply
    ) async throws -> ScriptedServer {
        let log = RequestLog()
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let tls { try pipeline.addHandler(NIOSSLServerHandler(context: tls)) }
                    try pipeline.configureHTTPServerPipeline()
                    try pipeline.addHandler(Responder(log: log, respond: respond))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return ScriptedServer(channel: channel, log: log)
    }

    /// Returns when a request has arrived, or nothing after ten seconds.
    func firstRequest() async -> Request? {
        await withTaskGroup(of: Request?.self) { group in
            group.addTask { await self.log.arrivals.first { _ in true } }
            group.addTask {
                try? await Task.sleep(for: .seconds(10))
                return nil
            }
            defer { group.cancelAll() }
            return await group.next() ?? nil
        }
    }

    func stop() async throws {
        try await channel.close()
    }
}

private final class RequestLog: Sendable {
    private let received = Mutex<[ScriptedServer.Request]>([])
    private let continuation: AsyncStream<ScriptedServer.Request>.Continuation
    let arrivals: AsyncStream<ScriptedServer.Request>

    init() {
        (arrivals, continuation) = AsyncStream.makeStream(of: ScriptedServer.Request.self)
    }

    var requests: [ScriptedServer.Request] { received.withLock { $0 } }

    func append(_ request: ScriptedServer.Request) {
        received.withLock { $0.append(request) }
        continuation.yield(request)
    }
}

private final class Responder: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let log: RequestLog
    private let respond: @Sendable (ScriptedServer.Request) -> ScriptedServer.Reply
    private var head: HTTPRequestHead?
    private var body = ByteBuffer()

    init(log: RequestLog, respond: @escaping @Sendable (ScriptedServer.Request) -> ScriptedServer.Reply) {
        self.log = log
        self.respond = respond
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body.clear()
        case .body(var part): body.writeBuffer(&part)
        case .end:
            guard let head else { return }
            let request = ScriptedServer.Request(
                method: head.method.rawValue, uri: head.uri, headers: head.headers, body: String(buffer: body))
            // Decided before it is announced, so that whoever waits for the arrival may change the script.
            let reply = respond(request)
            log.append(request)
            send(reply, context: context)
        }
    }

    private func send(_ reply: ScriptedServer.Reply, context: ChannelHandlerContext) {
        switch reply {
        case .answer(let status, let headers, let body):
            // 204 and 304 have no body and no length.
            let length = status == 204 || status == 304 ? nil : body.utf8.count
            context.write(wrapOutboundOut(.head(Self.head(status, headers, length: length))), promise: nil)
            if length ?? 0 > 0 {
                context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: body)))), promise: nil)
            }
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        case .hangUp: context.close(promise: nil)
        case .silence: break
        case .cutOff(let status, let headers), .stall(let status, let headers):
            context.write(wrapOutboundOut(.head(Self.head(status, headers, length: 1000))), promise: nil)
            let begun = wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: "{\"dn\":"))))
            if case .stall = reply {
                context.writeAndFlush(begun, promise: nil)
            } else {
                let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
                context.writeAndFlush(begun).whenComplete { _ in bound.value.close(promise: nil) }
            }
        }
    }

    private static func head(_ status: Int, _ headers: [(String, String)], length: Int?) -> HTTPResponseHead {
        var fields = HTTPHeaders(headers)
        if let length { fields.add(name: "Content-Length", value: "\(length)") }
        if !fields.contains(name: "Content-Type") { fields.add(name: "Content-Type", value: "application/json") }
        return HTTPResponseHead(version: .http1_1, status: .init(statusCode: status), headers: fields)
    }
}
