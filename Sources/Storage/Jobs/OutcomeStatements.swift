// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Postgres

/// The statements of one outcome transaction, in their order. Each names `$1::uuid[], $2::int8[], $3::uuid[]` (resource, epoch, token)
/// and joins `resource_sync` with them: what is not the current lease changes nothing (I-4).
enum OutcomeStatements {
    /// Locks the leases in id order; the later statements see what was committed before.
    static let lock = PostgresStatement(
        "outcome_lock",
        """
        SELECT s.resource_id FROM resource_sync s
        JOIN unnest($1::uuid[], $2::int8[], $3::uuid[]) AS l(resource_id, epoch, token)
            ON s.resource_id = l.resource_id AND s.lease_epoch = l.epoch AND s.lease_token = l.token
        ORDER BY s.resource_id FOR UPDATE OF s
        """)

    /// Moves finished jobs to the history, without their secret, and writes their events (I-5, I-6).
    static let finish = PostgresStatement(
        "outcome_finish",
        """
        WITH o AS (
            SELECT i.* FROM unnest(
                $1::uuid[], $2::int8[], $3::uuid[], $4::uuid[], $5::text[], $6::jsonb[], $7::uuid[], $8::int8[], $9::text[]
            ) AS i(resource_id, epoch, token, job_id, state, error, superseded_by, attempts, dn)
            JOIN resource_sync s
                ON s.resource_id = i.resource_id AND s.lease_epoch = i.epoch AND s.lease_token = i.token
            WHERE i.state IS NOT NULL
        ), gone AS (
            DELETE FROM job j USING o WHERE j.id = o.job_id AND j.resource_id = o.resource_id
            RETURNING j.*, o.state, o.error, o.superseded_by, o.dn, j.attempts + o.attempts AS all_attempts,
                clock_timestamp() AS finished_at
        ), history AS (
            INSERT INTO job_history (
                id, tenant, type, resource_id, revision, "order", operation, lane, client, request_id, trace_parent,
                accepted_at, first_attempt_at, finished_at, state, superseded_by, attempts, crashes, old_state, new_state,
                last_error)
            SELECT id, tenant, type, resource_id, revision, "order", operation, lane, client, request_id, trace_parent,
                accepted_at, first_attempt_at, finished_at, state, superseded_by, all_attempts, crashes, old_state,
                new_state, coalesce(error, last_error)
            FROM gone
        ), event AS (
            INSERT INTO event_outbox (
                id, "order", tenant, type, resource_id, revision, kind, operation, job_id, client, request_id, accepted_at,
                recorded_at, first_attempt_at, attempts, old_state, new_state, old_members, new_members, members_delta,
                udm_dn, error, due_at)
            SELECT gen_random_uuid(), "order", tenant, type, resource_id, revision,
                CASE WHEN state = 'dead' THEN 'error' ELSE 'change' END, operation, id, client, request_id, accepted_at,
                finished_at, first_attempt_at, all_attempts, old_state, new_state,
                CASE WHEN type = 'Group' AND state <> 'dead' AND old_state IS NOT NULL
                    THEN group_members_at(resource_id, revision - 1) END,
                CASE WHEN type = 'Group' AND state <> 'dead' AND new_state IS NOT NULL
                    THEN group_members_at(resource_id, revision) END,
                CASE WHEN type = 'Group' AND state <> 'dead' THEN group_members_delta(resource_id, revision) END,
                dn, error, finished_at
            FROM gone WHERE state <> 'cancelled'
        ), failure AS (
            INSERT INTO sync_failure (resource_id, attribute, tenant, type, revision, job_id, failed_at, error)
            SELECT resource_id, '', tenant, type, revision, id, finished_at, error FROM gone WHERE state = 'dead'
            ON CONFLICT (resource_id, attribute) DO UPDATE SET
                revision = excluded.revision, job_id = excluded.job_id, failed_at = excluded.failed_at, error = excluded.error
        )
        DELETE FROM sync_failure f USING gone
        WHERE f.resource_id = gone.resource_id AND f.attribute = '' AND gone.state = 'done'
        """)

    static let retry = PostgresStatement(
        "outcome_retry",
        """
        UPDATE job j SET
            due_at = clock_timestamp() + i.due * interval '1 microsecond',
            attempts = j.attempts + i.attempts, last_error = coalesce(i.error, j.last_error)
        FROM unnest($1::uuid[], $2::int8[], $3::uuid[], $4::uuid[], $5::int8[], $6::jsonb[], $7::int8[])
            AS i(resource_id, epoch, token, job_id, due, error, attempts)
        JOIN resource_sync s ON s.resource_id = i.resource_id AND s.lease_epoch = i.epoch AND s.lease_token = i.token
        WHERE i.due IS NOT NULL AND j.id = i.job_id AND j.resource_id = i.resource_id
        """)

    /// What UDM holds now. The revision is that of the job, which has just moved to the history, or stays for a turn without one.
    static let settle = PostgresStatement(
        "outcome_settle",
        """
        INSERT INTO udm_object AS u (resource_id, tenant, type, dn, properties, revision, synced_at)
        SELECT i.resource_id, s.tenant, s.type, i.dn, i.properties,
            coalesce((SELECT h.revision FROM job_history h WHERE h.id = i.job_id LIMIT 1), s.synced_revision),
            clock_timestamp()
        FROM unnest($1::uuid[], $2::int8[], $3::uuid[], $4::text[], $5::jsonb[], $6::uuid[])
            AS i(resource_id, epoch, token, dn, properties, job_id)
        JOIN resource_sync s ON s.resource_id = i.resource_id AND s.lease_epoch = i.epoch AND s.lease_token = i.token
        WHERE i.dn IS NOT NULL
        ON CONFLICT (resource_id) DO UPDATE SET
            dn = excluded.dn, properties = excluded.properties, revision = excluded.revision,
            synced_at = excluded.synced_at
        """)

