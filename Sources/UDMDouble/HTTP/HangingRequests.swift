// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// The requests that will never be answered.
final class HangingRequests: Sendable {
    private struct State {
        var waiting: [Int: CheckedContinuation<Void, Never>] = [:]
        var lastID = 0
        var isClosed = false
    }

    private let state = Mutex(State())

    /// Returns when the client goes away or ``releaseAll(closing:)`` is called.
    func wait(for connection: ClientConnection?) async {
        let id = state.withLock { state in
            state.lastID += 1
            return state.lastID
        }
        await withCheckedContinuation { continuation in
            let isClosed = state.withLock { state in
                if !state.isClosed { state.waiting[id] = continuation }
                return state.isClosed
            }
            if isClosed { return continuation.resume() }
            // Without a connection the client is gone already.
            guard let connection else { return release(id) }
            _ = connection.observe { [weak self] _ in self?.release(id) }
        }
    }

    /// - Parameter closing: whether later requests are not to wait either.
    func releaseAll(closing: Bool = false) {
        let waiting = state.withLock { state in
            state.isClosed = state.isClosed || closing
            defer { state.waiting = [:] }
            return Array(state.waiting.values)
        }
        for continuation in waiting { continuation.resume() }
    }

    private func release(_ id: Int) { state.withLock { $0.waiting.removeValue(forKey: id) }?.resume() }
}
