// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

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
        /// The value says whether the call was sent.
        var open: [UInt64: Bool] = [:]
    }

    private let state = Mutex(State())

    func open() -> UInt64 {
        state.withLock { state in
            state.next += 1
            state.open[state.next] = false
            return state.next
        }
    }

    /// `false` when nobody waits for the call any more: it must not be sent then, since its caller believes it was not.
    func markSent(_ call: UInt64) -> Bool {
        state.withLock { state in
            guard state.open[call] != nil else { return false }
            state.open[call] = true
            return true
        }
    }

    /// Ends the call; whether it was sent.
    func close(_ call: UInt64) -> Bool {
        state.withLock { $0.open.removeValue(forKey: call) ?? false }
    }
}
