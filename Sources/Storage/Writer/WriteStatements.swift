// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Postgres

/// A statement that is prepared anew from time to time.
///
/// PostgreSQL keeps the plan of a prepared statement until the next ANALYZE. One that was made for nearly empty tables reads them as a whole, which
/// would be ruinous for an import into a new database.
struct PlannedStatement {
    private let name: String
    private let sql: String

    init(_ name: String, _ sql: String) {
        self.name = name
        self.sql = sql
    }

    /// - Parameter generation: Rises as the tables grow.
    func statement(generation: Int) -> PostgresStatement { PostgresStatement("\(name)_\(generation)", sql) }
}

/// The SQL of accepted writes. `$1` is the tenant; each further parameter is a column of all operations of a batch.
///
/// Arrays of claims name the resource in their first column. Locks are taken in the order of the ids, members before their groups.
///
/// Tables are joined by the tenant of a row, and not by `$1`: an index that begins with the tenant would serve for that alone, and PostgreSQL, which
/// takes a table that it has never analysed for nearly empty, would read all of it for each batch.
enum WriteStatements {
    /// Clashes with the table are answered and leave the rest alone; a value taken in this very moment by another process raises 23505.
    static let create = PlannedStatement(
        "write_create",
        """
        WITH claim AS MATERIALIZED (
            SELECT $1::text AS tenant, c.* FROM unnest($13::uuid[], $14::text[], $15::text[]) AS c(id, kind, value)
        ), clash AS MATERIALIZED (
            SELECT c.id, c.kind, c.value FROM claim c
            JOIN unique_claim u ON u.tenant = c.tenant AND u.kind = c.kind AND u.value = c.value
        ), written AS MATERIALIZED (
            SELECT i.*, nextval('write_order') AS number
            FROM unnest(
                $2::uuid[], $3::text[], $4::jsonb[], $5::timestamptz[], $6::text[], $7::uuid[], $8::text[], $9::text[],
                $10::text[], $11::text[], $12::bytea[]
            ) AS i(id, type, attributes, at, external_id, job_id, client, request_id, trace_parent, lane, secret)
            WHERE NOT EXISTS (SELECT FROM clash x WHERE x.id = i.id)
        ), claimed AS (
            INSERT INTO unique_claim (tenant, kind, value, resource_id)
            SELECT $1::text, c.kind, c.value, c.id FROM claim c
            WHERE NOT EXISTS (SELECT FROM clash x WHERE x.id = c.id)
        ), stored AS (
            INSERT INTO resource (tenant, type, id, revision, "order", created_at, modified_at, attributes)
            SELECT $1::text, type, id, 1, number, at, at, attributes FROM written
        ), named AS (
            INSERT INTO external_id (resource_id, client, tenant, value)
            SELECT id, client, $1::text, external_id FROM written WHERE external_id IS NOT NULL
        ), owed AS (
            INSERT INTO job (
                id, tenant, type, resource_id, revision, "order", operation, lane, client, request_id, trace_parent,
                accepted_at, due_at, new_state, secret)
            SELECT job_id, $1::text, type, id, 1, number, 'create', lane, client, request_id, trace_parent, at, at,
                jsonb_build_object('resource', attributes, 'externalId', external_id, 'created', at, 'modified', at),
                secret
            FROM written
        )
        SELECT id, 1::int8, number, at, NULL::text, NULL::text FROM written
        UNION ALL
        SELECT id, NULL, NULL, NULL, kind, value FROM clash
        """)

    /// For a batch: a row that is locked elsewhere is left out, so that it holds up nobody else.
    static let update = updating("write_update", "SKIP LOCKED")
    /// Waits for the row, within `lock_timeout`.
    static let updateAlone = updating("write_update_alone", "")

