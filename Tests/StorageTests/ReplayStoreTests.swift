// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import Postgres
import SCIM
import Testing

@testable import Storage

@Suite struct ReplayStoreTests {
    private static let error = #"{"status":"409","detail":"taken"}"#

    private func replay(
        _ fixture: StorageFixture, _ id: LowercaseUUID, repair: RepairFindings? = nil
    ) async throws -> ReplayResult {
        let subject = try #require(try await fixture.database.operators.subjects.find(id))
        return try await fixture.database.operators.replays.replay(
            subject, lane: "bulk", by: "jo", repair: repair)
    }

    /// A user whose create, and then a change, failed for good.
    private func failedUser(_ fixture: StorageFixture) async throws -> (id: ResourceID, jobs: [JobID]) {
        let id = try await fixture.createUser("jo").id
        _ = try await fixture.store.replace(
            .user, id, with: user("jo", displayName: "Second"), context: testContext
        ).resource()
        return (id, try await fixture.buryAll(id))
    }

    @Test("A replay pushes the present state under a new job, settles all dead letters and clears the failure")
    func present() async throws {
        try await StorageFixture.run { fixture in
            let (id, dead) = try await failedUser(fixture)
            try await fixture.park("title", of: id, Self.error)
            let before = try await fixture.number("SELECT last_value FROM write_order")
            guard case .queued(let job, .create, settled: 2) = try await replay(fixture, dead[0]) else {
                Issue.record("not queued")
                return
            }
            let row = try await fixture.rows(
                """
                SELECT id, revision, "order", operation, lane, client, old_state IS NULL, new_state #>> '{resource,displayName}',
                    replay_of, secret IS NULL FROM job
                """)
            #expect(row.rowCount == 1)
            #expect(try row[0].id(0) == job)
            #expect(try row[0].int(1) == 2)
            #expect(try row[0].int(2) > before)
            #expect(try row[0].string(3) == "create")
            #expect(try row[0].string(4) == "bulk")
            #expect(try row[0].string(5) == "idp")
            #expect(try row[0].bool(6))
            #expect(try row[0].string(7) == "Second")
            #expect(try row[0].id(8) == dead[0])
            #expect(try row[0].bool(9))
            #expect(
                try await fixture.number(
                    "SELECT count(*) FROM job_history WHERE settled_as = 'replayed' AND settled_by = '\(job)'") == 2)
            #expect(try await fixture.number("SELECT count(*) FROM sync_failure WHERE attribute = ''") == 0)
            #expect(try await fixture.number("SELECT count(*) FROM sync_failure WHERE refused IS NULL") == 1)
            #expect(
                try await fixture.text("SELECT actor || ' ' || action || ' ' || job_id FROM audit_log")
                    == "jo replay \(job)")

