// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Foundation
internal import Logging
internal import Postgres

/// The schema `scim_bench_limit`: the bridge's own tables, made from its migrations, for the limit to write into.
///
/// It exists while the bench runs. An advisory lock keeps two benches apart, and a comment tells what a killed one left
/// behind from a schema that somebody else gave this name.
struct LimitSchema: Sendable {
    static let name = "scim_bench_limit"
    private static let mark = "made by scim-bench, removed at its end"

    private let connection: PostgresConnection

    /// - Parameter folder: Holds the migrations, `0001_resources.up.sql` and so on.
    static func create(_ configuration: PostgresConfiguration, migrations folder: String) async throws -> LimitSchema {
        let migrations = try read(folder)
        var configuration = configuration
        configuration.searchPath = name
        let connection = try await PostgresConnection.open(
            configuration, label: "bench.limit", logger: Logger(label: "scim-bench"))
        let schema = LimitSchema(connection: connection)
        do {
            try await schema.take()
            try await connection.run("CREATE SCHEMA \(name); COMMENT ON SCHEMA \(name) IS '\(mark)'")
            for migration in migrations { try await connection.run(migration) }
        } catch {
            await schema.close()
            throw error
        }
        return schema
    }

    /// Rows of the tables that one write fills: resources, unique values, jobs.
    func counts() async throws -> [Int64] {
        let rows = try await connection.execute(
            PostgresStatement(
                unnamed: """
                    SELECT (SELECT count(*) FROM \(Self.name).resource), (SELECT count(*) FROM \(Self.name).unique_claim),
                        (SELECT count(*) FROM \(Self.name).job)
                    """))
        guard let row = rows.first else { return [] }
        return [try row.int(0), try row.int(1), try row.int(2)]
    }

    /// Drops the schema with everything in it. Also when the bench was interrupted: cancelling the calling task does not
    /// stop it.
    func remove() async throws {
        try await Task {
            do {
                try await connection.run("DROP SCHEMA \(Self.name) CASCADE")
                await close()
            } catch {
                await close()
                throw error
            }
        }.value
    }

    /// The server notices the end of a connection a little later; the next bench must not find it locked until then.
    private func close() async {
        // If that fails, the end of the connection unlocks it all the same.
        try? await connection.run("SELECT pg_advisory_unlock_all()")
        await connection.close()
    }

    private func take() async throws {
        let locked = try await connection.execute(
            PostgresStatement(unnamed: "SELECT pg_try_advisory_lock(hashtextextended($1::text, 0))"), [.text(Self.name)]
        )
        guard try locked.first?.bool(0) == true else {
            throw BenchFailure("another bench is running on this database. Wait for its end")
        }
        let found = try await connection.execute(
            PostgresStatement(
                unnamed: "SELECT obj_description(oid, 'pg_namespace') FROM pg_namespace WHERE nspname = $1::text"),
            [.text(Self.name)])
        guard let row = found.first else { return }
        guard try row.optionalString(0) == Self.mark else {
            throw BenchFailure("the schema \(Self.name) exists and was not made by the bench. Rename or drop it")
        }
        try await connection.run("DROP SCHEMA \(Self.name) CASCADE")
    }

    private static func read(_ folder: String) throws -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        let migrations = names.filter { $0.hasSuffix(".up.sql") }.sorted()
        guard !migrations.isEmpty else {
            throw BenchFailure(
                "\(folder) holds no migrations (0001_resources.up.sql …). Name their folder: --schema-folder")
        }
        return try migrations.map { try String(contentsOfFile: "\(folder)/\($0)", encoding: .utf8) }
    }
}
