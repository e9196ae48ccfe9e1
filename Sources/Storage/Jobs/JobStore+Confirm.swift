// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Logging
internal import Postgres
internal import SCIM

extension JobStore {
    /// Takes the leases that Redis gave out, where the former ones are over, and reads what is open.
    ///
    /// Four statements, one transaction, one round trip. The jobs are read by a statement of their own, after the locks are held: a
    /// former holder's outcome that commits meanwhile would otherwise still show its job as open.
    ///
    /// - Parameters:
    ///   - worker: Random name of this process, for operators.
    ///   - length: Of the lease, from now on.
    ///   - maximumCrashes: So many crashes end a job. The last of them counts only when it is known that the turn had begun
    ///     (``noteLastTry(of:under:maximumCrashes:)``): of many leases that ran out at once most have begun nothing, or are not to blame.
    /// - Returns: An answer for each request.
    package func confirm(
        _ requests: [LeaseRequest], worker: String, length: Duration, maximumCrashes: Int = .max
    ) async throws -> [Confirmation] {
        guard !requests.isEmpty else { return [] }
        let requests = requests.sorted { $0.resourceID < $1.resourceID }
        let ids = PostgresParameter.ids(requests.map(\.resourceID))
        let tokens = requests.map { _ in LeaseToken.random() }
        let results: [PostgresResult]
        do throws(PostgresError) {
            results = try await confirmations.transaction([
                PostgresCommand(
                    Self.taking,
                    [
                        ids, .textArray(requests.map(\.tenant)), .textArray(requests.map(\.type.rawValue)),
                        .ids(tokens), .text(worker), .length(length),
                    ]),
                PostgresCommand(Self.markingCrashes, [ids, .ids(tokens), .int(Int64(maximumCrashes))]),
                PostgresCommand(Self.notingDoubts, [ids, .ids(tokens), .length(verifyAfter)]),
                PostgresCommand(Self.reading, [ids, .ids(tokens), .int(Int64(Self.turnLimit) + 1)]),
            ])
        } catch {
            if error.mayHaveCommitted { await dropUnanswered(requests, .ids(tokens)) }
            throw error
        }
        let confirmations = try Self.confirmations(results[3])
        // A lease that found nothing to do ends at once: every turn end clears it.
        let idle = confirmations.compactMap { $0.idleHandle }
        if !idle.isEmpty {
            do {
                try await handBack(idle)
            } catch {
                // The other leases are as good as before.
                logger.warning("Leases without work were not handed back", metadata: ["error": "\(error)"])
            }
        }
        return confirmations.map(\.confirmation)
    }

    /// Tried more than once: a lease of a paused job that ran out would count as a crash.
    private func handBack(_ leases: [LeaseHandle]) async throws {
        for _ in 1..<5 {
            do {
                return try await giveBack(leases, callMayHaveStarted: false)
            } catch {
                if Task.isCancelled { throw error }
            }
        }
        try await giveBack(leases, callMayHaveStarted: false)
    }

    /// The answer of a confirmation was lost: whatever it took, nobody works on. Without this those leases would run out and count as
    /// crashes of their jobs.
    private func dropUnanswered(_ requests: [LeaseRequest], _ tokens: PostgresParameter) async {
        let ids = PostgresParameter.ids(requests.map(\.resourceID))
        for attempt in 1...5 {
            do {
                _ = try await renewals.transaction([
                    PostgresCommand(
                        Self.awaiting,
                        [ids, .textArray(requests.map(\.tenant)), .textArray(requests.map(\.type.rawValue))]),
                    PostgresCommand(Self.dropping, [ids, tokens]),
                ])
                return
            } catch {
                logger.warning(
                    "Leases of a confirmation without an answer were not handed back",
                    metadata: ["attempt": "\(attempt)", "error": "\(error)"])
            }
        }
    }

    /// Waits for rows that the lost confirmation is still about to commit.
    private static let awaiting = PostgresStatement(
        "lease_await_unanswered",
        """
        INSERT INTO resource_sync (resource_id, tenant, type)
        SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[]) ON CONFLICT DO NOTHING
        """)

    private static let dropping = PostgresStatement(
        "lease_drop_unanswered",
        """
        WITH ours AS (
            SELECT s.resource_id FROM resource_sync s
            JOIN unnest($1::uuid[], $2::uuid[]) AS l(resource_id, token)
                ON s.resource_id = l.resource_id AND s.lease_token = l.token
            ORDER BY s.resource_id FOR UPDATE OF s
        )
        UPDATE resource_sync s SET leased_until = NULL, leased_by = NULL, call_started_at = NULL
        FROM ours WHERE s.resource_id = ours.resource_id
        """)

    // MARK: Statements

    /// Jobs that one lease turn gets at most: their states are all in memory at once.
    package static let turnLimit = 100

