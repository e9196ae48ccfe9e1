// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// An HTTP receiver that keeps what it gets and answers what it is told to.
final class HTTPReceiver: Sendable {
    struct Request: Sendable {
        let path: String
        let headers: HTTPHeaders
        let body: [UInt8]
    }

    struct Answer: Sendable {
        var status: Int
        var headers: HTTPHeaders = [:]
        /// Closes the connection without an answer.
        var isDropped = false
    }

    private struct State {
        var requests: [Request] = []
        var answer: @Sendable (_ number: Int, Request) -> Answer
        var channel: (any Channel)?
    }

    private let state: Mutex<State>

    private init(_ answer: @escaping @Sendable (Int, Request) -> Answer) { state = Mutex(State(answer: answer)) }

    var requests: [Request] { state.withLock { $0.requests } }

    var url: String { "http://127.0.0.1:\(port)/hook" }

    var port: Int { state.withLock { $0.channel?.localAddress?.port ?? 0 } }

    func answer(_ answer: @escaping @Sendable (_ number: Int, Request) -> Answer) {
        state.withLock { $0.answer = answer }
    }

    /// Serves while `body` runs. Requests are numbered from 1.
    static func run<Value>(
        port: Int = 0,
        answering answer: @escaping @Sendable (_ number: Int, Request) -> Answer = { _, _ in .init(status: 204) },
        _ body: (HTTPReceiver) async throws -> Value
    ) async throws -> Value {
        let receiver = HTTPReceiver(answer)
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(Handler(receiver))
                }
            }
            .bind(host: "127.0.0.1", port: port).get()
        receiver.state.withLock { $0.channel = channel }
        do {
            let value = try await body(receiver)
            try await channel.close()
            return value
        } catch {
            try await channel.close()
            throw error
        }
    }

    private func receive(_ request: Request) -> Answer {
        let (number, answer) = state.withLock { state in
            state.requests.append(request)
            return (state.requests.count, state.answer)
        }
        return answer(number, request)
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart

        private let receiver: HTTPReceiver
        private var head: HTTPRequestHead?
        private var body: [UInt8] = []

        init(_ receiver: HTTPReceiver) { self.receiver = receiver }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head): (self.head, body) = (head, [])
            case .body(let part): body += part.readableBytesView
            case .end:
                guard let head else { return }
                let answer = receiver.receive(Request(path: head.uri, headers: head.headers, body: body))
                if answer.isDropped { return context.close(promise: nil) }
                var headers = answer.headers
                if answer.status != 204 { headers.replaceOrAdd(name: "Content-Length", value: "0") }
                context.write(
                    wrapOutboundOut(
                        .head(
                            HTTPResponseHead(
                                version: .http1_1, status: .init(statusCode: answer.status), headers: headers))),
                    promise: nil)
                context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
            }
        }
    }
}
