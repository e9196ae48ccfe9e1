// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// A small SCIM server on 127.0.0.1 that keeps the users it accepts and misbehaves as it is told.
final class ScriptedServer: Sendable {
    enum Answer: Sendable {
        case accept
        case refuse(HTTPResponseStatus)
        /// 201, but nothing is kept.
        case lie
        /// 201 without `Location`.
        case acceptUnnamed
        case acceptAndClose
        case closeWithoutAnswer
        case silence
    }

    struct State: Sendable {
        var users: [String: String] = [:]
        var requests: [String] = []
        var creations = 0
    }

    let port: Int
    private let group: MultiThreadedEventLoopGroup
    private let channel: any Channel
    private let state: Shared

    final class Shared: Sendable { let value = Mutex(State()) }

    private init(group: MultiThreadedEventLoopGroup, channel: any Channel, state: Shared) throws {
        self.group = group
        self.channel = channel
        self.state = state
        guard let port = channel.localAddress?.port else { throw ChannelError.unknownLocalAddress }
        self.port = port
    }

    var users: [String: String] { state.value.withLock { $0.users } }
    var requests: [String] { state.value.withLock { $0.requests } }
    var url: String { "http://127.0.0.1:\(port)/scim/v2" }

    /// - Parameter script: The answer to the n-th creation, counted from 0.
    static func start(_ script: @escaping @Sendable (Int) -> Answer = { _ in .accept }) async throws -> ScriptedServer {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let state = Shared()
        let channel = try await ServerBootstrap(group: group)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(Handler(script: script, shared: state))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return try ScriptedServer(group: group, channel: channel, state: state)
    }

    func stop() async throws {
        try await channel.close()
        try await group.shutdownGracefully()
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart

        private let script: @Sendable (Int) -> Answer
        private let shared: Shared
        private var head: HTTPRequestHead?
        private var body = ByteBuffer()

        init(script: @escaping @Sendable (Int) -> Answer, shared: Shared) {
            self.script = script
            self.shared = shared
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head):
                self.head = head
                body.clear()
            case .body(var part): body.writeBuffer(&part)
            case .end: answer(context)
            }
        }

        private func answer(_ context: ChannelHandlerContext) {
            guard let head else { return }
            let authorization = head.headers.first(name: "Authorization") ?? "-"
            let number = shared.value.withLock { state in
                state.requests.append("\(head.method) \(head.uri) \(authorization)")
                if head.method == .POST { state.creations += 1 }
                return state.creations - 1
            }
            guard head.method == .POST else { return read(context, head) }
            let user = try? JSONValue(parsing: Array(body.readableBytesView))
            guard let name = user?["userName"]?.stringValue else {
                return send(context, .badRequest, text: "no userName")
            }
            switch script(number) {
            case .accept: send(context, .created, id: keep(name))
            case .acceptUnnamed:
                _ = keep(name)
                send(context, .created)
            case .acceptAndClose:
                send(context, .created, id: keep(name), closes: true)
            case .lie: send(context, .created, id: "missing-\(number)")
            case .refuse(let status): send(context, status, text: "refused\nby the script")
            case .closeWithoutAnswer: context.close(promise: nil)
            case .silence: break
            }
        }

        private func keep(_ name: String) -> String {
            shared.value.withLock { state in
                let id = "id-\(state.users.count)"
                state.users[id] = name
                return id
            }
        }

        private func read(_ context: ChannelHandlerContext, _ head: HTTPRequestHead) {
            let id = head.uri.split(separator: "/").last.map { String($0) } ?? ""
            guard let name = shared.value.withLock({ $0.users[id] }) else { return send(context, .notFound) }
            send(context, .ok, text: JSONValue.object(["userName": .string(name)]).text)
        }

        private func send(
            _ context: ChannelHandlerContext, _ status: HTTPResponseStatus, id: String? = nil, text: String = "",
            closes: Bool = false
        ) {
            var headers: HTTPHeaders = ["Content-Length": "\(text.utf8.count)"]
            if let id { headers.add(name: "Location", value: "http://elsewhere.test/scim/v2/Users/\(id)") }
            if closes { headers.add(name: "Connection", value: "close") }
            context.write(
                wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: status, headers: headers))),
                promise: nil)
            if !text.isEmpty {
                context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: text)))), promise: nil)
            }
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        }
    }
}

/// Lends a server, stopped afterwards.
func withServer<Value>(
    _ script: @escaping @Sendable (Int) -> ScriptedServer.Answer = { _ in .accept },
    _ body: (ScriptedServer) async throws -> Value
) async throws -> Value {
    let server = try await ScriptedServer.start(script)
    do {
        let value = try await body(server)
        try await server.stop()
        return value
    } catch {
        try await server.stop()
        throw error
    }
}
