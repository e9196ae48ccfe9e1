// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

package import NIOCore
internal import Synchronization

/// The connections of one HTTP server, to be closed from outside.
///
/// A server that is told to stop waits for the requests it has begun. A client that never sends the rest of its request, or never reads its
/// answer, would make it wait for ever.
package final class OpenConnections: Sendable {
    private struct State {
        var channels: [ObjectIdentifier: any Channel] = [:]
        var isClosed = false
    }

    private let state = Mutex(State())
    private let stallLimit: TimeAmount

    /// - Parameter stallLimit: Closes a connection whose client takes nothing of an answer for that long.
    package init(stallLimit: TimeAmount = .seconds(75)) {
        self.stallLimit = stallLimit
    }

    package var count: Int { state.withLock { $0.channels.count } }

    /// For `additionalChannelHandlers` of the server's configuration: one for each connection.
    package func handler() -> any RemovableChannelHandler {
        OpenConnectionHandler(connections: self, stallLimit: stallLimit)
    }

    /// Closes all connections without waiting for anything, and those that come later.
    /// - Returns: How many there were.
    @discardableResult
    package func closeAll() -> Int {
        let open = state.withLock { state in
            state.isClosed = true
            let open = Array(state.channels.values)
            state.channels = [:]
            return open
        }
        for channel in open { channel.close(mode: .all, promise: nil) }
        return open.count
    }

    fileprivate func add(_ channel: any Channel) {
        let isClosed = state.withLock { state in
            if !state.isClosed { state.channels[ObjectIdentifier(channel)] = channel }
            return state.isClosed
        }
        if isClosed { channel.close(mode: .all, promise: nil) }
    }

    fileprivate func remove(_ channel: any Channel) {
        state.withLock { $0.channels[ObjectIdentifier(channel)] = nil }
    }
}

/// Keeps its connection in the list, and watches whether the client takes what it is sent.
private final class OpenConnectionHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = NIOAny

    private let connections: OpenConnections
    private let stallLimit: TimeAmount
    private var stall: Scheduled<Void>?

    init(connections: OpenConnections, stallLimit: TimeAmount) {
        self.connections = connections
        self.stallLimit = stallLimit
    }

    func handlerAdded(context: ChannelHandlerContext) {
        connections.add(context.channel)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        forget(context)
    }

    func channelInactive(context: ChannelHandlerContext) {
        forget(context)
        context.fireChannelInactive()
    }

    /// Not writable: more than the high watermark waits for the client. Writable again: it has taken some of it.
    func channelWritabilityChanged(context: ChannelHandlerContext) {
        stall?.cancel()
        stall = nil
        if !context.channel.isWritable {
            let channel = context.channel
            stall = context.eventLoop.scheduleTask(in: stallLimit) { channel.close(mode: .all, promise: nil) }
        }
        context.fireChannelWritabilityChanged()
    }

    private func forget(_ context: ChannelHandlerContext) {
        stall?.cancel()
        stall = nil
        connections.remove(context.channel)
    }
}
