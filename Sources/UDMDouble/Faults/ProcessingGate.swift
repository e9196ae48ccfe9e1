// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// Lets at most so many requests in at once, in the order of their arrival.
final class ProcessingGate: Sendable {
    private struct State {
        var limit: Int?
        var inside = 0
        var waiting: [CheckedContinuation<Void, Never>] = []
        /// Index of the first continuation that has not been resumed; the ones before it are gone.
        var next = 0

        mutating func enterAtOnce() -> Bool {
            guard waiting.isEmpty, limit.map({ inside < $0 }) ?? true else { return false }
            inside += 1
            return true
        }

        /// The continuations that may go in now.
        mutating func admit() -> [CheckedContinuation<Void, Never>] {
            var admitted: [CheckedContinuation<Void, Never>] = []
            while next < waiting.count, limit.map({ inside < $0 }) ?? true {
                admitted.append(waiting[next])
                next += 1
                inside += 1
            }
            if next == waiting.count {
                waiting.removeAll(keepingCapacity: true)
                next = 0
            }
            return admitted
        }
    }

    private let state: Mutex<State>

    /// - Parameter limit: nil for no limit.
    init(limit: Int?) { state = Mutex(State(limit: limit)) }

    func setLimit(_ limit: Int?) {
        let admitted = state.withLock { state in
            state.limit = limit
            return state.admit()
        }
        for continuation in admitted { continuation.resume() }
    }

    func enter() async {
        if state.withLock({ $0.enterAtOnce() }) { return }
        await withCheckedContinuation { continuation in
            let admitted = state.withLock { state in
                state.waiting.append(continuation)
                return state.admit()
            }
            for continuation in admitted { continuation.resume() }
        }
    }

    func leave() {
        let admitted = state.withLock { state in
            state.inside -= 1
            return state.admit()
        }
        for continuation in admitted { continuation.resume() }
    }
}
