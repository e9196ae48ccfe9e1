// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import SCIM
internal import Synchronization

/// Bounds what large bodies need of memory together: so many bytes of them are worked on at the same time, from their arrival to the answer, and
/// the others wait in line, unread. Small bodies pass by.
///
/// A request takes its share once, for the whole of its body, so that two can never wait for each other.
final class BodyBudget: Sendable {
    /// Bytes of a body that needs no share.
    static let small = 64 << 10
    /// Requests that may wait.
    static let longestLine = 100

    private struct Waiter {
        let number: Int
        let bytes: Int
        let continuation: CheckedContinuation<Bool, Never>
    }

    private struct State {
        var used = 0
        /// Oldest first.
        var line: [Waiter] = []
        var lastNumber = 0
    }

    private let total: Int
    private let patience: Duration
    private let state = Mutex(State())

    /// - Parameters:
    ///   - total: Bytes of all bodies together. One that is larger than that is worked on alone.
    ///   - patience: How long a request waits at most.
    init(total: Int, patience: Duration) {
        self.total = total
        self.patience = patience
    }

    /// Requests that wait.
    var waitingCount: Int { state.withLock { $0.line.count } }

    /// Waits for a share; it is given back with ``release(_:)``.
    ///
    /// - Throws: 429 if the line is full, or does not move in time.
    func take(_ bytes: Int) async throws(SCIMError) {
        let number = state.withLock { state -> Int? in
            guard state.line.isEmpty, admits(bytes, state) else {
                state.lastNumber += 1
                return state.lastNumber
            }
            state.used += bytes
            return nil
        }
        guard let number else { return }
        guard await wait(number, bytes) else { throw .tooManyRequests(retryAfter: patience) }
    }

    func release(_ bytes: Int) {
        for waiter in state.withLock({ state in
            state.used -= bytes
            return takeAdmitted(&state)
        }) { waiter.continuation.resume(returning: true) }
    }

    private func wait(_ number: Int, _ bytes: Int) async -> Bool {
        let end = ContinuousClock.now + patience
        // Ends with the wait: a timer for each request that stands in line.
        let timer = Task {
            try? await Task.sleep(until: end, clock: .continuous)
            self.dismiss(number)
        }
        defer { timer.cancel() }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer = state.withLock { state -> Bool? in
                    // The line may have gone since.
                    if state.line.isEmpty, admits(bytes, state) {
                        state.used += bytes
                        return true
                    }
                    // Whoever dismisses it may have come before.
                    guard state.line.count < Self.longestLine, !Task.isCancelled, ContinuousClock.now < end else {
                        return false
                    }
                    state.line.append(Waiter(number: number, bytes: bytes, continuation: continuation))
                    return nil
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            dismiss(number)
        }
    }

    /// Sends a request away that still waits, and lets in whoever stood behind it.
    private func dismiss(_ number: Int) {
        let (dismissed, admitted) = state.withLock { state -> (Waiter?, [Waiter]) in
            guard let index = state.line.firstIndex(where: { $0.number == number }) else { return (nil, []) }
            let waiter = state.line.remove(at: index)
            return (waiter, takeAdmitted(&state))
        }
        dismissed?.continuation.resume(returning: false)
        for waiter in admitted { waiter.continuation.resume(returning: true) }
    }

    private func takeAdmitted(_ state: inout State) -> [Waiter] {
        var admitted: [Waiter] = []
        while let first = state.line.first, admits(first.bytes, state) {
            state.used += first.bytes
            admitted.append(state.line.removeFirst())
        }
        return admitted
    }

    private func admits(_ bytes: Int, _ state: State) -> Bool { state.used == 0 || state.used + bytes <= total }
}

/// What one request has of a ``BodyBudget``.
final class BodyShare: Sendable {
    private let budget: BodyBudget
    private let bytes = Mutex<Int?>(nil)

    init(of budget: BodyBudget) { self.budget = budget }

    /// Takes a share for a body that is larger than ``BodyBudget/small``, if there is none yet.
    ///
    /// - Returns: Whether there is one.
    @discardableResult
    func take(for length: Int) async throws(SCIMError) -> Bool {
        if bytes.withLock({ $0 }) != nil { return true }
        guard length > BodyBudget.small else { return false }
        try await budget.take(length)
        bytes.withLock { $0 = length }
        return true
    }

    /// Once the request is answered.
    func release() {
        let taken = bytes.withLock { bytes in
            defer { bytes = nil }
            return bytes
        }
        if let taken { budget.release(taken) }
    }
}
