// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOPosix
import Synchronization

/// Answers every request with 202, the head at once and the body in a segment of its own, as the service's uvicorn does; counts connections.
///
/// Knows the end of a request by its last byte, the brace of the message.
final class LateBodyServer: Sendable {
    private let accepted = Mutex(0)
    private let channel = Mutex<(any Channel)?>(nil)

    var connections: Int { accepted.withLock { $0 } }

    var url: String { "http://127.0.0.1:\(channel.withLock { $0?.localAddress?.port ?? 0 })" }

    static func start() async throws -> LateBodyServer {
        let server = LateBodyServer()
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                server.accepted.withLock { $0 += 1 }
                return channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(LateBodyWriter())
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        server.channel.withLock { $0 = channel }
        return server
    }

    func stop() async throws { try await channel.withLock { $0 }?.close() }
}

private final class LateBodyWriter: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// Long enough for a client that does not wait for the body to be gone.
    private static let delay = TimeAmount.milliseconds(50)

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        // Head and body of a request may be two reads; the body's last bytes end the request.
        guard unwrapInboundIn(data).readableBytesView.last == UInt8(ascii: "}") else { return }
        let head = "HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\nContent-Length: 4\r\n\r\n"
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: head)), promise: nil)
        context.eventLoop.assumeIsolated().scheduleTask(in: Self.delay) {
            context.writeAndFlush(self.wrapOutboundOut(ByteBuffer(string: "null")), promise: nil)
        }
    }
}
