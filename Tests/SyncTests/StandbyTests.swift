// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Executors
import SCIM
import ServiceLifecycle
import Storage
import TestSupport
import Testing
import UDM
import UDMDouble

@testable import Queue
@testable import Sync

/// Leases that are confirmed before UDM has a place for them.
@Suite(.serialized) struct StandbyTests {
    private static func settings(_ milliseconds: Int) -> UDMDouble.Settings {
        var settings = UDMDouble.Settings()
        settings.latency = ["*": .fixed(milliseconds: Double(milliseconds))]
        return settings
    }

    private static func answer(
        _ generation: Int64, places: Int = 0, breaker: CallLimitState.Breaker = .closed, era: Int64 = 0,
        isPaused: Bool = false
    ) -> LeaseAnswer {
        LeaseAnswer(
            leases: [], nextDue: nil, isPaused: isPaused, generation: .ready(generation: generation), staleReleases: 0,
            limit: CallLimitState(breaker: breaker, limit: 4, era: era), isAtLimit: true, places: places, surplus: 0)
    }

    /// A worker that asks Redis for nothing by itself, with the leases of three users and so many places.
    private static func withLeases(
        places: Int, latency: Int = 30, crashes: Int = 0,
        _ body: (SyncFixture, SyncWorker, _ generation: Int64) async throws -> Void
    ) async throws {
        try await SyncFixture.run(settings: settings(latency)) { fixture in
            for name in ["jo", "flo", "mo"] { try await fixture.createUser(name) }
            try await fixture.run("UPDATE job SET crashes = \(crashes)")
            let (worker, client) = try fixture.makeWorker()
            let leases = try await fixture.queue.lease(upTo: 3, for: .seconds(8), worker: "w").leases
            #expect(leases.count == 3)
            let generation = try #require(leases.first?.generation)
            await worker.prepare()
            await worker.took(answer(generation, places: places))
            await worker.begin(leases, asked: .now)
            try await fixture.until { await worker.batches.isEmpty }
            try await body(fixture, worker, generation)
            try await fixture.until { await worker.isQuiet }
            try await client.shutdown()
        }
    }

