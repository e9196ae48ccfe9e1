// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Queue

/// Breaker and adaptive limit, by themselves; ``QueueModelTests`` shows that Redis does the same.
@Suite struct CallLimiterTests {
    private static let kind = CallReport.Kind("cu")

    private func report(
        _ limiter: CallLimiter, answered: Int = 0, _ outcome: CallReport.Outcome? = nil, _ count: Int = 0,
        took: Duration = .milliseconds(40), retryAfter: Duration? = nil
    ) -> CallReport {
        var report = CallReport(era: limiter.era)
        for _ in 0..<answered { report.add(Self.kind, .answered, duration: took) }
        if let outcome {
            for _ in 0..<count { report.add(Self.kind, outcome, duration: took, retryAfter: retryAfter) }
        }
        return report
    }

    /// Uses all that is allowed for one window.
    private func fill(_ limiter: inout CallLimiter, took: Duration = .milliseconds(40), at now: Int64 = 0) {
        limiter.used(limiter.allowed)
        limiter.note(report(limiter, answered: limiter.allowed, took: took), at: now)
    }

    @Test("Nine failures are too few to judge; ten of which half failed open the breaker")
    func opens() {
        var limiter = CallLimiter(CallLimit(endpoint: "udm", maximum: 64))
        limiter.note(report(limiter, .failed, 9), at: 0)
        #expect(limiter.state.breaker == .closed)
        limiter.note(report(limiter, answered: 1), at: 0)
        #expect(limiter.state.breaker == .open)
        #expect(limiter.admit(5, inFlight: 0, at: 4_999) == (0, 1))
        #expect(limiter.admit(5, inFlight: 0, at: 5_000) == (1, nil))
        #expect(limiter.state.breaker == .halfOpen)
    }

    @Test("What failed more than thirty seconds ago is forgotten, and good calls outweigh bad ones")
    func window() {
        var limiter = CallLimiter(CallLimit(endpoint: "udm", maximum: 64))
        limiter.note(report(limiter, .failed, 9), at: 0)
        limiter.note(report(limiter, .failed, 5), at: 30_000)
        #expect(limiter.state.breaker == .closed)
        limiter.note(report(limiter, answered: 6), at: 31_000)
        limiter.note(report(limiter, .failed, 1), at: 32_000)
        #expect(limiter.state.breaker == .open)
        var other = CallLimiter(CallLimit(endpoint: "udm", maximum: 64))
        other.note(report(other, answered: 12, .failed, 11), at: 0)
        #expect(other.state.breaker == .closed)
    }

    @Test("A refusal of our own account opens at once, and Retry-After is believed")
    func account() {
        var limiter = CallLimiter(CallLimit(endpoint: "udm", maximum: 64))
        limiter.note(report(limiter, .accountRefused, 1, retryAfter: .seconds(90)), at: 0)
        #expect(limiter.state.breaker == .open)
        #expect(limiter.admit(1, inFlight: 0, at: 60_000).wait == 30_000)
    }

    @Test("Probes that fail double the wait up to a minute; good ones double the probes until the limit is reached")
    func halfOpen() {
        var limiter = CallLimiter(CallLimit(endpoint: "udm", maximum: 64))
        limiter.note(report(limiter, .failed, 10), at: 0)
        var (now, waits): (Int64, [Int64]) = (0, [])
        for _ in 0..<6 {
            let wait = limiter.admit(1, inFlight: 0, at: now).wait ?? 0
            waits.append(wait)
            now += wait
            #expect(limiter.admit(9, inFlight: 0, at: now).count == 1)
            limiter.note(report(limiter, .overloaded, 1), at: now)
        }
        #expect(waits == [5_000, 10_000, 20_000, 40_000, 60_000, 60_000])
        now += 60_000
        var probes: [Int] = []
        while limiter.admit(9, inFlight: 0, at: now).count > 0, limiter.state.breaker == .halfOpen {
            probes.append(limiter.allowed)
            limiter.note(report(limiter, answered: limiter.allowed), at: now)
        }
        #expect(probes == [1, 2, 4])
        #expect(limiter.state.breaker == .closed)
    }

    @Test("Calls that began before the breaker opened neither close it nor keep it open")
    func era() {
        var limiter = CallLimiter(CallLimit(endpoint: "udm", maximum: 64))
        let (good, bad) = (report(limiter, answered: 20), report(limiter, .failed, 20))
        limiter.note(bad, at: 0)
        _ = limiter.admit(1, inFlight: 0, at: 5_000)
        limiter.note(bad, at: 5_000)
        limiter.note(good, at: 5_000)
        #expect(limiter.state.breaker == .halfOpen)
        #expect(limiter.allowed == 1)
    }

    @Test("A quick UDM gets the largest limit within a few hundred calls", arguments: [1, 20, 50])
    func rises(milliseconds: Int) {
        var limiter = CallLimiter(CallLimit(endpoint: "udm", maximum: 64))
        var calls = 0
        while limiter.state.limit < 64, calls < 1_000 {
            calls += limiter.allowed
            fill(&limiter, took: .milliseconds(milliseconds))
        }
        #expect(calls < 200)
    }

    @Test("A limit that is not used does not rise")
    func unused() {
        var limiter = CallLimiter(CallLimit(endpoint: "udm", maximum: 64))
        for _ in 0..<50 {
            limiter.used(limiter.allowed - 1)
            limiter.note(report(limiter, answered: limiter.allowed), at: 0)
        }
        #expect(limiter.state.limit == 8)
    }

    @Test("Overload cuts the limit once a window, down to one; afterwards it rises slowly")
    func overload() {
        var limiter = CallLimiter(CallLimit(endpoint: "udm", maximum: 64, start: 20))
        limiter.note(report(limiter, .throttled, 3), at: 0)
        limiter.note(report(limiter, .throttled, 3), at: 0)
        #expect(limiter.state.limit == 14)
        limiter.note(report(limiter, answered: 14), at: 0)
        fill(&limiter)
        #expect(limiter.state.limit == 15)
        for _ in 0..<20 { limiter.note(report(limiter, answered: 40, .throttled, 1), at: 0) }
        #expect(limiter.state.limit == 1)
    }

    @Test("Calls of twice the best time lower the limit, though not below the start; each kind is compared with itself")
    func gradient() {
        var limiter = CallLimiter(CallLimit(endpoint: "udm", maximum: 64))
        while limiter.state.limit < 64 { fill(&limiter, took: .milliseconds(50)) }
        var creates = CallReport(era: 0)
        for _ in 0..<64 { creates.add(CallReport.Kind("mg"), .answered, duration: .milliseconds(900)) }
        limiter.used(64)
        limiter.note(creates, at: 0)
        #expect(limiter.state.limit == 64)
        // Each call waits for those before it: fewer of them are quicker.
        fill(&limiter, took: .milliseconds(14 * 64))
        #expect(limiter.state.limit == 57)
        for _ in 0..<40 { fill(&limiter, took: .milliseconds(14 * limiter.allowed)) }
        #expect(limiter.state.limit == 8)
        // Ten minutes later this is what UDM can do.
        for minute in 0..<12 { fill(&limiter, took: .milliseconds(120), at: Int64(minute) * 60_000 + 300_000) }
        #expect(limiter.state.limit > 8)
    }
}