    private static func updating(_ name: String, _ waiting: String) -> PlannedStatement {
        PlannedStatement(
            name,
            """
            WITH claim AS MATERIALIZED (
                SELECT $1::text AS tenant, c.* FROM unnest($14::uuid[], $15::text[], $16::text[]) AS c(id, kind, value)
            ), clash AS MATERIALIZED (
                SELECT c.id, c.kind, c.value FROM claim c
                JOIN unique_claim u ON u.tenant = c.tenant AND u.kind = c.kind AND u.value = c.value
                WHERE u.resource_id <> c.id
            ), i AS MATERIALIZED (
                SELECT $1::text AS tenant, i.*
                FROM unnest(
                    $2::uuid[], $3::text[], $4::jsonb[], $5::timestamptz[], $6::text[], $7::uuid[], $8::text[],
                    $9::text[], $10::text[], $11::text[], $12::bytea[], $13::int8[]
                ) AS i(
                    id, type, attributes, at, external_id, job_id, client, request_id, trace_parent, lane, secret,
                    expected)
            ), found AS MATERIALIZED (
                SELECT i.*, r.attributes AS old_attributes, r.created_at, r.modified_at, e.value AS old_external_id
                FROM i
                JOIN resource r
                    ON r.tenant = i.tenant AND r.type = i.type AND r.id = i.id AND r.revision = i.expected
                LEFT JOIN external_id e ON e.resource_id = i.id AND e.client = i.client
                WHERE NOT EXISTS (SELECT FROM clash x WHERE x.id = i.id)
                ORDER BY r.id FOR NO KEY UPDATE OF r \(waiting)
            ), written AS MATERIALIZED (
                SELECT found.*, nextval('write_order') AS number FROM found
            ), stored AS (
                UPDATE resource r SET
                    revision = r.revision + 1, "order" = w.number, attributes = w.attributes, modified_at = w.at
                FROM written w WHERE r.tenant = w.tenant AND r.type = w.type AND r.id = w.id
            ), given_up AS MATERIALIZED (
                SELECT $1::text AS tenant, c.* FROM unnest($17::uuid[], $18::text[], $19::text[]) AS c(id, kind, value)
                WHERE EXISTS (SELECT FROM written w WHERE w.id = c.id)
            ), released AS (
                DELETE FROM unique_claim u USING given_up c
                WHERE u.tenant = c.tenant AND u.kind = c.kind AND u.value = c.value AND u.resource_id = c.id
            ), claimed AS (
                INSERT INTO unique_claim (tenant, kind, value, resource_id)
                SELECT $1::text, c.kind, c.value, c.id FROM claim c
                WHERE EXISTS (SELECT FROM written w WHERE w.id = c.id)
                    AND NOT EXISTS (
                        SELECT FROM unique_claim u
                        WHERE u.tenant = c.tenant AND u.kind = c.kind AND u.value = c.value)
            ), unnamed AS (
                DELETE FROM external_id e USING written w
                WHERE w.external_id IS NULL AND w.old_external_id IS NOT NULL
                    AND e.resource_id = w.id AND e.client = w.client
            ), named AS (
                INSERT INTO external_id (resource_id, client, tenant, value)
                SELECT id, client, $1::text, external_id FROM written
                WHERE external_id IS NOT NULL AND external_id IS DISTINCT FROM old_external_id
                ON CONFLICT (resource_id, client) DO UPDATE SET value = excluded.value
            ), owed AS (
                INSERT INTO job (
                    id, tenant, type, resource_id, revision, "order", operation, lane, client, request_id, trace_parent,
                    accepted_at, due_at, old_state, new_state, secret)
                SELECT job_id, $1::text, type, id, expected + 1, number, 'modify', lane, client, request_id,
                    trace_parent, at, at,
                    jsonb_build_object(
                        'resource', old_attributes, 'externalId', old_external_id, 'created', created_at,
                        'modified', modified_at),
                    jsonb_build_object(
                        'resource', attributes, 'externalId', external_id, 'created', created_at, 'modified', at),
                    secret
                FROM written
            )
            SELECT id, expected + 1, number, created_at, NULL::text, NULL::text FROM written
            UNION ALL
            SELECT id, NULL, NULL, NULL, kind, value FROM clash
            """)
    }