    private static let taking = PostgresStatement(
        "lease_take",
        """
        INSERT INTO resource_sync AS s
            (resource_id, tenant, type, lease_epoch, lease_token, leased_by, leased_until, call_started_at, last_attempt_at)
        SELECT r.resource_id, r.tenant, r.type, 1, r.token, $5::text,
            clock_timestamp() + $6::int8 * interval '1 microsecond', clock_timestamp(), clock_timestamp()
        FROM unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[]) AS r(resource_id, tenant, type, token)
        WHERE EXISTS (SELECT FROM job j WHERE j.resource_id = r.resource_id)
            OR EXISTS (SELECT FROM waits_for w WHERE w.resource_id = r.resource_id)
            OR EXISTS (
                SELECT FROM group_member m
                WHERE m.group_id = r.resource_id AND m.synced = (m.removed_revision IS NOT NULL))
            OR EXISTS (
                SELECT FROM verification v WHERE v.resource_id = r.resource_id AND v.due_at <= clock_timestamp())
        ORDER BY r.resource_id
        ON CONFLICT (resource_id) DO UPDATE SET
            lease_epoch = s.lease_epoch + 1, lease_token = excluded.lease_token, leased_by = excluded.leased_by,
            leased_until = excluded.leased_until,
            is_abandoned = s.leased_until IS NOT NULL,
            ambiguous_since = CASE
                WHEN s.leased_until IS NOT NULL THEN coalesce(s.ambiguous_since, s.call_started_at)
                ELSE s.ambiguous_since END,
            call_started_at = excluded.call_started_at, last_attempt_at = excluded.last_attempt_at
        WHERE s.leased_until IS NULL OR s.leased_until < clock_timestamp()
        """)

    /// Whoever held an abandoned lease was working on the first job. A last try that was noted and has ended was no crash.
    ///
    /// When a job was tried first is written with its outcome, by the time of the lease (`last_attempt_at`), so that a lease that ends as it should
    /// writes nothing here. A crash notes it, because the next lease has overwritten that time.
    private static let markingCrashes = PostgresStatement(
        "lease_mark_crashes",
        """
        WITH first_job AS (
            SELECT DISTINCT ON (j.resource_id) j.id, s.is_abandoned, s.ambiguous_since
            FROM unnest($1::uuid[], $2::uuid[]) AS r(resource_id, token)
            JOIN resource_sync s ON s.resource_id = r.resource_id AND s.lease_token = r.token
            JOIN job j ON j.resource_id = r.resource_id
            ORDER BY j.resource_id, j.revision, j.id
        )
        UPDATE job j SET
            crashes = CASE
                WHEN f.is_abandoned THEN greatest(j.crashes, least(j.crashes + 1, $3::int8 - 1))
                ELSE least(j.crashes, $3::int8 - 1) END,
            first_attempt_at = coalesce(j.first_attempt_at, greatest(f.ambiguous_since, j.accepted_at))
        FROM first_job f
        WHERE j.id = f.id AND (f.is_abandoned OR j.crashes >= $3::int8)
        """)

    /// The turn begins now that ends the job if it crashes: counted before, and no crash any more when the turn has ended.
    /// - Returns: Whether the lease is still ours.
    package func noteLastTry(
        of job: LeasedJob, under lease: LeaseHandle, maximumCrashes: Int
    ) async throws -> Bool {
        let result = try await renewals.execute(
            Self.lastTry,
            [
                .id(lease.resourceID), .int(lease.epoch), .id(lease.token), .id(job.id), .int(Int64(maximumCrashes)),
            ])
        return result.rowCount == 1
    }

    private static let lastTry = PostgresStatement(
        "lease_note_last_try",
        """
        WITH ours AS (
            SELECT s.resource_id FROM resource_sync s
            WHERE s.resource_id = $1::uuid AND s.lease_epoch = $2::int8 AND s.lease_token = $3::uuid
                AND s.leased_until IS NOT NULL
            FOR UPDATE
        )
        UPDATE job j SET crashes = $5::int8 FROM ours WHERE j.id = $4::uuid AND j.resource_id = ours.resource_id
        RETURNING j.id
        """)

    /// The last call of an abandoned lease began before now; when it began, the confirmation has just overwritten.
    private static let notingDoubts = PostgresStatement(
        "lease_note_doubts",
        """
        INSERT INTO verification AS v (resource_id, tenant, type, since, due_at)
        SELECT s.resource_id, s.tenant, s.type, s.ambiguous_since, clock_timestamp() + $3::int8 * interval '1 microsecond'
        FROM unnest($1::uuid[], $2::uuid[]) AS r(resource_id, token)
        JOIN resource_sync s ON s.resource_id = r.resource_id AND s.lease_token = r.token
        WHERE s.is_abandoned AND s.ambiguous_since IS NOT NULL
        ON CONFLICT (resource_id) DO UPDATE SET
            since = least(v.since, excluded.since), due_at = greatest(v.due_at, excluded.due_at)
        """)
}
