// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

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
        let results = try await pipeline.transaction([
            PostgresCommand(
                Self.taking,
                [
                    ids, .textArray(requests.map(\.tenant)), .textArray(requests.map(\.type.rawValue)), .ids(tokens),
                    .text(worker), .length(length),
                ]),
            PostgresCommand(Self.markingCrashes, [ids, .ids(tokens)]),
            PostgresCommand(Self.reading, [ids, .ids(tokens)]),
        ])
        let confirmations = try Self.confirmations(results[2])
        // A lease that found nothing to do ends at once: every turn end clears it.
        let idle = confirmations.compactMap { $0.idleHandle }
        if !idle.isEmpty { try await giveBack(idle, callMayHaveStarted: false) }
        return confirmations.map(\.confirmation)
    }

    // MARK: Statements

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
        SELECT r.resource_id, s.lease_token = r.token AND s.leased_until IS NOT NULL, s.leased_until, s.tenant, s.type,
            s.lease_epoch, s.lease_token, s.ambiguous_since, s.synced_revision, o.dn, o.properties,
            r.is_unsettled,
            j.id, j.revision, j."order", j.operation, j.lane, j.client, j.request_id, j.trace_parent, j.accepted_at,
            j.due_at, j.first_attempt_at, j.attempts, j.crashes, j.secret, j.new_state
        FROM (
            SELECT q.resource_id, q.token,
                EXISTS (
                    SELECT FROM group_member m
                    WHERE m.group_id = q.resource_id AND m.synced = (m.removed_revision IS NOT NULL))
                OR EXISTS (SELECT FROM waits_for w WHERE w.resource_id = q.resource_id) AS is_unsettled
            FROM unnest($1::uuid[], $2::uuid[]) AS q(resource_id, token)
        ) r
        LEFT JOIN resource_sync s ON s.resource_id = r.resource_id
        LEFT JOIN udm_object o ON o.resource_id = r.resource_id AND s.lease_token = r.token
        LEFT JOIN job j ON j.resource_id = r.resource_id AND s.lease_token = r.token
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
            if let until = try row.optionalTime(2) {
                return Answer(confirmation: .heldElsewhere(id, until: until))
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
                    jobs: jobs)))
    }

    private static func job(_ row: PostgresRow) throws -> LeasedJob? {
        guard let id = try row.optionalID(12) else { return nil }
        let operation = try row.string(15)
        guard let operation = JobOperation(rawValue: operation) else { throw StorageError.unknownValue(operation) }
        return LeasedJob(
            id: id, revision: try row.int(13), order: try row.int(14), operation: operation, lane: try row.string(16),
            client: try row.string(17), requestID: try row.string(18), traceParent: try row.optionalString(19),
            acceptedAt: try row.time(20), dueAt: try row.time(21), firstAttemptAt: try row.optionalTime(22),
            attempts: Int(try row.int(23)), crashes: Int(try row.int(24)), secret: try row.optionalBytes(25),
            newState: try row.optionalBytes(26))
    }
}