    /// Exactly the latest stay of a member that UDM lists is marked: a member that left meanwhile is then seen as one too many.
    static let members = PostgresStatement(
        "outcome_members",
        """
        UPDATE group_member m SET
            synced = a.is_addition AND m.added_revision = (
                SELECT max(x.added_revision) FROM group_member x
                WHERE x.group_id = m.group_id AND x.member_id = m.member_id)
        FROM unnest($4::uuid[], $5::uuid[], $6::bool[]) AS a(group_id, member_id, is_addition)
        JOIN unnest($1::uuid[], $2::int8[], $3::uuid[]) AS l(resource_id, epoch, token) ON l.resource_id = a.group_id
        JOIN resource_sync s ON s.resource_id = l.resource_id AND s.lease_epoch = l.epoch AND s.lease_token = l.token
        WHERE m.group_id = a.group_id AND m.member_id = a.member_id
        """)

    /// A delete has reached UDM, which took the resource out of its groups by itself.
    static let remove = PostgresStatement(
        "outcome_remove",
        """
        WITH o AS (
            SELECT i.resource_id FROM unnest($1::uuid[], $2::int8[], $3::uuid[], $4::bool[])
                AS i(resource_id, epoch, token, is_removal)
            JOIN resource_sync s
                ON s.resource_id = i.resource_id AND s.lease_epoch = i.epoch AND s.lease_token = i.token
            WHERE i.is_removal
        ), object AS (
            DELETE FROM udm_object u USING o WHERE u.resource_id = o.resource_id
        ), failure AS (
            DELETE FROM sync_failure f USING o WHERE f.resource_id = o.resource_id
        ), waiting AS (
            DELETE FROM waits_for w USING o WHERE w.resource_id = o.resource_id
        ), own AS (
            DELETE FROM group_member m USING o WHERE m.group_id = o.resource_id
        )
        DELETE FROM group_member m USING o WHERE m.member_id = o.resource_id AND m.removed_revision IS NOT NULL
        """)

    /// Ended stays that UDM no longer lists and no open job's event has to tell.
    static let purgeMembers = PostgresStatement(
        "outcome_purge_members",
        """
        DELETE FROM group_member m
        USING unnest($1::uuid[], $2::int8[], $3::uuid[]) AS l(resource_id, epoch, token)
        JOIN resource_sync s ON s.resource_id = l.resource_id AND s.lease_epoch = l.epoch AND s.lease_token = l.token
            AND s.type = 'Group'
        WHERE m.group_id = l.resource_id AND m.removed_revision IS NOT NULL AND NOT m.synced
            AND m.removed_revision < coalesce(
                (SELECT min(j.revision) FROM job j WHERE j.resource_id = l.resource_id), 9223372036854775807)
        """)

    /// Resources that waited for one that is in UDM now, or gone for good. The lock on the target's row orders this against
    /// `JobStore.wait`: either its rows are seen here, or it sees the target.
    static let wake = PostgresStatement(
        "outcome_wake",
        """
        WITH freed AS (
            DELETE FROM waits_for w
            USING unnest($1::uuid[], $2::int8[], $3::uuid[], $4::bool[]) AS i(resource_id, epoch, token, has_arrived)
            JOIN resource_sync s
                ON s.resource_id = i.resource_id AND s.lease_epoch = i.epoch AND s.lease_token = i.token
            WHERE i.has_arrived AND w.target_id = i.resource_id
            RETURNING w.resource_id, w.tenant, w.type
        )
        SELECT DISTINCT resource_id, tenant, type FROM freed
        """)

    /// Ends the turn, or opens the next call of it; last, because it is what the others are guarded by.
    static let release = PostgresStatement(
        "outcome_release",
        """
        WITH i AS (
            SELECT * FROM unnest($1::uuid[], $2::int8[], $3::uuid[], $4::bool[], $5::bool[], $6::bool[])
                AS i(resource_id, epoch, token, ends_turn, is_ambiguous, is_removal)
        ), gone AS (
            DELETE FROM resource_sync s USING i
            WHERE s.resource_id = i.resource_id AND s.lease_epoch = i.epoch AND s.lease_token = i.token
                AND i.is_removal AND i.ends_turn
        )
        UPDATE resource_sync s SET
            leased_until = CASE WHEN i.ends_turn THEN NULL ELSE s.leased_until END,
            leased_by = CASE WHEN i.ends_turn THEN NULL ELSE s.leased_by END,
            call_started_at = CASE WHEN i.ends_turn THEN NULL ELSE clock_timestamp() END,
            is_abandoned = false,
            ambiguous_since = CASE WHEN i.is_ambiguous THEN coalesce(s.ambiguous_since, s.call_started_at) END,
            synced_revision = coalesce(u.revision, s.synced_revision)
        FROM i LEFT JOIN udm_object u ON u.resource_id = i.resource_id
        WHERE s.resource_id = i.resource_id AND s.lease_epoch = i.epoch AND s.lease_token = i.token
            AND NOT (i.is_removal AND i.ends_turn)
        """)
}
