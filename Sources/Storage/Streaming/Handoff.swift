// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// Passes elements from one task to another. One is kept in reserve, so that the next is on its way while the last is used; whoever has more to give
/// waits until the reserve has been taken.
///
/// | state | holds |
/// |---|---|
/// | nothing to take | no reserve, nobody blocked; perhaps somebody waits for an element |
/// | a reserve | nobody waits for an element; perhaps the giver is blocked with another one |
/// | ended | the outcome is there; a reserve is still given out |
/// | closed | nobody takes anything any more; whatever is given is refused |
final class Handoff<Element: Sendable>: Sendable {
    /// The reserve was not taken in time.
    struct Stalled: Error {}

    private struct State {
        var reserve: Element?
        var blocked: (element: Element, giver: CheckedContinuation<Void, any Error>)?
        /// Counts what is given, so that a late timer or cancellation of one element is not taken for that of another.
        var gift: UInt64 = 0
        var withdrawal: (any Error)?
        var taker: CheckedContinuation<Element?, any Error>?
        var outcome: Result<Void, any Error>?
        var isClosed = false
    }

    private let state = Mutex(State())

    // MARK: - Giving

    /// Returns when there is room for the next element.
    ///
    /// - Throws: `CancellationError` when it was closed, ``Stalled`` when nobody takes anything for `limit`.
    func give(_ element: Element, within limit: Duration) async throws {
        guard let gift = try begin(element) else { return }
        let timer = Task { [weak self] in
            try await Task.sleep(for: limit)
            self?.withdraw(gift, Stalled())
        }
        defer { timer.cancel() }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let answer = state.withLock { state -> Result<Void, any Error>? in
                    if state.isClosed { return .failure(CancellationError()) }
                    if let withdrawal = state.withdrawal { return .failure(withdrawal) }
                    if Self.accept(element, &state) { return .success(()) }
                    state.blocked = (element, continuation)
                    return nil
                }
                if let answer { continuation.resume(with: answer) }
            }
        } onCancel: {
            withdraw(gift, CancellationError())
        }
    }

    /// nil when the element was given at once.
    private func begin(_ element: Element) throws -> UInt64? {
        try state.withLock { state in
            if state.isClosed { throw CancellationError() }
            if Self.accept(element, &state) { return nil }
            state.gift += 1
            state.withdrawal = nil
            return state.gift
        }
    }

    private static func accept(_ element: Element, _ state: inout State) -> Bool {
        if let taker = state.taker {
            state.taker = nil
            taker.resume(returning: element)
            return true
        }
        guard state.reserve == nil else { return false }
        state.reserve = element
        return true
    }

    private func withdraw(_ gift: UInt64, _ error: any Error) {
        let giver = state.withLock { state -> Giver? in
            guard state.gift == gift else { return nil }
            state.withdrawal = error
            defer { state.blocked = nil }
            return state.blocked?.giver
        }
        giver?.resume(throwing: error)
    }

    /// Nothing more comes.
    func end(_ outcome: Result<Void, any Error>) {
        let taker = state.withLock { state in
            state.outcome = outcome
            defer { state.taker = nil }
            return state.taker
        }
        taker?.resume(with: outcome.map { nil })
    }

    // MARK: - Taking

    /// The next element; nil at the end. Cancelling the task closes it.
    func take() async throws -> Element? {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let (answer, giver) = state.withLock { state -> (Result<Element?, any Error>?, Giver?) in
                    if let element = state.reserve {
                        let blocked = state.blocked
                        state.reserve = blocked?.element
                        state.blocked = nil
                        return (.success(element), blocked?.giver)
                    }
                    if let outcome = state.outcome { return (outcome.map { nil }, nil) }
                    if state.isClosed || state.taker != nil { return (.failure(CancellationError()), nil) }
                    state.taker = continuation
                    return (nil, nil)
                }
                giver?.resume()
                if let answer { continuation.resume(with: answer) }
            }
        } onCancel: {
            close()
        }
    }

    private typealias Giver = CheckedContinuation<Void, any Error>

    /// Nothing more is taken.
    func close() {
        let (giver, taker) = state.withLock { state in
            defer {
                state.isClosed = true
                state.reserve = nil
                state.blocked = nil
                state.taker = nil
            }
            return (state.blocked?.giver, state.taker)
        }
        giver?.resume(throwing: CancellationError())
        taker?.resume(throwing: CancellationError())
    }
}
