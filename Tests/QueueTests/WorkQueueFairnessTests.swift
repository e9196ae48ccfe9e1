// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Redis
import Testing

@testable import Queue

@Suite struct WorkQueueFairnessTests {
    /// How many of the next `count` leases, taken `batch` at a time and never released, went to each group.
    private func shares<Group: Hashable>(
        _ fixture: QueueFixture, _ count: Int, batch: Int, by group: (QueueLease) -> Group
    ) async throws -> [Group: Int] {
        var shares: [Group: Int] = [:]
        for _ in 0..<(count / batch) {
            for lease in try await fixture.lease(batch, for: .seconds(3_600)) { shares[group(lease), default: 0] += 1 }
        }
        return shares
    }

    @Test("Lanes that all have work share 16 : 4 : 1", arguments: [1, 7, 21])
    func lanes(batch: Int) async throws {
        try await QueueFixture.with { fixture async throws in
            for lane in Lane.allCases { try await fixture.enqueue((0..<250).map { "\(lane)-\($0)" }, lane: lane) }
            let shares = try await shares(fixture, 210, batch: batch, by: \.lane)
            #expect(shares == [.interactive: 160, .bulk: 40, .repair: 10])
        }
    }

    @Test("A lane alone gets everything, and earns no debt")
    func loneLane() async throws {
        try await QueueFixture.with { fixture async throws in
            try await fixture.enqueue((0..<200).map { "bulk-\($0)" }, lane: .bulk)
            #expect(try await shares(fixture, 100, batch: 10, by: \.lane) == [.bulk: 100])
            try await fixture.enqueue((0..<200).map { "interactive-\($0)" })
            let shares = try await shares(fixture, 100, batch: 10, by: \.lane)
            // Bulk had the last lease, so interactive begins with up to one round ahead.
            #expect((79...81).contains(shares[.interactive] ?? 0))
            #expect((19...21).contains(shares[.bulk] ?? 0))
        }
    }

    @Test("A lane that was idle for long has no credit")
    func noCredit() async throws {
        try await QueueFixture.with { fixture async throws in
            try await fixture.enqueue((0..<250).map { "interactive-\($0)" })
            _ = try await shares(fixture, 100, batch: 10, by: \.lane)
            try await fixture.enqueue((0..<100).map { "repair-\($0)" }, lane: .repair)
            let shares = try await shares(fixture, 85, batch: 17, by: \.lane)
            #expect(shares == [.interactive: 80, .repair: 5])
        }
    }

    @Test("One interactive write at a time does not starve bulk")
    func trickle() async throws {
        try await QueueFixture.with { fixture async throws in
            try await fixture.enqueue((0..<100).map { "bulk-\($0)" }, lane: .bulk)
            var shares: [Lane: Int] = [:]
            for turn in 0..<100 {
                try await fixture.enqueue(["interactive-\(turn)"])
                for lease in try await fixture.lease(1, for: .seconds(3_600)) { shares[lease.lane, default: 0] += 1 }
            }
            #expect(shares == [.interactive: 80, .bulk: 20])
        }
    }

    @Test("What waited longer than ten minutes is served like an interactive write")
    func aging() async throws {
        try await QueueFixture.with { fixture async throws in
            try await fixture.enqueue((0..<100).map { "repair-\($0)" }, lane: .repair)
            fixture.clock.advance(Lane.agingLimit + .milliseconds(1))
            try await fixture.enqueue((0..<100).map { "interactive-\($0)" })
            #expect(try await shares(fixture, 100, batch: 10, by: \.lane) == [.interactive: 50, .repair: 50])
        }
    }

    @Test("What is given back untouched comes before all that waits, in its order, with the age of what it was before")
    func untouched() async throws {
        try await QueueFixture.with { fixture async throws in
            try await fixture.enqueue(["a", "b", "c"], lane: .bulk)
            fixture.clock.advance(Lane.agingLimit + .milliseconds(1))
            let leases = try await fixture.lease(2)
            #expect(leases.map(\.key) == [.user("a"), .user("b")])
            // A write of one of them meanwhile changes nothing: it is ready anyway.
            try await fixture.enqueue(["a"], lane: .bulk)
            _ = try await fixture.queue.release(
                leases.map { Release($0, next: .untouched) }, leaseNext: 0, for: .seconds(15), worker: "w")
            #expect(try await fixture.queue.depth().dirty == 0)
            let depth = try await fixture.queue.depth().lanes[.bulk]
            #expect(depth?.oldestReadyAge.map { $0 > Lane.agingLimit } == true)
            #expect(try await fixture.lease(3).map(\.key) == [.user("a"), .user("b"), .user("c")])
        }
    }

