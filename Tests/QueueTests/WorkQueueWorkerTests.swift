// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Executors
import Redis
import TestSupport
import Testing

@testable import Queue

@Suite struct WorkQueueWorkerTests {
    private func withQueue(_ body: (WorkQueue, RedisClient, RedisServer) async throws -> Void) async throws {
        let server = try await RedisServer.start()
        defer { server.stop() }
        try await withRedis(server.url) { client async throws in
            let queue = WorkQueue(client: client, name: "workers")
            let generation = try await queue.beginRebuild()
            try await queue.finishRebuild(generation: generation)
            try await body(queue, client, server)
        }
    }

    private func waitForBlocked(_ count: Int, _ client: RedisClient) async throws {
        try await wait(until: "\(count) clients are blocked") {
            let info = try await client.send(RedisCommand("INFO", "clients")).string ?? ""
            return info.split(whereSeparator: \.isNewline).contains("blocked_clients:\(count)")
        }
    }

    @Test("An enqueue wakes a waiting worker", arguments: [true, false])
    func wake(isDetached: Bool) async throws {
        try await withQueue { queue, client, _ async throws in
            let waiting = Task { try await queue.waitForWork(upTo: .seconds(60), worker: "w") }
            try await waitForBlocked(1, client)
            let entry = Enqueue(.user("jo"), lane: .interactive)
            if isDetached { queue.enqueueDetached([entry]) } else { try await queue.enqueue([entry]) }
            #expect(try await waiting.value)
            #expect(try await queue.lease(upTo: 1, for: .seconds(15), worker: "w").leases.count == 1)
        }
    }

    @Test("Announced events wake whoever sends them; without a sender one token is all there is, and it goes by itself")
    func announcedEvents() async throws {
        try await withQueue { queue, client, _ async throws in
            let waiting = Task { try await queue.waitForEvents(upTo: .seconds(60)) }
            try await waitForBlocked(1, client)
            queue.announceEvents()
            #expect(try await waiting.value)
            #expect(try await client.send(RedisCommand("EXISTS", "{scim:workers}:events")).integer == 0)

            // However many come while nobody looks, and while one is on its way.
            for _ in 0..<100 { queue.announceEvents() }
            #expect(try await queue.waitForEvents(upTo: .seconds(60)))
            // A call of its own, which is answered after what was announced before it.
            func settle() async throws { _ = try await queue.depth() }
            try await settle()
            for _ in 0..<3 {
                queue.announceEvents()
                try await settle()
            }
            #expect(try await client.send(RedisCommand("LLEN", "{scim:workers}:events")).integer == 1)
            let rest = try await client.send(RedisCommand("PTTL", "{scim:workers}:events")).integer ?? -1
            #expect((1...10_000).contains(rest))
            #expect(try await queue.waitForEvents(upTo: .seconds(60)))
        }
    }

    @Test("With EVENTS_EMIT_ON=accepted an enqueue after a commit means an event; otherwise it means none")
    func announcedAcceptance() async throws {
        try await withQueue { queue, client, _ async throws in
            let accepting = WorkQueue(client: client, name: "workers", announcesAcceptance: true)
            let waiting = Task { try await queue.waitForEvents(upTo: .seconds(60)) }
            try await waitForBlocked(1, client)
            accepting.enqueueDetached([Enqueue(.user("jo"), lane: .interactive)])
            #expect(try await waiting.value)
            queue.enqueueDetached([Enqueue(.user("jane"), lane: .interactive)])
            // One connection: what the enqueue had announced would have gone before this.
            _ = try await queue.depth()
            #expect(try await client.send(RedisCommand("EXISTS", "{scim:workers}:events")).integer == 0)
        }
    }

    @Test("A resource due earlier than all others wakes a worker, which learns the new time")
    func wakeForDue() async throws {
        try await withQueue { queue, client, _ async throws in
            try await queue.enqueue([Enqueue(.user("late"), lane: .bulk, delay: .seconds(300))])
            // Nothing is ready: the worker takes the token away and waits for what is due.
            #expect(try await queue.lease(upTo: 1, for: .seconds(15), worker: "w").leases.isEmpty)
            let waiting = Task { try await queue.waitForWork(upTo: .seconds(60), worker: "w") }
            try await waitForBlocked(1, client)
            try await queue.enqueue([Enqueue(.user("later"), lane: .bulk, delay: .seconds(400))])
            try await queue.enqueue([Enqueue(.user("sooner"), lane: .bulk, delay: .seconds(100))])
            #expect(try await waiting.value)
            let nextDue = try await queue.lease(upTo: 1, for: .seconds(15), worker: "w").nextDue
            #expect(try #require(nextDue) <= .seconds(100))
        }
    }

    @Test("A release that makes a resource ready wakes somebody, if the releasing worker leaves it")
    func wakeByRelease() async throws {
        try await withQueue { queue, client, _ async throws in
            try await queue.enqueue([Enqueue(.user("jo"), lane: .bulk)])
            let lease = try #require(try await queue.lease(upTo: 2, for: .seconds(15), worker: "w").leases.first)
            let waiting = Task { try await queue.waitForWork(upTo: .seconds(60), worker: "x") }
            try await waitForBlocked(1, client)
            _ = try await queue.release([Release(lease, next: .again)], leaseNext: 0, for: .seconds(15), worker: "w")
            #expect(try await waiting.value)
        }
    }

