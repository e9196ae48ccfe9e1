// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Postgres
internal import SCIM

/// Writes the events of accepted writes in the transactions of the writes (`EVENTS_EMIT_ON=accepted`).
///
/// A statement of its own, after all others: it reads the jobs and the members that those have written. The job remembers that its event is
/// there, so that its outcome writes none, whatever the setting is by then. A write that was not announced, for whatever reason, has its event
/// with its outcome.
struct Announcement: Sendable {
    /// - Parameter jobs: Those that came to nothing are not found.
    /// - Returns: nil when there are none.
    func command(_ jobs: [JobID]) -> PostgresCommand? {
        jobs.isEmpty ? nil : PostgresCommand(Self.announce, [.ids(jobs)])
    }

    private static let announce = PostgresStatement(
        "write_announce",
        """
        WITH told AS (
            UPDATE job SET is_announced = true WHERE id = ANY ($1::uuid[]) AND NOT is_announced RETURNING *
        )
        INSERT INTO event_outbox (
            id, "order", tenant, type, resource_id, revision, kind, operation, job_id, client, request_id, accepted_at,
            recorded_at, attempts, old_state, new_state, old_members, new_members, members_delta, is_early)
        SELECT gen_random_uuid(), "order", tenant, type, resource_id, revision, 'change', operation, id, client, request_id,
            accepted_at, clock_timestamp(), 0, old_state, new_state,
            CASE WHEN type = 'Group' AND old_state IS NOT NULL THEN group_members_at(resource_id, revision - 1) END,
            CASE WHEN type = 'Group' AND new_state IS NOT NULL THEN group_members_at(resource_id, revision) END,
            CASE WHEN type = 'Group' THEN group_members_delta(resource_id, revision) END, true
        FROM told
        """)
}
