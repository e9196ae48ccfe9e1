// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Logging
import Postgres
import Storage
import Synchronization
import Testing

/// Migrations of a database in which others are at work.
@Suite(.serialized, .timeLimit(.minutes(3))) struct MigrationLockTests {
    /// Locks a table, and takes longer than it may wait for that.
    private static let migration = "ALTER TABLE waits_for ADD COLUMN more integer; SELECT pg_sleep(0.5)"

    /// A migrated schema, a folder with one migration more, and somebody who reads `table` in a transaction that does not end.
    private func withReader(
        of table: String, _ body: (StorageFixture, String, PostgresConnection) async throws -> Void
    ) async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("migrations-\(UUID())").path
        try FileManager.default.copyItem(atPath: StorageFixture.schemaFolder, toPath: folder)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try Self.migration.write(toFile: folder + "/0099_more.up.sql", atomically: true, encoding: .utf8)
        try await StorageFixture.run { fixture in
            let reader = try await PostgresConnection.open(
                fixture.configuration, label: "test.reader", logger: StorageFixture.logger)
            do {
                try await reader.run("BEGIN; SELECT FROM \(table)")
                try await body(fixture, folder, reader)
                await reader.close()
            } catch {
                await reader.close()
                throw error
            }
        }
    }

    private func migrator(
        _ fixture: StorageFixture, _ folder: String, total: Duration, log: WarningLog = WarningLog()
    ) -> Migrator {
        var patience = MigrationPatience()
        patience.lockTimeout = .milliseconds(100)
        patience.pause = .milliseconds(100)
        patience.total = total
        return Migrator(
            configuration: fixture.configuration, folder: folder, patience: patience,
            logger: Logger(label: "test") { _ in log })
    }

    private final class Flag: Sendable {
        let value = Mutex(false)
    }

    /// Looks until it holds, for 20 s at most.
    private func eventually(_ isSo: () -> Bool) async throws -> Bool {
        let deadline = ContinuousClock.now + .seconds(20)
        while !isSo() {
            if ContinuousClock.now > deadline { return false }
            try await Task.sleep(for: .milliseconds(10))
        }
        return true
    }

    @Test("Behind a long reader a migration waits without a queue behind it, says so, and goes on when the reader ends")
    func longReader() async throws {
        try await withReader(of: "waits_for") { fixture, folder, reader in
            let log = WarningLog()
            let migrator = migrator(fixture, folder, total: .seconds(120), log: log)
            let migrating = Task { try await migrator.migrate() }
            let waits = try await eventually { log.warnings.contains { $0.hasPrefix("A migration waits for") } }
            #expect(waits)
            // The work goes on.
            await #expect(throws: Never.self) {
                try await fixture.connection.run(
                    """
                    SET lock_timeout = '5s';
                    INSERT INTO waits_for (resource_id, target_id, tenant, type, since)
                    SELECT gen_random_uuid(), gen_random_uuid(), 'default', 'Group', now()
                    """)
            }
            try await reader.run("COMMIT")
            #expect(try await migrating.value == ["0099_more"])
            #expect(try await fixture.number("SELECT count(more) FROM waits_for") == 0)
        }
    }

    @Test("A reader that does not end ends the migration, which tells who it is and has changed nothing")
    func endlessReader() async throws {
        try await withReader(of: "waits_for") { fixture, folder, reader in
            let pid = try await reader.execute(PostgresStatement(unnamed: "SELECT pg_backend_pid()::int8"))[0].int(0)
            let migrator = migrator(fixture, folder, total: .milliseconds(500))
            let error = await #expect(throws: MigrationError.self) { try await migrator.migrate() }
            let text = error?.description ?? ""
            #expect(text.hasPrefix("migration 0099_more has waited "))
            #expect(text.contains("waits_for, used by "))
            #expect(text.contains("pid \(pid), AccessShareLock, for "))
            #expect(try await fixture.number("SELECT count(*) FROM schema_migration WHERE version = 99") == 0)
            try await reader.run("COMMIT")
            #expect(try await migrator.migrate() == ["0099_more"])
        }
    }

    @Test("A history that is in use holds no migration up: its partitions are made later")
    func historyInUse() async throws {
        try await withReader(of: "waits_for") { fixture, _, reader in
            try await fixture.connection.run(
                """
                DO $$ BEGIN
                    EXECUTE format('DROP TABLE job_history_%s', to_char((now() AT TIME ZONE 'UTC')::date + 5, 'YYYYMMDD'));
                END $$
                """)
            try await reader.run("SELECT FROM job_history")
            let migrator = migrator(fixture, StorageFixture.schemaFolder, total: .seconds(120))
            let isDone = Flag()
            let migrating = Task {
                let names = try await migrator.migrate()
                isDone.value.withLock { $0 = true }
                return names
            }
            let wasDone = try await eventually { isDone.value.withLock { $0 } }
            #expect(wasDone)
            try await reader.run("COMMIT")
            #expect(try await migrating.value == [])
            #expect(try await fixture.database.jobs.ensurePartitions())
        }
    }
}
