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
                try await fixture.number(
                    "SELECT count(*) FROM group_member WHERE synced = (removed_revision IS NOT NULL)") == 0)
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
            let key = ResourceKey(tenant: "default", type: "Group", id: group.description)
            let leased = try await fixture.queue.lease(upTo: 1, for: .seconds(60), worker: "killed").leases
            #expect(leased.map(\.key) == [key])
            let request = LeaseRequest(resourceID: group, tenant: "default", type: .group)
            let answer = try await fixture.database.jobs.confirm([request], worker: "killed", length: .seconds(60))
            guard case .leased(let lease)? = answer.first else {
                Issue.record("not leased")
                return
            }
            var turn = ResourceTurn(lease: lease, environment: try fixture.environment(), logger: fixture.logger)
            #expect(try await turn.run() == .again)
            try await fixture.emptyQueue()

            let jobs = fixture.database.jobs
            try await QueueRebuild(queue: fixture.queue, jobs: jobs, logger: fixture.logger).runIfLost()
            #expect(try await fixture.queue.known([key]) == [key])
            if found == "sweep" {
                // As if the outcome had come after the rebuild had looked for it.
                _ = try await fixture.queue.forget([key])
                #expect(try await fixture.queue.known([key]).isEmpty)
                try await fixture.run("UPDATE waits_for SET since = since - interval '10 seconds'")
                try await QueueSweep(queue: fixture.queue, jobs: jobs, logger: fixture.logger).recent()
                #expect(try await fixture.queue.known([key]) == [key])
            }
            try await fixture.withWorker {
                try await fixture.until { fixture.members(of: group) == ["uid=mo,cn=users,dc=example,dc=org"] }
                try await fixture.until { try await fixture.number("SELECT count(*) FROM waits_for") == 0 }
            }
            #expect(try await fixture.status(group) == .failed)
            #expect(
                try await fixture.number(
                    "SELECT count(*) FROM group_member WHERE synced = (removed_revision IS NOT NULL)") == 0)
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
