// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Postgres

/// Why a database that answers cannot be used by this version.
package enum SchemaError: Error, Equatable, Sendable, CustomStringConvertible {
    case serverTooOld(version: String)
    /// `found` is the number of the newest migration applied, nil in an empty database.
    case notMigrated(found: Int?, needed: Int)

    package var description: String {
        switch self {
        case .serverTooOld(let version): "PostgreSQL \(version) is too old: version 15 or later is needed"
        case .notMigrated(nil, _): "the database has no schema: run scim-bridge migrate"
        case .notMigrated(.some(let found), let needed):
            "the database has the schema of migration \(found), this version needs \(needed): run scim-bridge migrate"
        }
    }
}

extension Database {
    /// Whether the server answers and has what this version needs.
    ///
    /// A newer schema is fine: while a new version is rolled out, its migrations come first and the old processes serve on.
    ///
    /// - Parameter version: The newest migration of this version, see ``Migrator/newestVersion(in:)``.
    /// - Throws: ``SchemaError``, or ``PostgresError`` when the server does not answer.
    package func checkSchema(version needed: Int) async throws {
        let server = try await readers[0].execute(Self.serverVersion)
        guard try server[0].int(0) >= 150_000 else {
            throw SchemaError.serverTooOld(version: try server[0].string(1))
        }
        let found = try await newestMigration()
        if found ?? -1 < needed { throw SchemaError.notMigrated(found: found, needed: needed) }
    }

    /// - Returns: nil when nothing was ever migrated.
    private func newestMigration() async throws(PostgresError) -> Int? {
        do {
            return try await readers[0].execute(Self.newestMigration)[0].optionalInt(0).map { Int($0) }
        } catch {
            // There is no table of migrations.
            if error.sqlState == "42P01" { return nil }
            throw error
        }
    }

    private static let serverVersion = PostgresStatement(
        "server_version", "SELECT current_setting('server_version_num')::int8, current_setting('server_version')")
    private static let newestMigration = PostgresStatement(
        "newest_migration", "SELECT max(version) FROM schema_migration")
}
