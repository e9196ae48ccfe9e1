// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Foundation
internal import Postgres

/// The schema `scim_bench_limit`: the bridge's own tables, made from its migrations, for the limit to write into.
struct LimitSchema: Sendable {
    static let name = "scim_bench_limit"

    private let schema: BenchSchema

    /// What the bridge makes beside its migrations, for a write to cost the same.
    private static let indexBesideMigrations = """
        DO $do$ BEGIN
            IF to_regprocedure('ensure_trigram_index()') IS NOT NULL THEN PERFORM ensure_trigram_index(); END IF;
        END $do$
        """

    /// - Parameter folder: Holds the migrations, `0001_resources.up.sql` and so on.
    static func create(_ configuration: PostgresConfiguration, migrations folder: String) async throws -> LimitSchema {
        let migrations = try read(folder)
        var configuration = configuration
        configuration.searchPath = name
        let schema = try await BenchSchema.create(name, configuration)
        do {
            for migration in migrations { try await schema.connection.run(migration) }
            try await schema.connection.run(indexBesideMigrations)
        } catch {
            // What stopped the bench is what its user has to know.
            try? await schema.remove()
            throw error
        }
        return LimitSchema(schema: schema)
    }

    /// Rows of the tables that one write fills: resources, unique values, jobs.
    func counts() async throws -> [Int64] {
        let rows = try await schema.connection.execute(
            PostgresStatement(
                unnamed: """
                    SELECT (SELECT count(*) FROM \(Self.name).resource), (SELECT count(*) FROM \(Self.name).unique_claim),
                        (SELECT count(*) FROM \(Self.name).job)
                    """))
        guard let row = rows.first else { return [] }
        return [try row.int(0), try row.int(1), try row.int(2)]
    }

    func remove() async throws { try await schema.remove() }

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
