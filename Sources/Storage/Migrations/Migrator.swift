// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Crypto
internal import Foundation
package import Logging
package import Postgres

/// Brings a database to the schema of this program, from the numbered SQL files of a folder.
///
/// Each migration is one transaction, which never waits for long where others use a table: see ``MigrationPatience``. An advisory lock makes several processes that start at once take turns, and the ones that come later
/// find nothing left to do. `schema_migration` keeps number, name and checksum of what was applied.
package struct Migrator: Sendable {
    private let configuration: PostgresConfiguration
    private let folder: String
    let patience: MigrationPatience
    let logger: Logger

    /// Days of job history for which partitions are made ahead.
    private static let lockKey: Int64 = 0x5343_494D_0000

    /// - Parameter folder: With files such as `0001_resources.up.sql`.
    package init(
        configuration: PostgresConfiguration, folder: String, patience: MigrationPatience = MigrationPatience(),
        logger: Logger
    ) {
        // Indexes of a million resources take their time, and so does another process that migrates first.
        var unlimited = configuration
        unlimited.statementTimeout = nil
        unlimited.responseTimeout = nil
        unlimited.sessionSettings += [("statement_timeout", "0")]
        self.configuration = unlimited
        self.folder = folder
        self.patience = patience
        self.logger = logger
    }

    /// Applies what is missing.
    /// - Returns: The names of the migrations applied now.
    /// - Throws: ``MigrationError`` when the history does not fit this program; nothing is changed then.
    package func migrate() async throws -> [String] {
        let migrations = try MigrationFile.all(in: folder)
        return try await locked { connection in
            let applied = try await history(connection)
            try check(applied, against: migrations)
            var names: [String] = []
            for migration in migrations where applied[migration.version] == nil {
                logger.notice("Applying migration \(migration.name)")
                try await apply(migration, on: connection)
                names.append(migration.name)
            }
            try await preparePartitions(connection)
            try await prepareSearch(connection)
            return names
        }
    }

    /// Takes migrations back, newest first, down to and without `version`; for development.
    /// - Returns: The names of the migrations taken back.
    package func migrateDown(to version: Int) async throws -> [String] {
        let migrations = try MigrationFile.all(in: folder)
        return try await locked { connection in
            let applied = try await history(connection)
            try check(applied, against: migrations)
            var names: [String] = []
            for migration in migrations.reversed()
            where migration.version > version && applied[migration.version] != nil {
                let sql = try migration.downSQL()
                try await patiently(migration.name, sql, on: connection) { () throws(PostgresError) in
                    try await connection.run(
                        "\(sql)\n;DELETE FROM schema_migration WHERE version = \(migration.version);")
                }
                names.append(migration.name)
            }
            return names
        }
    }

    /// The number of the newest migration in a folder, which is the schema that this version needs.
    package static func newestVersion(in folder: String) throws -> Int {
        try MigrationFile.all(in: folder).last?.version ?? 0
    }

    private func locked(_ body: (PostgresConnection) async throws -> [String]) async throws -> [String] {
        let connection = try await PostgresConnection.open(configuration, label: "migrate", logger: logger)
        do {
            _ = try await connection.execute(
                PostgresStatement(unnamed: "SELECT pg_advisory_lock($1::int8)"), [.int(Self.lockKey)])
            let names = try await body(connection)
            await connection.close()
            return names
        } catch {
            // The session's end frees the lock and rolls back what was open.
            await connection.close()
            throw error
        }
    }

    private func apply(_ migration: MigrationFile, on connection: PostgresConnection) async throws {
        try await patiently(migration.name, migration.upSQL, on: connection) { () throws(PostgresError) in
            try await connection.run(migration.upSQL)
            _ = try await connection.execute(
                PostgresStatement(
                    unnamed:
                        "INSERT INTO schema_migration (version, name, checksum) VALUES ($1::int8, $2::text, $3::text)"),
                [.int(Int64(migration.version)), .text(migration.name), .text(migration.checksum)])
        }
    }

    /// Where the history is in use, the process that leads makes them later; the default partition takes what comes meanwhile.
    private func preparePartitions(_ connection: PostgresConnection) async throws {
        do throws(PostgresError) {
            try await connection.run(
                """
                BEGIN; SET LOCAL lock_timeout = '\(patience.lockTimeout.microseconds / 1000)ms';
                SELECT ensure_job_history_partitions((clock_timestamp() AT TIME ZONE 'UTC')::date, 8);
                COMMIT
                """)
        } catch {
            guard error.isLockNotAvailable else { throw error }
            try await connection.run("ROLLBACK")
            logger.notice("The job history is in use; its partitions are made later, by the process that leads")
        }
    }

    /// Says what filters will miss in this database.
    private func prepareSearch(_ connection: PostgresConnection) async throws {
        let row = try await patiently("unique_claim_name_trigrams", "unique_claim", on: connection) {
            () throws(PostgresError) in
            try await connection.execute(
                PostgresStatement(unnamed: "SELECT ensure_trigram_index(), folded('ÄЖ') = 'äж'"))[0]
        }
        if try !row.bool(0) {
            logger.warning(
                """
                Filters of names with co and ew read every resource: install the PostgreSQL extension pg_trgm, or let \
                this user create it, and migrate again
                """)
        }
        if try !row.bool(1) {
            logger.warning(
                """
                Filters ignore the case of ASCII letters only: no collation of this database knows others; \
                see docs/operating/running.md
                """)
        }
    }

    private struct Applied {
        let name: String
        let checksum: String
    }

    private func history(_ connection: PostgresConnection) async throws -> [Int: Applied] {
        try await connection.run(
            """
            CREATE TABLE IF NOT EXISTS schema_migration (
                version bigint PRIMARY KEY, name text NOT NULL, checksum text NOT NULL,
                applied_at timestamptz NOT NULL DEFAULT clock_timestamp())
            """)
        let result = try await connection.execute(
            PostgresStatement(unnamed: "SELECT version, name, checksum FROM schema_migration"), [])
        var applied: [Int: Applied] = [:]
        for row in result {
            applied[Int(try row.int(0))] = Applied(name: try row.string(1), checksum: try row.string(2))
        }
        return applied
    }

    private func check(_ applied: [Int: Applied], against migrations: [MigrationFile]) throws(MigrationError) {
        let known = Dictionary(uniqueKeysWithValues: migrations.map { ($0.version, $0) })
        for (version, found) in applied.sorted(by: { $0.key < $1.key }) {
            guard let migration = known[version] else { throw .newerHistory(name: found.name) }
            guard migration.checksum == found.checksum else { throw .changed(name: found.name) }
        }
    }
}

