// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON

/// The whole write of one new user as a single statement for pgbench: the resource, its two unique values, its job.
///
/// It is the best that one transaction for each write can do: one round trip, prepared, no check for conflicts. The
/// document travels as a parameter, because a server has to send and PostgreSQL to parse it for every user, and the job's
/// state is put together from it, as the bridge does. The names come in no order, as in the load. The job's id rises like
/// the UUIDs of version 7 that the bridge makes.
enum LimitScript {
    private static let schema = LimitSchema.name
    private static let namePrefix = "bench-limit-00000000-"

    /// - Parameter count: Of the users of one transaction; the document travels once for all of them.
    static func text(users count: Int) -> String {
        """
        \\set n random(100000000000000000, 999999999999999999)
        WITH write AS MATERIALIZED (
            SELECT gen_random_uuid() AS id, nextval('\(schema).write_order') AS "order", now() AS at,
                CAST(:attributes AS jsonb) AS attributes, CAST(:n AS text) || '-' || number AS digits
            FROM generate_series(1, \(count)) AS number
        ), resource AS (
            INSERT INTO \(schema).resource (tenant, type, id, revision, "order", created_at, modified_at, attributes)
            SELECT 'default', 'User', id, 1, "order", at, at, attributes FROM write
        ), claims AS (
            INSERT INTO \(schema).unique_claim (tenant, kind, value, resource_id)
            SELECT 'default', 'name', '\(namePrefix)' || digits, id FROM write
            UNION ALL
            SELECT 'default', 'mail', '\(namePrefix)' || digits || '@\(UserDocument.domain)', id FROM write
        )
        INSERT INTO \(schema).job (
            id, tenant, type, resource_id, revision, "order", operation, lane, client, request_id, accepted_at, due_at,
            new_state)
        SELECT CAST(lpad(to_hex("order"), 32, '0') AS uuid), 'default', 'User', id, 1, "order", 'create', 'interactive',
            'bench', '00000000-0000-4000-8000-000000000000', at, at,
            jsonb_build_object('resource', attributes, 'externalId', CAST(NULL AS text), 'created', at, 'modified', at)
        FROM write;

        """
    }

    /// The id of the `n`-th user that ``LimitSchema/fill(users:)`` has made, in SQL.
    static func id(of number: String) -> String { "CAST(md5('limit-' || CAST(\(number) AS text)) AS uuid)" }

    /// A read by id with what the bridge reads for it: its `externalId` and its groups.
    private static func select(_ more: String = "") -> String {
        """
        SELECT r.id AS id, r.revision AS expected, r."order", r.created_at, r.modified_at, (
            SELECT e.value FROM \(schema).external_id e WHERE e.resource_id = r.id AND e.client = 'bench'
        ) AS external_id, r.attributes AS present\(more)
        FROM \(schema).resource r WHERE r.tenant = 'default' AND r.type = 'User' AND r.id = \(id(of: ":n"))
        """
    }

    /// `GET /Users/{id}`.
    static let readText = """
        \\set n random(1, :users)
        \(select(", (SELECT json_agg(m.group_id ORDER BY m.group_id)::text FROM \(schema).group_member m WHERE m.member_id = r.id AND m.tenant = 'default' AND m.removed_revision IS NULL)"));

        """

    /// The whole change of a user: read, then, if the revision is still the one that was read, one statement and transaction that locks the
    /// row, replaces its attributes, and adds the job with the state before and after. No two clients have the same users.
    static let updateText = """
        \\set n random(0, :users / :clients - 1) * :clients + :client_id + 1
        \(select()) \\gset
        WITH found AS MATERIALIZED (
            SELECT r.id, r.revision, r.attributes, r.created_at, r.modified_at, e.value AS external_id
            FROM \(schema).resource r
            LEFT JOIN \(schema).external_id e ON e.resource_id = r.id AND e.client = 'bench'
            WHERE r.tenant = 'default' AND r.type = 'User' AND r.id = CAST(:id AS uuid)
                AND r.revision = CAST(:expected AS bigint)
            FOR NO KEY UPDATE OF r
        ), written AS MATERIALIZED (
            SELECT found.*, nextval('\(schema).write_order') AS "order", now() AS at, CAST(:attributes AS jsonb) AS changed
            FROM found
        ), stored AS (
            UPDATE \(schema).resource r SET
                revision = r.revision + 1, "order" = w."order", attributes = w.changed, modified_at = w.at
            FROM written w WHERE r.tenant = 'default' AND r.type = 'User' AND r.id = w.id
        )
        INSERT INTO \(schema).job (
            id, tenant, type, resource_id, revision, "order", operation, lane, client, request_id, accepted_at, due_at,
            old_state, new_state)
        SELECT CAST(lpad(to_hex("order"), 32, '0') AS uuid), 'default', 'User', id, revision + 1, "order", 'modify',
            'interactive', 'bench', '00000000-0000-4000-8000-000000000000', at, at,
            jsonb_build_object(
                'resource', attributes, 'externalId', external_id, 'created', created_at, 'modified', modified_at),
            jsonb_build_object('resource', changed, 'externalId', external_id, 'created', created_at, 'modified', at)
        FROM written;

        """

    /// The variable of the script: pgbench sends it as a parameter.
    static var definition: (name: String, value: String) {
        let attributes = UserDocument.attributes(userName: "\(namePrefix)100000000000000000")
        return ("attributes", JSONValue.object(attributes).text)
    }
}
