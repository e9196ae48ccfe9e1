// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Logging
import Postgres
import Redis
import TestSupport
import Testing

@testable import scim_bench

/// What the bench reads from, and makes in, the tables of the bridge.
@Suite(.timeLimit(.minutes(2))) struct BenchTablesTests {
    private func withTables(
        _ body: (PostgresConfiguration, PostgresConnection) async throws -> Void
    ) async throws {
        try await withSchema { configuration in
            let connection = try await PostgresConnection.open(
                configuration, label: "test", logger: Logger(label: "test"))
            do {
                let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
                    "../../schema"
                ).path
                for name in try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
                where name.hasSuffix(".up.sql") {
                    try await connection.run(String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8))
                }
                try await body(configuration, connection)
            } catch {
                await connection.close()
                throw error
            }
            await connection.close()
        }
    }

    private func number(_ sql: String, _ connection: PostgresConnection) async throws -> Int64 {
        try #require(try await connection.execute(PostgresStatement(unnamed: sql)).first).int(0)
    }

    @Test(
        "users that are made directly are as accepted ones: claims, resource and job, once each, and all indexes are there again"
    )
    func fill() async throws {
        try await withTables { configuration, connection async throws in
            let counting = "SELECT count(*) FROM pg_indexes WHERE schemaname = current_schema()"
            let indexes = try await number(counting, connection)
            try await JobFill(configuration: configuration, prefix: "b-1-").run(120) { _ in }
            #expect(try await AcceptedUsers(configuration: configuration).verify(count: 120, prefix: "b-1-") == [])
            #expect(try await number(counting, connection) == indexes)
            let odd = """
                SELECT count(*) FROM (
                    SELECT j.id, lag(j.id) OVER (ORDER BY j."order") AS before, j.new_state -> 'resource' AS state, r.attributes
                    FROM job j JOIN resource r ON r.id = j.resource_id AND r.revision = j.revision AND r."order" = j."order"
                ) x WHERE id <= before OR state IS DISTINCT FROM attributes OR attributes ->> 'userName' IS NULL
                """
            #expect(try await number(odd, connection) == 0)
            let table = JobTable(connection: connection)
            #expect(try await table.openResources() == 120)
            await #expect(throws: BenchFailure.self) { try await table.requireEmpty() }
            #expect(try await table.backlog().open == 120)
        }
    }

    @Test("what is finished is told with its time, from the first lease and from the first outcome")
    func drained() async throws {
        try await withTables { _, connection async throws in
            try await connection.run(
                """
                INSERT INTO job_history (id, tenant, type, resource_id, revision, "order", operation, lane, client, request_id,
                    accepted_at, first_attempt_at, finished_at, state, attempts, crashes)
                SELECT gen_random_uuid(), 'default', 'User', gen_random_uuid(), 1, n, 'create', 'bulk', 'c', 'r', now(),
                    timestamptz '2026-11-30 10:00:00Z' + n * interval '1 s', timestamptz '2026-11-30 10:00:02Z' + n * interval '1 s',
                    CASE n WHEN 3 THEN 'superseded' WHEN 4 THEN 'dead' ELSE 'done' END, 1, 0
                FROM generate_series(1, 4) AS n
                """)
            let drained = try await JobTable(connection: connection).drained(after: 1)
            #expect(drained.finished == 3 && drained.done == 2 && drained.dead == 1)
            #expect(drained.seconds == 2 && drained.secondsFromLease == 4)
            #expect(try #require(drained.lastFinished) - #require(drained.firstFinished) == 2_000_000)
            #expect(try await JobTable(connection: connection).drained(after: 9).firstFinished == nil)
        }
    }

    @Test("a lease of a killed worker is taken when somebody else has a later one, and ended when it was over")
    func leases() async throws {
        try await withTables { _, connection async throws in
            try await connection.run(
                """
                INSERT INTO resource_sync (resource_id, tenant, type, lease_epoch, leased_by, leased_until)
                SELECT lpad(n::text, 32, '0')::uuid, 'default', 'User', 7, CASE WHEN n < 4 THEN 'a' ELSE 'b' END,
                    CASE n WHEN 5 THEN NULL ELSE now() + interval '1 h' END
                FROM generate_series(1, 5) AS n
                """)
            let leases = LeaseTable(connection: connection)
            #expect(try await leases.holders() == ["a": 3, "b": 1])
            let held = try await leases.held(by: "a")
            #expect(held.count == 3 && held.allSatisfy { $0.epoch == 7 })
            #expect(try await leases.taken(held).isEmpty)
            try await connection.run(
                """
                UPDATE resource_sync SET lease_epoch = 8, leased_by = 'b', last_attempt_at = '2026-11-30 10:00:00Z'
                WHERE resource_id = lpad('1', 32, '0')::uuid;
                UPDATE resource_sync SET leased_until = NULL WHERE resource_id = lpad('2', 32, '0')::uuid
                """)
            let taken = try await leases.taken(held)
            #expect(taken.count == 2)
            #expect(taken["00000000-0000-0000-0000-000000000001"] == .some(.some(1_796_032_800_000_000)))
            #expect(taken["00000000-0000-0000-0000-000000000002"] == .some(.none))
        }
    }

    @Test("events wait for each sink, four of each resource, in rising order")
    func events() async throws {
        try await withTables { _, connection async throws in
            let table = EventTable(connection: connection)
            #expect(try await table.open() == 0)
            try await table.fill(20)
            #expect(try await table.open() == 20)
            #expect(
                try await number(
                    "SELECT count(*) FROM (SELECT FROM event_outbox GROUP BY resource_id HAVING count(*) = 4) x",
                    connection)
                    == 5)
            let odd = """
                SELECT count(*) FROM (
                    SELECT revision, lag(revision) OVER (PARTITION BY resource_id ORDER BY "order") AS before FROM event_outbox) x
                WHERE revision <> before + 1
                """
            #expect(try await number(odd, connection) == 0)
        }
    }

    @Test("events of changes are counted, with the jobs that have one; those of errors and of earlier writes are not")
    func recordedEvents() async throws {
        try await withTables { _, connection async throws in
            try await EventTable(connection: connection).fill(20)
            let jobs = JobTable(connection: connection)
            let first = try await number("SELECT min(\"order\") FROM event_outbox", connection)
            #expect(try await jobs.events(after: first - 1) == JobTable.Events(recorded: 20, jobs: 20))
            #expect(try await jobs.events(after: first) == JobTable.Events(recorded: 19, jobs: 19))
            try await connection.run(
                """
                UPDATE event_outbox SET job_id = (SELECT job_id FROM event_outbox ORDER BY "order" LIMIT 1)
                WHERE "order" = (SELECT max("order") FROM event_outbox);
                UPDATE event_outbox SET kind = 'error' WHERE "order" = (SELECT max("order") - 1 FROM event_outbox)
                """)
            #expect(try await jobs.events(after: first - 1) == JobTable.Events(recorded: 19, jobs: 18))
        }
    }

    @Test("what is known of UDM is forgotten for one queue, and nothing else of it")
    func callLimits() async throws {
        try await withKeyPrefix { client, name in
            for key in ["{scim:\(name)}:limit:a", "{scim:\(name)}:limit:b", "{scim:\(name)}:lease"] {
                _ = try await client.send(RedisCommand("HSET", key, "f", "1"))
            }
            let server = scim_bench.RedisServer(client: client)
            try await server.forgetCallLimits(ofQueue: "\(name)-other")
            let all = RedisCommand(
                "EXISTS", "{scim:\(name)}:limit:a", "{scim:\(name)}:limit:b", "{scim:\(name)}:lease")
            #expect(try await client.send(all).integer == 3)
            try await server.forgetCallLimits(ofQueue: name)
            #expect(try await client.send(all).integer == 1)
            #expect(try await client.send(RedisCommand("EXISTS", "{scim:\(name)}:lease")).integer == 1)
        }
    }

    @Test("a partitioned table is as large as its partitions, and what is worked out of it is for each user")
    func sizes() async throws {
        try await withTables { configuration, connection async throws in
            try await JobFill(configuration: configuration, prefix: "b-1-").run(50) { _ in }
            try await connection.run(
                """
                INSERT INTO job_history (id, tenant, type, resource_id, revision, "order", operation, lane, client, request_id,
                    accepted_at, finished_at, state, attempts, crashes, new_state)
                SELECT id, tenant, type, resource_id, revision, "order", operation, lane, client, request_id, accepted_at, now(),
                    'done', 1, 0, new_state FROM job
                """)
            let sizes = try await TableSizes.open(configuration)
            do {
                let found = try await sizes.sizes(of: ["job", "job_history"])
                #expect(try #require(found["job"]).heap >= 8192)
                #expect(try #require(found["job_history"]).heap >= 8192)
                #expect(try #require(found["job_history"]).indexes > 0)
                #expect(try await sizes.count("resource") == 50)
                #expect(try await sizes.latestWrite() == 50)
                let size = try #require(try await DirectorySize.measure(sizes))
                #expect(size.users == 50 && size.writes == 50)
                #expect(size.bytesOfUser > 500 && size.bytesOfWrite > 500)
                #expect(size.ofUser.map(\.name).contains("unique_claim"))
            } catch {
                await sizes.close()
                throw error
            }
            await sizes.close()
        }
    }
}
