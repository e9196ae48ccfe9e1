// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Redis
import TestSupport
import Testing

@testable import Queue

@Suite struct WorkQueueOperationsTests {
    @Test("Depth counts every state, and knows the oldest age of each lane")
    func depth() async throws {
        try await QueueFixture.with { fixture async throws in
            #expect(try await fixture.queue.depth().ready == 0)
            try await fixture.enqueue(["1", "2", "3"])
            let leases = try await fixture.lease(2)
            try await fixture.enqueue([leases[0].key.id])
            try await fixture.enqueue(["bulk"], lane: .bulk, tenant: "other")
            fixture.clock.advance(.seconds(7))
            try await fixture.enqueue(["bulk"], lane: .bulk)
            try await fixture.queue.enqueue([Enqueue(.user("later"), lane: .repair, delay: .seconds(3))])
            let depth = try await fixture.queue.depth()
            #expect(depth.lanes[.interactive] == .init(ready: 1, oldestReadyAge: .seconds(7)))
            #expect(depth.lanes[.bulk] == .init(ready: 2, oldestReadyAge: .seconds(7)))
            #expect(depth.lanes[.repair] == .init(ready: 0, oldestReadyAge: nil))
            #expect(depth.ready == 3)
            #expect(depth.due == 1)
            #expect(depth.leased == 2)
            #expect(depth.dirty == 1)
            #expect(depth.nextDue == .seconds(3))
            guard case .ready = depth.state else { return #expect(Bool(false), "the queue is not ready") }
        }
    }

    @Test("A lease that nobody renews is overdue until somebody asks for work; what was enqueued is counted")
    func overdue() async throws {
        try await QueueFixture.with { fixture async throws in
            try await fixture.enqueue(["1", "2"])
            _ = try await fixture.lease(1, for: .seconds(15))
            #expect(try await fixture.queue.depth().leaseOverdue == nil)
            fixture.clock.advance(.seconds(40))
            let depth = try await fixture.queue.depth()
            #expect(depth.leaseOverdue == .seconds(25))
            #expect(depth.resources == 2)
            _ = try await fixture.lease(2)
            #expect(try await fixture.queue.depth().leaseOverdue == nil)
            #expect(fixture.queue.enqueuedCount == 2)
            #expect(fixture.queue.enqueueFailures == 0)
            try await fixture.lose()
            try await fixture.enqueue(["3"])
            #expect(fixture.queue.enqueuedCount == 2)
        }
    }

    @Test("What a dead worker held is leased next, however much waits")
    func overdueFirst() async throws {
        try await QueueFixture.with { fixture async throws in
            try await fixture.enqueue(["1", "2"])
            let held = try await fixture.lease(2, for: .seconds(15)).map(\.key)
            try await fixture.enqueue(["3", "4", "5"])
            fixture.clock.advance(.seconds(16))
            #expect(Set(try await fixture.lease(2).map(\.key)) == Set(held))
            #expect(try await fixture.lease(1).map(\.key.id) == ["3"])
        }
    }

    @Test("A due resource that became ready is as old as its due time")
    func dueAge() async throws {
        try await QueueFixture.with { fixture async throws in
            try await fixture.queue.enqueue([Enqueue(.user("jo"), lane: .bulk, delay: .seconds(10))])
            fixture.clock.advance(.seconds(25))
            _ = try await fixture.lease(0)
            #expect(try await fixture.queue.depth().lanes[.bulk]?.oldestReadyAge == .seconds(15))
        }
    }

    @Test("The sweep learns which resources are queued, in any number")
    func known() async throws {
        try await QueueFixture.with { fixture async throws in
            let queued = (0..<1_500).map { ResourceKey.user("\($0)") }
            try await fixture.queue.enqueue(queued.map { Enqueue($0, lane: .bulk) })
            _ = try await fixture.lease(3)
            let missing = (0..<1_500).map { ResourceKey.user("missing-\($0)") }
            #expect(try await fixture.queue.known(queued + missing) == Set(queued))
            #expect(try await fixture.queue.known([]) == [])
        }
    }

    @Test("A scan sees every queued resource")
    func scan() async throws {
        try await QueueFixture.with { fixture async throws in
            let queued = (0..<2_500).map { ResourceKey.user("\($0)") }
            try await fixture.queue.enqueue(queued.map { Enqueue($0, lane: .bulk) })
            var seen: Set<ResourceKey> = []
            var pages = 0
            var cursor: String?
            repeat {
                let page = try await fixture.queue.scan(cursor)
                seen.formUnion(page.keys)
                cursor = page.cursor
                pages += 1
            } while cursor != nil && pages < 100
            #expect(seen == Set(queued))
            #expect(pages > 1)
        }
    }

    @Test("Forgetting removes what waits and leaves what is leased")
    func forget() async throws {
        try await QueueFixture.with { fixture async throws in
            try await fixture.enqueue(["leased"])
            let lease = try #require(try await fixture.lease().first)
            try await fixture.enqueue(["ready"], lane: .repair)
            try await fixture.queue.enqueue([Enqueue(.user("due"), lane: .bulk, delay: .seconds(9))])
            let keys = ["leased", "ready", "due", "absent"].map { ResourceKey.user($0) }
            #expect(try await fixture.queue.forget(keys) == 2)
            #expect(try await fixture.queue.known(keys) == [lease.key])
            #expect(try await fixture.queue.renew([lease], for: .seconds(15)).isEmpty)
            #expect(try await fixture.lease(5).isEmpty)
        }
    }

    @Test("Of resources that are due later, only those that still are can be forgotten")
    func forgetDelayed() async throws {
        try await QueueFixture.with { fixture async throws in
            try await fixture.enqueue(["leased"])
            _ = try await fixture.lease()
            try await fixture.enqueue(["ready"])
            try await fixture.queue.enqueue([Enqueue(.user("due"), lane: .bulk, delay: .seconds(9))])
            let keys = ["leased", "ready", "due", "absent"].map { ResourceKey.user($0) }
            #expect(try await fixture.queue.forget(keys, ifDelayed: true) == 1)
            #expect(try await fixture.queue.known(keys) == [.user("leased"), .user("ready")])
            #expect(try await fixture.lease(5).map(\.key) == [.user("ready")])
        }
    }

    @Test("Detached enqueues arrive, and a burst is gathered into few calls")
    func detached() async throws {
        let server = try await RedisServer.start()
        defer { server.stop() }
        try await withRedis(server.url) { client async throws in
            let queue = WorkQueue(client: client, name: "burst")
            let generation = try await queue.beginRebuild()
            try await queue.finishRebuild(generation: generation)
            for index in 0..<2_000 { queue.enqueueDetached([Enqueue(.user("\(index)"), lane: .interactive)]) }
            let limit = ContinuousClock.now + .seconds(30)
            while try await queue.depth().ready < 2_000, ContinuousClock.now < limit {}
            #expect(try await queue.depth().ready == 2_000)
            #expect(queue.enqueueFailures == 0)
            let info = try await client.send(RedisCommand("INFO", "commandstats")).string ?? ""
            let evaluated = info.split(whereSeparator: \.isNewline).filter { $0.hasPrefix("cmdstat_rpush:calls=") }
            let calls = evaluated.first?.split(separator: "=")[1].split(separator: ",").first.flatMap { Int($0) }
            #expect(try #require(calls) < 1_000)
        }
    }

    @Test("Detached enqueues that cannot arrive are counted")
    func detachedFailures() async throws {
        let server = try await RedisServer.start()
        defer { server.stop() }
        try await withRedis(server.url) { client async throws in
            let queue = WorkQueue(client: client, name: "away")
            // Lost: nothing may be enqueued before a rebuild.
            queue.enqueueDetached([Enqueue(.user("1"), lane: .bulk), Enqueue(.user("2"), lane: .bulk)])
            try await wait(until: "both have failed") { queue.enqueueFailures >= 2 }
            #expect(queue.enqueueFailures == 2)
            server.stop()
            try await wait(until: "the connection is lost") { !client.isConnected }
            for index in 0..<100 { queue.enqueueDetached([Enqueue(.user("\(index)"), lane: .bulk)]) }
            #expect(queue.enqueueFailures == 102)
            let error = await #expect(throws: RedisError.self) {
                try await queue.enqueue([Enqueue(.user("x"), lane: .bulk)])
            }
            #expect(error?.kind == .notConnected)
        }
    }

