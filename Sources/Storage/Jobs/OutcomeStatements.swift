// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Postgres

/// The statements of one outcome transaction, in their order. Each names `$1::uuid[], $2::int8[], $3::uuid[]` (resource, epoch, token)
/// and joins `resource_sync` with them: what is not the current lease changes nothing (I-4).
enum OutcomeStatements {
    /// Locks the leases in id order; the later statements see what was committed before.
    ///
    /// A removal takes the lease with it. One that is recorded again, because the first answer was lost, is known by its job.
    static let lock = PostgresStatement(
        "outcome_lock",
        """
        WITH l AS (
            SELECT * FROM unnest($1::uuid[], $2::int8[], $3::uuid[], $4::uuid[], $5::bool[])
                AS l(resource_id, epoch, token, job_id, is_removal)
        ), current AS (
            SELECT s.resource_id FROM resource_sync s
            JOIN l ON s.resource_id = l.resource_id AND s.lease_epoch = l.epoch AND s.lease_token = l.token
            ORDER BY s.resource_id FOR UPDATE OF s
        )
        SELECT resource_id FROM current
        UNION ALL
        SELECT l.resource_id FROM l
        WHERE l.is_removal AND NOT EXISTS (SELECT FROM resource_sync s WHERE s.resource_id = l.resource_id)
            AND EXISTS (SELECT FROM job_history h WHERE h.id = l.job_id AND h.state IN ('done', 'cancelled'))
        """)

    /// Moves finished jobs to the history, without their secret, and writes their events, each with its own `order` (I-5, I-6). Earlier jobs that one
    /// of them carried end with it. What is cancelled concerns nobody, unless its create was announced before `EVENTS_EMIT_ON` was changed.
    static let finish = PostgresStatement(
        "outcome_finish",
        """
        WITH o AS (
            SELECT i.*, s.last_attempt_at FROM unnest(
                $1::uuid[], $2::int8[], $3::uuid[], $4::uuid[], $5::text[], $6::jsonb[], $7::int8[], $8::text[], $9::bool[],
                $10::uuid[]
            ) AS i(resource_id, epoch, token, job_id, state, error, attempts, dn, merges, superseded_by)
            JOIN resource_sync s
                ON s.resource_id = i.resource_id AND s.lease_epoch = i.epoch AND s.lease_token = i.token
            WHERE i.state IS NOT NULL
        ), ending AS (
            SELECT j.id, o.state, o.error, o.superseded_by, o.attempts, o.dn, o.last_attempt_at
            FROM o JOIN job j ON j.id = o.job_id AND j.resource_id = o.resource_id
            UNION ALL
            SELECT j.id, CASE WHEN o.state = 'cancelled' THEN o.state ELSE 'superseded' END, NULL,
                CASE WHEN o.state <> 'cancelled' THEN coalesce(o.superseded_by, c.id) END, 0, o.dn,
                o.last_attempt_at
            FROM o
            JOIN job c ON c.id = o.job_id AND c.resource_id = o.resource_id
            JOIN job j ON j.resource_id = c.resource_id AND (j.revision, j.id) < (c.revision, c.id)
            WHERE o.merges
        ), gone AS (
            DELETE FROM job j USING ending e WHERE j.id = e.id
            RETURNING j.*, e.state, e.error, e.superseded_by, e.dn, j.attempts + e.attempts AS all_attempts,
                coalesce(j.first_attempt_at, greatest(e.last_attempt_at, j.accepted_at)) AS attempted_at, clock_timestamp() AS finished_at,
                '' COLLATE "C" AS whole
        ), history AS (
            INSERT INTO job_history (
                id, tenant, type, resource_id, revision, "order", operation, lane, client, request_id, trace_parent,
                accepted_at, first_attempt_at, finished_at, state, superseded_by, attempts, crashes, old_state, new_state,
                last_error, replay_of, is_announced)
            SELECT id, tenant, type, resource_id, revision, "order", operation, lane, client, request_id, trace_parent,
                accepted_at, attempted_at, finished_at, state, superseded_by, all_attempts, crashes, old_state,
                new_state, coalesce(error, last_error), replay_of, is_announced
            FROM gone
        ), event AS (
            INSERT INTO event_outbox (
                id, "order", tenant, type, resource_id, revision, kind, operation, job_id, client, request_id, accepted_at,
                recorded_at, first_attempt_at, attempts, old_state, new_state, old_members, new_members, members_delta,
                udm_dn, error, due_at)
            SELECT gen_random_uuid(), "order", tenant, type, resource_id, revision,
                CASE WHEN state = 'dead' THEN 'error' ELSE 'change' END, operation, id, client, request_id, accepted_at,
                finished_at, attempted_at, all_attempts, old_state, new_state,
                CASE WHEN type = 'Group' AND state <> 'dead' AND old_state IS NOT NULL
                    THEN group_members_at(resource_id, revision - 1) END,
                CASE WHEN type = 'Group' AND state <> 'dead' AND new_state IS NOT NULL
                    THEN group_members_at(resource_id, revision) END,
                CASE WHEN type = 'Group' AND state <> 'dead' THEN group_members_delta(resource_id, revision) END,
                dn, error, finished_at
            FROM gone WHERE (state = 'dead' OR NOT is_announced)
                -- Whoever was told of the create with its acceptance is told of the delete, though UDM hears of neither.
                AND (state <> 'cancelled' OR operation = 'delete' AND EXISTS (
                    SELECT FROM gone g WHERE g.resource_id = gone.resource_id AND g.is_announced))
        ), failure AS (
            INSERT INTO sync_failure (resource_id, attribute, tenant, type, revision, job_id, failed_at, error)
            SELECT resource_id, '', tenant, type, revision, id, finished_at, error FROM gone WHERE state = 'dead'
            ON CONFLICT (resource_id, attribute) DO UPDATE SET
                revision = excluded.revision, job_id = excluded.job_id, failed_at = excluded.failed_at, error = excluded.error
        )
        -- Not compared with '' itself: the plan of an empty table would read the failures of all resources for each job.
        DELETE FROM sync_failure f USING gone
        WHERE f.resource_id = gone.resource_id AND f.attribute = gone.whole AND gone.state = 'done'
        """)

