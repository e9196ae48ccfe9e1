// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Postgres
package import SCIM

/// A write that UDM refused for good and that is to be undone in SCIM (`ON_PERMANENT_REFUSAL=revert`).
package struct OwedCompensation: Sendable {
    package let job: JobID
    package let resourceID: ResourceID
    package let tenant: String
    package let type: ResourceType
    package let operation: JobOperation
    /// SCIM attribute paths that were refused; nil: the whole write.
    package let attributes: [String]?
    /// JSON object of the resource's attributes before the write, and before those that were pushed with it; nil when there was none.
    package let former: [UInt8]?
    /// What the create wanted that was pushed with it, as a JSON object; nil where there was none.
    package let created: [UInt8]?
    /// JSON object of its attributes as UDM refused them; nil for a delete.
    package let refused: [UInt8]?
    /// UDM has an object of the resource.
    package let isInUDM: Bool
    /// Of the resource at the moment of the look; nil when it is gone.
    package let revision: Int64?
}

/// How a compensation ended; the word of its entry in the audit log.
package enum CompensationEnd: String, Sendable {
    /// A new revision undoes what was refused.
    case reverted = "compensation.reverted"
    /// A resource that never reached UDM is gone.
    case removed = "compensation.removed"
    /// Later writes have changed all of it.
    case overtaken = "compensation.overtaken"
    /// It cannot be undone: a former value is another resource's now. Told by an event.
    case kept = "compensation.kept"
}

extension JobStore {
    /// The oldest compensations that are owed and can be looked at: a create is not undone while one of the open jobs may still bring the
    /// resource to UDM.
    package func owedCompensations(limit: Int) async throws -> [OwedCompensation] {
        try await reader.execute(Self.owing, [.int(Int64(limit))]).map { row in
            let operation = try row.string(4)
            guard let operation = JobOperation(rawValue: operation) else { throw StorageError.unknownValue(operation) }
            return OwedCompensation(
                job: try row.id(0), resourceID: try row.id(1), tenant: try row.string(2),
                type: try ResourceType(stored: row.string(3)), operation: operation,
                attributes: try row.optionalTextArray(5), former: try row.optionalBytes(6),
                created: try row.optionalBytes(10), refused: try row.optionalBytes(7), isInUDM: try row.bool(8),
                revision: try row.optionalInt(9))
        }
    }

    /// Jobs that the refused one carried began before it: what is undone are their changes as well.
    private static let owing = PostgresStatement(
        "compensation_owed",
        """
        SELECT c.job_id, c.resource_id, c.tenant, c.type, h.operation,
            CASE WHEN c.attributes IS NOT NULL THEN ARRAY(SELECT jsonb_array_elements_text(c.attributes)) END,
            CASE WHEN f.id IS NULL THEN h.old_state -> 'resource' ELSE f.old_state -> 'resource' END,
            h.new_state -> 'resource',
            EXISTS (SELECT FROM udm_object u WHERE u.resource_id = c.resource_id),
            (SELECT r.revision FROM resource r WHERE r.tenant = c.tenant AND r.type = c.type AND r.id = c.resource_id),
            CASE WHEN f.id IS NOT NULL AND f.old_state IS NULL THEN f.new_state -> 'resource' END
        FROM compensation c
        JOIN LATERAL (SELECT * FROM job_history i WHERE i.id = c.job_id LIMIT 1) h ON true
        LEFT JOIN LATERAL (
            SELECT * FROM job_history i WHERE i.resource_id = c.resource_id AND i.superseded_by = c.job_id
            ORDER BY i.revision LIMIT 1
        ) f ON true
        WHERE c.attributes IS NOT NULL OR coalesce(f.old_state, h.old_state) IS NOT NULL
            OR EXISTS (SELECT FROM udm_object u WHERE u.resource_id = c.resource_id)
            OR NOT EXISTS (SELECT FROM job j WHERE j.resource_id = c.resource_id)
        ORDER BY c.noted_at, c.job_id LIMIT $1::int8
        """)

    /// Ends a compensation with an entry in the audit log, and an event if nothing could be undone.
    ///
    /// - Parameter problem: JSON object, as for a job; with `kept` only.
    package func compensated(_ owed: OwedCompensation, _ end: CompensationEnd, problem: [UInt8]? = nil) async throws {
        _ = try await pipeline.execute(Self.ending, [.id(owed.job), .text(end.rawValue), .jsonArray([problem])])
    }

    private static let ending = PostgresStatement(
        "compensation_end",
        """
        WITH gone AS (
            DELETE FROM compensation WHERE job_id = $1::uuid RETURNING *
        ), audit AS (
            INSERT INTO audit_log (tenant, actor, action, resource_id, job_id, details)
            SELECT tenant, 'scim-bridge', $2::text, resource_id, job_id,
                jsonb_strip_nulls(jsonb_build_object('attributes', attributes))
            FROM gone
        )
        INSERT INTO event_outbox (
            id, "order", tenant, type, resource_id, revision, kind, operation, job_id, client, request_id, accepted_at,
            recorded_at, first_attempt_at, attempts, error, due_at)
        SELECT gen_random_uuid(), nextval('write_order'), g.tenant, g.type, g.resource_id, h.revision, 'error', h.operation,
            g.job_id, h.client, h.request_id, h.accepted_at, clock_timestamp(), h.first_attempt_at, h.attempts,
            ($3::jsonb[])[1], clock_timestamp()
        FROM gone g JOIN LATERAL (SELECT * FROM job_history i WHERE i.id = g.job_id LIMIT 1) h ON true
        WHERE ($3::jsonb[])[1] IS NOT NULL
        """)
}
