// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import JSON
import Logging
import Postgres
import TestSupport
import Testing

@testable import scim_bench

/// A cluster of their own, because the limit is only measured on a durable one.
@Suite(.serialized, .timeLimit(.minutes(3))) struct LimitTests {
    private static let server = Task { try await PostgresServer.start(settings: ["fsync": "on"]) }

    private static var migrations: String {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../../schema").path
    }

    private func withConnection<Value>(
        _ configuration: PostgresConfiguration, _ body: (PostgresConnection) async throws -> Value
    ) async throws -> Value {
        let connection = try await PostgresConnection.open(
            configuration, label: "test", logger: Logger(label: "test"))
        do {
            let value = try await body(connection)
            await connection.close()
            return value
        } catch {
            await connection.close()
            throw error
        }
    }

    private func schemaExists(_ configuration: PostgresConfiguration) async throws -> Bool {
        try await withConnection(configuration) { connection in
            let rows = try await connection.execute(
                PostgresStatement(unnamed: "SELECT FROM pg_namespace WHERE nspname = 'scim_bench_limit'"))
            return rows.rowCount == 1
        }
    }

    @Test("a PostgreSQL that may lose what it confirmed is refused", arguments: ["fsync", "synchronous_commit"])
    func notDurable(setting: String) {
        var durability = Durability(settings: [("fsync", "on"), ("synchronous_commit", "on")], exceptions: [])
        #expect(durability.problem == nil)
        durability.settings = durability.settings.map { $0.name == setting ? ($0.name, "off") : $0 }
        #expect(durability.problem?.contains(setting) == true)
    }

    @Test("the shared test cluster runs without fsync and is refused")
    func withoutFsync() async throws {
        let configuration = try await PostgresForTests.configuration()
        let isOff = try await withConnection(configuration) { connection in
            try await connection.execute(PostgresStatement(unnamed: "SHOW fsync")).first?.string(0) == "off"
        }
        guard isOff else { return }
        await #expect(throws: BenchFailure.self) {
            try await DatabaseServer.inspect(configuration, allowingRemote: false)
        }
    }

    @Test("a role that turns synchronous_commit off for itself is found")
    func roleException() async throws {
        let configuration = try await Self.server.value.configuration
        let server = try await DatabaseServer.inspect(configuration, allowingRemote: false)
        #expect(server.durability.settings.contains { $0 == ("fsync", "on") })
        #expect(server.postmaster == (try await Self.server.value.pid))
        #expect(server.fileSystem != nil)
        try await withConnection(configuration) { connection in
            try await connection.run("CREATE ROLE careless; ALTER ROLE careless SET synchronous_commit = off")
            let durability = try await Durability.read(on: connection)
            try await connection.run("DROP ROLE careless")
            #expect(durability.exceptions == ["role careless"])
            #expect(durability.problem != nil)
        }
    }

    @Test("pgbench writes the whole write, every row is counted, and nothing is left behind")
    func measured() async throws {
        let configuration = try await Self.server.value.configuration
        let schema = try await LimitSchema.create(configuration, migrations: Self.migrations)
        let binaries = try FileManager.default.contentsOfDirectory(atPath: "/usr/lib/postgresql")
            .map { "/usr/lib/postgresql/\($0)/bin" }
        let program = try #require(Program.find("pgbench", in: binaries))
        let limit = PgbenchLimit(program: program, schema: schema, configuration: configuration, threads: 1, seed: 3)
        let window = LoadWindow(warmUp: .seconds(1), measured: .seconds(1))
        let meter = ProcessorMeter(postmaster: try await Self.server.value.pid)
        for clients in [1, 4] {
            let result = try await limit.run(clients: clients, window: window, meter: meter) { _ in }
            #expect(result.problems == [])
            #expect(result.rate > 0)
            #expect(result.latency > 0)
            #expect(try #require(result.processorUse).generator > 0)
        }
        try await withConnection(configuration) { connection in
            let rows = try await connection.execute(
                PostgresStatement(
                    unnamed: """
                        SELECT c.value, m.value, r.attributes ->> 'displayName', j.new_state -> 'resource' = r.attributes,
                            j."order" = r."order", length(r.attributes::text)
                        FROM scim_bench_limit.resource r
                        JOIN scim_bench_limit.job j ON j.resource_id = r.id AND j.revision = r.revision
                        JOIN scim_bench_limit.unique_claim c ON c.resource_id = r.id AND c.kind = 'name'
                        JOIN scim_bench_limit.unique_claim m ON m.resource_id = r.id AND m.kind = 'mail'
                        LIMIT 1
                        """))
            let row = try #require(rows.first)
            #expect(try row.string(1) == row.string(0) + "@bench.example")
            #expect(try row.string(2) == "Babs Jensen-Sørensen")
            #expect(try row.bool(3))
            #expect(try row.bool(4))
            #expect(try (900...1250).contains(row.int(5)))
        }
        try await schema.remove()
        #expect(try await !schemaExists(configuration))
    }

    @Test(
        "changes, reads with creates among them, and many creates at once are counted as well",
        arguments: [PgbenchWork.updates(users: 9), .mixed(users: 9), .bulk(size: 7)])
    func otherWork(work: PgbenchWork) async throws {
        let configuration = try await Self.server.value.configuration
        let schema = try await LimitSchema.create(configuration, migrations: Self.migrations)
        let problems: [String]
        do {
            try await schema.fill(users: work.users)
            let binaries = try FileManager.default.contentsOfDirectory(atPath: "/usr/lib/postgresql")
                .map { "/usr/lib/postgresql/\($0)/bin" }
            let program = try #require(Program.find("pgbench", in: binaries))
            let limit = PgbenchLimit(
                program: program, schema: schema, work: work, configuration: configuration, threads: 2, seed: 3)
            let window = LoadWindow(warmUp: .seconds(1), measured: .seconds(1))
            var found: [String] = []
            for clients in [1, 4] {
                let result = try await limit.run(clients: clients, window: window, meter: ProcessorMeter()) { _ in }
                #expect(result.rate > 0)
                found += result.problems
            }
            problems = found
            let counts = try await schema.counts()
            let created = Int(counts.resources) - work.users
            #expect(counts.jobs > 0)
            #expect(Int(counts.jobs) == created + Int(counts.changes))
            #expect(Int(counts.claims) == 2 * created)
            #expect(created % work.operations == 0)
            #expect((counts.changes > 0) == (created == 0))
        } catch {
            try await schema.remove()
            throw error
        }
        try await schema.remove()
        #expect(problems == [])
    }

    @Test("what a killed bench left is replaced; two benches at once, and a foreign schema, are refused")
    func ownership() async throws {
        let configuration = try await Self.server.value.configuration
        try await withConnection(configuration) { connection in
            try await connection.run("CREATE SCHEMA scim_bench_limit")
            await #expect(throws: BenchFailure.self) {
                try await LimitSchema.create(configuration, migrations: Self.migrations)
            }
            try await connection.run(
                "COMMENT ON SCHEMA scim_bench_limit IS 'made by scim-bench, removed at its end'")
        }
        let schema = try await LimitSchema.create(configuration, migrations: Self.migrations)
        #expect(try await schema.counts() == LimitSchema.Counts())
        await #expect(throws: BenchFailure.self) {
            try await LimitSchema.create(configuration, migrations: Self.migrations)
        }
        try await schema.remove()
        #expect(try await !schemaExists(configuration))
        await #expect(throws: BenchFailure.self) {
            try await LimitSchema.create(
                configuration, migrations: FileManager.default.temporaryDirectory.path + "/none")
        }
    }

    @Test("the schema is removed even when the bench was cancelled")
    func cancelled() async throws {
        let configuration = try await Self.server.value.configuration
        let schema = try await LimitSchema.create(configuration, migrations: Self.migrations)
        let removal = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            try await schema.remove()
        }
        try await removal.value
        #expect(try await !schemaExists(configuration))
    }
}

