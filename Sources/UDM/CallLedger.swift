// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import NIOCore
internal import Synchronization

/// Which calls have begun to leave this process: the line between "never sent" and "outcome unknown".
///
/// The errors of the layers below do not draw that line (a refused connection, a broken TLS handshake and a reset in the
/// middle of an answer can all be the same `IOError`), so the connection itself notes it.
///
/// | State | Holds |
/// |---|---|
/// | waiting | the call may be sent |
/// | sent | its head was handed to the connection |
/// | closed | its caller has its result; it can never be sent any more |
final class CallLedger: Sendable {
    private struct State {
        var next: UInt64 = 0
        var open: [UInt64: Call] = [:]
        var isShut = false
        var whenEmpty: [CheckedContinuation<Void, Never>] = []
    }

    private struct Call {
        let deadline: NIODeadline
        var wasSent = false
    }

    private let state = Mutex(State())

    /// - Parameter deadline: When the last byte of the answer must be there.
    /// - Returns: nil after ``shut()``.
    func open(until deadline: NIODeadline) -> UInt64? {
        state.withLock { state in
            if state.isShut { return nil }
            state.next += 1
            state.open[state.next] = Call(deadline: deadline)
            return state.next
        }
    }

    /// The call's deadline; nil when nobody waits for the call any more: it must not be sent then, since its caller believes it was not.
    func markSent(_ call: UInt64) -> NIODeadline? {
        state.withLock { state in
            state.open[call]?.wasSent = true
            return state.open[call]?.deadline
        }
    }

    /// Ends the call; whether it was sent.
    func close(_ call: UInt64) -> Bool {
        var waiters: [CheckedContinuation<Void, Never>] = []
        let closed = state.withLock { state in
            let closed = state.open.removeValue(forKey: call)
            if state.isShut, state.open.isEmpty { swap(&waiters, &state.whenEmpty) }
            return closed
        }
        for waiter in waiters { waiter.resume() }
        return closed?.wasSent ?? false
    }

    /// Lets no further call begin, and waits for the end of those under way: what carries them may be taken away then.
    func shut() async {
        await withCheckedContinuation { continuation in
            let isEmpty = state.withLock { state in
                state.isShut = true
                if !state.open.isEmpty { state.whenEmpty.append(continuation) }
                return state.open.isEmpty
            }
            if isEmpty { continuation.resume() }
        }
    }
}
