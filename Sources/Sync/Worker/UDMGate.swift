// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Executors
internal import Metrics
internal import Queue
internal import UDM

/// What this process sees of UDM: it gathers what came of its calls until the next call to Redis carries it to the shared limit, and knows
/// what Redis said last. No more calls are under way than the limit leaves to this process; further ones wait here in their order.
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
        /// Calls at once.
        var places: Int
        var waiting: [(id: UInt64, continuation: CheckedContinuation<Bool, Never>)] = []
        var nextID: UInt64 = 0
        /// Turns that have begun and not ended.
        var turns = 0

        /// Gives places to calls that wait.
        mutating func admit() -> [CheckedContinuation<Bool, Never>] {
            let count = max(0, min(places - inFlight, waiting.count))
            guard count > 0 else { return [] }
            inFlight += count
            defer { waiting.removeFirst(count) }
            return waiting.prefix(count).map(\.continuation)
        }
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
        state = Locked(State(shared: own.state, own: own, places: own.state.limit))
        inFlight.record(0)
        export(own.state)
    }

    // MARK: Calls

    func callBegins() async throws(CancellationError) {
        let (running, id) = state.withLock { state -> (Int?, UInt64) in
            state.nextID += 1
            guard state.waiting.isEmpty, state.inFlight < state.places else { return (nil, state.nextID) }
            state.inFlight += 1
            return (state.inFlight, state.nextID)
        }
        if let running { return inFlight.record(running) }
        let isAdmitted = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let admitted = state.withLock { state -> [CheckedContinuation<Bool, Never>]? in
                    // The cancellation handler has been here before: it would not find the call any more.
                    if Task.isCancelled { return nil }
                    state.waiting.append((id, continuation))
                    return state.admit()
                }
                guard let admitted else { return continuation.resume(returning: false) }
                for waiting in admitted { waiting.resume(returning: true) }
            }
        } onCancel: {
            let found = state.withLock { state -> CheckedContinuation<Bool, Never>? in
                guard let index = state.waiting.firstIndex(where: { $0.id == id }) else { return nil }
                return state.waiting.remove(at: index).continuation
            }
            found?.resume(returning: false)
        }
        guard isAdmitted else { throw CancellationError() }
        inFlight.record(state.withLock { $0.inFlight })
    }

    func callEnded(_ call: UDMCall) {
        let outcome = CallReport.Outcome(call)
        let now = ContinuousClock.now
        let (running, admitted) = state.withLock { state -> (Int, [CheckedContinuation<Bool, Never>]) in
            state.inFlight -= 1
            let admitted = state.admit()
            // A cancelled call is no answer of UDM's.
            guard let outcome else { return (state.inFlight, admitted) }
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
            return (state.inFlight, admitted)
        }
        for waiting in admitted { waiting.resume(returning: true) }
        inFlight.record(running)
    }

    // MARK: Leases

    /// Calls that wait for a place.
    var waitingCalls: Int { state.withLock { $0.waiting.count } }

    func turnBegan() { state.withLock { $0.turns += 1 } }

    func turnEnded() { state.withLock { $0.turns -= 1 } }

    /// What the next lease call tells and asks.
    /// - Parameter confirming: Leases that PostgreSQL has not answered for.
    func calls(confirming: Int = 0) -> LimitedCalls {
        state.withLock { state in
            defer { state.report = CallReport(era: state.shared.era) }
            // A turn that neither calls nor waits to call stores what came of its call. A few of the leases to come are taken early, so that the
            // next call is there when one ends.
            let storing = max(0, state.turns - state.inFlight - state.waiting.count)
            let early = min(confirming, max(1, state.shared.limit / Self.earlyShare))
            return LimitedCalls(limit: limit, report: state.report, resting: storing + early)
        }
    }

    private static let earlyShare = 4

    /// - Parameter elsewhere: Leases of other processes, each of which may be calling.
    func leave(elsewhere: Int) {
        let admitted = state.withLock { state in
            state.places = max(1, state.shared.limit - elsewhere)
            return state.admit()
        }
        for waiting in admitted { waiting.resume(returning: true) }
    }

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
