// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Crypto
internal import Foundation
internal import JSON
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import Synchronization

/// Takes the events of the webhook sink, checks what it is told to check (Standard Webhooks), and refuses some for a while.
final class WebhookReceiver: Sendable {
    struct Delivery: Sendable {
        let id: String
        let text: String
    }

    fileprivate struct State {
        var deliveries: [Delivery] = []
        /// What a receiver would not have believed.
        var problems: [String] = []
        var refusals = 0
        var refusesAfterTaking = false
    }

    private let book: WebhookBook
    private let listener: any Channel
    let port: Int

    /// - Parameter secret: `whsec_…`.
    init(secret: String) async throws {
        let book = WebhookBook(key: SymmetricKey(data: Data(base64Encoded: String(secret.dropFirst(6))) ?? Data()))
        self.book = book
        listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 64)
            .childChannelInitializer { channel in
                Descriptors.closeOnExec()
                return channel.pipeline.configureHTTPServerPipeline().flatMapThrowing {
                    try channel.pipeline.syncOperations.addHandler(WebhookHandler(book))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        guard let port = listener.localAddress?.port else { throw ChaosFailure("the webhook has no port") }
        self.port = port
    }

    /// In the order of their arrival.
    var deliveries: [Delivery] { book.state.withLock { $0.deliveries } }
    var problems: [String] { book.state.withLock { $0.problems } }

    /// - Parameter afterTaking: The next ones are kept all the same, as if the answer had been lost.
    func refuse(_ count: Int, afterTaking: Bool) {
        book.state.withLock { state in
            state.refusals = count
            state.refusesAfterTaking = afterTaking
        }
    }

    func close() async { try? await listener.close() }
}

/// What has arrived.
private final class WebhookBook: Sendable {
    private let key: SymmetricKey
    let state = Mutex(WebhookReceiver.State())

    init(key: SymmetricKey) { self.key = key }

    func take(_ headers: HTTPHeaders, _ body: [UInt8]) -> HTTPResponseStatus {
        let id = headers.first(name: "webhook-id") ?? ""
        let time = headers.first(name: "webhook-timestamp") ?? ""
        var code = HMAC<SHA256>(key: key)
        code.update(data: Array("\(id).\(time).".utf8))
        code.update(data: body)
        let signature = "v1,\(Data(code.finalize()).base64EncodedString())"
        let given = headers.first(name: "webhook-signature")?.split(separator: " ").map(String.init) ?? []
        return state.withLock { state in
            guard given.contains(signature), let seconds = Double(time),
                abs(seconds - Date.now.timeIntervalSince1970) < 300
            else {
                state.problems.append("webhook: delivery \(id) is not signed as it should be")
                return .noContent
            }
            let isRefused = state.refusals > 0
            if isRefused { state.refusals -= 1 }
            if !isRefused || state.refusesAfterTaking {
                state.deliveries.append(
                    WebhookReceiver.Delivery(id: id, text: String(decoding: body, as: UTF8.self)))
            }
            return isRefused ? .serviceUnavailable : .noContent
        }
    }
}

private final class WebhookHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let book: WebhookBook
    private var headers = HTTPHeaders()
    private var body: [UInt8] = []

    init(_ book: WebhookBook) { self.book = book }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            headers = head.headers
            body = []
        case .body(let part): body += Array(part.readableBytesView)
        case .end:
            let head = HTTPResponseHead(
                version: .http1_1, status: book.take(headers, body), headers: ["Content-Length": "0"])
            context.write(wrapOutboundOut(.head(head)), promise: nil)
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
