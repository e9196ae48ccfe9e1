// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Executors
internal import Logging
internal import NIOCore

/// Connections for commands that make Redis wait: one per waiting caller, kept for the next one afterwards.
final class RedisBlockingChannels: Sendable {
    private struct State {
        var idle: [RedisConnection] = []
        var busy: [ObjectIdentifier: RedisConnection] = [:]
        var isClosed = false
    }

    private static let idleMax = 8

    private let configuration: RedisConfiguration
    private let eventLoop: any EventLoop
    private let logger: Logger
    private let state = Locked(State())

    init(_ configuration: RedisConfiguration, eventLoop: any EventLoop, logger: Logger) {
        self.configuration = configuration
        self.eventLoop = eventLoop
        self.logger = logger
    }

    func send(
        _ arguments: RedisArguments, timeout: Duration, endpoint: RedisEndpoint
    ) async throws(RedisError) -> RedisReply {
        guard !Task.isCancelled else { throw Self.cancelled }
        let connection = try await take(endpoint)
        defer { giveBack(connection) }
        return try await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                connection.submit(arguments, timeout: timeout) { continuation.resume(returning: $0) }
            }
        } onCancel: {
            connection.close(Self.cancelled)
        }.get()
    }

    /// The server is gone or must not be used any more: callers that wait are told now.
    func closeAll(_ reason: RedisError) {
        let connections = state.withLock { state in
            defer { state.idle = [] }
            return state.idle + state.busy.values
        }
        for connection in connections { connection.close(reason) }
    }

    func close() {
        state.withLock { $0.isClosed = true }
        closeAll(RedisLink.closed)
    }

    private func take(_ endpoint: RedisEndpoint) async throws(RedisError) -> RedisConnection {
        let idle: RedisConnection? = state.withLock { state in
            while let connection = state.idle.popLast() {
                guard connection.isOpen else { continue }
                state.busy[ObjectIdentifier(connection)] = connection
                return connection
            }
            return nil
        }
        if let idle { return idle }
        let connection = try await RedisConnection.connect(configuration, to: endpoint, on: eventLoop)
        // Known before the hand-shake, so that `closeAll` reaches it.
        let isClosed = state.withLock { state in
            state.busy[ObjectIdentifier(connection)] = connection
            return state.isClosed
        }
        do throws(RedisError) {
            if isClosed { throw RedisLink.closed }
            try await RedisHandshake(configuration: configuration, logger: logger, checksServer: false)
                .run(on: connection)
        } catch {
            connection.close(error)
            giveBack(connection)
            throw error
        }
        return connection
    }

    private func giveBack(_ connection: RedisConnection) {
        let isSurplus = state.withLock { state in
            state.busy[ObjectIdentifier(connection)] = nil
            guard connection.isOpen, !state.isClosed, state.idle.count < Self.idleMax else { return true }
            state.idle.append(connection)
            return false
        }
        if isSurplus { connection.close(RedisLink.closed) }
    }

    private static let cancelled = RedisError(.cancelled, "the wait for Redis was cancelled")
}
