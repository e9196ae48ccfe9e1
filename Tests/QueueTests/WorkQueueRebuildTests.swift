// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Executors
import Redis
import TestSupport
import Testing

@testable import Queue

@Suite struct WorkQueueRebuildTests {
    @Test("A lost queue takes nothing, gives nothing, and says so")
    func lost() async throws {
        try await QueueFixture.with(isAlive: false) { fixture async throws in
            let queue = fixture.queue
            #expect(try await queue.state() == .lost)
            #expect(try await queue.enqueue([Enqueue(.user("jo"), lane: .bulk)]) == .lost)
            #expect(try await queue.enqueue([]) == .lost)
            #expect(try await queue.lease(upTo: 1, for: .seconds(15), worker: "w").generation == .lost)
            #expect(try await queue.finishRebuild(generation: 1) == .lost)
            #expect(try await queue.pause(.all) == .lost)
            #expect(try await queue.depth().state == .lost)
            #expect(try await queue.forget([.user("jo")]) == 0)
            #expect(try await queue.position(of: .user("jo")) == nil)
            let lease = QueueLease(
                key: .user("jo"), token: "w:1", lane: .bulk, generation: 1, deadline: .now + .seconds(15))
            #expect(try await queue.renew([lease], for: .seconds(15)).isEmpty)
            let answer = try await queue.release(
                [Release(lease, next: .again)], leaseNext: 1, for: .seconds(15), worker: "w")
            #expect(answer.generation == .lost)
            #expect(try await fixture.client.send(RedisCommand("KEYS", "{scim:\(fixture.name)}:*")).array == [])
        }
    }

    @Test("Enqueue and lease work during a rebuild; only its own generation ends it")
    func rebuilding() async throws {
        try await QueueFixture.with(isAlive: false) { fixture async throws in
            let queue = fixture.queue
            let first = try await queue.beginRebuild()
            #expect(try await queue.state() == .rebuilding(generation: first))
            #expect(try await queue.enqueue([Enqueue(.user("jo"), lane: .bulk)]) == .rebuilding(generation: first))
            let answer = try await queue.lease(upTo: 1, for: .seconds(15), worker: "w")
            #expect(answer.generation == .rebuilding(generation: first))
            #expect(answer.leases.map(\.generation) == [first])
            let second = try await queue.beginRebuild()
            #expect(second > first)
            #expect(try await queue.finishRebuild(generation: first) == .rebuilding(generation: second))
            #expect(try await queue.finishRebuild(generation: second) == .ready(generation: second))
            #expect(try await queue.finishRebuild(generation: second) == .ready(generation: second))
            #expect(try await queue.state() == .ready(generation: second))
        }
    }

