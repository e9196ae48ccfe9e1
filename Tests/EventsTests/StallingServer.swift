// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOPosix

/// Answers every request with a head that promises a body, and says nothing more; the connection stays open.
struct StallingServer {
    private let channel: any Channel

    var url: String { "http://127.0.0.1:\(channel.localAddress?.port ?? 0)" }

    static func start(status: Int) async throws -> StallingServer {
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(HeadWriter(status: status))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return StallingServer(channel: channel)
    }

    func stop() async throws { try await channel.close() }
}

private final class HeadWriter: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let status: Int
    private var hasAnswered = false

    init(status: Int) { self.status = status }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !hasAnswered else { return }
        hasAnswered = true
        let head = "HTTP/1.1 \(status) Stalling\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: head)), promise: nil)
    }
}
