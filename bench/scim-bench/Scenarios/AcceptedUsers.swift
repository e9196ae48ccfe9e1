// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Logging
internal import Postgres

/// Counts what the bridge's database holds of a run.
struct AcceptedUsers: Sendable {
    let configuration: PostgresConfiguration

    /// One row: claimed names, claimed addresses, resources, jobs, resources that have a job. One snapshot, so that a job
    /// that moves to the history meanwhile is counted once.
    private static let count = PostgresStatement(
        unnamed: """
            WITH claimed AS MATERIALIZED (
                SELECT c.kind, c.resource_id FROM tenant t JOIN unique_claim c ON c.tenant = t.id
                WHERE c.kind IN ('name', 'mail') AND c.value >= $1::text AND c.value < $2::text
            ), named AS MATERIALIZED (
                SELECT resource_id FROM claimed WHERE kind = 'name'
            ), owed AS (
                SELECT resource_id FROM job WHERE operation = 'create' AND revision = 1
                UNION ALL
                SELECT resource_id FROM job_history WHERE operation = 'create' AND revision = 1
            )
            SELECT
                (SELECT count(*) FROM named),
                (SELECT count(*) FROM claimed WHERE kind = 'mail'),
                (SELECT count(*) FROM resource r JOIN named n ON n.resource_id = r.id WHERE r.type = 'User'),
                (SELECT count(*) FROM owed o JOIN named n USING (resource_id)),
                (SELECT count(DISTINCT o.resource_id) FROM owed o JOIN named n USING (resource_id))
            """)

    /// - Parameter prefix: Of the run's user names.
    /// - Returns: What is not there exactly once for each of `count` accepted users.
    func verify(count: Int, prefix: String) async throws -> [String] {
        let found = try await figures(prefix: prefix)
        return zip(["claims of names", "claims of addresses", "resources", "jobs", "resources with a job"], found)
            .filter { $0.1 != Int64(count) }
            .map { "\(count) accepted, but \($0.1) \($0.0)" }
    }

    /// Whether names with this prefix were used before: the same seed twice would be answered with conflicts.
    func holdsAny(prefix: String) async throws -> Bool { try await figures(prefix: prefix).contains { $0 != 0 } }

    private func figures(prefix: String) async throws -> [Int64] {
        let connection = try await PostgresConnection.open(
            configuration, label: "bench.verify", logger: Logger(label: "scim-bench"))
        do {
            // "~" is behind every digit and letter.
            let rows = try await connection.execute(Self.count, [.text(prefix), .text(prefix + "~")])
            var figures: [Int64] = []
            if let row = rows.first { for column in 0..<5 { figures.append(try row.int(column)) } }
            await connection.close()
            return figures
        } catch {
            await connection.close()
            throw error
        }
    }
}