    @Test("A worker that takes a part wakes the next one for the rest")
    func wakeChain() async throws {
        try await withQueue { queue, client, _ async throws in
            let workers = 4
            let taken = Shared<Set<ResourceKey>>([])
            try await withThrowingTaskGroup(of: Void.self) { group in
                for worker in 0..<workers {
                    group.addTask {
                        guard try await queue.waitForWork(upTo: .seconds(60), worker: "w\(worker)") else { return }
                        let leases = try await queue.lease(upTo: 1, for: .seconds(60), worker: "w\(worker)").leases
                        taken.update { $0.formUnion(leases.map(\.key)) }
                    }
                }
                try await waitForBlocked(workers, client)
                try await queue.enqueue((0..<workers).map { Enqueue(.user("\($0)"), lane: .bulk) })
                try await group.waitForAll()
            }
            #expect(taken.value.count == workers)
        }
    }

    @Test("Resuming wakes a waiting worker")
    func wakeByResume() async throws {
        try await withQueue { queue, client, _ async throws in
            try await queue.pause(.all)
            try await queue.enqueue([Enqueue(.user("jo"), lane: .bulk)])
            #expect(try await queue.lease(upTo: 1, for: .seconds(15), worker: "w").isPaused)
            let waiting = Task { try await queue.waitForWork(upTo: .seconds(60), worker: "w") }
            try await waitForBlocked(1, client)
            try await queue.resume(.all)
            #expect(try await waiting.value)
        }
    }

    @Test("Tokens without work do not pile up")
    func tokens() async throws {
        try await QueueFixture.with { fixture async throws in
            for index in 0..<200 { try await fixture.enqueue(["\(index)"]) }
            #expect(try await fixture.wakeTokens == 64)
            _ = try await fixture.lease(200)
            _ = try await fixture.lease(1)
            #expect(try await fixture.wakeTokens == 0)
        }
    }

    @Test("The wait ends when its time is over, and no time is no wait")
    func timeLimit() async throws {
        try await withKeyPrefix { client, name async throws in
            let queue = WorkQueue(client: client, name: name)
            #expect(try await !queue.waitForWork(upTo: .milliseconds(15), worker: "w"))
            #expect(try await !queue.waitForWork(upTo: .zero, worker: "w"))
            #expect(try await !queue.waitForWork(upTo: .seconds(-1), worker: "w"))
            #expect(try await !queue.waitForWork(upTo: .microseconds(1), worker: "w"))
        }
    }

    @Test("A cancelled wait ends at once")
    func cancelled() async throws {
        try await withQueue { queue, client, _ async throws in
            let waiting = Task { try await queue.waitForWork(upTo: .seconds(600), worker: "w") }
            try await waitForBlocked(1, client)
            waiting.cancel()
            let error = await #expect(throws: RedisError.self) { try await waiting.value }
            #expect(error?.kind == .cancelled)
        }
    }

