// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Postgres
import SCIM
import Testing

@testable import Storage

/// Indexes and statistics that are seen to beside the writes of clients. Autovacuum, which sees to them as well, is kept away from the tables.
@Suite("Upkeep", .timeLimit(.minutes(2))) struct UpkeepTests {
    private func withTables(_ body: (StorageFixture, UpkeepStore) async throws -> Void) async throws {
        try await StorageFixture.run { fixture in
            for table in UpkeepStore.tables {
                try await fixture.connection.run("ALTER TABLE \(table) SET (autovacuum_enabled = off)")
            }
            try await body(fixture, fixture.database.upkeep)
        }
    }

    /// Somebody else's session, with a transaction that does not end.
    private func whileOpen(
        _ sql: String, _ fixture: StorageFixture, _ body: () async throws -> Void
    ) async throws {
        let other = try await PostgresConnection.open(
            fixture.configuration, label: "test.other", logger: StorageFixture.logger)
        do {
            try await other.run("BEGIN; \(sql)")
            try await body()
            await other.close()
        } catch {
            await other.close()
            throw error
        }
    }

    // MARK: The list of what is not in the index yet

    @Test("Thousands of writes leave the index of parts of names alone; the upkeep brings them there")
    func pendingList() async throws {
        try await withTables { fixture, upkeep in
            for _ in 0..<8 { try await fixture.insertClaims(1000) }
            // About 30 for each thousand.
            let pages = try #require(try await upkeep.cleanPendingList())
            #expect(pages > 150, "\(pages) pages")
            #expect(try await upkeep.cleanPendingList() == 0)
            #expect(try await fixture.claims(like: "%user-7%") == 1111)
        }
    }

    @Test("A list that nobody sees to is emptied by writes, at 4 MB")
    func nobodyLeads() async throws {
        try await withTables { fixture, upkeep in
            for _ in 0..<20 { try await fixture.insertClaims(1000) }
            let pages = try #require(try await upkeep.cleanPendingList())
            #expect(pages < 520, "\(pages) pages")
        }
    }

    @Test("The limit comes with a migration also where the index is there already; another one than ours stays")
    func limit() async throws {
        try await withTables { fixture, _ in
            let migrator = Migrator(
                configuration: fixture.configuration, folder: StorageFixture.schemaFolder, logger: StorageFixture.logger
            )
            func options() async throws -> String? {
                try await fixture.text(
                    "SELECT reloptions::text FROM pg_class WHERE oid = 'unique_claim_name_trigrams'::regclass")
            }
            _ = try await migrator.migrateDown(to: 16)
            #expect(try await options() == "{gin_pending_list_limit=256}")
            _ = try await migrator.migrate()
            #expect(try await options() == "{gin_pending_list_limit=4096}")
            try await fixture.connection.run(
                "ALTER INDEX unique_claim_name_trigrams SET (gin_pending_list_limit = 8192)")
            _ = try await migrator.migrate()
            #expect(try await options() == "{gin_pending_list_limit=8192}")
        }
    }

    @Test("Without the index there is nothing to clean")
    func noIndex() async throws {
        try await withTables { fixture, upkeep in
            try await fixture.connection.run("DROP INDEX unique_claim_name_trigrams")
            #expect(try await upkeep.cleanPendingList() == nil)
            #expect(try await upkeep.findings() == .init(isOwner: true, outgrown: []))
        }
    }

    // MARK: Statistics

    @Test("A table is analysed when it has outgrown its statistics, and only then")
    func growth() async throws {
        try await withTables { fixture, upkeep in
            func outgrown(after count: Int) async throws -> [String] {
                _ = try await fixture.insertUsers(count)
                try await fixture.reportStatistics()
                return try await upkeep.findings().outgrown
            }
            #expect(try await outgrown(after: 1000) == [])
            #expect(try await outgrown(after: 200) == ["resource"])
            #expect(try await upkeep.analyze("resource"))
            #expect(try await upkeep.findings().outgrown == [])
            #expect(
                try await fixture.number("SELECT reltuples::int8 FROM pg_class WHERE oid = 'resource'::regclass")
                    == 1200)
            #expect(try await outgrown(after: 1200) == [])
            #expect(try await outgrown(after: 1) == ["resource"])
            // Changes are not growth.
            #expect(try await upkeep.analyze("resource"))
            for _ in 0..<3 { try await fixture.connection.run("UPDATE resource SET revision = revision + 1") }
            #expect(try await outgrown(after: 1) == [])
        }
    }

    @Test("A list that was prepared for an empty table reads what it looks for, once the statistics are new")
    func preparedList() async throws {
        try await withTables { fixture, upkeep in
            let filters = [
                ("displayName sw \"user 77\"", "resource_display_name"),
                ("userName co \"user77\"", "unique_claim_name_trigrams"),
                ("meta.lastModified gt \"2999-01-01T00:00:00Z\"", "resource_modified"),
            ]
            try await fixture.connection.run(
                """
                SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off;
                SET max_parallel_workers_per_gather = 0; SET jit = off
                """)
            for (number, (text, _)) in filters.enumerated() {
                try await fixture.prepare("list\(number)", text)
                _ = try await fixture.explain("list\(number)", text)
            }
            _ = try await fixture.insertUsers(5000)
            for _ in 0..<5 { try await fixture.insertClaims(1000) }
            try await fixture.reportStatistics()
            // Otherwise there would be nothing to be seen here.
            for (number, (text, index)) in filters.enumerated().dropFirst() {
                let plan = try await fixture.explain("list\(number)", text)
                #expect(!plan.contains(index), "\(plan)")
            }
            _ = try await upkeep.cleanPendingList()
            for table in try await upkeep.findings().outgrown { #expect(try await upkeep.analyze(table)) }
            for (number, (text, index)) in filters.enumerated() {
                let plan = try await fixture.explain("list\(number)", text)
                #expect(plan.contains(index), "\(plan)")
            }
        }
    }

    // MARK: Others

    @Test("Whoever has the index or a table is not waited for")
    func busy() async throws {
        try await withTables { fixture, upkeep in
            try await fixture.insertClaims(100)
            let begin = ContinuousClock.now
            try await whileOpen("ALTER INDEX unique_claim_name_trigrams SET (fastupdate = on)", fixture) {
                let pages = try await upkeep.cleanPendingList()
                #expect(pages == nil)
            }
            try await whileOpen("LOCK TABLE resource IN SHARE UPDATE EXCLUSIVE MODE", fixture) {
                let isDone = try await upkeep.analyze("resource")
                #expect(!isDone)
            }
            // Twice 0.2 s, on a busy machine; a wait would have had no end.
            #expect(begin.duration(to: .now) < .seconds(20))
            #expect(try await upkeep.analyze("resource"))
            #expect(try #require(try await upkeep.cleanPendingList()) > 0)
        }
    }

    @Test("A role that does not own the tables is known before anything is tried")
    func foreignTables() async throws {
        try await withTables { fixture, _ in
            let database = fixture.anotherDatabase { $0.postgres.sessionSettings.append(("role", "pg_read_all_data")) }
            let findings = try await database.upkeep.findings()
            #expect(!findings.isOwner)
            await database.close()
        }
    }
}