            // The link stays in the history.
            _ = try await fixture.buryAll(id)
            #expect(try await fixture.number("SELECT count(*) FROM dead_letter WHERE replay_of = '\(dead[0])'") == 1)
        }
    }

    @Test("The event of a replayed change begins with what consumers know: the state before the first failure")
    func oldState() async throws {
        try await StorageFixture.run { fixture in
            let id = try await fixture.createUser("jo").id
            try await fixture.finishAll(id)
            for name in ["Second", "Third"] {
                _ = try await fixture.store.replace(
                    .user, id, with: user("jo", displayName: name), context: testContext
                ).resource()
            }
            let dead = try await fixture.buryAll(id)
            guard case .queued(_, .modify, settled: 2) = try await replay(fixture, dead[1]) else {
                Issue.record("not queued")
                return
            }
            #expect(try await fixture.text("SELECT old_state #>> '{resource,displayName}' FROM job") == nil)
            #expect(try await fixture.text("SELECT new_state #>> '{resource,displayName}' FROM job") == "Third")
        }
    }

    @Test("The state before the first failure comes without the external id that another client has given")
    func oldStateOfAnotherClient() async throws {
        try await StorageFixture.run { fixture in
            let id = try await fixture.createUser("jo").id
            try await fixture.finishAll(id)
            for client in ["first", "second"] {
                let context = WriteContext(tenant: "default", client: client, requestID: "request")
                _ = try await fixture.store.replace(
                    .user, id, with: user("jo", displayName: client), context: context
                ).resource()
            }
            try await fixture.connection.run(
                "UPDATE job SET old_state = old_state || jsonb_build_object('externalId', client || '-old')")
            let dead = try await fixture.buryAll(id)
            guard case .queued(_, .modify, settled: 2) = try await replay(fixture, dead[1]) else {
                Issue.record("not queued")
                return
            }
            #expect(try await fixture.text("SELECT client FROM job") == "second")
            #expect(try await fixture.text("SELECT old_state ->> 'externalId' FROM job") == nil)
        }
    }

    @Test("A resource without dead letters is pushed as it is, from and to the same state")
    func healthy() async throws {
        try await StorageFixture.run { fixture in
            let id = try await fixture.createUser("jo").id
            try await fixture.finishAll(id)
            guard case .queued(_, .modify, settled: 0) = try await replay(fixture, id) else {
                Issue.record("not queued")
                return
            }
            #expect(try await fixture.number("SELECT count(*) FROM job WHERE old_state = new_state") == 1)
        }
    }

    @Test("An open write brings the present state already: it is due at once, and no second job is made")
    func open() async throws {
        try await StorageFixture.run { fixture in
            let (id, _) = try await failedUser(fixture)
            _ = try await fixture.store.replace(
                .user, id, with: user("jo", displayName: "Third"), context: testContext
            ).resource()
            try await fixture.connection.run("UPDATE job SET due_at = clock_timestamp() + interval '1 hour'")
            let open = try await fixture.rows("SELECT id FROM job")[0].id(0)
            #expect(try await replay(fixture, id) == .alreadyOpen(job: open, settled: 2))
            #expect(try await fixture.number("SELECT count(*) FROM job WHERE due_at <= clock_timestamp()") == 1)
            #expect(try await fixture.number("SELECT count(*) FROM job") == 1)
        }
    }

    @Test("While a worker holds the resource it gets a job of its own: the turn has read its failures already")
    func leased() async throws {
        try await StorageFixture.run { fixture in
            let (id, _) = try await failedUser(fixture)
            _ = try await fixture.store.replace(
                .user, id, with: user("jo", displayName: "Third"), context: testContext
            ).resource()
            let lease = try #require(try await fixture.lease(id))
            guard case .queued(let job, .create, settled: 2) = try await replay(fixture, id) else {
                Issue.record("not queued")
                return
            }
            try await fixture.database.jobs.giveBack([lease.handle], callMayHaveStarted: false)
            // Behind the open one, of the same revision.
            let jobs = try #require(try await fixture.lease(id)).jobs
            #expect(jobs.map(\.revision) == [3, 3])
            #expect(jobs.last?.id == job)
        }
    }

    @Test("A dead delete is replayed as a delete")
    func deadDelete() async throws {
        try await StorageFixture.run { fixture in
            let id = try await fixture.createUser("jo").id
            try await fixture.finishAll(id)
            #expect(try await fixture.store.delete(.user, id, context: testContext).isDeleted)
            let dead = try await fixture.buryAll(id)
            guard case .queued(let job, .delete, settled: 1) = try await replay(fixture, dead[0]) else {
                Issue.record("not queued")
                return
            }
            #expect(
                try await fixture.number(
                    "SELECT count(*) FROM job WHERE old_state IS NOT NULL AND new_state IS NULL AND revision = 2") == 1)
            // Once more: it is open.
            #expect(try await replay(fixture, dead[0]) == .alreadyOpen(job: job, settled: 0))
        }
    }

    @Test("The failed write of a resource that is gone from both is settled, and nothing is pushed")
    func gone() async throws {
        try await StorageFixture.run { fixture in
            let (id, dead) = try await failedUser(fixture)
            #expect(try await fixture.store.delete(.user, id, context: testContext).isDeleted)
            try await fixture.finishAll(id)
            #expect(try await replay(fixture, dead[0]) == .gone(settled: 2))
            #expect(try await fixture.number("SELECT count(*) FROM job") == 0)
            #expect(try await fixture.number("SELECT count(*) FROM job_history WHERE settled_as = 'overtaken'") == 2)
        }
    }

    @Test("A repair forgets what was pushed, and waits for nobody who is at work")
    func repair() async throws {
        try await StorageFixture.run { fixture in
            let id = try await fixture.createUser("jo").id
            #expect(try await replay(fixture, id, repair: RepairFindings(isMissing: false)) == .busy)
            try await fixture.finishAll(id)
            guard
                case .queued(_, .modify, settled: 0) = try await replay(
                    fixture, id, repair: RepairFindings(isMissing: false))
            else {
                Issue.record("not queued")
                return
            }
            #expect(try await fixture.text("SELECT properties::text FROM udm_object") == "null")
            #expect(try await fixture.text("SELECT action FROM audit_log") == "repair")
        }
    }

    @Test("A repair of a lost object creates it anew, and its groups wait for it")
    func repairMissing() async throws {
        try await StorageFixture.run { fixture in
            let id = try await fixture.createUser("jo").id
            try await fixture.finishAll(id)
            let group = try await fixture.createGroup("crew", [id]).id
            try await fixture.finishAll(group, type: .group)
            try await fixture.connection.run("UPDATE group_member SET synced = true")
            guard
                case .queued(_, .create, settled: 0) = try await replay(
                    fixture, id, repair: RepairFindings(isMissing: true))
            else {
                Issue.record("not queued")
                return
            }
            #expect(try await fixture.number("SELECT count(*) FROM udm_object WHERE resource_id = '\(id)'") == 0)
            #expect(try await fixture.number("SELECT count(*) FROM group_member WHERE NOT synced") == 1)
            #expect(
                try await fixture.number(
                    "SELECT count(*) FROM waits_for WHERE resource_id = '\(group)' AND target_id = '\(id)'") == 1)
        }
    }

    @Test("Nothing stands for an unknown id")
    func unknown() async throws {
        try await StorageFixture.run { fixture in
            #expect(try await fixture.database.operators.subjects.find(.random()) == nil)
            // A resource that no worker has seen yet.
            let id = try await fixture.createUser("jo").id
            try await fixture.connection.run("DELETE FROM job")
            let subject = try await fixture.database.operators.subjects.find(id)
            #expect(subject == ResourceSubject(tenant: "default", type: .user, id: id))
        }
    }
}