    @Test("A rebuild puts back lane, due time and paused scopes, and is no use twice")
    func chunks() async throws {
        try await QueueFixture.with(isAlive: false) { fixture async throws in
            let queue = fixture.queue
            let generation = try await queue.beginRebuild(paused: [.tenant("held"), .lane(.repair)])
            let chunk = (0..<700).map { index in
                Enqueue(
                    .user("\(index)", tenant: index % 7 == 0 ? "held" : "default"),
                    lane: index % 2 == 0 ? .bulk : .repair,
                    delay: index % 10 == 0 ? .seconds(index + 1) : nil)
            }
            for _ in 0..<2 { #expect(try await queue.rebuild(chunk) == .rebuilding(generation: generation)) }
            try await queue.finishRebuild(generation: generation)
            let depth = try await queue.depth()
            #expect(depth.due == 70)
            #expect(depth.lanes[.bulk]?.ready == 280)
            #expect(depth.lanes[.repair]?.ready == 350)
            #expect(depth.nextDue == .seconds(1))
            #expect(try await queue.pausedScopes() == [.tenant("held"), .lane(.repair)])
            let leases = try await fixture.lease(250)
            #expect(leases.allSatisfy { $0.lane == .bulk && $0.key.tenant == "default" })
        }
    }

    @Test("A rebuild of a queue that was not lost keeps its leases and paused scopes")
    func inPlace() async throws {
        try await QueueFixture.with { fixture async throws in
            try await fixture.enqueue(["held", "waiting"])
            try await fixture.queue.pause(.lane(.bulk))
            let lease = try #require(try await fixture.lease().first)
            let generation = try await fixture.queue.beginRebuild()
            try await fixture.queue.rebuild([Enqueue(lease.key, lane: .bulk)])
            try await fixture.queue.finishRebuild(generation: generation)
            #expect(try await fixture.queue.renew([lease], for: .seconds(15)).isEmpty)
            #expect(try await fixture.queue.pausedScopes() == [.lane(.bulk)])
            #expect(try await fixture.queue.depth().ready == 1)
        }
    }

    @Test("A lease from before the loss is registered anew, during the rebuild and after it", arguments: [true, false])
    func leaseSurvives(isFinished: Bool) async throws {
        try await QueueFixture.with { fixture async throws in
            let queue = fixture.queue
            try await fixture.enqueue(["jo", "al"])
            let leases = try await fixture.lease(2)
            try await fixture.lose()
            // Missing is lost, not somebody else's.
            #expect(try await queue.renew(leases, for: .seconds(15)).isEmpty)
            let generation = try await queue.beginRebuild()
            try await queue.rebuild([Enqueue(leases[0].key, lane: .bulk)])
            if isFinished { try await queue.finishRebuild(generation: generation) }
            #expect(try await queue.renew(leases, for: .seconds(15)).isEmpty)
            for lease in leases {
                guard case .leased(_, let token, let isDirty) = try await queue.position(of: lease.key)?.place
                else { return #expect(Bool(false), "\(lease.key) is not leased") }
                #expect(token == lease.token)
                // The rebuild queued this one: somebody may know of new work.
                #expect(isDirty == (lease == leases[0]))
            }
            #expect(try await fixture.lease(5).isEmpty)
            _ = try await queue.release(
                leases.map { Release($0, next: .forget) }, leaseNext: 0, for: .seconds(15), worker: "w")
            #expect(try await queue.depth().ready == 1)
            #expect(try await queue.depth().leased == 0)
        }
    }

    @Test("Whoever leased the resource after the loss keeps it")
    func newHolderWins() async throws {
        try await QueueFixture.with { fixture async throws in
            let queue = fixture.queue
            try await fixture.enqueue(["jo"])
            let old = try #require(try await fixture.lease().first)
            try await fixture.lose()
            try await queue.beginRebuild()
            try await queue.rebuild([Enqueue(old.key, lane: .bulk)])
            let new = try #require(try await fixture.lease().first)
            #expect(try await queue.renew([old], for: .seconds(15)) == [old.key])
            #expect(try await fixture.release(old, .again).staleReleases == 1)
            #expect(try await queue.renew([new], for: .seconds(15)).isEmpty)
        }
    }

    @Test("A lease that is over by its own clock is not registered anew")
    func overdueLease() async throws {
        try await QueueFixture.with { fixture async throws in
            try await fixture.enqueue(["jo"])
            var old = try #require(try await fixture.lease().first)
            try await fixture.lose()
            try await fixture.queue.beginRebuild()
            old.deadline = .now - .milliseconds(1)
            #expect(try await fixture.queue.renew([old], for: .seconds(15)) == [old.key])
            #expect(try await fixture.queue.position(of: old.key) == nil)
        }
    }

    @Test("A released lease of this generation does not come back by a late renewal")
    func lateRenewal() async throws {
        try await QueueFixture.with { fixture async throws in
            try await fixture.enqueue(["jo"])
            let lease = try #require(try await fixture.lease().first)
            try await fixture.release(lease)
            #expect(try await fixture.queue.renew([lease], for: .seconds(15)) == [lease.key])
            #expect(try await fixture.queue.position(of: lease.key) == nil)
        }
    }

    @Test("FLUSHALL while workers lease and writers enqueue: every resource is worked on, none by two at once")
    func flushedInUse() async throws {
        let server = try await RedisServer.start()
        defer { server.stop() }
        try await withRedis(server.url) { client async throws in
            let queue = WorkQueue(client: client, name: "flushed")
            let generation = try await queue.beginRebuild()
            try await queue.finishRebuild(generation: generation)
            // Stands for PostgreSQL: which resources have open jobs, and who may work on one.
            let truth = TruthForTests()
            let keys = (0..<300).map { ResourceKey.user("\($0)", tenant: "t\($0 % 3)") }
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    for key in keys {
                        truth.open(key)
                        queue.enqueueDetached([Enqueue(key, lane: .interactive)])
                        _ = try await client.send(RedisCommand("PING"))
                    }
                }
                group.addTask {
                    for _ in 0..<5 {
                        _ = try await client.send(RedisCommand("FLUSHALL"))
                        var generation = try await queue.beginRebuild(paused: [])
                        while true {
                            let entries = truth.openKeys.map { Enqueue($0, lane: .repair) }
                            if try await queue.rebuild(entries) != .lost,
                                case .ready = try await queue.finishRebuild(generation: generation)
                            {
                                break
                            }
                            generation = try await queue.beginRebuild(paused: [])
                        }
                    }
                }
                for worker in 0..<6 {
                    group.addTask {
                        let limit = ContinuousClock.now + .seconds(60)
                        while !truth.isDone(keys), ContinuousClock.now < limit {
                            let answer = try await queue.lease(upTo: 3, for: .seconds(5), worker: "w\(worker)")
                            var releases: [Release] = []
                            for lease in answer.leases {
                                // As in PostgreSQL: the outcome counts only for the one confirmed holder.
                                if truth.confirm(lease) {
                                    _ = try await client.send(RedisCommand("PING"))
                                    _ = try await queue.renew([lease], for: .seconds(5))
                                    truth.finish(lease)
                                }
                                releases.append(Release(lease, next: .forget))
                            }
                            if !releases.isEmpty {
                                _ = try await queue.release(
                                    releases, leaseNext: 0, for: .seconds(5), worker: "w\(worker)")
                            }
                            // The sweep: what is open and in no set is enqueued again.
                            if answer.leases.isEmpty {
                                let open = truth.openKeys
                                let known = try await queue.known(open)
                                try await queue.enqueue(
                                    open.filter { !known.contains($0) }.map { Enqueue($0, lane: .repair) })
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(truth.isDone(keys))
            #expect(truth.overlaps == 0)
            #expect(try await queue.depth().dirty == 0)
        }
    }
}

/// The part of PostgreSQL that the queue's users rely on.
private final class TruthForTests: Sendable {
    private struct State {
        var open: Set<ResourceKey> = []
        var seen: Set<ResourceKey> = []
        var holders: [ResourceKey: String] = [:]
        var working: Set<ResourceKey> = []
        var overlaps = 0
    }

    private let state = Locked(State())

    var openKeys: [ResourceKey] { state.withLock { Array($0.open) } }
    var overlaps: Int { state.withLock { $0.overlaps } }

    func open(_ key: ResourceKey) {
        state.withLock { state in
            state.open.insert(key)
            state.seen.insert(key)
        }
    }

    func isDone(_ keys: [ResourceKey]) -> Bool { state.withLock { $0.seen.count == keys.count && $0.open.isEmpty } }

    func confirm(_ lease: QueueLease) -> Bool {
        state.withLock { state in
            guard state.holders[lease.key] == nil else { return false }
            state.holders[lease.key] = lease.token
            if !state.working.insert(lease.key).inserted { state.overlaps += 1 }
            return true
        }
    }

    func finish(_ lease: QueueLease) {
        state.withLock { state in
            state.holders[lease.key] = nil
            state.working.remove(lease.key)
            state.open.remove(lease.key)
        }
    }
}
