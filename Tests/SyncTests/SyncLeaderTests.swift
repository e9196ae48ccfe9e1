// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import Queue
import Redis
import SCIM
import Storage
import Testing
import UDM
import UDMDouble

@testable import Sync

@Suite(.serialized) struct SyncLeaderTests {
    @Test("A Redis that was emptied is rebuilt from PostgreSQL, and everything arrives once")
    func rebuild() async throws {
        try await SyncFixture.run { fixture in
            var ids: [ResourceID] = []
            for number in 0..<30 { ids.append(try await fixture.createUser("user-\(number)")) }
            try await fixture.emptyQueue()
            #expect(try await fixture.queue.state() == .lost)
            let rebuild = fixture.rebuild
            try await rebuild.runIfLost()
            guard case .ready = try await fixture.queue.state() else {
                Issue.record("not ready after the rebuild")
                return
            }
            try await fixture.withWorker { try await fixture.drain() }
            for id in ids { #expect(fixture.object(id) != nil) }
            #expect(fixture.double.check().recreatedIdentifiers.isEmpty)
        }
    }

    @Test("The queue may be lost and rebuilt while workers are at work")
    func rebuildUnderWork() async throws {
        try await SyncFixture.run { fixture in
            fixture.double.settings.latency = ["*": .fixed(milliseconds: 30)]
            var ids: [ResourceID] = []
            for number in 0..<40 { ids.append(try await fixture.createUser("user-\(number)")) }
            let rebuild = fixture.rebuild
            try await fixture.withWorker {
                try await fixture.until { fixture.double.check().commits > 5 }
                try await fixture.emptyQueue()
                try await rebuild.runIfLost()
                try await fixture.drain()
            }
            for id in ids { #expect(fixture.object(id) != nil) }
            let report = fixture.double.check()
            #expect(report.isSound)
            #expect(report.recreatedIdentifiers.isEmpty)
            #expect(try await fixture.states() == ["done": 40])
        }
    }

    @Test("The sweep finds jobs that Redis never heard of, and leaves young ones alone")
    func sweep() async throws {
        try await SyncFixture.run { fixture in
            let id = try await fixture.createUser("jo", enqueues: false)
            let sweep = fixture.makeSweep()
            try await fixture.sweepAll(sweep)
            let key = SyncFixture.key(id)
            #expect(try await fixture.queue.known([key]).isEmpty)
            try await fixture.age(id, seconds: 20)
            try await sweep.recent()
            #expect(try await fixture.queue.known([key]) == [key])
        }
    }

    @Test("A sweep ends where Redis turns out to be lost: the rebuild does all of it")
    func sweepOfLost() async throws {
        try await SyncFixture.run { fixture in
            let id = try await fixture.createUser("jo", enqueues: false)
            try await fixture.age(id, seconds: 20)
            try await fixture.emptyQueue()
            let sweep = fixture.makeSweep()
            #expect(try await sweep.page(from: .start) == nil)
            let generation = try await fixture.queue.beginRebuild()
            _ = try await fixture.queue.finishRebuild(generation: generation)
            // The jobs end with a page; the groups that wait follow, the looks at UDM, and then nothing.
            let waiting = try #require(try await sweep.page(from: .start))
            let verifying = try #require(try await sweep.page(from: waiting))
            #expect(try await sweep.page(from: verifying) == nil)
            let key = SyncFixture.key(id)
            #expect(try await fixture.queue.known([key]) == [key])
        }
    }

    @Test("What Redis holds without open work is forgotten; what is leased or has work stays")
    func surplus() async throws {
        try await SyncFixture.run { fixture in
            let id = try await fixture.createUser("jo")
            let stray = SyncFixture.key(.random())
            _ = try await fixture.queue.enqueue([Enqueue(stray, lane: .bulk, delay: .seconds(60))])
            let sweep = fixture.makeSweep()
            var cursor: String?
            repeat { cursor = try await sweep.surplus(from: cursor) } while cursor != nil
            let key = SyncFixture.key(id)
            #expect(try await fixture.queue.known([key, stray]) == [key])
        }
    }

    @Test("A lease that only Redis knows is told at the second look")
    func oddLease() async throws {
        try await SyncFixture.run { fixture in
            let id = try await fixture.createUser("jo")
            let lease = try #require(
                try await fixture.queue.lease(upTo: 1, for: .seconds(60), worker: "slow").leases.first)
            let sweep = fixture.makeSweep()
            let first = try await sweep.oddLeases(former: [:])
            #expect(first == [lease.key: lease.token])
            _ = try #require(try await fixture.confirm(id, worker: "slow"))
            #expect(try await sweep.oddLeases(former: first).isEmpty)
        }
    }

    @Test("Who no longer leads ends a rebuild where it is; the next leader does it anew")
    func deposed() async throws {
        try await SyncFixture.run { fixture in
            let id = try await fixture.createUser("jo")
            try await fixture.emptyQueue()
            let deposed = QueueRebuild(
                queue: fixture.queue, jobs: fixture.database.jobs, logger: fixture.logger, isLeader: { false })
            try await deposed.runIfLost()
            guard case .rebuilding = try await fixture.queue.state() else {
                Issue.record("the rebuild was finished")
                return
            }
            try await fixture.rebuild.runIfLost()
            let key = SyncFixture.key(id)
            #expect(try await fixture.queue.known([key]) == [key])
            guard case .ready = try await fixture.queue.state() else {
                Issue.record("not ready after the rebuild")
                return
            }
        }
    }

    @Test("A lease that was renewed is registered anew when Redis is emptied, however long ago it was given")
    func renewedLease() async throws {
        try await SyncFixture.run { fixture in
            fixture.double.settings.latency = ["*": .fixed(milliseconds: 4500)]
            let id = try await fixture.createUser("jo")
            let key = SyncFixture.key(id)
            try await fixture.withWorker({ $0 = SyncConfiguration(concurrency: 4, leaseLength: .seconds(2)) }) {
                try await fixture.until { fixture.double.check().inProgress > 0 }
                // Longer ago than a lease lasts.
                try await fixture.until {
                    try await fixture.number(
                        "SELECT count(*) FROM resource_sync WHERE call_started_at < clock_timestamp() - interval '2.2 s'"
                    )
                        == 1
                }
                try await fixture.emptyQueue()
                _ = try await fixture.queue.beginRebuild()
                try await fixture.until(limit: .seconds(4)) {
                    if case .leased = try await fixture.queue.position(of: key)?.place { true } else { false }
                }
                fixture.double.settings.latency = [:]
            }
        }
    }

    @Test("The sweep leaves a partial group alone until its member is in UDM; then a lost wake-up costs nothing")
    func sweepWaiting() async throws {
        try await SyncFixture.run { fixture in
            let late = try await fixture.createUser("late", enqueues: false)
            let group = try await fixture.createGroup("crew", members: [late])
            try await fixture.withWorker({ $0.memberWait = .zero }) {
                try await fixture.until { try await fixture.status(group) == .partial }
            }
            let key = SyncFixture.key(group, .group)
            #expect(try await fixture.queue.known([key]).isEmpty)
            let sweep = fixture.makeSweep()
            try await fixture.sweepAll(sweep)
            #expect(try await fixture.queue.known([key]).isEmpty)
            // The member arrives, and whoever recorded it dies before the group is enqueued.
            try await fixture.pushWithoutWaking(late, "late")
            #expect(try await fixture.status(group) == .partial)
            try await fixture.run("UPDATE udm_object SET synced_at = synced_at - interval '20 seconds'")
            try await fixture.run("UPDATE waits_for SET since = since - interval '40 seconds'")
            try await fixture.sweepAll(sweep)
            #expect(try await fixture.queue.known([key]) == [key])
            try await fixture.withWorker { try await fixture.until { try await fixture.status(group) == .synced } }
            #expect(fixture.members(of: group).count == 1)
        }
    }
}
