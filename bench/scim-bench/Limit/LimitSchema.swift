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

    /// What writes leave in the tables.
    struct Counts: Sendable, Equatable, CustomStringConvertible {
        var resources: Int64 = 0
        /// Unique values.
        var claims: Int64 = 0
        var jobs: Int64 = 0
        /// Revisions of all resources beyond their first.
        var changes: Int64 = 0

        var description: String { "\(resources) resources, \(claims) claims, \(jobs) jobs, \(changes) changes" }

        /// `times` transactions that each add `other`.
        mutating func add(_ other: Counts, times: Int) {
            resources += other.resources * Int64(times)
            claims += other.claims * Int64(times)
            jobs += other.jobs * Int64(times)
            changes += other.changes * Int64(times)
        }
    }

    /// Users to be read and changed; user `n`, counted from 1, has the id ``LimitScript/id(of:)``.
    func fill(users: Int) async throws {
        guard users > 0 else { return }
        _ = try await schema.connection.execute(
            PostgresStatement(
                unnamed: """
                    INSERT INTO \(Self.name).resource (
                        tenant, type, id, revision, "order", created_at, modified_at, attributes)
                    SELECT 'default', 'User', \(LimitScript.id(of: "n")), 1, nextval('\(Self.name).write_order'), now(),
                        now(), $1::jsonb || jsonb_build_object('userName', 'bench-limit-' || n)
                    FROM generate_series(1, $2::int8) AS n
                    """), [.text(LimitScript.definition.value), .int(Int64(users))])
        try await schema.connection.run("ANALYZE \(Self.name).resource")
    }

    func counts() async throws -> Counts {
        let rows = try await schema.connection.execute(
            PostgresStatement(
                unnamed: """
                    SELECT (SELECT count(*) FROM \(Self.name).resource), (SELECT count(*) FROM \(Self.name).unique_claim),
                        (SELECT count(*) FROM \(Self.name).job),
                        (SELECT coalesce(sum(revision - 1), 0)::int8 FROM \(Self.name).resource)
                    """))
        guard let row = rows.first else { return Counts() }
        return Counts(
            resources: try row.int(0), claims: try row.int(1), jobs: try row.int(2), changes: try row.int(3))
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