    /// Nothing is held against what was given back: no crash, no attempt, no call to look for.
    private static func expectNoTrace(_ fixture: SyncFixture) async throws {
        #expect(try await fixture.number("SELECT coalesce(sum(crashes + attempts), 0) FROM job") == 0)
        #expect(try await fixture.number("SELECT count(*) FROM verification") == 0)
        #expect(
            try await fixture.number("SELECT count(*) FROM resource_sync WHERE ambiguous_since IS NOT NULL") == 0)
    }

    @Test("One place is enough for all that stand by, one after the other as soon as the one before has made its call")
    func onePlace() async throws {
        try await Self.withLeases(places: 1) { fixture, worker, _ in
            #expect(await worker.standby.count == 2)
            try await fixture.drain()
            #expect(fixture.mostRequestsAtOnce == 1)
            #expect(try await fixture.states() == ["done": 3])
        }
    }

    @Test("Without a place nothing begins; when there is room, what stands by begins with the answer that says so")
    func room() async throws {
        try await Self.withLeases(places: 0) { fixture, worker, generation in
            #expect(await worker.standby.count == 3)
            #expect(fixture.double.requests().isEmpty)
            await worker.took(Self.answer(generation, places: 3))
            #expect(await worker.standby.isEmpty)
            try await fixture.drain()
        }
    }

    @Test(
        "What stands by is given back at once when the breaker opens, and when everything is paused",
        arguments: [CallLimitState.Breaker.open, .halfOpen, .closed])
    func unwanted(breaker: CallLimitState.Breaker) async throws {
        try await Self.withLeases(places: 1, latency: 400) { fixture, worker, generation in
            let isPause = breaker == .closed
            await worker.took(
                Self.answer(generation, breaker: breaker, era: isPause ? 0 : 1, isPaused: isPause))
            #expect(await worker.standby.isEmpty)
            try await fixture.until { await worker.returning == 0 }
            #expect(await worker.finished.map(\.next) == [.untouched, .untouched])
            #expect(try await fixture.leases() == 1)
            try await Self.expectNoTrace(fixture)
        }
    }

    @Test("What has stood by for a second is given back, and then nothing stands by for a while")
    func old() async throws {
        try await Self.withLeases(places: 0) { fixture, worker, _ in
            #expect(await worker.held.count == 3)
            try await fixture.until { await worker.hasReturned }
            #expect(await worker.finished.map(\.next) == [.untouched, .untouched, .untouched])
            #expect(try await fixture.leases() == 0)
            try await Self.expectNoTrace(fixture)
            #expect(fixture.double.requests().isEmpty)
            #expect(await worker.pace.level(calling: 64) == 0)
        }
    }

    @Test("When Redis was emptied, what stood by is given back and queued there; places of before count for nothing")
    func emptied() async throws {
        try await Self.withLeases(places: 1, latency: 400) { fixture, worker, _ in
            try await fixture.emptyQueue()
            let generation = try await fixture.queue.beginRebuild()
            _ = try await fixture.queue.finishRebuild(generation: generation)
            await worker.took(Self.answer(generation))
            #expect(await worker.standby.isEmpty)
            try await fixture.until { try await fixture.queue.depth().ready == 2 }
            #expect(await worker.finished.isEmpty)
            #expect(try await fixture.leases() == 1)
            try await Self.expectNoTrace(fixture)
            // The turn of before rests and ends, and leaves no place.
            try await fixture.until { await worker.held.isEmpty }
            #expect(await worker.places.credit == 0)
        }
    }

    @Test("Writes of which one more crash would be the last are tried one after the other; that one ended is no crash")
    func lastTries() async throws {
        try await Self.withLeases(places: 3, crashes: 4) { fixture, worker, _ in
            #expect(await worker.standby.count == 2)
            try await fixture.drain()
            #expect(fixture.mostRequestsAtOnce == 1)
            #expect(try await fixture.states() == ["done": 3])
        }
    }

    @Test("A write whose last try cannot begin is given back for later, so that others take its turn")
    func laterTries() async throws {
        try await Self.withLeases(places: 0, crashes: 4) { fixture, worker, _ in
            try await fixture.until { await worker.hasReturned }
            #expect(await worker.finished.map(\.next) == Array(repeating: .due(.seconds(1)), count: 3))
            #expect(try await fixture.number("SELECT sum(crashes) FROM job") == 12)
        }
    }

    @Test("However often a worker is killed, what only stood by is no dead letter; what was being tried alone is one")
    func killed() async throws {
        try await SyncFixture.run { fixture in
            let id = try await fixture.createUser("jo")
            let poison = try await fixture.createUser("mo")
            let jobs = fixture.database.jobs
            for kill in 1...8 {
                for id in [id, poison] {
                    let lease = try #require(try await fixture.confirm(id, worker: "killed", maximumCrashes: 5))
                    let job = try #require(lease.jobs.first)
                    #expect(job.crashes == min(kill - 1, 4))
                    guard kill == 8, id == poison else { continue }
                    #expect(lease.isLastTry(of: 5))
                    #expect(try await jobs.noteLastTry(of: job, under: lease.handle, maximumCrashes: 5))
                }
                try await fixture.run("UPDATE resource_sync SET leased_until = clock_timestamp() - interval '1 second'")
            }
            try await fixture.withWorker { try await fixture.drain() }
            #expect(try await fixture.states() == ["done": 1, "dead": 1])
            #expect(fixture.object(id) != nil && fixture.object(poison) == nil)
        }
    }

    @Test("A call that goes on when another lease of its resource has followed keeps its place until it has ended")
    func following() async throws {
        try await Self.withLeases(places: 1, latency: 400) { fixture, worker, generation in
            let former = try #require(await worker.held.values.first { $0.turn != nil })
            let id = former.confirmed.resourceID
            try await fixture.run(
                "UPDATE resource_sync SET leased_until = now() - interval '1 second' WHERE resource_id = '\(id)'")
            let confirmed = try #require(try await fixture.confirm(id, worker: "w", for: .seconds(8)))
            let lease = QueueLease(
                key: former.lease.key, token: "another", lane: .interactive, generation: generation,
                deadline: former.lease.deadline)
            // Two leases stand by without a place; the third one has that of the call.
            let spare = await worker.follow(lease, confirmed)
            #expect(spare == 2)
            try await fixture.until { await worker.spare == 3 }
            await worker.took(Self.answer(generation, places: 3))
        }
    }

    @Test("Two busy workers never make more calls than the limit, and their places are filled from what stands by")
    func together() async throws {
        try await SyncFixture.run(settings: Self.settings(30)) { fixture in
            try await fixture.insertCreates(400)
            try await fixture.refillQueue()
            let change: (inout SyncConfiguration) -> Void = {
                $0.concurrency = 10
                $0.startLimit = 10
            }
            let (worker, client) = try fixture.makeWorker(change)
            let running = Task { try await worker.run() }
            let seen = Locked(0)
            try await fixture.withWorker(change) {
                try await fixture.until {
                    let count = await worker.standby.count
                    seen.withLock { $0 = max($0, count) }
                    return try await fixture.database.jobs.statistics().openJobs == 0
                }
            }
            running.cancel()
            try await running.value
            try await client.shutdown()
            #expect((8...10).contains(fixture.mostRequestsAtOnce))
            #expect(seen.withLock { $0 } > 0)
            #expect(try await fixture.states() == ["done": 400])
        }
    }

    @Test("A worker that is told to stop gives back what stands by")
    func drain() async throws {
        try await SyncFixture.run(settings: Self.settings(100)) { fixture in
            try await fixture.insertCreates(400)
            try await fixture.refillQueue()
            let (worker, client) = try fixture.makeWorker {
                $0.concurrency = 16
                $0.startLimit = 16
            }
            let group = ServiceGroup(
                configuration: ServiceGroupConfiguration(services: [worker], logger: fixture.logger))
            let running = Task { try await group.run() }
            try await fixture.until { await worker.standby.count > 1 }
            await group.triggerGracefulShutdown()
            try await running.value
            try await client.shutdown()
            #expect(try await fixture.leases() == 0)
            #expect(try await fixture.queue.depth().leased == 0)
            #expect(try await fixture.database.jobs.statistics().openJobs > 0)
            try await Self.expectNoTrace(fixture)
        }
    }
}

extension SyncWorker {
    fileprivate var isQuiet: Bool { held.isEmpty && returning == 0 }
    fileprivate var spare: Int { limitedCalls().spare }

    fileprivate func follow(_ lease: QueueLease, _ confirmed: ConfirmedLease) -> Int {
        standBy(lease, confirmed, deadline: lease.deadline)
        return spare
    }

    fileprivate var hasReturned: Bool { standby.isEmpty && returning == 0 }
}

extension SyncFixture {
    /// Requests that the double had at one time.
    fileprivate var mostRequestsAtOnce: Int {
        let requests = double.requests()
        let ends = requests.compactMap { $0.ended }.map { (at: $0, change: -1) }
        let changes = ends + requests.map { (at: $0.started, change: 1) }
        var (count, most) = (0, 0)
        for change in changes.sorted(by: { ($0.at, $0.change) < ($1.at, $1.change) }) {
            count += change.change
            most = max(most, count)
        }
        return most
    }
}
