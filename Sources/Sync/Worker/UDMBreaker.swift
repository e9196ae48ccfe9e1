// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// Whether UDM is to be called at all, as this process sees it.
///
/// | state     | holds                                                                                                  |
/// |-----------|--------------------------------------------------------------------------------------------------------|
/// | closed    | leases are taken; failures in a row are counted                                                          |
/// | open      | no leases are taken until `reopens`; jobs that failed meanwhile were handed back without an attempt      |
/// | half-open | one probe is under way; its result closes the breaker or opens it for twice as long                      |
///
/// Only trouble of the server or of our account counts, never a refusal of one object (queue-patterns section 9).
struct UDMBreaker: Sendable {
    enum State: Equatable, Sendable {
        case closed(failures: Int)
        case open(until: ContinuousClock.Instant, length: Duration)
        case halfOpen(length: Duration)
    }

    /// Failures in a row, without a success between them, that open the breaker.
    static let failureLimit = 5
    static let firstLength = Duration.seconds(1)
    static let longestLength = Duration.seconds(30)

    private(set) var state: State = .closed(failures: 0)

    var isClosed: Bool { if case .closed = state { true } else { false } }

    /// 0 closed, 1 half-open, 2 open: the value of the metric `scim_udm_breaker_state`.
    var metricValue: Int {
        switch state {
        case .closed: 0
        case .halfOpen: 1
        case .open: 2
        }
    }

    /// A call went through. One that was under way when the breaker opened says nothing new: only the probe closes it.
    mutating func succeeded() {
        if isClosed { state = .closed(failures: 0) }
    }

    mutating func probeSucceeded() {
        state = .closed(failures: 0)
    }

    /// - Parameter atOnce: Our own account was refused: no further call can succeed, so one failure is enough.
    mutating func failed(at now: ContinuousClock.Instant, atOnce: Bool, retryAfter: Duration?) {
        switch state {
        case .closed(let failures):
            if atOnce || failures + 1 >= Self.failureLimit {
                open(at: now, length: Self.firstLength, retryAfter: retryAfter)
            } else {
                state = .closed(failures: failures + 1)
            }
        case .halfOpen(let length):
            open(at: now, length: min(length * 2, Self.longestLength), retryAfter: retryAfter)
        case .open:
            // A call that was under way when the breaker opened says nothing new.
            break
        }
    }

    /// Starts the probe when the time has come.
    /// - Returns: Whether the caller is to probe UDM now and report with ``probeSucceeded()`` or ``failed(at:atOnce:retryAfter:)``.
    mutating func beginProbe(at now: ContinuousClock.Instant) -> Bool {
        guard case .open(let until, let length) = state, now >= until else { return false }
        state = .halfOpen(length: length)
        return true
    }

    /// How long until ``beginProbe(at:)`` may say yes; nil unless open.
    func probeDue(at now: ContinuousClock.Instant) -> Duration? {
        guard case .open(let until, _) = state else { return nil }
        return max(.zero, now.duration(to: until))
    }

    private mutating func open(at now: ContinuousClock.Instant, length: Duration, retryAfter: Duration?) {
        // A server that names a time is believed, within reason: the probe is one cheap request.
        let wait = min(max(length, retryAfter ?? .zero), Self.longestLength)
        state = .open(until: now.advanced(by: wait), length: length)
    }
}