    @Test("Every script survives SCRIPT FLUSH")
    func scriptFlush() async throws {
        let server = try await RedisServer.start()
        defer { server.stop() }
        try await withRedis(server.url) { client async throws in
            let queue = WorkQueue(client: client, name: "flushed")
            func turn() async throws {
                let flush = RedisCommand("SCRIPT", "FLUSH")
                _ = try await client.send(flush)
                let generation = try await queue.beginRebuild(paused: [])
                _ = try await client.send(flush)
                #expect(try await queue.finishRebuild(generation: generation) == .ready(generation: generation))
                _ = try await client.send(flush)
                try await queue.enqueue([Enqueue(.user("jo"), lane: .bulk)])
                _ = try await client.send(flush)
                let lease = try #require(try await queue.lease(upTo: 1, for: .seconds(15), worker: "w").leases.first)
                _ = try await client.send(flush)
                #expect(try await queue.renew([lease], for: .seconds(15)).isEmpty)
                _ = try await client.send(flush)
                let answer = try await queue.release(
                    [Release(lease, next: .forget)], leaseNext: 0, for: .seconds(15), worker: "w")
                #expect(answer.staleReleases == 0)
                _ = try await client.send(flush)
                #expect(try await queue.depth().leased == 0)
            }
            try await turn()
            try await turn()
        }
    }

    @Test("In production scripts go by the time of Redis")
    func redisTime() async throws {
        try await withKeyPrefix { client, name async throws in
            let queue = WorkQueue(client: client, name: name)
            let generation = try await queue.beginRebuild()
            try await queue.finishRebuild(generation: generation)
            let time = try await client.send(RedisCommand("TIME")).array?.first?.integer ?? 0
            #expect(abs(generation / 1_000 - time) < 60)
            try await queue.enqueue([Enqueue(.user("jo"), lane: .bulk, delay: .milliseconds(1))])
            let limit = ContinuousClock.now + .seconds(20)
            var leases: [QueueLease] = []
            while leases.isEmpty, ContinuousClock.now < limit {
                leases = try await queue.lease(upTo: 1, for: .seconds(15), worker: "w").leases
            }
            #expect(leases.map(\.key.id) == ["jo"])
        }
    }
}