    @Test("Two workers never hold the same resource, and every resource is worked on")
    func mutualExclusion() async throws {
        try await withQueue { queue, client, _ async throws in
            let held = Shared<[ResourceKey: String]>([:])
            let turns = Shared<[ResourceKey: Int]>([:])
            let overlaps = Shared(0)
            let keys = (0..<40).map { ResourceKey.user("\($0)", tenant: "t\($0 % 4)") }
            let goal = 25
            try await withThrowingTaskGroup(of: Void.self) { group in
                for worker in 0..<8 {
                    group.addTask {
                        let name = "w\(worker)"
                        var leases = try await queue.lease(upTo: 4, for: .seconds(60), worker: name).leases
                        let limit = ContinuousClock.now + .seconds(60)
                        while keys.contains(where: { turns.value[$0, default: 0] < goal }),
                            ContinuousClock.now < limit
                        {
                            for lease in leases {
                                let other = held.update { $0.updateValue(lease.token, forKey: lease.key) }
                                if other != nil { overlaps.update { $0 += 1 } }
                            }
                            // New work for what is held, by itself or by others.
                            try await queue.enqueue(
                                keys.shuffled().prefix(5).map {
                                    Enqueue($0, lane: Lane.allCases.randomElement() ?? .bulk)
                                })
                            for lease in leases {
                                held.update { $0[lease.key] = nil }
                                turns.update { $0[lease.key, default: 0] += 1 }
                            }
                            leases = try await queue.release(
                                leases.map { Release($0, next: Bool.random() ? .forget : .due(.milliseconds(1))) },
                                leaseNext: 4, for: .seconds(60), worker: name
                            ).leases
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(overlaps.value == 0)
            #expect(keys.allSatisfy { turns.value[$0, default: 0] >= goal })
        }
    }

    @Test("A worker that dies: its resources are given to others after the lease, with another token")
    func crash() async throws {
        try await QueueFixture.with { fixture async throws in
            try await fixture.enqueue(["jo"])
            let dead = try #require(try await fixture.lease(1, for: .seconds(15)).first)
            fixture.clock.advance(.seconds(14))
            #expect(try await fixture.lease().isEmpty)
            fixture.clock.advance(.seconds(1))
            let next = try #require(try await fixture.lease().first)
            #expect(next.key == dead.key)
            #expect(next.token != dead.token)
            #expect(try await fixture.queue.renew([dead, next], for: .seconds(15)) == [dead.key])
            #expect(try await fixture.release(dead, .again).staleReleases == 1)
            guard case .leased(_, let token, false) = try await fixture.queue.position(of: next.key)?.place
            else { return #expect(Bool(false), "the second lease was disturbed") }
            #expect(token == next.token)
        }
    }

    @Test("Renewals keep a lease for as long as they come")
    func renewal() async throws {
        try await QueueFixture.with { fixture async throws in
            try await fixture.enqueue(["jo"])
            let lease = try #require(try await fixture.lease(1, for: .seconds(15)).first)
            for _ in 0..<10 {
                fixture.clock.advance(.seconds(14))
                #expect(try await fixture.queue.renew([lease], for: .seconds(15)).isEmpty)
                #expect(try await fixture.lease().isEmpty)
            }
            #expect(try await fixture.release(lease).staleReleases == 0)
        }
    }

    @Test("When Redis is full nothing can be enqueued, but leases go on and the queue drains")
    func fullRedis() async throws {
        try await withQueue { queue, client, _ async throws in
            try await queue.enqueue((0..<4).map { Enqueue(.user("\($0)"), lane: .bulk) })
            let held = try await queue.lease(upTo: 2, for: .seconds(15), worker: "w").leases
            _ = try await client.send(RedisCommand("CONFIG", "SET", "maxmemory", "1"))
            let error = await #expect(throws: RedisError.self) {
                try await queue.enqueue([Enqueue(.user("new"), lane: .bulk)])
            }
            #expect(error?.prefix == "OOM")
            #expect(error?.canRetry == true)
            #expect(try await queue.renew(held, for: .seconds(15)).isEmpty)
            let answer = try await queue.release(
                [Release(held[0], next: .forget), Release(held[1], next: .due(.seconds(60)))], leaseNext: 1,
                for: .seconds(15), worker: "w")
            #expect(answer.staleReleases == 0)
            #expect(answer.leases.count == 1)
            #expect(try await queue.lease(upTo: 5, for: .seconds(15), worker: "w").leases.count == 1)
            _ = try await client.send(RedisCommand("CONFIG", "SET", "maxmemory", "0"))
            let depth = try await queue.depth()
            #expect([depth.ready, depth.due, depth.leased] == [0, 1, 2])
        }
    }

    @Test("Long lists of renewals and releases are split")
    func longLists() async throws {
        try await QueueFixture.with { fixture async throws in
            try await fixture.enqueue((0..<700).map { "\($0)" })
            var leases: [QueueLease] = []
            for _ in 0..<3 { leases += try await fixture.lease(256) }
            #expect(leases.count == 700)
            #expect(try await fixture.queue.renew(leases, for: .seconds(15)).isEmpty)
            let releases = leases.map { Release($0, next: .again) }
            let answer = try await fixture.queue.release(releases, leaseNext: 3, for: .seconds(15), worker: "w")
            #expect(answer.staleReleases == 0)
            #expect(answer.leases.count == 3)
            #expect(try await fixture.queue.depth().ready == 697)
            let again = try await fixture.queue.release(releases, leaseNext: 0, for: .seconds(15), worker: "w")
            #expect(again.staleReleases == 700)
        }
    }

    @Test("An outage of Redis is an error for everybody, and the queue goes on afterwards")
    func outage() async throws {
        try await withQueue { queue, client, server async throws in
            try await queue.enqueue([Enqueue(.user("jo"), lane: .bulk)])
            server.stop()
            try await wait(until: "the connection is lost") { !client.isConnected }
            let error = await #expect(throws: RedisError.self) {
                try await queue.lease(upTo: 1, for: .seconds(15), worker: "w")
            }
            #expect(error?.kind == .notConnected)
            await #expect(throws: RedisError.self) { try await queue.waitForWork(upTo: .seconds(60), worker: "w") }
            try await server.restart()
            try await wait(until: "there is a connection") { client.isConnected }
            #expect(try await queue.state() == .lost)
            let generation = try await queue.beginRebuild()
            try await queue.rebuild([Enqueue(.user("jo"), lane: .bulk)])
            try await queue.finishRebuild(generation: generation)
            #expect(try await queue.lease(upTo: 1, for: .seconds(15), worker: "w").leases.count == 1)
        }
    }
}

/// A value that several tasks change.
private final class Shared<Value: Sendable>: Sendable {
    private let mutex: Locked<Value>

    init(_ value: Value) { mutex = Locked(value) }

    var value: Value { mutex.withLock { $0 } }

    @discardableResult
    func update<Result: Sendable>(_ body: (inout Value) -> Result) -> Result {
        mutex.withLock { value in
            var copy = value
            let result = body(&copy)
            value = copy
            return result
        }
    }
}
