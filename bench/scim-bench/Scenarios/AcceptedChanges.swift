// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Logging
internal import Postgres
internal import Synchronization

/// Counts the changes of `title` that the bridge's database holds of a run: each is a revision with a job of its own, and the latest of
/// them is what the user is now.
final class AcceptedChanges: Sendable {
    private let configuration: PostgresConfiguration
    /// Of the users that are changed.
    private let namePrefix: String
    /// The order of the last write before the run.
    private let order = Mutex<Int64>(0)

    init(configuration: PostgresConfiguration, namePrefix: String) {
        self.configuration = configuration
        self.namePrefix = namePrefix
    }

    /// One row: jobs of changes, different titles among them, different revisions, users whose title is not that of their latest change.
    /// Looked up user by user, by key; see ``AcceptedUsers``.
    private static let count = PostgresStatement(
        unnamed: """
            WITH named AS MATERIALIZED (
                SELECT c.tenant, c.resource_id AS id FROM tenant t JOIN unique_claim c ON c.tenant = t.id
                WHERE c.kind = 'name' AND c.value >= $1::text AND c.value < $2::text
            ), change AS MATERIALIZED (
                SELECT n.tenant, n.id, j.revision, j.title FROM named n CROSS JOIN LATERAL (
                    SELECT revision, new_state #>> '{resource,title}' AS title FROM job
                    WHERE resource_id = n.id AND "order" > $3::int8 AND operation = 'modify'
                    UNION ALL
                    SELECT revision, new_state #>> '{resource,title}' FROM job_history
                    WHERE resource_id = n.id AND "order" > $3::int8 AND operation = 'modify'
                    OFFSET 0
                ) j
            ), latest AS MATERIALIZED (
                SELECT DISTINCT ON (id) tenant, id, title FROM change ORDER BY id, revision DESC
            )
            SELECT (SELECT count(*) FROM change), count(DISTINCT title) FILTER (WHERE starts_with(title, $4::text)),
                count(DISTINCT (id, revision)), (
                    SELECT count(*) FROM latest l WHERE l.title IS DISTINCT FROM (
                        SELECT r.attributes ->> 'title' FROM resource r
                        WHERE r.tenant = l.tenant AND r.type = 'User' AND r.id = l.id))
            FROM change
            """)

    private static let latest = PostgresStatement(unnamed: "SELECT last_value FROM write_order")

    /// Only what is written from now on counts.
    func begin() async throws {
        try await withConnection { connection in try await begin(connection) }
    }

    private func begin(_ connection: PostgresConnection) async throws {
        let latest = try await connection.execute(Self.latest, []).first?.int(0) ?? 0
        order.withLock { $0 = latest }
    }

    /// - Parameter titles: What all titles of the run begin with.
    /// - Returns: What is not there exactly once for each of `count` accepted changes since the last call.
    func verify(count: Int, titles: String) async throws -> [String] {
        try await withConnection { connection in
            let rows = try await connection.execute(
                Self.count,
                [
                    .text(namePrefix), .text(namePrefix + "~"), .int(order.withLock { $0 }), .text(titles),
                ])
            try await begin(connection)
            guard let row = rows.first else { return ["the database told nothing of \(count) accepted changes"] }
            var problems = try zip(["jobs", "values in jobs", "revisions with a job"], 0..<3)
                .map { (what: $0.0, found: try row.int($0.1)) }
                .filter { $0.found != Int64(count) }
                .map { "\(count) accepted, but \($0.found) \($0.what)" }
            let differing = try row.int(3)
            if differing > 0 { problems.append("\(differing) users are not what their latest change made of them") }
            return problems
        }
    }

    private func withConnection<Value: Sendable>(
        _ body: (PostgresConnection) async throws -> Value
    ) async throws -> Value {
        let connection = try await PostgresConnection.open(
            configuration, label: "bench.verify", logger: Logger(label: "scim-bench"))
        do {
            let value = try await body(connection)
            await connection.close()
            return value
        } catch {
            await connection.close()
            throw error
        }
    }
}
