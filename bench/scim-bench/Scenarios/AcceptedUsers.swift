// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Logging
internal import Postgres

/// Counts what the bridge's database holds of a run.
struct AcceptedUsers: Sendable {
    let configuration: PostgresConfiguration

    /// One row: claimed names, claimed addresses, resources, jobs, resources that have a job. One snapshot, so that a job
    /// that moves to the history meanwhile is counted once.
    ///
    /// What belongs to a user is looked up by key, user by user. A join would be planned by statistics that are older than
    /// the run: PostgreSQL takes the new names for one row then, and reads a whole index for each of a hundred thousand.
    private static let count = PostgresStatement(
        unnamed: """
            WITH claimed AS MATERIALIZED (
                SELECT c.tenant, c.kind, c.resource_id AS id FROM tenant t JOIN unique_claim c ON c.tenant = t.id
                WHERE c.kind IN ('name', 'mail') AND c.value >= $1::text AND c.value < $2::text
            ), named AS MATERIALIZED (
                SELECT
                    (SELECT count(*) FROM resource r WHERE r.tenant = c.tenant AND r.type = 'User' AND r.id = c.id)
                        AS resources,
                    (SELECT count(*) FROM job j
                        WHERE j.resource_id = c.id AND j.revision = 1 AND j.operation = 'create')
                    + (SELECT count(*) FROM job_history h
                        WHERE h.resource_id = c.id AND h.revision = 1 AND h.operation = 'create') AS jobs
                FROM claimed c WHERE c.kind = 'name'
            )
            SELECT count(*), (SELECT count(*) FROM claimed WHERE kind = 'mail'), coalesce(sum(resources), 0)::int8,
                coalesce(sum(jobs), 0)::int8, count(*) FILTER (WHERE jobs > 0)
            FROM named
            """)

    /// One row: jobs of changes.
    private static let changeCount = PostgresStatement(
        unnamed: """
            SELECT coalesce(sum(
                (SELECT count(*) FROM job j WHERE j.resource_id = c.resource_id AND j.operation = 'modify')
                + (SELECT count(*) FROM job_history h WHERE h.resource_id = c.resource_id AND h.operation = 'modify')
            ), 0)::int8
            FROM tenant t JOIN unique_claim c ON c.tenant = t.id
            WHERE c.kind = 'name' AND c.value >= $1::text AND c.value < $2::text
            """)

    /// - Parameters:
    ///   - prefix: Of the run's user names.
    ///   - hasMailbox: Whether each user has an address that is its own.
    /// - Returns: What is not there exactly once for each of `count` accepted users.
    func verify(count: Int, prefix: String, hasMailbox: Bool = true) async throws -> [String] {
        let found = try await figures(prefix: prefix)
        let expected = [count, hasMailbox ? count : 0, count, count, count]
        let words = ["claims of names", "claims of addresses", "resources", "jobs", "resources with a job"]
        return words.indices.filter { found[$0] != Int64(expected[$0]) }
            .map { "\(count) accepted, but \(found[$0]) \(words[$0])" }
    }

    /// How many jobs of changes the users with this prefix have.
    func changes(prefix: String) async throws -> Int {
        Int(try await row(Self.changeCount, prefix: prefix, columns: 1)[0])
    }

    /// Whether names with this prefix were used before: the same seed twice would be answered with conflicts.
    func holdsAny(prefix: String) async throws -> Bool { try await figures(prefix: prefix).contains { $0 != 0 } }

    private func figures(prefix: String) async throws -> [Int64] {
        try await row(Self.count, prefix: prefix, columns: 5)
    }

    private func row(_ statement: PostgresStatement, prefix: String, columns: Int) async throws -> [Int64] {
        let connection = try await PostgresConnection.open(
            configuration, label: "bench.verify", logger: Logger(label: "scim-bench"))
        do {
            // "~" is behind every digit and letter.
            let rows = try await connection.execute(statement, [.text(prefix), .text(prefix + "~")])
            guard let row = rows.first else { throw BenchFailure("the database told nothing of the accepted users") }
            let figures = try (0..<columns).map { try row.int($0) }
            await connection.close()
            return figures
        } catch {
            await connection.close()
            throw error
        }
    }
}
