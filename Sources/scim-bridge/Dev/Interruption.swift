// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization
import UnixSignals

/// What Ctrl-C, SIGTERM and the end of the terminal do: the first signal ends what is under way in order, the next at once.
///
/// It is there before the first child process, so that none is ever left behind.
final class Interruption: Sendable {
    typealias Action = @Sendable () async -> Void

    private struct State {
        var signals = 0
        var cancel: (@Sendable () -> Void)?
        /// nil: cancel.
        var first: Action?
        var next: Action?
    }

    private let state = Mutex(State())

    /// Runs `body`, which is cancelled by the first signal unless it says otherwise with ``onSignal(first:next:)``.
    /// - Throws: `CancellationError` in place of whatever an interrupted `body` throws.
    static func watch<Value: Sendable>(
        _ body: @escaping @Sendable (Interruption) async throws -> Value
    ) async throws -> Value {
        let signals = await UnixSignalsSequence(trapping: signals)
        let interruption = Interruption()
        let work = Task { try await body(interruption) }
        interruption.begin { work.cancel() }
        let watch = Task {
            for await _ in signals { await interruption.received() }
        }
        defer { watch.cancel() }
        do {
            return try await work.value
        } catch {
            throw interruption.wasSignalled ? CancellationError() : error
        }
    }

    var wasSignalled: Bool { state.withLock { $0.signals > 0 } }

    /// What the first signal does, and those after it.
    /// - Throws: `CancellationError` when there has been a signal already.
    func onSignal(first: @escaping Action, next: @escaping Action) throws {
        let came = state.withLock { state in
            (state.first, state.next) = (first, next)
            return state.signals > 0
        }
        if came { throw CancellationError() }
    }

    private func begin(_ cancel: @escaping @Sendable () -> Void) {
        let came = state.withLock { state in
            state.cancel = cancel
            return state.signals > 0
        }
        if came { cancel() }
    }

    private func received() async {
        let (action, cancel) = state.withLock { state in
            state.signals += 1
            return (state.signals == 1 ? state.first : state.next, state.cancel)
        }
        if let action { await action() } else { cancel?() }
    }

    /// `nohup` ignores SIGHUP for its program, which is to stay so.
    private static var signals: [UnixSignal] {
        var hangUp = sigaction()
        sigaction(SIGHUP, nil, &hangUp)
        // SIG_IGN is the address 1.
        let isIgnored = unsafeBitCast(hangUp.__sigaction_handler.sa_handler, to: Int.self) == 1
        return isIgnored ? [.sigint, .sigterm] : [.sigint, .sigterm, .sighup]
    }
}