extension StorageFixture {
    /// Ends every open job of a resource as a dead letter.
    @discardableResult
    func buryAll(_ id: ResourceID, type: ResourceType = .user) async throws -> [JobID] {
        try await endAll(id, type) { .dead(job: $0, error: Array(#"{"status":"409"}"#.utf8), isAmbiguous: false) }
    }

    /// Ends every open job of a resource with success.
    func finishAll(_ id: ResourceID, type: ResourceType = .user) async throws {
        guard let lease = try await lease(id, type: type) else { throw Unexpected("no lease") }
        let isDelete = lease.jobs.last?.operation == .delete
        try await database.jobs.giveBack([lease.handle], callMayHaveStarted: false)
        try await endAll(id, type) {
            isDelete ? .removed(job: $0) : .done(job: $0, udm: .test, members: AppliedMembers())
        }
    }

    @discardableResult
    private func endAll(
        _ id: ResourceID, _ type: ResourceType, _ result: (JobID) -> JobOutcome.Result
    ) async throws -> [JobID] {
        guard let lease = try await lease(id, type: type) else { throw Unexpected("no lease") }
        for job in lease.jobs {
            _ = try await database.jobs.record([
                JobOutcome(lease: lease.handle, result: result(job.id), endsTurn: job.id == lease.jobs.last?.id)
            ])
        }
        return lease.jobs.map(\.id)
    }
}
