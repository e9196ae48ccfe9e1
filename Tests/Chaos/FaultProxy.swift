// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import NIOCore
internal import NIOPosix
internal import Synchronization

/// Stands between the bridge and one of its servers and misbehaves like a network: cuts connections, lets nothing through while they stay
/// open, or takes them only to drop them.
final class FaultProxy: Sendable {
    enum Mode: Sendable {
        case pass
        /// Connections stay open and nothing moves in either direction: half-open, or slow when it ends soon.
        case hold
        /// Connections are accepted and dropped.
        case drop
    }

    private let connections: Connections
    private let listener: any Channel
    let port: Int

    init(to target: Int) async throws {
        let connections = Connections(target: target)
        self.connections = connections
        listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 256)
            .childChannelOption(.autoRead, value: false)
            .childChannelInitializer { connections.accept($0) }
            .bind(host: "127.0.0.1", port: 0).get()
        guard let port = listener.localAddress?.port else { throw ChaosFailure("a proxy has no port") }
        self.port = port
    }

    func set(_ mode: Mode) { connections.set(mode) }

    /// Ends every connection that is open now; what was held back is lost.
    func cut() { connections.cut() }

    func close() async {
        cut()
        try? await listener.close()
    }
}

/// Both channels of a connection are on one event loop.
private final class Connections: Sendable {
    private struct State {
        var mode = FaultProxy.Mode.pass
        var channels: [ObjectIdentifier: any Channel] = [:]
    }

    private let target: Int
    private let state = Mutex(State())

    init(target: Int) { self.target = target }

    func accept(_ client: any Channel) -> EventLoopFuture<Void> {
        if case .drop = state.withLock({ $0.mode }) { return client.close() }
        let port = target
        return ClientBootstrap(group: client.eventLoop)
            .channelOption(.autoRead, value: false)
            .connectTimeout(.seconds(2))
            .connect(host: "127.0.0.1", port: port)
            .flatMap { server in
                Descriptors.closeOnExec()
                let reads = self.add([client, server])
                return client.pipeline.addHandler(Relay(to: server))
                    .flatMap { server.pipeline.addHandler(Relay(to: client)) }
                    .flatMap { client.setOption(.autoRead, value: reads) }
                    .flatMap { server.setOption(.autoRead, value: reads) }
            }
            .flatMapError { _ in client.close() }
    }

    private func add(_ pair: [any Channel]) -> Bool {
        let reads = state.withLock { state in
            for channel in pair { state.channels[ObjectIdentifier(channel)] = channel }
            if case .hold = state.mode { return false }
            return true
        }
        for channel in pair {
            let id = ObjectIdentifier(channel)
            channel.closeFuture.whenComplete { _ in self.forget(id) }
        }
        return reads
    }

    private func forget(_ id: ObjectIdentifier) { state.withLock { $0.channels[id] = nil } }

    func set(_ mode: FaultProxy.Mode) {
        let channels = state.withLock { state in
            state.mode = mode
            return Array(state.channels.values)
        }
        let reads = if case .hold = mode { false } else { true }
        for channel in channels { channel.setOption(.autoRead, value: reads).whenComplete { _ in } }
    }

    func cut() {
        let channels = state.withLock { Array($0.channels.values) }
        for channel in channels { channel.close(promise: nil) }
    }
}

private final class Relay: ChannelInboundHandler, Sendable {
    typealias InboundIn = ByteBuffer

    private let partner: any Channel

    init(to partner: any Channel) { self.partner = partner }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        partner.writeAndFlush(unwrapInboundIn(data), promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) { partner.close(promise: nil) }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
