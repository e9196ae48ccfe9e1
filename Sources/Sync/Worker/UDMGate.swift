// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Synchronization
internal import UDM

/// The breaker of this process, shared by its slots (who report) and its supervisor (who asks before it leases).
final class UDMGate: Sendable {
    private let breaker = Mutex(UDMBreaker())
    private let onChange: @Sendable () -> Void

    init(onChange: @escaping @Sendable () -> Void) {
        self.onChange = onChange
    }

    var isClosed: Bool { breaker.withLock { $0.isClosed } }
    var metricValue: Int { breaker.withLock { $0.metricValue } }
    var probeDue: Duration? { breaker.withLock { $0.probeDue(at: .now) } }

    func beginProbe() -> Bool { breaker.withLock { $0.beginProbe(at: .now) } }

    func succeeded() { change { $0.succeeded() } }

    func probeSucceeded() { change { $0.probeSucceeded() } }

    /// Refusals of one object say nothing about the server and do not count.
    func failed(_ error: UDMError) {
        guard error.class.isOutage else { return }
        change { $0.failed(at: .now, atOnce: error.class == .authentication, retryAfter: error.retryAfter) }
    }

    /// The probe failed, whatever the reason: UDM stays closed to us.
    func probeFailed(_ error: UDMError) {
        change { $0.failed(at: .now, atOnce: true, retryAfter: error.retryAfter) }
    }

    private func change(_ body: (inout UDMBreaker) -> Void) {
        let changed = breaker.withLock { breaker in
            let before = breaker.isClosed
            body(&breaker)
            return before != breaker.isClosed
        }
        if changed { onChange() }
    }
}