    /// Before ``delete``, in the same transaction: whoever adds one of the resources to a group has ended then, and the statements that
    /// follow see it.
    static let lockDeleted = PlannedStatement(
        "write_delete_lock",
        """
        WITH i AS MATERIALIZED (
            SELECT $1::text AS tenant, i.* FROM unnest($2::text[], $3::uuid[]) AS i(type, id)
        )
        SELECT FROM i JOIN resource r ON r.tenant = i.tenant AND r.type = i.type AND r.id = i.id
        ORDER BY r.id FOR UPDATE OF r
        """)

    /// Groups that lose a member; after ``lockDeleted``.
    static let lockGroups = PlannedStatement(
        "write_delete_lock_groups",
        """
        WITH i AS MATERIALIZED (
            SELECT DISTINCT $1::text AS tenant, m.group_id FROM group_member m
            WHERE m.member_id = ANY ($2::uuid[]) AND m.removed_revision IS NULL
        )
        SELECT FROM i JOIN resource g ON g.tenant = i.tenant AND g.type = 'Group' AND g.id = i.group_id
        ORDER BY g.id FOR NO KEY UPDATE OF g
        """)

    /// UDM takes a deleted object out of its groups by itself: they get a revision, but no job.
    static let delete = PlannedStatement(
        "write_delete",
        """
        WITH i AS MATERIALIZED (
            SELECT $1::text AS tenant, i.*
            FROM unnest(
                $2::uuid[], $3::text[], $4::timestamptz[], $5::uuid[], $6::text[], $7::text[], $8::text[], $9::text[],
                $10::int8[]
            ) AS i(id, type, at, job_id, client, request_id, trace_parent, lane, expected)
        ), gone AS MATERIALIZED (
            SELECT i.*, r.revision + 1 AS revision, nextval('write_order') AS number, r.attributes, r.created_at,
                r.modified_at, e.value AS external_id
            FROM i
            JOIN resource r ON r.tenant = i.tenant AND r.type = i.type AND r.id = i.id
                AND r.revision = coalesce(i.expected, r.revision)
            LEFT JOIN external_id e ON e.resource_id = i.id AND e.client = i.client
        ), removed AS (
            DELETE FROM resource r USING gone
            WHERE r.tenant = gone.tenant AND r.type = gone.type AND r.id = gone.id
        ), released AS (
            DELETE FROM unique_claim u USING gone WHERE u.resource_id = gone.id
        ), unnamed AS (
            DELETE FROM external_id e USING gone WHERE e.resource_id = gone.id
        ), membership AS MATERIALIZED (
            SELECT gone.tenant, m.group_id, m.member_id, gone.at FROM gone
            JOIN group_member m ON m.member_id = gone.id AND m.removed_revision IS NULL
            WHERE m.group_id NOT IN (SELECT id FROM gone)
        ), shrunk AS (
            UPDATE resource g SET
                revision = g.revision + 1, "order" = nextval('write_order'), modified_at = s.at,
                member_count = g.member_count - s.gone
            FROM (
                SELECT tenant, group_id, max(at) AS at, count(*) AS gone FROM membership GROUP BY tenant, group_id) s
            WHERE g.tenant = s.tenant AND g.type = 'Group' AND g.id = s.group_id
        ), ended AS (
            -- As `shrunk` has it, but looked up by key: rows of a WITH are compared one by one.
            UPDATE group_member m SET removed_revision = g.revision + 1
            FROM membership x JOIN resource g ON g.tenant = x.tenant AND g.type = 'Group' AND g.id = x.group_id
            WHERE m.group_id = x.group_id AND m.member_id = x.member_id AND m.removed_revision IS NULL
        ), dissolved AS (
            UPDATE group_member m SET removed_revision = gone.revision FROM gone
            WHERE gone.type = 'Group' AND m.group_id = gone.id AND m.removed_revision IS NULL
        ), owed AS (
            INSERT INTO job (
                id, tenant, type, resource_id, revision, "order", operation, lane, client, request_id, trace_parent,
                accepted_at, due_at, old_state)
            SELECT job_id, $1::text, type, id, revision, number, 'delete', lane, client, request_id, trace_parent, at, at,
                jsonb_build_object(
                    'resource', attributes, 'externalId', external_id, 'created', created_at, 'modified', modified_at)
            FROM gone
        )
        SELECT id, revision, number, created_at, NULL::text, NULL::text FROM gone
        """)
}
