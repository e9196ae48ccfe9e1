// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON
internal import Postgres

/// Events that wait to be sent, in the bridge's own tables.
struct EventTable: Sendable {
    /// Events of each resource: they go one after the other.
    static let perResource = 4

    let connection: PostgresConnection

    /// Deliveries that are owed, whoever gets them.
    func open() async throws -> Int {
        Int(try await connection.execute(Self.counting, []).first?.int(0) ?? 0)
    }

    /// Changes of users, as outcomes leave them.
    func fill(_ count: Int) async throws {
        _ = try await connection.execute(
            Self.filling,
            [
                .int(Int64(count)), .int(Int64(max(1, count / Self.perResource))),
                .json(JSONValue.object(UserDocument.attributes(userName: "bench-event")).serialize()),
            ])
        try await connection.run("ANALYZE event_outbox; ANALYZE event_delivery")
    }

    private static let counting = PostgresStatement("bench_open_deliveries", "SELECT count(*) FROM event_delivery")

    private static let filling = PostgresStatement(
        unnamed: """
            INSERT INTO event_outbox (
                id, "order", tenant, type, resource_id, revision, kind, operation, job_id, client, request_id, accepted_at,
                recorded_at, attempts, old_state, new_state, udm_dn)
            SELECT gen_random_uuid(), nextval('write_order'), 'default', 'User', md5('bench-event-' || (n % $2::int8))::uuid,
                n / $2::int8 + 2, 'change', 'modify', gen_random_uuid(), 'bench', gen_random_uuid()::text, now(), now(), 1,
                s.state, s.state, 'uid=bench-event-' || n || ',cn=users,dc=example,dc=org'
            FROM generate_series(0, $1::int8 - 1) AS n CROSS JOIN (
                SELECT jsonb_build_object('resource', $3::jsonb, 'externalId', NULL::text, 'created', now(), 'modified', now())
                    AS state) AS s
            """)
}
