// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import FuzzSupport
import Testing

@testable import Queue

/// A UDM that becomes slow, in virtual time: does the limit tell too many calls from slow ones?
@Suite struct SlowDownTests {
    // In virtual time a second is a thousand calls, which cost as much as a thousand calls cost the limiter: a few seconds are enough.
    private static let seeds: [UInt64] = [1, 2, 3]

    @Test(
        "A UDM that is slower whatever the limit gets all calls again within seconds, and so when it is quick again",
        arguments: zip(seeds, [3.0, 10, 40]))
    func slower(seed: UInt64, factor: Double) {
        var udm = SimulatedUDM(maximum: 64, seed: seed)
        udm.run(for: 2) { _ in 50 }
        #expect(udm.limiter.state.limit == 64)
        let slow = 50 * factor
        // Ten windows and a few more for what began before.
        udm.run(for: 16 * slow / 1_000) { _ in slow }
        #expect(udm.limiter.state.limit == 64)
        let done = udm.run(for: 20 * slow / 1_000) { _ in slow }
        // A call in ten takes longer than that.
        #expect(Double(done) > 0.8 * 64 * 20)
        udm.run(for: 1) { _ in 50 }
        #expect(udm.limiter.state.limit == 64)
        // What it takes when it is quick is the yardstick again.
        udm.run(for: 10) { 50 * max(1, Double($0) / 10) }
        #expect((8...26).contains(udm.limiter.state.limit))
    }

    @Test("A UDM that is slow because of the calls keeps its limit low", arguments: seeds)
    func overloaded(seed: UInt64) {
        var udm = SimulatedUDM(maximum: 64, seed: seed)
        udm.run(for: 2) { _ in 50 }
        #expect(udm.limiter.state.limit == 64)
        // Ten calls at one time are all that it does from now on.
        udm.run(for: 10) { 50 * max(1, Double($0) / 10) }
        for _ in 0..<20 {
            udm.run(for: 1) { 50 * max(1, Double($0) / 10) }
            #expect((8...26).contains(udm.limiter.state.limit))
        }
    }

    @Test("Slow by itself and by the calls: the limit ends where more calls bring nothing", arguments: seeds)
    func both(seed: UInt64) {
        var udm = SimulatedUDM(maximum: 128, seed: seed)
        udm.run(for: 2) { _ in 50 }
        #expect(udm.limiter.state.limit == 128)
        // Three times as slow, and 32 at one time.
        udm.run(for: 20) { 150 * max(1, Double($0) / 32) }
        for _ in 0..<10 {
            udm.run(for: 2) { 150 * max(1, Double($0) / 32) }
            #expect((24...72).contains(udm.limiter.state.limit))
        }
    }

    @Test("Overload that UDM tells of ends the comparison: the limit is cut as ever")
    func cut() {
        var limiter = CallLimiter(CallLimit(endpoint: "udm", maximum: 64))
        let kind = CallReport.Kind("cu")
        func window(_ milliseconds: Int, _ overloads: Int = 0) {
            limiter.used(limiter.allowed)
            var report = CallReport(era: 0)
            for _ in 0..<limiter.allowed { report.add(kind, .answered, duration: .milliseconds(milliseconds)) }
            for _ in 0..<overloads { report.add(kind, .throttled, duration: .milliseconds(milliseconds)) }
            limiter.note(report, at: 0)
        }
        while limiter.state.limit < 64 { window(50) }
        for _ in 0..<4 { window(500) }
        #expect(limiter.fallFrom == 64_000)
        window(500, 1)
        #expect(limiter.fallFrom == nil)
        let limit = limiter.state.limit
        window(500)
        #expect(limiter.state.limit < limit)
        #expect(limiter.best[kind] == CallReport.bucket(of: .milliseconds(50)))
    }

    @Test("Redis keeps the same books of a fall of the limit and of its end")
    func redis() async throws {
        let limit = CallLimit(endpoint: "udm", maximum: 32, start: 4)
        try await QueueFixture.with { fixture in
            try await fixture.enqueue((0..<40).map { "\($0)" })
            var (limiter, leased) = (CallLimiter(limit), 0)
            var limits: [Int] = []
            for step in 0..<90 {
                var report = CallReport(era: 0)
                for number in 0..<(step == 0 ? 0 : limiter.allowed) {
                    let milliseconds =
                        switch step {
                        case ..<20: 40
                        case ..<60: 400
                        default: 60 * limiter.allowed
                        }
                    report.add(
                        CallReport.Kind(number % 4 == 0 ? "mg" : "cu"), .answered, duration: .milliseconds(milliseconds)
                    )
                }
                let answer = try await fixture.queue.lease(
                    upTo: 64, for: .seconds(15), worker: "w", calls: LimitedCalls(limit: limit, report: report))
                limiter.note(report, at: fixture.clock.now)
                leased += limiter.admit(64, inFlight: leased, at: fixture.clock.now).count
                limiter.used(leased)
                #expect(answer.limit == limiter.state)
                let found = try await QueueSnapshot.read(
                    fixture.client, prefix: fixture.queue.prefix, tenants: ["default"], limit: limit)
                #expect(found.leaseEnds.count == leased)
                try #require(found.limit == limiter.fields, "step \(step)")
                limits.append(limiter.state.limit)
            }
            // It rose, fell, rose again, and fell for good.
            #expect(limits[19] == 32)
            #expect((limits[20..<40].min() ?? 0) <= 16)
            #expect(limits[59] == 32)
            #expect(limits[89] < 20)
        }
    }
}

/// As many calls as the limiter allows, one following the other; each takes as long as the number of those under way says, give or take.
private struct SimulatedUDM {
    private(set) var limiter: CallLimiter
    private var random: SeededGenerator
    /// In microseconds.
    private var now = 0.0
    private var running: [(began: Double, ends: Double)] = []

    init(maximum: Int, seed: UInt64) {
        limiter = CallLimiter(CallLimit(endpoint: "udm", maximum: maximum))
        random = SeededGenerator(seed: seed)
    }

    /// - Parameters:
    ///   - seconds: How long there is work.
    ///   - milliseconds: What a call takes when it is one of so many.
    /// - Returns: Calls that ended.
    @discardableResult
    mutating func run(for seconds: Double, _ milliseconds: (_ underWay: Int) -> Double) -> Int {
        let end = now + seconds * 1e6
        var done = 0
        while true {
            for _ in 0..<limiter.admit(1_000, inFlight: running.count, at: Int64(now / 1_000)).count {
                let length = milliseconds(running.count + 1) * 1_000 * chance()
                running.append((now, now + length))
            }
            limiter.used(running.count)
            guard let next = running.indices.min(by: { running[$0].ends < running[$1].ends }), running[next].ends < end
            else { break }
            let call = running.remove(at: next)
            now = call.ends
            var report = CallReport(era: limiter.era)
            report.add(CallReport.Kind("cu"), .answered, duration: .microseconds(Int64(call.ends - call.began)))
            limiter.note(report, at: Int64(now / 1_000))
            done += 1
        }
        now = end
        return done
    }

    /// Most calls take about the same, one in ten up to three times as long.
    private mutating func chance() -> Double {
        Int.random(in: 0..<10, using: &random) == 0
            ? Double.random(in: 1...3, using: &random) : Double.random(in: 0.8...1.2, using: &random)
    }
}
