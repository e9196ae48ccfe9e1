// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Queue
import SCIM
import Storage
import Testing
import UDM

@testable import Sync

/// A group's name that UDM does not take does not keep its members out.
@Suite(.serialized) struct RefusedGroupTests {
    @Test("Members of a write that is refused for the group's name come all the same")
    func members() async throws {
        try await SyncFixture.run { fixture in
            let user = try await fixture.createUser("jo")
            let other = try await fixture.createUser("mo")
            let group = try await fixture.createGroup("team", members: [user])
            try await fixture.withWorker { try await fixture.drain() }
            _ = try await fixture.foreignUser("taken")
            try await fixture.replaceGroup(group, "taken", members: [other])
            try await fixture.withWorker {
                try await fixture.until { fixture.members(of: group) == ["uid=mo,cn=users,dc=example,dc=org"] }
                try await fixture.drain()
            }
            #expect(try await fixture.status(group) == .failed)
            #expect(try await fixture.number("SELECT count(*) FROM dead_letter") == 1)
            #expect(
                try await fixture.differingMembers() == 0)
        }
    }

    @Test(
        "Its members come also when the worker is killed before it can say so, and Redis is emptied in that moment",
        arguments: ["rebuild", "sweep"])
    func redisEmptied(found: String) async throws {
        try await SyncFixture.run { fixture in
            let user = try await fixture.createUser("jo")
            let other = try await fixture.createUser("mo")
            let group = try await fixture.createGroup("team", members: [user])
            try await fixture.withWorker { try await fixture.drain() }
            _ = try await fixture.foreignUser("taken")
            try await fixture.replaceGroup(group, "taken", members: [other])

            // What a worker does until the outcome is in PostgreSQL; Redis never hears of it.
            let key = SyncFixture.key(group, .group)
            let leased = try await fixture.queue.lease(upTo: 1, for: .seconds(60), worker: "killed").leases
            #expect(leased.map(\.key) == [key])
            let lease = try #require(try await fixture.confirm(group, .group, worker: "killed"))
            var turn = ResourceTurn(lease: lease, environment: try fixture.environment(), logger: fixture.logger)
            #expect(try await turn.run() == .again)
            try await fixture.emptyQueue()

            try await fixture.rebuild.runIfLost()
            #expect(try await fixture.queue.known([key]) == [key])
            if found == "sweep" {
                // As if the outcome had come after the rebuild had looked for it.
                _ = try await fixture.queue.forget([key])
                #expect(try await fixture.queue.known([key]).isEmpty)
                try await fixture.run("UPDATE waits_for SET since = since - interval '10 seconds'")
                try await fixture.makeSweep().recent()
                #expect(try await fixture.queue.known([key]) == [key])
            }
            try await fixture.withWorker {
                try await fixture.until { fixture.members(of: group) == ["uid=mo,cn=users,dc=example,dc=org"] }
                try await fixture.until { try await fixture.number("SELECT count(*) FROM waits_for") == 0 }
            }
            #expect(try await fixture.status(group) == .failed)
            #expect(
                try await fixture.differingMembers() == 0)
        }
    }
}

extension RefusedGroupTests {
    @Test(
        "A member that UDM lacks comes to the group later, although the group's job died of crashes before it was waited for",
        arguments: [true, false])
    func crashed(isAlone: Bool) async throws {
        try await SyncFixture.run { fixture in
            let user = try await fixture.createUser("jo")
            let other = try await fixture.createUser("mo")
            let group = try await fixture.createGroup("team", members: [user])
            try await fixture.withWorker { try await fixture.drain() }
            let late = try await fixture.createUser("late", enqueues: false)
            try await fixture.replaceGroup(group, "team", members: [user, late] + (isAlone ? [] : [other]))
            // The last of its leases ran out, too.
            try await fixture.run(
                """
                UPDATE job SET crashes = 99 WHERE resource_id = '\(group)';
                UPDATE resource_sync SET leased_until = now() - interval '1 second' WHERE resource_id = '\(group)'
                """)
            try await fixture.withWorker {
                try await fixture.until {
                    try await fixture.number(
                        "SELECT count(*) FROM dead_letter WHERE NOT EXISTS (SELECT FROM waits_for WHERE reason = 'turn')"
                    ) == 1
                }
                try await fixture.enqueue(.user, late)
                try await fixture.until(limit: .seconds(20)) {
                    fixture.members(of: group).contains("uid=late,cn=users,dc=example,dc=org")
                }
                try await fixture.until { try await fixture.number("SELECT count(*) FROM waits_for") == 0 }
            }
            #expect(fixture.members(of: group).count == (isAlone ? 2 : 3))
        }
    }

    @Test("A group that is owed a turn, and is taken by a worker that leaves that on record, is enqueued once a minute")
    func oncePerMinute() async throws {
        try await SyncFixture.run { fixture in
            let user = try await fixture.createUser("jo")
            let group = try await fixture.createGroup("team", members: [])
            try await fixture.withWorker { try await fixture.drain() }
            try await fixture.run(
                """
                INSERT INTO group_member (tenant, group_id, member_id, member_type, added_revision)
                VALUES ('default', '\(group)', '\(user)', 'User', 1);
                INSERT INTO waits_for (resource_id, target_id, tenant, type, since, reason)
                VALUES ('\(group)', '\(group)', 'default', 'Group', now() - interval '1 hour', 'turn')
                """)
            let key = SyncFixture.key(group, .group)
            let sweep = fixture.makeSweep()
            let start = ContinuousClock.now
            for (seconds, isEnqueued) in [(0, true), (10, false), (50, false), (60, true), (70, false)] {
                try await sweep.recent(at: start.advanced(by: .seconds(seconds)))
                #expect(try await fixture.queue.known([key]).isEmpty != isEnqueued, "after \(seconds) s")
                // The worker of the older version.
                _ = try await fixture.queue.forget([key])
            }
            // A member that came is work for every version.
            try await fixture.run(
                """
                INSERT INTO waits_for (resource_id, target_id, tenant, type, since)
                VALUES ('\(group)', '\(user)', 'default', 'Group', now() - interval '1 hour');
                UPDATE udm_object SET synced_at = now() - interval '1 minute'
                """)
            try await sweep.recent(at: start.advanced(by: .seconds(80)))
            #expect(try await fixture.queue.known([key]) == [key])
        }
    }
}

extension SyncFixture {
    /// What a worker's turns share, for a turn that a test runs by itself.
    fileprivate func environment() throws -> TurnEnvironment {
        let jobs = database.jobs
        return TurnEnvironment(
            configuration: SyncConfiguration(), client: client,
            mapping: UDMMapping(rules: DirectoryRules(), schema: schema), jobs: jobs, sealer: nil,
            metrics: SyncMetrics(), leftOut: LeftOutLog(),
            record: { try await jobs.record([$0]).matched.contains($0.lease.resourceID) },
            giveBack: { try await jobs.giveBack([$0], callMayHaveStarted: $1) },
            lender: Lender(
                jobs: jobs, queue: queue, lent: LentLeases(), worker: "killed", length: .seconds(60), logger: logger))
    }
}