extension StorageFixture {
    fileprivate func insertClaims(_ count: Int) async throws {
        try await connection.run(
            """
            INSERT INTO unique_claim (tenant, kind, value, resource_id)
            SELECT 'default', 'name', 'some.user-' || (SELECT count(*) FROM unique_claim) + n, gen_random_uuid()
            FROM generate_series(0, \(count - 1)) n
            """)
    }

    fileprivate func claims(like pattern: String) async throws -> Int {
        try await connection.run("SET enable_seqscan = off; SET enable_indexscan = off")
        return try await number(
            "SELECT count(*) FROM unique_claim WHERE kind = 'name' AND value LIKE '\(pattern)'")
    }

    /// What this session has written counts for everybody from now on, and not at some time within the next ten seconds.
    fileprivate func reportStatistics() async throws { try await connection.run("SELECT pg_stat_force_next_flush()") }

    private func command(_ filter: String) throws -> PostgresCommand {
        let query = ListQuery(
            tenant: "default", client: "idp", baseURL: testBaseURL,
            [.init(.user, filter: try Filter.parse(filter, for: .user, registry: .standard))], count: 100)
        return try #require(try ListStatement(query)?.prepared())
    }

    fileprivate func prepare(_ name: String, _ filter: String) async throws {
        try await connection.run("PREPARE \(name) AS \(command(filter).statement.sql)")
    }

    /// The plan that is kept, for any values.
    fileprivate func explain(_ name: String, _ filter: String) async throws -> String {
        let values = try command(filter).parameters.map { _ in "NULL" }.joined(separator: ", ")
        return try await rows("EXPLAIN (COSTS OFF) EXECUTE \(name) (\(values))").map { try $0.string(0) }
            .joined(separator: "\n")
    }
}
