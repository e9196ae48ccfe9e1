// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Executors
internal import Metrics
internal import Queue
internal import Storage
internal import UDM

/// What this process sees of UDM: it gathers what came of its calls until the next call to Redis carries it to the shared limit, and knows
/// what Redis said last. A turn whose outcome is being stored needs no place at UDM any more: it tells that, too.
///
/// A ``CallLimiter`` of its own sees the same calls, for the time in which Redis is away.
final class UDMGate: UDMObserver {
    private struct State {
        var report = CallReport(era: 0)
        var shared: CallLimitState
        /// Calls that began before this say nothing about UDM as it is now.
        var openedAt: ContinuousClock.Instant?
        var own: CallLimiter
        var ownOpenedAt: ContinuousClock.Instant?
        var inFlight = 0
        /// Turns that have made their last call since the worker asked.
        var left: [LeaseHandle] = []
        /// Redis gave fewer leases than were asked for, because UDM has no place for more.
        var isAtLimit = false
        /// Leases of this process stand by.
        var hasStandby = false
        /// Called when a place is left.
        var whenLeft: (@Sendable () -> Void)?
    }

    let limit: CallLimit
    private let origin = ContinuousClock.now
    private let state: Locked<State>
    private let inFlight = Gauge(label: "scim_udm_inflight")
    private let limitGauge = Gauge(label: "scim_udm_concurrency_limit")
    private let breakerGauge = Gauge(label: "scim_udm_breaker_state")

    init(limit: CallLimit) {
        self.limit = limit
        let own = CallLimiter(limit)
        state = Locked(State(shared: own.state, own: own))
        inFlight.record(0)
        export(own.state)
    }

    // MARK: Calls

    func callBegan() {
        inFlight.record(
            state.withLock { state in
                state.inFlight += 1
                return state.inFlight
            })
    }

    func callEnded(_ call: UDMCall) {
        let outcome = CallReport.Outcome(call)
        let now = ContinuousClock.now
        let running = state.withLock { state in
            state.inFlight -= 1
            // A cancelled call is no answer of UDM's.
            guard let outcome else { return state.inFlight }
            let kind = CallReport.Kind(call)
            if call.started >= state.openedAt ?? origin {
                state.report.add(kind, outcome, duration: call.duration, retryAfter: call.error?.retryAfter)
            }
            if call.started >= state.ownOpenedAt ?? origin {
                var report = CallReport(era: state.own.state.era)
                report.add(kind, outcome, duration: call.duration, retryAfter: call.error?.retryAfter)
                state.own.note(report, at: milliseconds(now))
                if state.own.state.breaker == .open { state.ownOpenedAt = now }
            }
            return state.inFlight
        }
        inFlight.record(running)
    }

    // MARK: Leases

    /// What the next lease call tells and asks.
    /// - Parameters:
    ///   - resting: Leases that need no place.
    ///   - spare: Those of them that have none yet.
    ///   - ahead: Leases that are wanted to stand by, besides.
    ///   - generation: Of the queue, as it was last heard of; only what Redis knows in that one is counted here.
    func calls(resting: Int, spare: Int, ahead: Int, in generation: Int64?) -> LimitedCalls {
        state.withLock { state in
            defer { state.report = CallReport(era: state.shared.era) }
            return LimitedCalls(
                limit: limit, report: state.report, resting: resting, spare: spare, ahead: ahead, generation: generation
            )
        }
    }

    /// A turn has made its last call, and stores what came of it. Its place at UDM is another one's.
    func storingBegan(_ lease: LeaseHandle) {
        let whenLeft = state.withLock { state in
            state.left.append(lease)
            defer { state.isAtLimit = false }
            return state.isAtLimit || state.hasStandby ? state.whenLeft : nil
        }
        whenLeft?()
    }

    /// Turns that rest and were not returned before.
    func takeLeft() -> [LeaseHandle] {
        state.withLock { state in
            defer { state.left = [] }
            return state.left
        }
    }

    func noteStandby(_ hasStandby: Bool) { state.withLock { $0.hasStandby = hasStandby } }

    /// As Redis said last.
    var breaker: CallLimitState.Breaker { state.withLock { $0.shared.breaker } }

    func noteLimit(isReached: Bool) { state.withLock { $0.isAtLimit = isReached } }

    /// - Parameter body: Called when a turn has left its place: each time while leases stand by, otherwise once after each
    ///   ``noteLimit(isReached:)`` with `true`.
    func whenPlaceIsLeft(_ body: @escaping @Sendable () -> Void) { state.withLock { $0.whenLeft = body } }

    /// The lease call did not reach Redis.
    func keep(_ calls: LimitedCalls) {
        state.withLock { state in
            if calls.report.era == state.report.era { state.report.add(calls.report) }
        }
    }

    /// - Returns: The state before, when the breaker has opened or closed since.
    @discardableResult
    func learned(_ known: CallLimitState?) -> CallLimitState? {
        guard let known else { return nil }
        let former = state.withLock { state in
            let former = state.shared
            if known.era != former.era {
                state.openedAt = .now
                state.report = CallReport(era: known.era)
            }
            state.shared = known
            return former
        }
        if former != known { export(known) }
        return former.breaker == known.breaker ? nil : former
    }

    /// How many leases may be taken while Redis is away, by what this process alone knows.
    /// - Parameter held: Leases that it has.
    func admitAlone(_ count: Int, held: Int) -> Int {
        let (admitted, known) = state.withLock { state in
            let admitted = state.own.admit(count, inFlight: held, at: milliseconds(.now)).count
            state.own.used(held + admitted)
            return (admitted, state.own.state)
        }
        export(known)
        return admitted
    }

    private func export(_ known: CallLimitState) {
        limitGauge.record(known.limit)
        breakerGauge.record(known.breaker.rawValue)
    }

    private func milliseconds(_ instant: ContinuousClock.Instant) -> Int64 {
        Int64(origin.duration(to: instant).milliseconds)
    }
}

extension CallReport.Kind {
    /// Creates of users are compared with creates of users, and so on.
    fileprivate init(_ call: UDMCall) {
        self.init(call.operation.rawValue + (call.module == .user ? "u" : "g"))
    }
}

extension CallReport.Outcome {
    /// Nil for a call that was cancelled.
    init?(_ call: UDMCall) {
        guard let error = call.error else {
            self = .answered
            return
        }
        if error.isCancellation { return nil }
        switch (error.class, error.status) {
        case (.authentication, _): self = .accountRefused
        // No connection, or no answer in time.
        case (_, nil), (_, 408), (_, 503), (_, 504): self = .overloaded
        case (_, 429): self = .throttled
        case (.bug, _): self = .answered
        // Whatever answered, it was not UDM.
        case (.transient(retryLimit: nil), _): self = .failed
        case (_, let status?) where status >= 500 || (300..<400).contains(status): self = .failed
        // It judged the one request.
        default: self = .answered
        }
    }
}

/// How long a job that UDM could not even be asked for waits; its attempts do not rise.
enum UDMBreaker {
    static let firstLength = Duration.seconds(1)
}
