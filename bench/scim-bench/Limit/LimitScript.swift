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

    static let text = """
        \\set n random(100000000000000000, 999999999999999999)
        WITH write AS MATERIALIZED (
            SELECT gen_random_uuid() AS id, nextval('\(schema).write_order') AS "order", now() AS at,
                CAST(:attributes AS jsonb) AS attributes
        ), resource AS (
            INSERT INTO \(schema).resource (tenant, type, id, revision, "order", created_at, modified_at, attributes)
            SELECT 'default', 'User', id, 1, "order", at, at, attributes FROM write
        ), claims AS (
            INSERT INTO \(schema).unique_claim (tenant, kind, value, resource_id)
            SELECT 'default', 'name', '\(namePrefix)' || CAST(:n AS text), id FROM write
            UNION ALL
            SELECT 'default', 'mail', '\(namePrefix)' || CAST(:n AS text) || '@\(UserDocument.domain)', id FROM write
        )
        INSERT INTO \(schema).job (
            id, tenant, type, resource_id, revision, "order", operation, lane, client, request_id, accepted_at, due_at,
            new_state)
        SELECT CAST(lpad(to_hex("order"), 32, '0') AS uuid), 'default', 'User', id, 1, "order", 'create', 'interactive',
            'bench', '00000000-0000-4000-8000-000000000000', at, at,
            jsonb_build_object('resource', attributes, 'externalId', CAST(NULL AS text), 'created', at, 'modified', at)
        FROM write;

        """

    /// The variable of the script: pgbench sends it as a parameter.
    static var definition: (name: String, value: String) {
        let attributes = UserDocument.attributes(userName: "\(namePrefix)100000000000000000")
        return ("attributes", JSONValue.object(attributes).text)
    }
}
