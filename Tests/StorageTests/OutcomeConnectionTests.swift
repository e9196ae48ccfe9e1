// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Postgres
import SCIM
import Testing

@testable import Storage

/// Outcomes on several connections of a process: what they lock in common, and what becomes of it.
@Suite struct OutcomeConnectionTests {
    private let group = ResourceID.random()
    private let members = [ResourceID.random(), .random()].sorted()

    /// Waits in the server until somebody waits for this transaction, so that who waits first is certain.
    private static let whenAwaited = """
        DO $$ BEGIN
            FOR look IN 1..4000 LOOP
                EXIT WHEN EXISTS (
                    SELECT FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'
                        AND transactionid::text = pg_current_xact_id()::xid::text);
                PERFORM pg_sleep(0.005);
            END LOOP;
        END $$
        """

    @Test(
        "An outcome that PostgreSQL ends, because it and another transaction waited for each other, is stored afterwards"
    )
    func deadlock() async throws {
        try await StorageFixture.run { fixture in
            for member in members { try await fixture.insertMember(member, of: group) }
            let job = try await fixture.insertJob(group, type: .group)
            let lease = try #require(try await fixture.lease(group, type: .group))
            // The outcome looks for the circle when it has waited for so long; the other transaction never does.
            let process = fixture.anotherDatabase { $0.postgres.sessionSettings += [("deadlock_timeout", "700ms")] }
            let outcome = JobOutcome(
                lease: lease.handle,
                result: .done(job: job, udm: .test, members: AppliedMembers(added: members.reversed())),
                endsTurn: true)
            func touch(_ member: ResourceID) async throws {
                try await fixture.connection.run(
                    "UPDATE group_member SET synced = synced WHERE group_id = '\(group)' AND member_id = '\(member)'")
            }
            try await fixture.connection.run("SET deadlock_timeout = '1h'")
            try await fixture.connection.run("BEGIN")
            // The members' rows are locked in their order, whatever the order in which they were sent.
            try await touch(members[1])
            async let recorded = process.jobs.record([outcome], on: 1)
            try await fixture.connection.run(Self.whenAwaited)
            try await touch(members[0])
            try await fixture.connection.run("COMMIT")
            #expect(try await recorded.matched == [group])
            let transactions = try #require(process.statistics.pipelines.first { $0.name == "turns.2" })
            #expect(transactions.statistics.segments == 2, "the first was rolled back, the second was not")
            #expect(try await fixture.number("SELECT count(*) FROM job") == 0)
            #expect(try await fixture.number("SELECT count(*) FROM job_history WHERE state = 'done'") == 1)
            #expect(try await fixture.number("SELECT count(*) FROM event_outbox") == 1)
            #expect(try await fixture.number("SELECT count(*) FROM group_member WHERE synced") == 2)
            #expect(try await fixture.number("SELECT count(*) FROM resource_sync WHERE leased_until IS NOT NULL") == 0)
            await process.close()
        }
    }

    @Test("Turns of groups, and of members that UDM has removed from them, end at once: all is stored")
    func crossing() async throws {
        try await StorageFixture.run { fixture in
            let groups = [ResourceID.random(), .random()].sorted()
            var outcomes: [[JobOutcome]] = []
            for _ in 0..<5 {
                for group in groups {
                    for member in members {
                        try await fixture.insertMember(member, of: group, added: 1, removed: 2, synced: true)
                    }
                }
                outcomes = []
                for group in groups {
                    let job = try await fixture.insertJob(group, revision: 2, operation: .modify, type: .group)
                    let lease = try #require(try await fixture.lease(group, type: .group))
                    outcomes.append([
                        JobOutcome(
                            lease: lease.handle,
                            result: .done(job: job, udm: .test, members: AppliedMembers(removed: members)),
                            endsTurn: true)
                    ])
                }
                for member in members {
                    let job = try await fixture.insertJob(member, revision: 2, operation: .delete)
                    let lease = try #require(try await fixture.lease(member))
                    outcomes.append([JobOutcome(lease: lease.handle, result: .removed(job: job), endsTurn: true)])
                }
                let jobs = fixture.database.jobs
                try await withThrowingTaskGroup(of: Int.self) { tasks in
                    for (connection, outcome) in outcomes.enumerated() {
                        tasks.addTask { try await jobs.record(outcome, on: connection).matched.count }
                    }
                    for try await matched in tasks { #expect(matched == 1) }
                }
                #expect(try await fixture.number("SELECT count(*) FROM job") == 0)
                #expect(try await fixture.number("SELECT count(*) FROM group_member") == 0)
            }
        }
    }
}
