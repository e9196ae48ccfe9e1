// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Sync

@Suite struct UDMBreakerTests {
    private let start = ContinuousClock.now

    private func opened() -> UDMBreaker {
        var breaker = UDMBreaker()
        for _ in 0..<UDMBreaker.failureLimit { breaker.failed(at: start, atOnce: false, retryAfter: nil) }
        return breaker
    }

    @Test("Failures in a row open it, one fewer does not")
    func opens() {
        var breaker = UDMBreaker()
        for _ in 1..<UDMBreaker.failureLimit { breaker.failed(at: start, atOnce: false, retryAfter: nil) }
        #expect(breaker.isClosed)
        breaker.failed(at: start, atOnce: false, retryAfter: nil)
        #expect(!breaker.isClosed)
        #expect(breaker.metricValue == 2)
    }

    @Test("A success between failures starts the count anew")
    func successResets() {
        var breaker = UDMBreaker()
        for _ in 0..<(UDMBreaker.failureLimit * 3) {
            breaker.failed(at: start, atOnce: false, retryAfter: nil)
            breaker.succeeded()
        }
        #expect(breaker.isClosed)
    }

    @Test("A refused account opens it at once")
    func account() {
        var breaker = UDMBreaker()
        breaker.failed(at: start, atOnce: true, retryAfter: nil)
        #expect(!breaker.isClosed)
    }

    @Test("No probe before the time has come, one and only one after it")
    func probe() {
        var breaker = opened()
        let began1 = breaker.beginProbe(at: start)
        #expect(!began1)
        #expect(breaker.probeDue(at: start) == UDMBreaker.firstLength)
        let later = start.advanced(by: UDMBreaker.firstLength)
        let began2 = breaker.beginProbe(at: later)
        #expect(began2)
        #expect(breaker.metricValue == 1)
        let began3 = breaker.beginProbe(at: later)
        #expect(!began3)
    }

    @Test("A failed probe doubles the wait up to the longest")
    func doubling() {
        var breaker = opened()
        var now = start
        var lengths: [Duration] = []
        for _ in 0..<8 {
            let due = breaker.probeDue(at: now) ?? .zero
            lengths.append(due)
            now = now.advanced(by: due)
            let began4 = breaker.beginProbe(at: now)
            #expect(began4)
            breaker.failed(at: now, atOnce: false, retryAfter: nil)
        }
        #expect(lengths.prefix(5) == [.seconds(1), .seconds(2), .seconds(4), .seconds(8), .seconds(16)])
        #expect(lengths.last == UDMBreaker.longestLength)
    }

    @Test("A probe that succeeds closes it")
    func closes() {
        var breaker = opened()
        _ = breaker.beginProbe(at: start.advanced(by: .seconds(2)))
        breaker.probeSucceeded()
        #expect(breaker.isClosed)
        #expect(breaker.probeDue(at: start) == nil)
    }

    @Test("Only the probe closes it: a push that was under way says nothing new", arguments: [true, false])
    func latePush(isProbing: Bool) {
        var breaker = opened()
        if isProbing { _ = breaker.beginProbe(at: start.advanced(by: .seconds(2))) }
        breaker.succeeded()
        #expect(!breaker.isClosed)
    }

    @Test("Late failures of calls under way leave an open breaker as it is")
    func lateFailures() {
        var breaker = opened()
        let due = breaker.probeDue(at: start)
        for _ in 0..<20 { breaker.failed(at: start, atOnce: true, retryAfter: .seconds(3600)) }
        #expect(breaker.probeDue(at: start) == due)
    }

    @Test("Retry-After is believed within reason")
    func retryAfter() {
        var breaker = UDMBreaker()
        breaker.failed(at: start, atOnce: true, retryAfter: .seconds(15))
        #expect(breaker.probeDue(at: start) == .seconds(15))
        var other = UDMBreaker()
        other.failed(at: start, atOnce: true, retryAfter: .seconds(3600))
        #expect(other.probeDue(at: start) == UDMBreaker.longestLength)
    }
}
