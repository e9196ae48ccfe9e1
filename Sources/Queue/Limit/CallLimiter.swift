// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// Decides how many leases there may be at one time: breaker and adaptive limit of one UDM endpoint (queue-patterns section 9).
///
/// Scripts do the same in Redis for all workers, see ``LimitLua``; this one serves a process while Redis is away, and the tests as the
/// reference. All numbers are whole, so that both agree to the last digit.
///
/// The breaker:
///
/// | state | holds |
/// |---|---|
/// | closed | up to `limit` leases; calls and failures of the last 30 s are counted |
/// | open | no leases until `until`. Opened by at least 10 calls of which half failed, or by one refusal of our account |
/// | half-open | up to `probes` leases: 1, and twice as many after as many good calls, until they reach the limit: closed. A failure opens for twice as long |
///
/// The limit changes at the end of a window, which is as many calls as the limit allows leases:
///
/// | in the window | limit |
/// |---|---|
/// | a call found UDM overloaded | × 0.7, at once, and no more in this window |
/// | median more than 2 × the best of 10 minutes | × 0.9, not below the start value; unless that has not helped |
/// | median at most 1.5 × the best, and all leases were used | + 1; below where trouble began the last time, half of it more |
///
/// Medians are compared for each kind of calls, so that a time of slow creates after a time of quick changes is no slow-down. What takes
/// less than 25 ms counts as 25 ms: there it is chance and our own machine that speak.
///
/// Where there are too many calls at one time, half of them take half as long. So when the limit has fallen to half, or to the start value,
/// the medians are compared with those from which it fell. If they have not become shorter by at least half of what the limit says, UDM has
/// become slower by itself: what it takes now is the best from now on, and the limit grows to where it was.
package struct CallLimiter: Sendable, Hashable {
    struct Slice: Sendable, Hashable {
        var calls = 0
        var failed = 0
    }

    static let sliceLength: Int64 = 5_000
    static let slices: Int64 = 6
    static let callsMin = 10
    static let bestLength: Int64 = 300_000
    /// What a worker says of leases that need no place holds for so long.
    static let restingLength: Int64 = 1_000
    static let quickBucket = CallReport.bucket(of: .milliseconds(25))
    /// Half as long again, and twice as long, in buckets.
    static let steady = 5
    static let slow = 8
    /// Hundredths of a bucket by which calls must have become quicker for each time that the limit was lowered by as much as is left.
    static let remedy = slow * 50

    let parameters: CallLimit

    var breaker = CallLimitState.Breaker.closed
    var era: Int64 = 0
    var until: Int64?
    var length: Int64?
    var probes: Int?
    var good: Int?
    /// In thousandths.
    var limit: Int64
    /// Below this the limit grows fast; nil as long as there was no trouble.
    var trouble: Int64?
    var done = 0
    var isCut = false
    var isUsed = false
    var recent: [Int64: Slice] = [:]
    var latencies: [CallReport.Kind: [Int: Int]] = [:]
    var best: [CallReport.Kind: Int] = [:]
    /// Of the five minutes before.
    var formerBest: [CallReport.Kind: Int] = [:]
    var bestSince: Int64 = 0
    /// The limit from which it falls because calls are slow, and how slow they were there, in hundredths of a bucket; nil while it does not
    /// fall.
    var fallFrom: Int64?
    var slowBy: Int64?

    package init(_ parameters: CallLimit) {
        self.parameters = parameters
        limit = Int64(parameters.start) * 1_000
    }

    package var state: CallLimitState {
        CallLimitState(breaker: breaker, limit: Int(effectiveLimit / 1_000), era: era)
    }

    // MARK: Leases

    /// How many leases may be given now.
    /// - Parameters:
    ///   - inFlight: Leases there are.
    ///   - now: Milliseconds of any clock that only rises.
    /// - Returns: With the wait until the breaker may let one through, when it is open.
    package mutating func admit(
        _ count: Int, inFlight: Int, at now: Int64
    ) -> (count: Int, wait: Int64?) {
        if breaker == .open, let until {
            if now < until { return (0, until - now) }
            breaker = .halfOpen
            probes = 1
            good = 0
        }
        return (min(count, max(0, allowed - inFlight)), nil)
    }

    /// Leases were given; the limit rises only when all that it allows are used.
    package mutating func used(_ inFlight: Int) {
        if breaker == .closed, inFlight >= allowed { isUsed = true }
    }

    /// Leases at one time in the present state, 0 when open.
    package var allowed: Int {
        switch breaker {
        case .closed: Int(effectiveLimit / 1_000)
        case .halfOpen: min(Int(effectiveLimit / 1_000), probes ?? 1)
        case .open: 0
        }
    }

    private var effectiveLimit: Int64 { min(limit, Int64(parameters.maximum) * 1_000) }

    // MARK: Calls

    /// Takes what came of calls. Those of an earlier era, and those that end while the breaker is open, count for nothing.
    package mutating func note(_ report: CallReport, at now: Int64) {
        guard !report.isEmpty, report.era == era, breaker != .open else { return }
        if breaker == .halfOpen {
            noteProbes(report, at: now)
            return
        }
        let slice = now / Self.sliceLength
        recent = recent.filter { $0.key > slice - Self.slices }
        recent[slice, default: Slice()].calls += report.calls
        recent[slice, default: Slice()].failed += report.failures
        if report.overloads > 0, !isCut {
            limit = max(1_000, effectiveLimit * 7 / 10)
            trouble = limit
            isCut = true
            endFall()
        }
        let calls = recent.values.reduce(0) { $0 + $1.calls }
        let failed = recent.values.reduce(0) { $0 + $1.failed }
        if report.accountRefusals > 0 || calls >= Self.callsMin && 2 * failed >= calls {
            open(report, at: now)
            return
        }
        done += report.calls
        for (kind, buckets) in report.latencies {
            latencies[kind, default: [:]].merge(buckets, uniquingKeysWith: +)
        }
        if done >= Int(effectiveLimit / 1_000) { endWindow(at: now) }
    }

    private mutating func noteProbes(_ report: CallReport, at now: Int64) {
        if report.failures > 0 {
            open(report, at: now)
            return
        }
        var (good, probes) = (good ?? 0, probes ?? 1)
        good += report.calls - report.overloads
        while good >= probes {
            good -= probes
            probes *= 2
        }
        if probes > 1, Int64(probes) * 1_000 >= effectiveLimit {
            breaker = .closed
            (self.good, self.probes, until, length) = (nil, nil, nil, nil)
        } else {
            (self.good, self.probes) = (good, probes)
        }
    }

    private mutating func open(_ report: CallReport, at now: Int64) {
        let (first, longest) = (parameters.firstOpen.milliseconds, parameters.longestOpen.milliseconds)
        let next = breaker == .halfOpen ? min((length ?? first) * 2, longest) : first
        length = next
        until = now + max(next, (report.retryAfter ?? .zero).milliseconds)
        breaker = .open
        era += 1
        (good, probes) = (nil, nil)
        recent = [:]
        endFall()
        clearWindow()
    }

    private mutating func endWindow(at now: Int64) {
        if !isCut { adapt(at: now) }
        clearWindow()
    }

    private mutating func adapt(at now: Int64) {
        if now - bestSince >= Self.bestLength {
            (formerBest, best, bestSince) = (best, [:], now)
            // Measured against another best it would be something else.
            endFall()
        }
        var (calls, slowness) = (0, 0)
        var medians: [CallReport.Kind: Int] = [:]
        for (kind, buckets) in latencies {
            let count = buckets.values.reduce(0, +)
            let median = Self.median(buckets, count: count)
            medians[kind] = median
            let known = min(best[kind] ?? median, median)
            best[kind] = known
            let reference = min(known, formerBest[kind] ?? known)
            calls += count
            slowness += count * (max(median, Self.quickBucket) - max(reference, Self.quickBucket))
        }
        guard calls > 0 else { return }
        let current = effectiveLimit
        if slowness > Self.slow * calls {
            fall(from: current, slowBy: Int64(slowness * 100 / calls), medians)
        } else if slowness > Self.steady * calls {
            trouble = min(trouble ?? current, current)
        } else {
            endFall()
            guard isUsed else { return }
            let step = current < trouble ?? .max ? max(1_000, current / 2) : 1_000
            limit = min(current + step, Int64(parameters.maximum) * 1_000)
        }
    }

    /// Calls are slow: lowers the limit, or finds that this is no remedy.
    private mutating func fall(from current: Int64, slowBy present: Int64, _ medians: [CallReport.Kind: Int]) {
        let lowest = min(current, Int64(parameters.start) * 1_000)
        if let from = fallFrom, let former = slowBy, current < from, 2 * current <= from || current == lowest {
            // Half the limit should have brought eight buckets, and has to bring four.
            if (former - present) * current < Int64(Self.remedy) * (from - current) {
                best.merge(medians) { $1 }
                for kind in medians.keys { formerBest[kind] = nil }
                trouble = from
                endFall()
                return
            }
            (fallFrom, slowBy) = (current, present)
        } else if let from = fallFrom {
            // The first windows have calls from before the slow-down, or from under a higher limit.
            if 5 * current >= 4 * from { slowBy = max(slowBy ?? present, present) }
        } else {
            (fallFrom, slowBy) = (current, present)
        }
        limit = max(current * 9 / 10, lowest)
        trouble = limit
    }

    private mutating func endFall() { (fallFrom, slowBy) = (nil, nil) }

    private mutating func clearWindow() {
        done = 0
        isCut = false
        isUsed = false
        latencies = [:]
    }

    private static func median(_ buckets: [Int: Int], count: Int) -> Int {
        var seen = 0
        for (bucket, number) in buckets.sorted(by: { $0.key < $1.key }) {
            seen += number
            if 2 * seen >= count { return bucket }
        }
        return 0
    }
}