    @Test("Tenants share equally, however much each has queued", arguments: [1, 4, 16])
    func tenants(batch: Int) async throws {
        try await QueueFixture.with { fixture async throws in
            for (tenant, count) in [("large", 400), ("medium", 60), ("small", 50)] {
                try await fixture.enqueue((0..<count).map { "\($0)" }, tenant: tenant)
            }
            let shares = try await shares(fixture, 96, batch: batch, by: \.key.tenant)
            #expect(shares == ["large": 32, "medium": 32, "small": 32])
        }
    }

    @Test("A tenant that returns again and again does not starve the others")
    func returningTenant() async throws {
        try await QueueFixture.with { fixture async throws in
            // "a" sorts first, so that it would win every tie.
            for tenant in ["b", "c"] { try await fixture.enqueue((0..<100).map { "\($0)" }, tenant: tenant) }
            var shares: [String: Int] = [:]
            for turn in 0..<90 {
                try await fixture.enqueue(["\(turn)"], tenant: "a")
                for lease in try await fixture.lease(1, for: .seconds(3_600)) {
                    shares[lease.key.tenant, default: 0] += 1
                }
            }
            #expect(shares == ["a": 30, "b": 30, "c": 30])
        }
    }

    @Test("A tenant that was idle for long has no credit")
    func idleTenant() async throws {
        try await QueueFixture.with { fixture async throws in
            try await fixture.enqueue((0..<200).map { "\($0)" }, tenant: "busy")
            #expect(try await fixture.lease(100).count == 100)
            try await fixture.enqueue((0..<100).map { "\($0)" }, tenant: "idle")
            let shares = try await shares(fixture, 40, batch: 8, by: \.key.tenant)
            #expect(shares == ["busy": 20, "idle": 20])
        }
    }

    @Test("Within a tenant the resource that waited longest is first")
    func order() async throws {
        try await QueueFixture.with { fixture async throws in
            for id in ["z", "m", "a", "q"] {
                try await fixture.enqueue([id])
                fixture.clock.advance(.milliseconds(1))
            }
            #expect(try await fixture.lease(4).map(\.key.id) == ["z", "m", "a", "q"])
        }
    }

    @Test("A paused queue hands out nothing, and says so")
    func pauseAll() async throws {
        try await QueueFixture.with { fixture async throws in
            try await fixture.enqueue(["jo"])
            try await fixture.queue.pause(.all)
            let answer = try await fixture.queue.lease(upTo: 1, for: .seconds(15), worker: "w")
            #expect(answer.isPaused)
            #expect(answer.leases.isEmpty)
            #expect(try await fixture.queue.pausedScopes() == [.all])
            try await fixture.queue.resume(.all)
            #expect(try await fixture.lease().map(\.key.id) == ["jo"])
        }
    }

    @Test("Leases held when a pause begins are renewed and released, and what they give back waits")
    func pauseWhileLeased() async throws {
        try await QueueFixture.with { fixture async throws in
            try await fixture.enqueue(["jo"])
            let lease = try #require(try await fixture.lease().first)
            try await fixture.queue.pause(.all)
            #expect(try await fixture.queue.renew([lease], for: .seconds(15)).isEmpty)
            let answer = try await fixture.queue.release(
                [Release(lease, next: .again)], leaseNext: 1, for: .seconds(15), worker: "w")
            #expect(answer.leases.isEmpty)
            #expect(answer.staleReleases == 0)
            #expect(try await fixture.queue.depth().ready == 1)
        }
    }

    @Test("A paused lane holds back only its own resources")
    func pauseLane() async throws {
        try await QueueFixture.with { fixture async throws in
            try await fixture.enqueue(["slow"], lane: .bulk)
            try await fixture.enqueue(["fast"])
            try await fixture.queue.pause(.lane(.bulk))
            let answer = try await fixture.queue.lease(upTo: 5, for: .seconds(15), worker: "w")
            #expect(!answer.isPaused)
            #expect(answer.leases.map(\.key.id) == ["fast"])
            // Bulk is not due for anybody, so nobody is told to come back at once.
            #expect(answer.nextDue == .seconds(15))
            try await fixture.queue.resume(.lane(.bulk))
            #expect(try await fixture.lease(5).map(\.key.id) == ["slow"])
        }
    }

    @Test("A paused tenant is counted, held back, and has no credit afterwards")
    func pauseTenant() async throws {
        try await QueueFixture.with { fixture async throws in
            try await fixture.queue.pause(.tenant("a"))
            for tenant in ["a", "b"] { try await fixture.enqueue((0..<100).map { "\($0)" }, tenant: tenant) }
            #expect(try await shares(fixture, 40, batch: 10, by: \.key.tenant) == ["b": 40])
            #expect(try await fixture.queue.depth().ready == 160)
            try await fixture.queue.resume(.tenant("a"))
            let shares = try await shares(fixture, 40, batch: 10, by: \.key.tenant)
            #expect((19...21).contains(shares["a"] ?? 0))
            #expect((19...21).contains(shares["b"] ?? 0))
        }
    }
}