/// Why a database is not migrated.
package enum MigrationError: Error, Equatable, Sendable, CustomStringConvertible {
    case noFolder(path: String)
    case badName(String)
    case duplicateVersion(Int)
    case changed(name: String)
    case newerHistory(name: String)
    case missingDown(name: String)
    /// What it has to lock is used by others all the time.
    case inUse(name: String, by: String, seconds: Int)

    package var description: String {
        switch self {
        case .noFolder(let path): "no migrations in \(path); set SCHEMA_FOLDER to the folder schema/ of this version"
        case .badName(let name): "\(name) is not named like 0001_resources.up.sql"
        case .duplicateVersion(let version): "two migrations have the number \(version)"
        case .changed(let name):
            "migration \(name) was changed after it had been applied; restore its file, changes go into a new migration"
        case .newerHistory(let name):
            "the database has migration \(name), which this version does not know; run the version that applied it, or a newer one"
        case .missingDown(let name): "migration \(name) has no .down.sql"
        case .inUse(let name, let by, let seconds):
            """
            migration \(name) has waited \(seconds) s for what others use, and has changed nothing: \(by); end that transaction, \
            or wait for its end, and migrate again
            """
        }
    }
}

/// One numbered SQL file and its counterpart.
struct MigrationFile: Sendable {
    let version: Int
    let name: String
    let upSQL: String
    let checksum: String
    private let folder: String

    /// In the order of their numbers.
    static func all(in folder: String) throws -> [MigrationFile] {
        let files = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).filter {
            $0.hasSuffix(".up.sql")
        }
        guard !files.isEmpty else { throw MigrationError.noFolder(path: folder) }
        var migrations: [MigrationFile] = []
        for file in files.sorted() {
            let name = String(file.dropLast(".up.sql".count))
            guard let number = name.split(separator: "_").first, number.count == 4, let version = Int(number) else {
                throw MigrationError.badName(file)
            }
            let sql = try String(contentsOfFile: folder + "/" + file, encoding: .utf8)
            let digest = SHA256.hash(data: Data(sql.utf8)).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
            migrations.append(
                MigrationFile(version: version, name: name, upSQL: sql, checksum: digest, folder: folder))
        }
        for (first, second) in zip(migrations, migrations.dropFirst()) where first.version == second.version {
            throw MigrationError.duplicateVersion(first.version)
        }
        return migrations
    }

    func downSQL() throws -> String {
        guard let sql = try? String(contentsOfFile: "\(folder)/\(name).down.sql", encoding: .utf8) else {
            throw MigrationError.missingDown(name: name)
        }
        return sql
    }
}
