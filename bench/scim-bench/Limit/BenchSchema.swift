// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Logging
internal import Postgres

/// A schema of the bench in the database of the bridge, with the connection that made it.
///
/// It exists while the bench runs. An advisory lock keeps two benches apart, and a comment tells what a killed one left
/// behind from a schema that somebody else gave this name.
struct BenchSchema: Sendable {
    private static let mark = "made by scim-bench, removed at its end"

    let name: String
    let connection: PostgresConnection

    static func create(_ name: String, _ configuration: PostgresConfiguration) async throws -> BenchSchema {
        let connection = try await PostgresConnection.open(
            configuration, label: "bench.schema", logger: Logger(label: "scim-bench"))
        let schema = BenchSchema(name: name, connection: connection)
        do {
            try await schema.take()
            try await connection.run("CREATE SCHEMA \(name); COMMENT ON SCHEMA \(name) IS '\(mark)'")
        } catch {
            await schema.close()
            throw error
        }
        return schema
    }

    /// Drops the schema with everything in it. Also when the bench was interrupted: cancelling the calling task does not
    /// stop it.
    func remove() async throws {
        try await Task {
            do {
                try await connection.run("DROP SCHEMA \(name) CASCADE")
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
            PostgresStatement(unnamed: "SELECT pg_try_advisory_lock(hashtextextended($1::text, 0))"), [.text(name)])
        guard try locked.first?.bool(0) == true else {
            throw BenchFailure("another bench is running on this database. Wait for its end")
        }
        let found = try await connection.execute(
            PostgresStatement(
                unnamed: "SELECT obj_description(oid, 'pg_namespace') FROM pg_namespace WHERE nspname = $1::text"),
            [.text(name)])
        guard let row = found.first else { return }
        guard try row.optionalString(0) == Self.mark else {
            throw BenchFailure("the schema \(name) exists and was not made by the bench. Rename or drop it")
        }
        try await connection.run("DROP SCHEMA \(name) CASCADE")
    }
}
