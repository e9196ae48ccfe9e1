// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// Lets tasks wait, up to a deadline, for a change of state that is guarded elsewhere.
///
/// Take a ``ticket``, look at the state, then wait since that ticket: a change between the look and the wait is not
/// missed.
final class Wakeup: Sendable {
    private struct State {
        var generation: UInt64 = 0
        var lastWaiter: UInt64 = 0
        var waiting: [UInt64: CheckedContinuation<Void, Never>] = [:]
        /// Waiters whose deadline or cancellation came before they began to wait.
        var over: Set<UInt64> = []
    }

    private let state = Mutex(State())

    var ticket: UInt64 { state.withLock { $0.generation } }

    func wake() {
        let waiting = state.withLock { state in
            state.generation &+= 1
            defer { state.waiting = [:] }
            return state.waiting.values
        }
        for continuation in waiting { continuation.resume() }
    }

    /// Returns at the first wake after `ticket` was taken, at the deadline, or when the task is cancelled.
    func wait(since ticket: UInt64, until deadline: ContinuousClock.Instant) async {
        guard deadline > .now else { return }
        let waiter = state.withLock { state in
            state.lastWaiter &+= 1
            return state.lastWaiter
        }
        let timer = Task {
            // The only error is the cancellation below, after which nobody waits any more.
            try? await Task.sleep(until: deadline, clock: .continuous)
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
