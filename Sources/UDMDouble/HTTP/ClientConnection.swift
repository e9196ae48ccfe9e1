// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import NIOCore
internal import Synchronization

/// A client's connection, known by whether the client is still there.
final class ClientConnection: Sendable {
    private struct State {
        var goneAt: Int64?
        var observers: [Int: @Sendable (Int64) -> Void] = [:]
        var lastID = 0
    }

    private let state = Mutex(State())

    /// Calls `body` with the time when the client goes away, at once if it has; returns a number for ``ignore(_:)``.
    func observe(_ body: @escaping @Sendable (Int64) -> Void) -> Int {
        let (id, goneAt) = state.withLock { state in
            state.lastID += 1
            if state.goneAt == nil { state.observers[state.lastID] = body }
            return (state.lastID, state.goneAt)
        }
        if let goneAt { body(goneAt) }
        return id
    }

    func ignore(_ id: Int) { state.withLock { $0.observers[id] = nil } }

    fileprivate func goAway(at time: Int64) {
        let observers = state.withLock { state in
            if state.goneAt == nil { state.goneAt = time }
            defer { state.observers = [:] }
            return Array(state.observers.values)
        }
        for observer in observers { observer(time) }
    }
}

/// The open connections by channel.
final class ClientConnections: Sendable {
    private let connections = Mutex<[ObjectIdentifier: (connection: ClientConnection, channel: any Channel)]>([:])

    /// Nil once the channel is closed.
    subscript(channel: any Channel) -> ClientConnection? {
        connections.withLock { $0[ObjectIdentifier(channel)]?.connection }
    }

    func closeAll() {
        let channels = connections.withLock { $0.values.map(\.channel) }
        for channel in channels { channel.close(promise: nil) }
    }

    fileprivate func add(_ channel: any Channel) -> ClientConnection {
        let connection = ClientConnection()
        connections.withLock { $0[ObjectIdentifier(channel)] = (connection, channel) }
        return connection
    }

    fileprivate func remove(_ channel: any Channel) {
        connections.withLock { $0[ObjectIdentifier(channel)] = nil }
    }
}

/// Notices in the channel's pipeline that a client has gone, also while its request is carried out.
final class ConnectionWatcher: ChannelInboundHandler, RemovableChannelHandler {
    /// Reads pass by untouched.
    typealias InboundIn = Never

    private let connections: ClientConnections
    private var connection: ClientConnection?

    init(connections: ClientConnections) { self.connections = connections }

    func handlerAdded(context: ChannelHandlerContext) { connection = connections.add(context.channel) }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed? = event as? ChannelEvent {
            connection?.goAway(at: WallClock.microseconds)
        }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        connections.remove(context.channel)
        connection?.goAway(at: WallClock.microseconds)
        context.fireChannelInactive()
    }
}