@Suite(.timeLimit(.minutes(1))) struct AcceptedUsersTests {
    private static let insertUser = PostgresStatement(
        unnamed: """
            WITH r AS (
                INSERT INTO resource (tenant, type, id, revision, "order", created_at, modified_at, attributes)
                VALUES ('default', 'User', gen_random_uuid(), 1, nextval('write_order'), now(), now(), '{}') RETURNING id
            ), j AS (
                INSERT INTO job (id, tenant, type, resource_id, revision, "order", operation, lane, client, request_id,
                    accepted_at, due_at)
                SELECT gen_random_uuid(), 'default', 'User', id, 1, 1, 'create', 'interactive', 'c', 'r', now(), now() FROM r
            )
            INSERT INTO unique_claim (tenant, kind, value, resource_id)
            SELECT 'default', kind, $1::text || suffix, id FROM r, (VALUES ('name', ''), ('mail', '@x')) AS v (kind, suffix)
            """)

    private func withUsers(
        _ names: [String], _ body: (AcceptedUsers, PostgresConnection) async throws -> Void
    ) async throws {
        try await withSchema { configuration in
            let connection = try await PostgresConnection.open(
                configuration, label: "test", logger: Logger(label: "test"))
            let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
                "../../schema")
            do {
                for name in ["0001_resources", "0002_jobs"] {
                    try await connection.run(
                        String(contentsOf: folder.appendingPathComponent("\(name).up.sql"), encoding: .utf8))
                }
                for name in names { _ = try await connection.execute(Self.insertUser, [.text(name)]) }
                try await body(AcceptedUsers(configuration: configuration), connection)
            } catch {
                await connection.close()
                throw error
            }
            await connection.close()
        }
    }

    @Test("only the users of the run are counted")
    func counted() async throws {
        try await withUsers(["b-1-0", "b-1-f", "b-12-0", "b-2-0", "c"]) { users, _ async throws in
            #expect(try await users.verify(count: 2, prefix: "b-1-") == [])
            #expect(try await users.verify(count: 1, prefix: "b-12-") == [])
            #expect(try await users.verify(count: 3, prefix: "b-1-").count == 5)
            #expect(try await users.holdsAny(prefix: "b-"))
            #expect(try await !users.holdsAny(prefix: "d-"))
        }
    }

    @Test("a job that has moved to the history still counts, once")
    func history() async throws {
        try await withUsers(["b-1-0", "b-1-1"]) { users, connection in
            try await connection.run(
                """
                WITH done AS (
                    DELETE FROM job WHERE id = (SELECT id FROM job LIMIT 1) RETURNING *
                )
                INSERT INTO job_history (id, tenant, type, resource_id, revision, "order", operation, lane, client, request_id,
                    accepted_at, finished_at, state, attempts, crashes)
                SELECT id, tenant, type, resource_id, revision, "order", operation, lane, client, request_id, accepted_at,
                    now(), 'done', 0, 0 FROM done
                """)
            #expect(try await users.verify(count: 2, prefix: "b-1-") == [])
        }
    }

    @Test(
        "a missing resource, claim or job, and a doubled job, are told",
        arguments: [
            ("DELETE FROM resource", ["1 accepted, but 0 resources"]),
            ("DELETE FROM unique_claim WHERE kind = 'mail'", ["1 accepted, but 0 claims of addresses"]),
            ("DELETE FROM job", ["1 accepted, but 0 jobs", "1 accepted, but 0 resources with a job"]),
            (
                """
                INSERT INTO job (id, tenant, type, resource_id, revision, "order", operation, lane, client, request_id,
                    accepted_at, due_at)
                SELECT gen_random_uuid(), tenant, type, resource_id, revision, "order", operation, lane, client, request_id,
                    accepted_at, due_at FROM job
                """, ["1 accepted, but 2 jobs"]
            ),
        ])
    func missing(damage: String, problems: [String]) async throws {
        try await withUsers(["b-1-0"]) { users, connection in
            try await connection.run(damage)
            #expect(try await users.verify(count: 1, prefix: "b-1-") == problems)
        }
    }
}
