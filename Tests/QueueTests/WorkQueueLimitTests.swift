// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Redis
import Testing

@testable import Queue

/// The shared limit as leases meet it.
@Suite struct WorkQueueLimitTests {
    private static func calls(
        _ maximum: Int = 8, start: Int = 8, report: CallReport? = nil, resting: Int = 0, spare: Int = 0, ahead: Int = 0,
        in generation: Int64? = nil
    ) -> LimitedCalls {
        LimitedCalls(
            limit: CallLimit(endpoint: "udm", maximum: maximum, start: start), report: report ?? CallReport(era: 0),
            resting: resting, spare: spare, ahead: ahead, generation: generation)
    }

    private static func failures(_ count: Int, era: Int64 = 0) -> CallReport {
        var report = CallReport(era: era)
        for _ in 0..<count { report.add(.init("cu"), .overloaded, duration: .seconds(1)) }
        return report
    }

    private static func take(
        _ fixture: QueueFixture, _ count: Int, _ calls: LimitedCalls, releasing: [Release] = [], worker: String = "w"
    ) async throws -> LeaseAnswer {
        try await fixture.queue.release(
            releasing, leaseNext: count, for: .seconds(15), worker: worker, calls: calls)
    }

    @Test("A lease that rests leaves its place to whoever asks first; what a worker said of its own holds for a second")
    func resting() async throws {
        try await QueueFixture.with { fixture in
            try await fixture.enqueue((0..<40).map { "\($0)" })
            let first = try await Self.take(fixture, 12, Self.calls(), worker: "a")
            #expect(first.leases.count == 8)
            #expect(first.isAtLimit)
            // Three of them store their outcome.
            let second = try await Self.take(fixture, 1, Self.calls(resting: 3, in: fixture.generation), worker: "a")
            #expect(second.leases.count == 1)
            #expect(!second.isAtLimit)
            #expect(try await Self.take(fixture, 12, Self.calls(), worker: "b").leases.count == 2)
            #expect(
                try await Self.take(fixture, 12, Self.calls(resting: 1, in: fixture.generation), worker: "b").leases
                    .count == 1)

            // What has ended neither rests nor counts.
            let ended = first.leases.prefix(3).map { Release($0, next: .forget) }
            #expect(try await Self.take(fixture, 12, Self.calls(), releasing: ended, worker: "a").leases.isEmpty)

            // Nothing is heard of the other one any more: its resting lease counts again.
            _ = try await Self.take(fixture, 0, Self.calls(resting: 2, in: fixture.generation), worker: "a")
            fixture.clock.advance(.seconds(1))
            let rest = second.leases.map { Release($0, next: .forget) }
            #expect(try await Self.take(fixture, 12, Self.calls(), releasing: rest, worker: "a").leases.isEmpty)
        }
    }

    @Test("What rested before Redis was emptied makes no room for others")
    func restingBefore() async throws {
        try await QueueFixture.with { fixture in
            let ids = (0..<40).map { "\($0)" }
            try await fixture.enqueue(ids)
            #expect(try await Self.take(fixture, 12, Self.calls(), worker: "a").leases.count == 8)
            try await fixture.lose()
            let generation = try await fixture.queue.beginRebuild()
            try await fixture.enqueue(ids)
            // Three store their outcome; what Redis knows now is new to it.
            let resting = Self.calls(resting: 3, in: fixture.generation)
            #expect(try await Self.take(fixture, 12, resting, worker: "a").leases.count == 8)
            #expect(try await Self.take(fixture, 12, resting, worker: "a").leases.isEmpty)
            try await fixture.queue.finishRebuild(generation: generation)
            let known = Self.calls(resting: 3, in: generation)
            #expect(try await Self.take(fixture, 12, known, worker: "a").leases.count == 3)
        }
    }

    @Test("Leases ahead have no place until there is room, and take none from others")
    func ahead() async throws {
        try await QueueFixture.with { fixture in
            try await fixture.enqueue((0..<13).map { "\($0)" })
            let first = try await Self.take(fixture, 12, Self.calls(ahead: 3), worker: "a")
            #expect([first.leases.count, first.places, first.surplus] == [11, 8, 0])
            #expect(first.isAtLimit)
            // They count as resting without being told again.
            let other = try await Self.take(fixture, 12, Self.calls(), worker: "b")
            #expect([other.leases.count, other.places, other.surplus] == [0, 0, 0])
            #expect(try await fixture.queue.callLimits().calling == 8)

            // Two turns have ended: with one new lease there are two places, one of them for a lease that stood by.
            let next = try await Self.take(
                fixture, 1, Self.calls(resting: 3, spare: 3, in: fixture.generation),
                releasing: first.leases.prefix(2).map { Release($0, next: .forget) }, worker: "a")
            #expect([next.leases.count, next.places, next.surplus] == [1, 2, 0])
            #expect(try await fixture.queue.callLimits().calling == 8)
            // Without room the last one comes to stand by.
            let third = try await Self.take(
                fixture, 12, Self.calls(resting: 2, spare: 2, ahead: 2, in: fixture.generation), worker: "a")
            #expect([third.leases.count, third.places] == [1, 0])
            // Four turns rest. Nothing more is to be leased, and two of the leases that stand by would take a place.
            let last = try await Self.take(
                fixture, 12, Self.calls(resting: 7, spare: 2, in: fixture.generation), worker: "a")
            #expect([last.leases.count, last.places, last.surplus] == [0, 2, 0])
            #expect(try await fixture.queue.callLimits().calling == 6)
            // Also who only releases, because all its slots are in use.
            let none = try await Self.take(
                fixture, 0, Self.calls(resting: 5, spare: 2, in: fixture.generation), worker: "a")
            #expect([none.leases.count, none.places] == [0, 2])
            #expect(try await fixture.queue.callLimits().calling == 8)
            #expect(none.isAtLimit)
        }
    }

    @Test("Of a release in several parts the last one tells the report: if it fails, all is told again")
    func parts() async throws {
        try await QueueFixture.with { fixture in
            try await fixture.enqueue((0..<QueueLua.batchMax).map { "\($0)" })
            try await fixture.enqueue(["last"], tenant: "other")
            let leases = try await fixture.lease(QueueLua.leaseMax)
            #expect(leases.count == QueueLua.batchMax + 1)
            let releases = leases.filter { $0.key.tenant != "other" } + leases.filter { $0.key.tenant == "other" }
            // What is no set is no place for the last one.
            let ready = "{scim:\(fixture.name)}:ready:interactive:other"
            _ = try await fixture.client.send(RedisCommand("SET", ready, "broken"))
            var report = CallReport(era: 0)
            for _ in 0..<3 { report.add(.init("cu"), .answered, duration: .milliseconds(30)) }
            await #expect(throws: RedisError.self) {
                _ = try await Self.take(
                    fixture, 0, Self.calls(report: report), releasing: releases.map { Release($0, next: .again) })
            }
            let done = RedisCommand("HGET", "{scim:\(fixture.name)}:limit:udm", "done")
            #expect(try await fixture.client.send(done).isNull)
            _ = try await fixture.client.send(RedisCommand("DEL", ready))
            _ = try await Self.take(fixture, 0, Self.calls(report: report))
            #expect(try await fixture.client.send(done).string == "3")
        }
    }

    @Test("What stood by before Redis was emptied, or stands by while UDM is tried, gets no place")
    func aheadInOtherTimes() async throws {
        try await QueueFixture.with { fixture in
            try await fixture.enqueue((0..<30).map { "\($0)" })
            let old = try await Self.take(fixture, 4, Self.calls(resting: 2, spare: 2, in: 3), worker: "a")
            #expect([old.leases.count, old.places] == [4, 4])
            _ = try await Self.take(fixture, 0, Self.calls(report: Self.failures(10)))
            fixture.clock.advance(.seconds(5))
            let releases = old.leases.prefix(4).map { Release($0, next: .forget) }
            let probe = try await Self.take(
                fixture, 8, Self.calls(spare: 2, ahead: 4, in: fixture.generation), releasing: releases, worker: "a")
            #expect(probe.limit?.breaker == .halfOpen)
            #expect([probe.leases.count, probe.places] == [1, 1])
        }
    }

    @Test("When the limit sinks, workers are told how many calls are too many")
    func surplus() async throws {
        try await QueueFixture.with { fixture in
            try await fixture.enqueue((0..<30).map { "\($0)" })
            _ = try await Self.take(fixture, 12, Self.calls(ahead: 3), worker: "a")
            var report = CallReport(era: 0)
            report.add(.init("cu"), .throttled, duration: .seconds(1))
            let lower = try await Self.take(
                fixture, 4, Self.calls(report: report, resting: 3, spare: 3, in: fixture.generation), worker: "a")
            #expect([lower.leases.count, lower.places, lower.surplus] == [0, 0, 3])
            #expect(lower.limit?.limit == 5)
            // Also who wants none, and who did not say that its leases rest.
            #expect(try await Self.take(fixture, 0, Self.calls(), worker: "a").surplus == 6)
        }
    }

    @Test("All workers together hold no more leases than the limit; whoever gives one back makes room")
    func limit() async throws {
        try await QueueFixture.with { fixture in
            try await fixture.enqueue((0..<20).map { "\($0)" })
            let first = try await Self.take(fixture, 5, Self.calls())
            let second = try await Self.take(fixture, 16, Self.calls())
            #expect([first.leases.count, second.leases.count] == [5, 3])
            // Nothing can be had until a lease ends, at the latest by itself.
            #expect(second.nextDue == .seconds(15))
            #expect(try await fixture.wakeTokens == 0)
            let next = try await Self.take(
                fixture, 4, Self.calls(), releasing: [Release(first.leases[0], next: .forget)])
            #expect(next.leases.count == 1)
            // A worker that stops leaves its place to another one.
            _ = try await Self.take(fixture, 0, Self.calls(), releasing: [Release(first.leases[1], next: .forget)])
            #expect(try await fixture.wakeTokens == 1)
        }
    }

    @Test("While UDM is out of order nothing is leased; then one probe, two, four, and all again")
    func breaker() async throws {
        try await QueueFixture.with { fixture in
            try await fixture.enqueue((0..<30).map { "\($0)" })
            let answer = try await Self.take(fixture, 16, Self.calls(report: Self.failures(10)))
            #expect(answer.leases.isEmpty)
            #expect(answer.limit == CallLimitState(breaker: .open, limit: 5, era: 1))
            #expect(answer.nextDue == .seconds(5))
            fixture.clock.advance(.seconds(5))
            var leases: [QueueLease] = []
            var counts: [Int] = []
            for _ in 0..<4 {
                var report = CallReport(era: 1)
                for _ in leases { report.add(.init("cu"), .answered, duration: .milliseconds(30)) }
                let answer = try await Self.take(
                    fixture, 16, Self.calls(report: report), releasing: leases.map { Release($0, next: .forget) })
                leases = answer.leases
                counts.append(leases.count)
            }
            #expect(counts == [1, 2, 4, 5])
            #expect(try await Self.take(fixture, 1, Self.calls()).limit?.breaker == .closed)
        }
    }

    @Test("Operators see breaker, limit and calls of all workers, and looking changes nothing")
    func overview() async throws {
        try await QueueFixture.with { fixture in
            #expect(try await fixture.queue.callLimits() == CallLimitOverview(endpoints: [], calling: 0, resting: 0))
            try await fixture.enqueue((0..<30).map { "\($0)" })
            let first = try await Self.take(fixture, 6, Self.calls(), worker: "a")
            _ = try await Self.take(fixture, 0, Self.calls(resting: 2, in: fixture.generation), worker: "a")
            var known = try await fixture.queue.callLimits()
            #expect([known.calling, known.resting] == [4, 2])
            // What a worker said of its resting leases holds for a second.
            fixture.clock.advance(.seconds(1))
            known = try await fixture.queue.callLimits()
            #expect([known.calling, known.resting] == [6, 0])

            let other = LimitedCalls(
                limit: CallLimit(endpoint: "other", maximum: 8),
                report: {
                    var report = CallReport(era: 0)
                    for _ in 0..<8 { report.add(.init("cu"), .answered, duration: .milliseconds(30)) }
                    return report
                }())
            _ = try await Self.take(fixture, 8, other, releasing: first.leases.map { Release($0, next: .forget) })
            _ = try await Self.take(fixture, 0, Self.calls(report: Self.failures(10)))
            fixture.clock.advance(.seconds(2))
            let open = try await fixture.queue.callLimits().endpoints
            #expect(
                open == [
                    CallLimitOverview.Endpoint(name: "other", breaker: .closed),
                    CallLimitOverview.Endpoint(name: "udm", breaker: .open, triedIn: .seconds(3), limit: 5),
                ])
            fixture.clock.advance(.seconds(4))
            #expect(try await fixture.queue.callLimits().endpoints.last?.triedIn == .zero)
            #expect(try await fixture.queue.callLimits().endpoints.last?.breaker == .open)
            _ = try await Self.take(fixture, 1, Self.calls())
            let tried = try await fixture.queue.callLimits().endpoints.last
            #expect(tried == CallLimitOverview.Endpoint(name: "udm", breaker: .halfOpen, probes: 1, limit: 5))
        }
    }

    @Test("Bulk work may use three quarters while single writes wait, repairs a tenth; alone each uses all")
    func shares() async throws {
        try await QueueFixture.with { fixture in
            try await fixture.enqueue((0..<40).map { "b\($0)" }, lane: .bulk)
            let bulk = try await Self.take(fixture, 20, Self.calls(20, start: 20))
            #expect(bulk.leases.count == 20)
            // It has borrowed all; what it gives back goes to the others until it is at its share.
            try await fixture.enqueue((0..<10).map { "i\($0)" })
            try await fixture.enqueue((0..<10).map { "r\($0)" }, lane: .repair)
            let next = try await Self.take(
                fixture, 5, Self.calls(20, start: 20),
                releasing: bulk.leases.prefix(5).map { Release($0, next: .forget) })
            #expect(next.leases.filter { $0.lane == .bulk }.isEmpty)
            #expect(next.leases.filter { $0.lane == .repair }.count <= 2)
        }
    }

    @Test("Bulk work that waited ten minutes is served as single writes are")
    func aging() async throws {
        try await QueueFixture.with { fixture in
            try await fixture.enqueue((0..<40).map { "b\($0)" }, lane: .bulk)
            let bulk = try await Self.take(fixture, 20, Self.calls(20, start: 20))
            fixture.clock.advance(.seconds(601))
            _ = try await fixture.queue.renew(bulk.leases, for: .seconds(15))
            try await fixture.enqueue((0..<10).map { "i\($0)" })
            let next = try await Self.take(
                fixture, 8, Self.calls(20, start: 20),
                releasing: bulk.leases.prefix(8).map { Release($0, next: .forget) })
            #expect(next.leases.contains { $0.lane == .bulk })
        }
    }
}
