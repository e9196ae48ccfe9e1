// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Postgres
import SCIM
import Testing

@testable import Storage

@Suite struct RetentionTests {
    private let names =
        "SELECT count(*) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'job_history'::regclass"

    /// Finished jobs in a partition of `days` days ago, as time would have left them.
    private func insert(_ fixture: StorageFixture, days: Int, states: [String], partition: Bool = true) async throws {
        if partition {
            try await fixture.connection.run(
                "SELECT ensure_job_history_partitions((clock_timestamp() AT TIME ZONE 'UTC')::date - \(days), 1)")
        }
        for state in states {
            try await fixture.connection.run(
                """
                INSERT INTO job_history (id, tenant, type, resource_id, revision, "order", operation, lane, client, request_id,
                    accepted_at, finished_at, state, attempts, crashes)
                VALUES ('\(JobID.timeOrdered(at: .now()))', 'default', 'User', '\(ResourceID.random())', 1, 1, 'create',
                    'interactive', 'test', 'request', clock_timestamp(), clock_timestamp() - interval '\(days) days',
                    '\(state)', 1, 0)
                """)
        }
    }

    @Test("Old days are dropped one by one, dead letters stay, and the days that are kept are untouched")
    func history() async throws {
        try await StorageFixture.run { fixture in
            try await insert(fixture, days: 40, states: ["done", "dead"])
            try await insert(fixture, days: 35, states: ["superseded", "cancelled"])
            try await insert(fixture, days: 9, states: ["done", "dead"])
            let before = try await fixture.number(names)
            var removal = try await fixture.database.jobs.removeOld(historyDays: 30)
            #expect(removal.partitions == 1)
            #expect(removal.isUnfinished)
            while removal.isUnfinished { removal = try await fixture.database.jobs.removeOld(historyDays: 30) }
            #expect(try await fixture.number(names) == before - 2)
            #expect(try await fixture.number("SELECT count(*) FROM job_history WHERE state = 'dead'") == 2)
            #expect(try await fixture.number("SELECT count(*) FROM job_history") == 3)
        }
    }

    @Test("What lies outside of the daily partitions goes as well")
    func defaultPartition() async throws {
        try await StorageFixture.run { fixture in
            try await insert(fixture, days: 40, states: ["done", "dead", "done"], partition: false)
            let removal = try await fixture.database.jobs.removeOld(historyDays: 30)
            #expect(removal.rows == 2)
            #expect(!removal.isUnfinished)
            #expect(try await fixture.number("SELECT count(*) FROM job_history") == 1)
        }
    }

    @Test("While somebody reads the history nothing is dropped, and the next look is soon")
    func locked() async throws {
        try await StorageFixture.run { fixture in
            try await insert(fixture, days: 40, states: ["done"])
            let dump = try await PostgresConnection.open(
                fixture.configuration, label: "dump", logger: StorageFixture.logger)
            try await dump.run("BEGIN; LOCK TABLE job_history IN ACCESS SHARE MODE")
            let removal = try await fixture.database.jobs.removeOld(historyDays: 30)
            #expect(removal.partitions == 0)
            #expect(removal.isUnfinished)
            await dump.close()
            #expect(try await fixture.database.jobs.removeOld(historyDays: 30).partitions == 1)
        }
    }

    @Test("Transactions go after a week")
    func transactions() async throws {
        try await StorageFixture.run { fixture in
            for days in [1, 8] {
                try await fixture.connection.run(
                    """
                    INSERT INTO transaction_operation (transaction_id, number, tenant, client, method, status, accepted_at)
                    VALUES (gen_random_uuid(), 0, 'default', 'test', 'POST', 201, clock_timestamp() - interval '\(days) days')
                    """)
            }
            #expect(try await fixture.database.jobs.removeOld(historyDays: 30).transactions == 1)
            #expect(try await fixture.number("SELECT count(*) FROM transaction_operation") == 1)
        }
    }
}
