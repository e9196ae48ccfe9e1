// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Postgres
internal import SCIM

/// The SQL of accepted changes of a few members.
enum MemberStatements {
    /// First in a transaction: the statement below is planned once, for every size of the tables.
    static let keepPlans = PostgresStatement(
        "member_keep_plans",
        """
        SELECT set_config('plan_cache_mode', 'force_generic_plan', true), set_config('enable_seqscan', 'off', true),
            set_config('jit', 'off', true)
        """)

    /// Waits for the group, within `lock_timeout`.
    static let lockGroup = PostgresStatement(
        "member_lock_group",
        "SELECT FROM resource WHERE tenant = $1::text AND type = 'Group' AND id = $2::uuid FOR NO KEY UPDATE")

    /// Operations on one group, in order, each with a revision and a job of its own if it changes anything. No member is in two of them, so all can
    /// be judged by the members there are.
    ///
    /// Every row is looked up by a unique key, one by one: a join would read all members of the group now and then, whenever the statistics have not
    /// seen yet how many they are.
    ///
    /// Nothing is waited for: what is locked elsewhere is left out and told. The row that is locked must be the one that the statement's snapshot has, or
    /// the members that it sees are not those of the row.
    static let change = PostgresStatement(
        "member_change",
        """
        WITH seen AS MATERIALIZED (
            SELECT g.revision FROM resource g WHERE g.tenant = $1::text AND g.type = 'Group' AND g.id = $2::uuid
        ), locked AS MATERIALIZED (
            SELECT g.revision, g."order", g.created_at, g.modified_at, g.attributes, g.member_count FROM resource g
            WHERE g.tenant = $1::text AND g.type = 'Group' AND g.id = $2::uuid
            FOR NO KEY UPDATE SKIP LOCKED
        ), target AS MATERIALIZED (
            SELECT l.* FROM locked l JOIN seen s ON s.revision = l.revision
        ), op AS MATERIALIZED (
            SELECT * FROM unnest(
                $3::timestamptz[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::text[], $9::jsonb[], $10::text[]
            ) WITH ORDINALITY AS o(
                at, job_id, client, request_id, trace_parent, lane, seen_attributes, seen_external_id, n)
        ), looked AS MATERIALIZED (
            SELECT c.*, (
                SELECT m.member_type FROM group_member m
                WHERE m.group_id = $2::uuid AND m.member_id = c.member_id AND m.removed_revision IS NULL) AS present
            FROM unnest($11::int8[], $12::uuid[], $13::bool[], $14::text[]) AS c(n, member_id, is_addition, said)
        ), change AS MATERIALIZED (
            SELECT l.*, l.is_addition = (l.present IS NULL) AS is_effective,
                NOT l.is_addition OR (
                    (l.present IS NOT NULL OR u.is_free) AND coalesce(l.said = coalesce(l.present, 'User'), true)
                ) AS is_fine
            FROM looked l
            LEFT JOIN LATERAL (
                SELECT true AS is_free FROM resource r
                WHERE l.is_addition AND l.present IS NULL AND EXISTS (SELECT FROM target)
                    AND r.tenant = $1::text AND r.type = 'User' AND r.id = l.member_id
                FOR KEY SHARE SKIP LOCKED
            ) u ON true
        ), judged AS MATERIALIZED (
            SELECT o.*, t.*, c.is_fine, c.come, c.gone, x.external_id,
                o.seen_attributes IS NULL OR (
                    o.seen_attributes = t.attributes AND o.seen_external_id IS NOT DISTINCT FROM x.external_id
                ) AS is_fresh
            FROM op o
            CROSS JOIN target t
            JOIN (
                SELECT n, bool_and(coalesce(is_fine, false)) AS is_fine,
                    count(*) FILTER (WHERE is_effective AND is_addition) AS come,
                    count(*) FILTER (WHERE is_effective AND NOT is_addition) AS gone
                FROM change GROUP BY n
            ) c ON c.n = o.n
            CROSS JOIN LATERAL (
                SELECT (
                    SELECT e.value FROM external_id e WHERE e.resource_id = $2::uuid AND e.client = o.client
                ) AS external_id
            ) x
        ), written AS MATERIALIZED (
            SELECT w.*, nextval('write_order') AS number
            FROM (
                SELECT j.*, j.revision + row_number() OVER steps AS new_revision,
                    coalesce(lag(j.at) OVER steps, j.modified_at) AS old_modified_at,
                    j.member_count + sum(j.come - j.gone) OVER steps AS new_count
                FROM judged j WHERE j.is_fine AND j.is_fresh AND j.come + j.gone > 0
                WINDOW steps AS (ORDER BY j.n)
                ORDER BY j.n
            ) w
        ), stored AS (
            UPDATE resource g SET
                revision = w.new_revision, "order" = w.number, modified_at = w.at, member_count = w.new_count
            FROM (SELECT * FROM written ORDER BY n DESC LIMIT 1) w
            WHERE g.tenant = $1::text AND g.type = 'Group' AND g.id = $2::uuid
        ), moved AS (
            -- Who is there already is found by the index that allows nobody twice, and leaves with the revision with
            -- which he would have come.
            INSERT INTO group_member AS m (tenant, group_id, member_id, member_type, added_revision)
            SELECT $1::text, $2::uuid, c.member_id, coalesce(c.present, 'User'), w.new_revision
            FROM written w JOIN change c ON c.n = w.n WHERE c.is_effective
            ORDER BY c.member_id
            ON CONFLICT (group_id, member_id) WHERE removed_revision IS NULL
            DO UPDATE SET removed_revision = excluded.added_revision
        ), owed AS (
            INSERT INTO job (
                id, tenant, type, resource_id, revision, "order", operation, lane, client, request_id, trace_parent,
                accepted_at, due_at, old_state, new_state)
            SELECT job_id, $1::text, 'Group', $2::uuid, new_revision, number, 'modify', lane, client, request_id,
                trace_parent, at, at,
                jsonb_build_object(
                    'resource', attributes, 'externalId', external_id, 'created', created_at,
                    'modified', old_modified_at),
                jsonb_build_object(
                    'resource', attributes, 'externalId', external_id, 'created', created_at, 'modified', at)
            FROM written
        )
        SELECT
            CASE
                WHEN NOT EXISTS (SELECT FROM seen) THEN 'absent'
                WHEN j.n IS NULL THEN 'contended'
                WHEN NOT j.is_fresh THEN 'stale'
                WHEN NOT j.is_fine THEN 'special'
                WHEN w.n IS NULL THEN 'unchanged'
                ELSE 'written' END,
            coalesce(w.new_revision, j.revision), coalesce(w.number, j."order"), j.created_at,
            CASE WHEN w.n IS NULL THEN j.modified_at ELSE w.at END, j.external_id, j.attributes,
            coalesce(w.new_count, j.member_count)::int8
        FROM op o LEFT JOIN judged j ON j.n = o.n LEFT JOIN written w ON w.n = o.n
        ORDER BY o.n
        """)

