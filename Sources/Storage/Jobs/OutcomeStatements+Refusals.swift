// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Postgres

/// Parked attributes, values that others hold, and calls that may still arrive.
extension OutcomeStatements {
    /// A wait for a value ends with every outcome but the one that goes on waiting.
    static let endValueWaits = PostgresStatement(
        "outcome_end_value_waits",
        """
        DELETE FROM waits_for w
        USING unnest($1::uuid[], $2::int8[], $3::uuid[], $4::bool[]) AS i(resource_id, epoch, token, goes_on),
            resource_sync s
        WHERE s.resource_id = i.resource_id AND s.lease_epoch = i.epoch AND s.lease_token = i.token
            AND w.resource_id = i.resource_id AND w.reason = 'value' AND NOT i.goes_on
        """)

    /// Attributes that went through at last, or that no longer differ.
    static let unpark = PostgresStatement(
        "outcome_unpark",
        """
        DELETE FROM sync_failure f
        USING unnest($4::uuid[], $5::text[]) AS c(resource_id, attribute),
            unnest($1::uuid[], $2::int8[], $3::uuid[]) AS l(resource_id, epoch, token), resource_sync s
        WHERE l.resource_id = c.resource_id AND s.resource_id = l.resource_id AND s.lease_epoch = l.epoch
            AND s.lease_token = l.token AND f.resource_id = c.resource_id AND f.attribute = c.attribute
        """)

    /// Attributes that UDM refused while the rest of the job went through. One event tells all of them, with the `order` of the job, which has
    /// just moved to the history. The time of a refusal stays when the same value is refused again.
    static let park = PostgresStatement(
        "outcome_park",
        """
        WITH o AS (
            SELECT s.resource_id, s.tenant, s.type, i.event_id, i.error, h.id AS job_id, h.revision, h."order",
                h.operation, h.client, h.request_id, h.accepted_at, h.first_attempt_at, h.attempts, h.old_state,
                h.new_state, i.dn
            FROM unnest($1::uuid[], $2::int8[], $3::uuid[], $4::uuid[], $5::uuid[], $6::jsonb[], $7::text[])
                AS i(resource_id, epoch, token, job_id, event_id, error, dn)
            JOIN resource_sync s
                ON s.resource_id = i.resource_id AND s.lease_epoch = i.epoch AND s.lease_token = i.token
            JOIN LATERAL (SELECT * FROM job_history j WHERE j.id = i.job_id LIMIT 1) h ON true
            WHERE i.error IS NOT NULL
        ), failure AS (
            INSERT INTO sync_failure AS f
                (resource_id, attribute, tenant, type, revision, job_id, failed_at, error, refused)
            SELECT o.resource_id, p.attribute, o.tenant, o.type, o.revision, o.job_id, clock_timestamp(), p.error, p.refused
            FROM o JOIN unnest($8::uuid[], $9::text[], $10::jsonb[], $11::jsonb[])
                AS p(resource_id, attribute, error, refused) ON p.resource_id = o.resource_id
            ON CONFLICT (resource_id, attribute) DO UPDATE SET
                revision = excluded.revision, job_id = excluded.job_id, error = excluded.error,
                refused = excluded.refused,
                failed_at = CASE WHEN f.refused IS NOT DISTINCT FROM excluded.refused
                    THEN f.failed_at ELSE excluded.failed_at END
        )
        INSERT INTO event_outbox (
            id, "order", tenant, type, resource_id, revision, kind, operation, job_id, client, request_id, accepted_at,
            recorded_at, first_attempt_at, attempts, old_state, new_state, udm_dn, error, due_at)
        SELECT event_id, "order", tenant, type, resource_id, revision, 'error', operation, job_id, client, request_id,
            accepted_at, clock_timestamp(), first_attempt_at, attempts, old_state, new_state, dn, error, clock_timestamp()
        FROM o
        ON CONFLICT (id) DO NOTHING
        """)

    /// What UDM refused is to be undone in SCIM.
    static let revert = PostgresStatement(
        "outcome_revert",
        """
        INSERT INTO compensation (job_id, resource_id, tenant, type, attributes, noted_at)
        SELECT i.job_id, s.resource_id, s.tenant, s.type, i.attributes, clock_timestamp()
        FROM unnest($1::uuid[], $2::int8[], $3::uuid[], $4::uuid[], $5::bool[], $6::jsonb[])
            AS i(resource_id, epoch, token, job_id, reverts, attributes)
        JOIN resource_sync s ON s.resource_id = i.resource_id AND s.lease_epoch = i.epoch AND s.lease_token = i.token
        WHERE i.reverts AND i.job_id IS NOT NULL
        ON CONFLICT DO NOTHING
        """)

    /// The look is done, or put off; a call that was lost on the way has already put it off further.
    static let verified = PostgresStatement(
        "outcome_verified",
        """
        WITH o AS (
            SELECT i.resource_id, i.due
            FROM unnest($1::uuid[], $2::int8[], $3::uuid[], $4::bool[], $5::int8[])
                AS i(resource_id, epoch, token, is_verified, due)
            JOIN resource_sync s ON s.resource_id = i.resource_id AND s.lease_epoch = i.epoch AND s.lease_token = i.token
            WHERE i.is_verified OR i.due IS NOT NULL
        ), later AS (
            UPDATE verification v SET due_at = clock_timestamp() + o.due * interval '1 microsecond'
            FROM o WHERE v.resource_id = o.resource_id AND o.due IS NOT NULL
        )
        DELETE FROM verification v USING o
        WHERE v.resource_id = o.resource_id AND o.due IS NULL AND v.due_at <= clock_timestamp()
        """)
}
