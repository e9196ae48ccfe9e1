// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON
internal import Logging
internal import Postgres

/// Makes users with an open job each, as accepted creates leave them, directly in the bridge's tables: a million in a minute or two.
///
/// All in one transaction: the indexes for lists are dropped and made again at its end, which is twice as fast as filling them row by row,
/// and a bench that is killed in between leaves everything as it was. Nothing of that is measured.
struct JobFill: Sendable {
    /// Users of one statement.
    private static let chunk = 50_000
    private static let tables = ["resource", "unique_claim", "job"]

    let configuration: PostgresConfiguration
    /// Of all user names.
    let prefix: String

    /// - Parameter progress: Called after each statement with how many users it made.
    func run(_ count: Int, progress: @Sendable (Int) -> Void) async throws {
        let connection: PostgresConnection
        do {
            connection = try await PostgresConnection.open(
                configuration, label: "bench.fill", logger: Logger(label: "scim-bench"))
        } catch {
            throw BenchFailure("the database cannot be reached: \(error.message)")
        }
        do {
            try await fill(count, connection, progress)
        } catch {
            await connection.close()
            throw error
        }
        await connection.close()
    }

    private func fill(
        _ count: Int, _ connection: PostgresConnection, _ progress: @Sendable (Int) -> Void
    ) async throws {
        let tables = Self.tables.map { "'\($0)'::regclass" }.joined(separator: ", ")
        try await connection.run("BEGIN; SET LOCAL maintenance_work_mem = '512MB'")
        let indexes = try await connection.execute(
            PostgresStatement(
                unnamed: """
                    SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index
                    WHERE indrelid IN (\(tables)) AND NOT indisunique ORDER BY 1
                    """)
        ).map { (name: try $0.string(0), definition: try $0.string(1)) }
        for index in indexes { try await connection.run("DROP INDEX \(index.name)") }
        for first in stride(from: 1, through: count, by: Self.chunk) {
            let last = min(count, first + Self.chunk - 1)
            _ = try await connection.execute(
                Self.statement,
                [
                    .int(Int64(first)), .int(Int64(last)), .text(prefix), .json(Self.attributes.serialize()),
                ])
            progress(last - first + 1)
        }
        for index in indexes { try await connection.run(index.definition) }
        try await connection.run("COMMIT")
        for table in Self.tables { try await connection.run("ANALYZE \(table)") }
        // Only a superuser may; without it the checkpoint comes when it comes.
        try? await connection.run("CHECKPOINT")
    }

    /// What all users have in common.
    private static let attributes: JSONValue = [
        "name": ["formatted": "Babs Jensen", "familyName": "Jensen", "givenName": "Babs"],
        "displayName": "Babs Jensen", "title": "Tour Guide", "active": true,
        "phoneNumbers": [["value": "+49 421 555 0123", "type": "work"]],
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": [
            "employeeNumber": "701984", "department": "Tour Operations",
        ],
    ]

    /// The rows of `write_create`, the bridge's own statement. Names come in no order; ids of jobs rise, as those of version 7 do.
    private static let statement = PostgresStatement(
        unnamed: """
            WITH write AS MATERIALIZED (
                SELECT gen_random_uuid() AS id, nextval('write_order') AS "order", now() AS at,
                    $3::text || left(md5(n::text), 16) AS name
                FROM generate_series($1::int8, $2::int8) AS n
            ), person AS MATERIALIZED (
                SELECT id, "order", at, name, $4::jsonb || jsonb_build_object('userName', name, 'emails', jsonb_build_array(
                    jsonb_build_object('value', name || '@\(UserDocument.domain)', 'type', 'mailbox', 'primary', true)))
                    AS attributes
                FROM write
            ), stored AS (
                INSERT INTO resource (tenant, type, id, revision, "order", created_at, modified_at, attributes)
                SELECT 'default', 'User', id, 1, "order", at, at, attributes FROM person
            ), claims AS (
                INSERT INTO unique_claim (tenant, kind, value, resource_id)
                SELECT 'default', 'name', name, id FROM person
                UNION ALL
                SELECT 'default', 'mail', name || '@\(UserDocument.domain)', id FROM person
            )
            INSERT INTO job (
                id, tenant, type, resource_id, revision, "order", operation, lane, client, request_id, accepted_at, due_at,
                new_state)
            SELECT CAST(
                    lpad(to_hex((extract(epoch FROM at) * 1000)::int8), 12, '0') || '70008000' || lpad(to_hex("order"), 12, '0')
                    AS uuid),
                'default', 'User', id, 1, "order", 'create', 'bulk', 'bench', gen_random_uuid()::text, at, at,
                jsonb_build_object('resource', attributes, 'externalId', NULL::text, 'created', at, 'modified', at)
            FROM person
            """)
}
