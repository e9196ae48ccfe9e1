// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// Tells the event senders of this process that new events were recorded, by whichever process, so that they need not wait for their next look.
package final class EventSignal: Sendable {
    private struct State {
        var generation: UInt64 = 0
        var lastWaiter: UInt64 = 0
        var waiting: [UInt64: CheckedContinuation<Void, Never>] = [:]
        /// Waiters whose time or task ended before they began to wait.
        var over: Set<UInt64> = []
    }

    private let state = Mutex(State())

    package init() {}

    /// Cheap, never blocks; many signals before the sender looks are one.
    package func raise() {
        let waiting = state.withLock { state in
            state.generation &+= 1
            defer { state.waiting = [:] }
            return state.waiting.values
        }
        for continuation in waiting { continuation.resume() }
    }

    /// Taken before a look at the outbox, so that a signal between the look and the wait is not missed.
    var ticket: UInt64 { state.withLock { $0.generation } }

    /// Returns at the first signal after `ticket` was taken, after `limit`, or when the task is cancelled.
    func wait(since ticket: UInt64, upTo limit: Duration) async {
        let waiter = state.withLock { state in
            state.lastWaiter &+= 1
            return state.lastWaiter
        }
        let timer = Task {
            // The only error is the cancellation below, after which nobody waits any more.
            try? await Task.sleep(for: limit)
            end(waiter)
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    if state.generation != ticket || state.over.contains(waiter) { return true }
                    state.waiting[waiter] = continuation
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            end(waiter)
        }
        timer.cancel()
        await timer.value
        state.withLock { state in _ = state.over.remove(waiter) }
    }

    private func end(_ waiter: UInt64) {
        let continuation = state.withLock { state in
            let continuation = state.waiting.removeValue(forKey: waiter)
            if continuation == nil { state.over.insert(waiter) }
            return continuation
        }
        continuation?.resume()
    }
}
