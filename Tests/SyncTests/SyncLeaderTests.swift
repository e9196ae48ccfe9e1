// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Queue
import Redis
import SCIM
import Storage
import Testing
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
            let rebuild = QueueRebuild(queue: fixture.queue, jobs: fixture.database.jobs, logger: fixture.logger)
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
            let rebuild = QueueRebuild(queue: fixture.queue, jobs: fixture.database.jobs, logger: fixture.logger)
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
            let sweep = QueueSweep(queue: fixture.queue, jobs: fixture.database.jobs, logger: fixture.logger)
            try await sweep.full { true }
            let key = ResourceKey(tenant: "default", type: "User", id: id.description)
            #expect(try await fixture.queue.known([key]).isEmpty)
            try await fixture.age(id, seconds: 20)
            try await sweep.recent()
            #expect(try await fixture.queue.known([key]) == [key])
        }
    }

    @Test("The sweep finds groups that wait for members")
    func sweepWaiting() async throws {
        try await SyncFixture.run { fixture in
            let late = try await fixture.createUser("late", enqueues: false)
            let group = try await fixture.createGroup("crew", members: [late])
            try await fixture.withWorker({ $0.memberWait = .zero }) {
                try await fixture.until { try await fixture.status(group) == .partial }
            }
            let key = ResourceKey(tenant: "default", type: "Group", id: group.description)
            #expect(try await fixture.queue.known([key]).isEmpty)
            let sweep = QueueSweep(queue: fixture.queue, jobs: fixture.database.jobs, logger: fixture.logger)
            try await sweep.full { true }
            #expect(try await fixture.queue.known([key]) == [key])
        }
    }
}

extension SyncFixture {
    /// As after FLUSHALL, for this queue only.
    func emptyQueue() async throws {
        let keys = try await redis.send(RedisCommand("KEYS", "*"))
        let own = (keys.array ?? []).compactMap(\.string).filter { $0.hasPrefix("{scim:\(queueName)}") }
        if !own.isEmpty { _ = try await redis.send(RedisCommand(["DEL"] + own)) }
    }

    /// Makes the jobs of a resource look as if they had been accepted some time ago.
    func age(_ id: ResourceID, seconds: Int) async throws {
        try await run(
            "UPDATE job SET accepted_at = accepted_at - interval '\(seconds) seconds' WHERE resource_id = '\(id)'")
    }
}