    /// The parameters of ``change``.
    static func parameters(_ operations: [MemberOperation]) -> [PostgresParameter] {
        guard let first = operations.first else { return [] }
        var numbers: [Int64?] = []
        var changes: [MemberOperation.Change] = []
        for (index, operation) in operations.enumerated() {
            numbers += Array(repeating: Int64(index + 1), count: operation.changes.count)
            changes += operation.changes
        }
        return [
            .text(first.tenant), .id(first.group), .times(operations.map(\.time)), .ids(operations.map(\.jobID)),
            .textArray(operations.map(\.context.client)), .textArray(operations.map(\.context.requestID)),
            .textArray(operations.map(\.context.traceParent)), .textArray(operations.map(\.context.lane)),
            .jsonArray(operations.map { $0.seen?.attributes }), .textArray(operations.map { $0.seen?.externalId }),
            .intArray(numbers), .ids(changes.map(\.member)), .boolArray(changes.map(\.isAddition)),
            .textArray(changes.map { $0.type?.rawValue }),
        ]
    }

    /// An outcome for each of the operations.
    static func outcomes(
        _ operations: [MemberOperation], _ result: PostgresResult
    ) throws(PostgresError) -> [MemberOutcome] {
        guard result.rowCount == operations.count else {
            throw PostgresError(
                kind: .decoding, message: "\(result.rowCount) answers to \(operations.count) operations")
        }
        var outcomes: [MemberOutcome] = []
        outcomes.reserveCapacity(operations.count)
        for (operation, row) in zip(operations, result) { outcomes.append(try outcome(operation, row)) }
        return outcomes
    }

    private static func outcome(
        _ operation: MemberOperation, _ row: PostgresRow
    ) throws(PostgresError) -> MemberOutcome {
        switch try row.string(0) {
        case "written": .written(try group(operation, row), operation.jobID)
        case "unchanged": .unchanged(try group(operation, row))
        case "absent": .notFound
        case "stale": .stale
        case "special": .special
        case "contended": .contended
        case let other: throw PostgresError(kind: .decoding, message: "unknown outcome: \(other)")
        }
    }

    private static func group(
        _ operation: MemberOperation, _ row: PostgresRow
    ) throws(PostgresError) -> StoredResource {
        StoredResource(
            type: .group, id: operation.group, revision: try row.int(1), order: try row.int(2),
            created: try row.time(3), modified: try row.time(4), externalId: try row.optionalString(5),
            attributes: try row.bytes(6), memberCount: try row.int(7))
    }
}
