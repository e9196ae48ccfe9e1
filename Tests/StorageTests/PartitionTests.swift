// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Postgres
import SCIM
import Storage
import Testing

@Suite struct PartitionTests {
    private let id = ResourceID.random()

    private let partitions = "SELECT count(*) FROM pg_inherits WHERE inhparent = 'job_history'::regclass"

    /// The migration has made them already.
    private func dropPartitions(_ fixture: StorageFixture) async throws {
        try await fixture.connection.run(
            """
            DO $$ DECLARE partition regclass; BEGIN
                FOR partition IN SELECT inhrelid FROM pg_inherits
                    WHERE inhparent = 'job_history'::regclass AND inhrelid <> 'job_history_default'::regclass
                LOOP EXECUTE 'DROP TABLE ' || partition; END LOOP;
            END $$
            """)
        #expect(try await fixture.number(partitions) == 1)
    }

    @Test("The daily partitions are made once, and take today's outcomes")
    func made() async throws {
        try await StorageFixture.run { fixture in
            try await dropPartitions(fixture)
            for _ in 0..<2 {
                #expect(try await fixture.database.jobs.ensurePartitions())
                #expect(try await fixture.number(partitions) == 9)
            }
            let job = try await fixture.insertJob(id)
            let lease = try #require(try await fixture.lease(id))
            _ = try await fixture.database.jobs.record([
                JobOutcome(lease: lease.handle, result: .cancelled(job: job), endsTurn: true)
            ])
            #expect(try await fixture.number("SELECT count(*) FROM job_history_default") == 0)
            #expect(try await fixture.number("SELECT count(*) FROM job_history") == 1)
        }
    }

    @Test("While somebody reads the history no partition is made, and outcomes are stored all the same")
    func locked() async throws {
        try await StorageFixture.run { fixture in
            try await dropPartitions(fixture)
            // As a dump does, which reads all partitions.
            let dump = try await PostgresConnection.open(
                fixture.configuration, label: "dump", logger: StorageFixture.logger)
            try await dump.run("BEGIN; LOCK TABLE job_history IN ACCESS SHARE MODE")
            #expect(try await fixture.database.jobs.ensurePartitions() == false)
            let job = try await fixture.insertJob(id)
            let lease = try #require(try await fixture.lease(id))
            let recorded = try await fixture.database.jobs.record([
                JobOutcome(lease: lease.handle, result: .cancelled(job: job), endsTurn: true)
            ])
            #expect(recorded.matched == [id])
            await dump.close()
            #expect(try await fixture.database.jobs.ensurePartitions())
        }
    }
}
