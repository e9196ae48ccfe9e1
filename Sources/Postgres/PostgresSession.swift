// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import CPostgres
internal import Dispatch
internal import Executors

/// What other threads may know of a ``PostgresConnection`` and ask of it while it is busy.
final class PostgresSession: Sendable {
    private struct State {
        var isOpen = false
        var isInTransaction = false
        var isFresh = false
        var canceller: PostgresCanceller?
        /// 0: nothing is under way.
        var operation: UInt64 = 0
        var lastOperation: UInt64 = 0
        var wasCancelled = false
        /// Whose cancel request is on its way, 0: nobody's. The connection must not be used for anything else until it
        /// has arrived.
        var cancelling: UInt64 = 0
        var cancelWaiter: CheckedContinuation<Void, Never>?
    }

    private let state = Locked(State())
    private let cancelQueue = DispatchQueue(label: "postgres.cancel")

    var isOpen: Bool { state.withLock { $0.isOpen } }
    var isInTransaction: Bool { state.withLock { $0.isInTransaction } }
    var isCancelling: Bool { state.withLock { $0.cancelling != 0 } }

    func opened(_ canceller: PostgresCanceller?) {
        state.withLock { state in
            state.isOpen = true
            state.isInTransaction = false
            state.canceller = canceller
        }
    }

    func ended() {
        state.withLock { state in
            state.isOpen = false
            state.isInTransaction = false
            state.canceller = nil
        }
    }

    func markFresh() { state.withLock { $0.isFresh = true } }

    /// Whether nothing has been asked of the session since a pool handed it out.
    func takeFresh() -> Bool {
        state.withLock { state in
            defer { state.isFresh = false }
            return state.isFresh
        }
    }

    func begin() -> UInt64 {
        state.withLock { state in
            state.lastOperation += 1
            state.operation = state.lastOperation
            state.wasCancelled = false
            return state.operation
        }
    }

    /// Whether the operation was asked to stop.
    func end(isInTransaction: Bool) -> Bool {
        state.withLock { state in
            state.operation = 0
            state.isInTransaction = isInTransaction
            return state.wasCancelled
        }
    }

    /// Whether the operation under way was asked to stop.
    var wasCancelled: Bool { state.withLock { $0.wasCancelled } }

    /// The operation, or the request to cancel it, has not ended yet.
    func isUnderWay(_ operation: UInt64) -> Bool {
        state.withLock { $0.operation == operation || $0.cancelling == operation }
    }

    /// Asks the server to stop `operation`, nil: whatever is under way. A second connection carries the request and may
    /// block for as long as the server does, hence a queue of its own. False: there is nothing to stop.
    func cancel(_ operation: UInt64?) -> UInt64? {
        let target = state.withLock { state -> (UInt64, PostgresCanceller)? in
            guard state.operation != 0, operation == nil || state.operation == operation, state.cancelling == 0
            else { return nil }
            state.wasCancelled = true
            // While the connection is being opened there is nothing to stop; whoever opens it looks afterwards.
            guard let canceller = state.canceller else { return nil }
            state.cancelling = state.operation
            return (state.operation, canceller)
        }
        guard let (number, canceller) = target else { return nil }
        cancelQueue.async { [self] in
            canceller.cancel()
            cancelEnded(number)
        }
        return number
    }

    /// Returns when no cancel request is on its way any more.
    func waitForCancel() async {
        await withCheckedContinuation { continuation in
            let isRunning = state.withLock { state in
                if state.cancelling != 0 { state.cancelWaiter = continuation }
                return state.cancelling != 0
            }
            if !isRunning { continuation.resume() }
        }
    }

    func cancelEnded(_ operation: UInt64) {
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard state.cancelling == operation else { return nil }
            state.cancelling = 0
            defer { state.cancelWaiter = nil }
            return state.cancelWaiter
        }
        waiter?.resume()
    }
}

/// The only owner of one `PGcancel`. `@unchecked Sendable`: libpq lets any thread use it (manual, section 34.7).
final class PostgresCanceller: @unchecked Sendable {
    private let pointer: OpaquePointer

    init?(for connection: OpaquePointer) {
        guard let pointer = PQgetCancel(connection) else { return nil }
        self.pointer = pointer
    }

    deinit { PQfreeCancel(pointer) }

    /// Blocks until the server has taken the request. Whether it had an effect shows in the statement's own answer, so
    /// that there is nothing to report here.
    func cancel() {
        var text = [CChar](repeating: 0, count: 256)
        _ = PQcancel(pointer, &text, Int32(text.count))
    }
}