    /// Recorded again, because the first answer was lost, it finds the lease ended and counts nothing twice.
    static let retry = PostgresStatement(
        "outcome_retry",
        """
        UPDATE job j SET
            due_at = clock_timestamp() + i.due * interval '1 microsecond',
            attempts = j.attempts + i.attempts, last_error = coalesce(i.error, j.last_error),
            first_attempt_at = coalesce(j.first_attempt_at, greatest(s.last_attempt_at, j.accepted_at))
        FROM unnest($1::uuid[], $2::int8[], $3::uuid[], $4::uuid[], $5::int8[], $6::jsonb[], $7::int8[])
            AS i(resource_id, epoch, token, job_id, due, error, attempts)
        JOIN resource_sync s ON s.resource_id = i.resource_id AND s.lease_epoch = i.epoch AND s.lease_token = i.token
            AND s.leased_until IS NOT NULL
        WHERE i.due IS NOT NULL AND j.id = i.job_id AND j.resource_id = i.resource_id
        """)

    /// What UDM holds now. The revision is that of the job, or stays for a turn without one. Before the job moves to the history, whose partitions would
    /// all have to be searched; it lies there already when an operator has discarded it meanwhile, or the outcome is recorded again.
    static let settle = PostgresStatement(
        "outcome_settle",
        """
        INSERT INTO udm_object AS u (resource_id, tenant, type, dn, properties, revision, synced_at)
        SELECT i.resource_id, s.tenant, s.type, i.dn, i.properties,
            coalesce(
                (SELECT j.revision FROM job j WHERE j.id = i.job_id),
                (SELECT h.revision FROM job_history h WHERE h.id = i.job_id LIMIT 1), s.synced_revision),
            clock_timestamp()
        FROM unnest($1::uuid[], $2::int8[], $3::uuid[], $4::text[], $5::jsonb[], $6::uuid[])
            AS i(resource_id, epoch, token, dn, properties, job_id)
        JOIN resource_sync s ON s.resource_id = i.resource_id AND s.lease_epoch = i.epoch AND s.lease_token = i.token
        WHERE i.dn IS NOT NULL
        ON CONFLICT (resource_id) DO UPDATE SET
            dn = excluded.dn, properties = excluded.properties, revision = excluded.revision,
            synced_at = excluded.synced_at
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
        ), told AS (
            -- The event of an open job of the group has still to tell them; its outcome removes them then.
            UPDATE group_member m SET synced = false FROM o
            WHERE m.member_id = o.resource_id AND m.removed_revision IS NOT NULL AND m.group_id <> o.resource_id
                AND EXISTS (SELECT FROM job j WHERE j.resource_id = m.group_id AND j.revision <= m.removed_revision)
        )
        DELETE FROM group_member m USING o
        WHERE m.member_id = o.resource_id AND m.removed_revision IS NOT NULL AND m.group_id <> o.resource_id
            AND NOT EXISTS (SELECT FROM job j WHERE j.resource_id = m.group_id AND j.revision <= m.removed_revision)
        """)

