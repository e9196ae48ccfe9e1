// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Logging
internal import Postgres
package import SCIM

extension JobStore {
    /// Takes the leases that Redis gave out, where the former ones are over, and reads what is open.
    ///
    /// Three statements, one transaction, one round trip. The jobs are read by a statement of their own, after the locks are held: a
    /// former holder's outcome that commits meanwhile would otherwise still show its job as open.
    ///
    /// - Parameters:
    ///   - worker: Random name of this process, for operators.
    ///   - length: Of the lease, from now on.
    /// - Returns: An answer for each request.
    package func confirm(
        _ requests: [LeaseRequest], worker: String, length: Duration
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
                PostgresCommand(Self.markingCrashes, [ids, .ids(tokens)]),
                PostgresCommand(Self.reading, [ids, .ids(tokens), .int(Int64(Self.turnLimit) + 1)]),
            ])
        } catch {
            if error.mayHaveCommitted { await dropUnanswered(requests, .ids(tokens)) }
            throw error
        }
        let confirmations = try Self.confirmations(results[2])
        // A lease that found nothing to do ends at once: every turn end clears it.
        let idle = confirmations.compactMap { $0.idleHandle }
        if !idle.isEmpty {
            do {
                try await giveBack(idle, callMayHaveStarted: false)
            } catch {
                // The other leases are as good as before, and these have no job that a crash could be counted against.
                logger.warning("Leases without work were not handed back", metadata: ["error": "\(error)"])
            }
        }
        return confirmations.map(\.confirmation)
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

    /// Whoever held an abandoned lease was working on the first job.
    private static let markingCrashes = PostgresStatement(
        "lease_mark_crashes",
        """
        WITH first_job AS (
            SELECT DISTINCT ON (j.resource_id) j.id, s.is_abandoned
            FROM unnest($1::uuid[], $2::uuid[]) AS r(resource_id, token)
            JOIN resource_sync s ON s.resource_id = r.resource_id AND s.lease_token = r.token
            JOIN job j ON j.resource_id = r.resource_id
            ORDER BY j.resource_id, j.revision, j.id
        )
        UPDATE job j SET
            crashes = j.crashes + CASE WHEN f.is_abandoned THEN 1 ELSE 0 END,
            first_attempt_at = coalesce(j.first_attempt_at, clock_timestamp())
        FROM first_job f
        WHERE j.id = f.id AND (f.is_abandoned OR j.first_attempt_at IS NULL)
        """)

    private static let reading = PostgresStatement(
        "lease_read",
        """
        SELECT r.resource_id, s.lease_token = r.token AND s.leased_until IS NOT NULL,
            (extract(epoch FROM s.leased_until - clock_timestamp()) * 1000000)::int8, s.tenant, s.type,
            s.lease_epoch, s.lease_token, s.ambiguous_since, s.synced_revision, o.dn, o.properties,
            r.is_unsettled,
            j.id, j.revision, j."order", j.operation, j.lane, j.client, j.request_id, j.trace_parent, j.accepted_at,
            j.due_at, j.first_attempt_at, j.attempts, j.crashes, j.secret, j.new_state, j.last_error, r.members_error
        FROM (
            SELECT q.resource_id, q.token,
                EXISTS (
                    SELECT FROM group_member m
                    WHERE m.group_id = q.resource_id AND m.synced = (m.removed_revision IS NOT NULL))
                OR EXISTS (SELECT FROM waits_for w WHERE w.resource_id = q.resource_id) AS is_unsettled,
                (SELECT w.last_error FROM waits_for w
                    WHERE w.resource_id = q.resource_id AND w.last_error IS NOT NULL LIMIT 1) AS members_error
            FROM unnest($1::uuid[], $2::uuid[]) AS q(resource_id, token)
        ) r
        LEFT JOIN resource_sync s ON s.resource_id = r.resource_id
        LEFT JOIN udm_object o ON o.resource_id = r.resource_id AND s.lease_token = r.token
        LEFT JOIN LATERAL (
            SELECT * FROM job i WHERE i.resource_id = r.resource_id AND s.lease_token = r.token
            ORDER BY i.revision, i.id LIMIT $3::int8
        ) j ON true
        ORDER BY r.resource_id, j.revision, j.id
        """)

    // MARK: Answers

    private struct Answer {
        let confirmation: Confirmation
        /// A lease that was taken although nothing is open.
        var idleHandle: LeaseHandle?
    }

    private static func confirmations(_ result: PostgresResult) throws -> [Answer] {
        var answers: [Answer] = []
        var row = 0
        while row < result.rowCount {
            let first = result[row]
            let id = try first.id(0)
            var jobs: [LeasedJob] = []
            while row < result.rowCount, try result[row].id(0) == id {
                if let job = try job(result[row]) { jobs.append(job) }
                row += 1
            }
            answers.append(try answer(id, first, jobs))
        }
        return answers
    }

    private static func answer(_ id: ResourceID, _ row: PostgresRow, _ jobs: [LeasedJob]) throws -> Answer {
        guard try row.optionalBool(1) ?? false else {
            if let remaining = try row.optionalInt(2) {
                return Answer(confirmation: .heldElsewhere(id, remaining: .microseconds(max(0, remaining))))
            }
            return Answer(confirmation: .nothingToDo(id))
        }
        let handle = LeaseHandle(resourceID: id, epoch: try row.int(5), token: try row.id(6))
        let isUnsettled = try row.bool(11)
        let object = try row.optionalString(9).map { dn in UDMObjectRecord(dn: dn, properties: try row.bytes(10)) }
        // Members of a group that UDM does not have are sent with its create.
        if jobs.isEmpty && !(isUnsettled && object != nil) {
            return Answer(confirmation: .nothingToDo(id), idleHandle: handle)
        }
        return Answer(
            confirmation: .leased(
                ConfirmedLease(
                    handle: handle, tenant: try row.string(3), type: try ResourceType(stored: row.string(4)),
                    ambiguousSince: try row.optionalTime(7), syncedRevision: try row.int(8), udmObject: object,
                    membersError: try row.optionalBytes(28), jobs: Array(jobs.prefix(turnLimit)),
                    hasMoreJobs: jobs.count > turnLimit)))
    }

    private static func job(_ row: PostgresRow) throws -> LeasedJob? {
        guard let id = try row.optionalID(12) else { return nil }
        let operation = try row.string(15)
        guard let operation = JobOperation(rawValue: operation) else { throw StorageError.unknownValue(operation) }
        return LeasedJob(
            id: id, revision: try row.int(13), order: try row.int(14), operation: operation, lane: try row.string(16),
            client: try row.string(17), requestID: try row.string(18), traceParent: try row.optionalString(19),
            acceptedAt: try row.time(20), dueAt: try row.time(21), firstAttemptAt: try row.optionalTime(22),
            attempts: Int(try row.int(23)), crashes: Int(try row.int(24)),
            lastError: try row.optionalBytes(27), secret: try row.optionalBytes(25),
            newState: try row.optionalBytes(26))
    }

    // MARK: What may be in UDM besides

    /// The states of writes after `revision` that failed for good, newest first: where the outcome of a call is not known, any of them may
    /// be what UDM holds.
    package func buriedStates(of resource: ResourceID, after revision: Int64) async throws -> [[UInt8]] {
        try await reader.execute(Self.burying, [.id(resource), .int(revision)]).map { try $0.bytes(0) }
    }

    private static let burying = PostgresStatement(
        "lease_buried_states",
        """
        SELECT new_state FROM job_history
        WHERE resource_id = $1::uuid AND revision > $2::int8 AND state = 'dead' AND new_state IS NOT NULL
        ORDER BY revision DESC LIMIT 20
        """)
}
