// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Postgres
import SCIM
import Storage
import Testing

/// Groups whose last write died while members differ, which are owed a turn of their own.
@Suite struct OwedTurnTests {
    private let group = ResourceID.random()
    private let members = (0..<4).map { _ in ResourceID.random() }.sorted()

    private func open(_ fixture: StorageFixture) async throws -> [ResourceID] {
        let position = OpenWorkPage.Position.waiting(after: ResourceID(high: 0, low: 0))
        return try await fixture.database.jobs.openWork(from: position, limit: 10, olderThan: .zero).entries
            .map(\.resourceID)
    }

    /// A group in UDM whose change was refused for good while a member differs.
    private func refusedGroup(_ fixture: StorageFixture) async throws {
        try await fixture.insertObject(members[0])
        try await fixture.insertMember(members[0], of: group, added: 2)
        if try await fixture.number("SELECT count(*) FROM udm_object WHERE type = 'Group'") == 0 {
            try await fixture.insertObject(group, type: .group)
        }
        let job = try await fixture.insertJob(group, revision: 2, operation: .modify, type: .group)
        let lease = try #require(try await fixture.lease(group, type: .group))
        _ = try await fixture.database.jobs.record([
            JobOutcome(
                lease: lease.handle, result: .dead(job: job, error: Array("{}".utf8), isAmbiguous: false),
                endsTurn: true, leavesMembers: true)
        ])
    }

    private static let owed = "SELECT count(*) FROM waits_for WHERE reason = 'turn'"

    @Test("A group whose write died with members that differ is open work until a turn has looked at all of them")
    func owedTurn() async throws {
        try await StorageFixture.run { fixture in
            try await refusedGroup(fixture)
            #expect(try await open(fixture) == [group])
            #expect(try await fixture.database.jobs.idle([group]).isEmpty)
            let lease = try #require(try await fixture.lease(group, type: .group))
            let jobs = fixture.database.jobs
            // A crash here finds it again.
            _ = try await jobs.record([
                JobOutcome(lease: lease.handle, result: .members(udm: .test, AppliedMembers()), endsTurn: false)
            ])
            #expect(try await fixture.number(Self.owed) == 1)
            _ = try await jobs.record([
                JobOutcome(
                    lease: lease.handle, result: .members(udm: .test, AppliedMembers(added: [members[0]])),
                    endsTurn: true)
            ])
            #expect(try await fixture.number(Self.owed) == 0)
            #expect(try await open(fixture) == [])
        }
    }

    @Test("Members that the owed turn could not look at take its place; a wait that there is goes on as it was")
    func awaited() async throws {
        try await StorageFixture.run { fixture in
            try await refusedGroup(fixture)
            try await fixture.insertMember(members[1], of: group, added: 2)
            try await fixture.connection.run(
                """
                INSERT INTO waits_for (resource_id, target_id, tenant, type, since, last_error)
                VALUES ('\(group)', '\(members[0])', 'default', 'Group', now() - interval '1 hour', '{}')
                """)
            let lease = try #require(try await fixture.lease(group, type: .group))
            _ = try await fixture.database.jobs.record([
                JobOutcome(
                    lease: lease.handle, result: .ended, endsTurn: true, awaited: [members[0], members[1]])
            ])
            let rows = try await fixture.rows(
                """
                SELECT target_id::text, reason, last_error IS NULL, since < now() - interval '1 minute'
                FROM waits_for ORDER BY 1
                """)
            #expect(try rows.map { try $0.string(0) } == [members[0].description, members[1].description])
            #expect(try rows.map { try $0.string(1) } == ["member", "member"])
            #expect(try rows.map { try $0.bool(2) } == [false, true])
            #expect(try rows.map { try $0.bool(3) } == [true, false])
        }
    }

    @Test("The outcome just before is younger than what the sweep looks at")
    func owedTurnIsYoung() async throws {
        try await StorageFixture.run { fixture in
            try await refusedGroup(fixture)
            let position = OpenWorkPage.Position.waiting(after: ResourceID(high: 0, low: 0))
            let jobs = fixture.database.jobs
            #expect(try await jobs.openWork(from: position, limit: 10, olderThan: .seconds(60)).entries.isEmpty)
        }
    }

    @Test(
        "A turn is owed while members could not be sent, and no longer when they are refused, written anew or gone",
        arguments: ["later", "refused", "done", "removed", "ended"])
    func endOfOwedTurn(end: String) async throws {
        try await StorageFixture.run { fixture in
            try await refusedGroup(fixture)
            let isWrite = end == "done" || end == "removed"
            let job: JobID? =
                isWrite
                ? try await fixture.insertJob(
                    group, revision: 3, operation: end == "done" ? .modify : .delete, type: .group) : nil
            let lease = try #require(try await fixture.lease(group, type: .group))
            let result: JobOutcome.Result =
                switch (end, job) {
                case ("later", _): .membersLater(dueIn: .zero, error: Array("{}".utf8), isAmbiguous: false)
                case ("refused", _): .membersRefused(error: Array("{}".utf8), isAmbiguous: false)
                case ("done", let job?): .done(job: job, udm: .test, members: AppliedMembers(added: [members[0]]))
                case ("removed", let job?): .removed(job: job)
                default: .ended
                }
            _ = try await fixture.database.jobs.record([
                JobOutcome(lease: lease.handle, result: result, endsTurn: true)
            ])
            #expect(try await fixture.number(Self.owed) == (end == "later" ? 1 : 0))
        }
    }

    @Test("A group whose members do not differ is owed nothing, and the version before knows of no such thing")
    func nothingOwed() async throws {
        try await StorageFixture.run { fixture in
            try await fixture.insertObject(group, type: .group)
            let job = try await fixture.insertJob(group, revision: 2, operation: .modify, type: .group)
            let lease = try #require(try await fixture.lease(group, type: .group))
            _ = try await fixture.database.jobs.record([
                JobOutcome(
                    lease: lease.handle, result: .dead(job: job, error: Array("{}".utf8), isAmbiguous: false),
                    endsTurn: true, leavesMembers: true)
            ])
            #expect(try await fixture.number("SELECT count(*) FROM waits_for") == 0)

            try await refusedGroup(fixture)
            let migrator = Migrator(
                configuration: fixture.configuration, folder: StorageFixture.schemaFolder,
                logger: StorageFixture.logger)
            _ = try await migrator.migrateDown(to: 15)
            #expect(try await fixture.number("SELECT count(*) FROM waits_for") == 0)
            _ = try await migrator.migrate()
        }
    }
}