    /// Resources that waited for one that is in UDM now, or gone for good, and those that waited for one of its values, whatever became of its
    /// write; they hear of it at once, and their rows stay until they have acted on it. The lock on the target's row orders this against
    /// `JobStore.wait`: either its rows are seen here, or it sees the target.
    static let wake = PostgresStatement(
        "outcome_wake",
        """
        SELECT DISTINCT w.resource_id, w.tenant, w.type
        FROM unnest($1::uuid[], $2::int8[], $3::uuid[], $4::bool[], $5::bool[])
            AS i(resource_id, epoch, token, has_arrived, is_terminal)
        JOIN resource_sync s ON s.resource_id = i.resource_id AND s.lease_epoch = i.epoch AND s.lease_token = i.token
        JOIN waits_for w ON w.target_id = i.resource_id
        WHERE i.has_arrived OR i.is_terminal AND w.reason = 'value'
        """)

    /// Ends the turn, or opens the next call of it; last, because it is what the others are guarded by.
    static let release = PostgresStatement(
        "outcome_release",
        """
        WITH i AS (
            SELECT * FROM unnest($1::uuid[], $2::int8[], $3::uuid[], $4::bool[], $5::bool[], $6::bool[], $7::bool[])
                AS i(resource_id, epoch, token, ends_turn, is_ambiguous, is_known, is_removal)
        ), gone AS (
            DELETE FROM resource_sync s USING i
            WHERE s.resource_id = i.resource_id AND s.lease_epoch = i.epoch AND s.lease_token = i.token
                AND i.is_removal AND i.ends_turn
        ), doubt AS (
            -- The call may still arrive: looked at when UDM must have ended it. A turn makes several calls; the last may have begun just now.
            INSERT INTO verification AS v (resource_id, tenant, type, since, due_at)
            SELECT s.resource_id, s.tenant, s.type, coalesce(s.call_started_at, clock_timestamp()),
                clock_timestamp() + $8::int8 * interval '1 microsecond'
            FROM i JOIN resource_sync s
                ON s.resource_id = i.resource_id AND s.lease_epoch = i.epoch AND s.lease_token = i.token
            WHERE i.is_ambiguous
            ON CONFLICT (resource_id) DO UPDATE SET
                since = least(v.since, excluded.since), due_at = greatest(v.due_at, excluded.due_at)
        )
        UPDATE resource_sync s SET
            leased_until = CASE WHEN i.ends_turn THEN NULL ELSE s.leased_until END,
            leased_by = CASE WHEN i.ends_turn THEN NULL ELSE s.leased_by END,
            call_started_at = CASE WHEN i.ends_turn THEN NULL ELSE clock_timestamp() END,
            is_abandoned = false,
            -- Only an outcome that says what UDM holds ends the doubt of an earlier call.
            ambiguous_since = CASE
                WHEN i.is_known THEN NULL
                WHEN i.is_ambiguous THEN coalesce(s.ambiguous_since, s.call_started_at)
                ELSE s.ambiguous_since END,
            synced_revision = coalesce(u.revision, s.synced_revision)
        FROM i LEFT JOIN udm_object u ON u.resource_id = i.resource_id
        WHERE s.resource_id = i.resource_id AND s.lease_epoch = i.epoch AND s.lease_token = i.token
            AND NOT (i.is_removal AND i.ends_turn)
        """)
}
