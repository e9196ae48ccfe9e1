// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Postgres

/// Members of groups, and what groups wait for.
extension OutcomeStatements {
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

    /// Ended stays that UDM no longer lists and no open job's event has to tell. While a late call may still arrive they say what it may do.
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
            AND NOT EXISTS (SELECT FROM verification v WHERE v.resource_id = l.resource_id)
        """)

    /// What a group waited for is settled when nothing of that member differs any more, over all its stays, and the turn that it was owed when all
    /// members were looked at. Only the group's own outcome says so: until then the row is what sweep and rebuild know of the work that is
    /// left. Where the group could be pushed, what was said of former failures is over.
    static let settleWaits = PostgresStatement(
        "outcome_settle_waits",
        """
        WITH own AS (
            SELECT s.resource_id, i.is_known, i.is_settled, 'members' COLLATE "C" AS attribute
            FROM unnest($1::uuid[], $2::int8[], $3::uuid[], $4::bool[], $5::bool[])
                AS i(resource_id, epoch, token, is_known, is_settled)
            JOIN resource_sync s
                ON s.resource_id = i.resource_id AND s.lease_epoch = i.epoch AND s.lease_token = i.token
                AND s.type = 'Group'
        ), settled AS (
            DELETE FROM waits_for w USING own
            WHERE w.resource_id = own.resource_id
                AND (w.reason = 'turn' AND own.is_settled
                    OR w.reason = 'member' AND NOT EXISTS (
                        SELECT FROM group_member m WHERE m.group_id = w.resource_id AND m.member_id = w.target_id
                        HAVING bool_or(m.removed_revision IS NULL) <> bool_or(m.synced)))
            RETURNING w.resource_id, w.target_id
        ), pushed AS (
            DELETE FROM sync_failure f USING own
            WHERE own.is_known AND f.resource_id = own.resource_id AND f.attribute = own.attribute
        )
        UPDATE waits_for w SET due_at = NULL, last_error = NULL FROM own
        WHERE own.is_known AND w.resource_id = own.resource_id AND w.reason = 'member' AND w.last_error IS NOT NULL
            AND NOT EXISTS (
                SELECT FROM settled d WHERE d.resource_id = w.resource_id AND d.target_id = w.target_id)
        """)

    /// The last write of a group has failed for good, and members differ: a turn of its own is owed, whatever becomes of Redis.
    static let leaveMembers = PostgresStatement(
        "outcome_leave_members",
        """
        INSERT INTO waits_for (resource_id, target_id, tenant, type, since, reason)
        SELECT s.resource_id, s.resource_id, s.tenant, s.type, clock_timestamp(), 'turn'
        FROM unnest($1::uuid[], $2::int8[], $3::uuid[], $4::bool[]) AS i(resource_id, epoch, token, leaves)
        JOIN resource_sync s ON s.resource_id = i.resource_id AND s.lease_epoch = i.epoch AND s.lease_token = i.token
        WHERE i.leaves AND EXISTS (
            SELECT FROM group_member m
            WHERE m.group_id = s.resource_id AND m.synced = (m.removed_revision IS NOT NULL))
        ON CONFLICT DO NOTHING
        """)

    /// Members that a push did not find in UDM. The wait begins with the turn: a push of the member that ended since is seen by the sweep.
    static let missing = PostgresStatement(
        "outcome_missing",
        """
        INSERT INTO waits_for (resource_id, target_id, tenant, type, since)
        SELECT a.group_id, a.member_id, s.tenant, s.type, coalesce(s.call_started_at, clock_timestamp())
        FROM unnest($4::uuid[], $5::uuid[]) AS a(group_id, member_id)
        JOIN unnest($1::uuid[], $2::int8[], $3::uuid[]) AS l(resource_id, epoch, token) ON l.resource_id = a.group_id
        JOIN resource_sync s ON s.resource_id = l.resource_id AND s.lease_epoch = l.epoch AND s.lease_token = l.token
        ON CONFLICT (resource_id, target_id, reason) DO UPDATE SET since = excluded.since, due_at = NULL, last_error = NULL
        """)

    /// Members that a turn could not look at. Where the group waits for them already, it has done so since then.
    static let awaited = PostgresStatement(
        "outcome_awaited",
        """
        INSERT INTO waits_for (resource_id, target_id, tenant, type, since)
        SELECT a.group_id, a.member_id, s.tenant, s.type, coalesce(s.call_started_at, clock_timestamp())
        FROM unnest($4::uuid[], $5::uuid[]) AS a(group_id, member_id)
        JOIN unnest($1::uuid[], $2::int8[], $3::uuid[]) AS l(resource_id, epoch, token) ON l.resource_id = a.group_id
        JOIN resource_sync s ON s.resource_id = l.resource_id AND s.lease_epoch = l.epoch AND s.lease_token = l.token
        ON CONFLICT (resource_id, target_id, reason) DO NOTHING
        """)

    /// Members that could not be settled without a job: every member that differs and that UDM has, so that the sweep finds the group
    /// again.
    static let membersLater = PostgresStatement(
        "outcome_members_later",
        """
        INSERT INTO waits_for AS w (resource_id, target_id, tenant, type, since, due_at, last_error)
        SELECT DISTINCT s.resource_id, m.member_id, s.tenant, s.type, u.synced_at,
            clock_timestamp() + i.due * interval '1 microsecond', i.error
        FROM unnest($1::uuid[], $2::int8[], $3::uuid[], $4::int8[], $5::jsonb[])
            AS i(resource_id, epoch, token, due, error)
        JOIN resource_sync s ON s.resource_id = i.resource_id AND s.lease_epoch = i.epoch AND s.lease_token = i.token
        JOIN group_member m ON m.group_id = s.resource_id AND m.synced = (m.removed_revision IS NOT NULL)
        JOIN udm_object u ON u.resource_id = m.member_id
        WHERE i.due IS NOT NULL
        ON CONFLICT (resource_id, target_id, reason) DO UPDATE SET due_at = excluded.due_at, last_error = excluded.last_error
        """)

    /// What a turn without a job found to be wrong for good: members that can never be settled as they are (attribute `members`, parked), or more
    /// than one object of the resource (no attribute). An event tells of it in the name of the resource's last write.
    static let refusedLate = PostgresStatement(
        "outcome_refused_late",
        """
        WITH o AS (
            -- The last write may be older than the history.
            SELECT s.resource_id, s.tenant, s.type, i.attribute, i.error, coalesce(h.revision, s.synced_revision) AS revision,
                coalesce(h.id, '00000000-0000-0000-0000-000000000000') AS job_id, coalesce(h.client, '') AS client,
                coalesce(h.request_id, '') AS request_id, coalesce(h.accepted_at, clock_timestamp()) AS accepted_at,
                h.first_attempt_at, coalesce(h.attempts, 0) AS attempts, u.dn
            FROM unnest($1::uuid[], $2::int8[], $3::uuid[], $4::text[], $5::jsonb[])
                AS i(resource_id, epoch, token, attribute, error)
            JOIN resource_sync s
                ON s.resource_id = i.resource_id AND s.lease_epoch = i.epoch AND s.lease_token = i.token
                AND s.leased_until IS NOT NULL
            LEFT JOIN LATERAL (
                SELECT * FROM job_history j WHERE j.resource_id = s.resource_id ORDER BY j.revision DESC LIMIT 1
            ) h ON true
            LEFT JOIN udm_object u ON u.resource_id = s.resource_id
            WHERE i.attribute IS NOT NULL
        ), failure AS (
            INSERT INTO sync_failure (resource_id, attribute, tenant, type, revision, job_id, failed_at, error)
            SELECT resource_id, attribute, tenant, type, revision, job_id, clock_timestamp(), error FROM o
            ON CONFLICT (resource_id, attribute) DO UPDATE SET
                revision = excluded.revision, job_id = excluded.job_id, failed_at = excluded.failed_at, error = excluded.error
        ), event AS (
            INSERT INTO event_outbox (
                id, "order", tenant, type, resource_id, revision, kind, operation, job_id, client, request_id, accepted_at,
                recorded_at, first_attempt_at, attempts, udm_dn, error, due_at)
            SELECT gen_random_uuid(), nextval('write_order'), tenant, type, resource_id, revision, 'error', 'modify',
                job_id, client, request_id, accepted_at, clock_timestamp(), first_attempt_at, attempts, dn, error,
                clock_timestamp()
            FROM o
        )
        DELETE FROM waits_for w USING o
        WHERE w.resource_id = o.resource_id AND w.reason IN ('member', 'turn') AND o.attribute = 'members'
        """)
}
