// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Postgres
package import SCIM

/// What a confirmed lease brings with it.
extension JobStore {
    struct ConfirmationRow {
        let confirmation: Confirmation
        /// A lease that was taken although nothing is open.
        var idleHandle: LeaseHandle?
    }

    static let reading = PostgresStatement(
        "lease_read",
        """
        SELECT r.resource_id, s.lease_token = r.token AND s.leased_until IS NOT NULL,
            (extract(epoch FROM s.leased_until - clock_timestamp()) * 1000000)::int8, s.tenant, s.type,
            s.lease_epoch, s.lease_token, s.ambiguous_since, s.synced_revision, o.dn, o.properties,
            r.is_unsettled, r.members_error, r.parked, v.since,
            (extract(epoch FROM v.due_at - clock_timestamp()) * 1000000)::int8,
            CASE WHEN v.resource_id IS NOT NULL THEN EXISTS (
                SELECT FROM resource x WHERE x.tenant = s.tenant AND x.type = s.type AND x.id = r.resource_id) END,
            \(PauseStore.operations), v.group_id IS NOT NULL,
            (extract(epoch FROM clock_timestamp() - o.synced_at) * 1000000)::int8,
            \(jobColumns)
        FROM (
            SELECT q.resource_id, q.token,
                EXISTS (
                    SELECT FROM group_member m
                    WHERE m.group_id = q.resource_id AND m.synced = (m.removed_revision IS NOT NULL))
                OR EXISTS (SELECT FROM waits_for w WHERE w.resource_id = q.resource_id) AS is_unsettled,
                (SELECT w.last_error FROM waits_for w
                    WHERE w.resource_id = q.resource_id AND w.last_error IS NOT NULL LIMIT 1) AS members_error,
                (SELECT jsonb_object_agg(f.attribute, coalesce(f.refused, 'null')) FROM sync_failure f
                    WHERE f.resource_id = q.resource_id AND f.attribute <> '') AS parked
            FROM unnest($1::uuid[], $2::uuid[]) AS q(resource_id, token)
        ) r
        LEFT JOIN resource_sync s ON s.resource_id = r.resource_id
        LEFT JOIN udm_object o ON o.resource_id = r.resource_id AND s.lease_token = r.token
        LEFT JOIN verification v ON v.resource_id = r.resource_id
        LEFT JOIN LATERAL (
            SELECT * FROM job i WHERE i.resource_id = r.resource_id AND s.lease_token = r.token
            ORDER BY i.revision, i.id LIMIT $3::int8
        ) j ON true
        ORDER BY r.resource_id, j.revision, j.id
        """)

    private static let firstJobColumn = 20

    /// Of a row `j` of `job`, as ``job(_:from:)`` reads them.
    private static let jobColumns = """
        j.id, j.revision, j."order", j.operation, j.lane, j.client, j.request_id, j.trace_parent, j.accepted_at, j.due_at,
            j.first_attempt_at, j.attempts, j.crashes, j.secret, j.new_state, j.last_error
        """

    static func confirmations(_ result: PostgresResult) throws -> [ConfirmationRow] {
        var answers: [ConfirmationRow] = []
        var row = 0
        while row < result.rowCount {
            let first = result[row]
            let id = try first.id(0)
            var jobs: [LeasedJob] = []
            while row < result.rowCount, try result[row].id(0) == id {
                if let job = try job(result[row], from: firstJobColumn) { jobs.append(job) }
                row += 1
            }
            answers.append(try answer(id, first, jobs))
        }
        return answers
    }

    private static func answer(_ id: ResourceID, _ row: PostgresRow, _ jobs: [LeasedJob]) throws -> ConfirmationRow {
        guard try row.optionalBool(1) ?? false else {
            if let remaining = try row.optionalInt(2) {
                return ConfirmationRow(
                    confirmation: .heldElsewhere(id, remaining: .microseconds(max(0, remaining))))
            }
            return ConfirmationRow(confirmation: .nothingToDo(id))
        }
        let handle = LeaseHandle(resourceID: id, epoch: try row.int(5), token: try row.id(6))
        let isUnsettled = try row.bool(11)
        let object = try row.optionalString(9).map { dn in UDMObjectRecord(dn: dn, properties: try row.bytes(10)) }
        let verification = try verification(row)
        // Members of a group that UDM does not have are sent with its create.
        if jobs.isEmpty && !(isUnsettled && object != nil) && verification?.isDue != true {
            return ConfirmationRow(confirmation: .nothingToDo(id), idleHandle: handle)
        }
        // The order of a resource's jobs is kept: what comes after a paused one waits too.
        let paused = Set(try row.textArray(17))
        let workable = jobs.prefix { !paused.contains($0.operation.rawValue) }
        // After a call without an answer UDM may hold what is paused now: what comes before it would take that back (I-3).
        let mayBeAhead = try row.optionalTime(7) != nil && workable.count < jobs.count
        if !jobs.isEmpty, workable.isEmpty || mayBeAhead {
            return ConfirmationRow(confirmation: .paused(id), idleHandle: handle)
        }
        return ConfirmationRow(
            confirmation: .leased(
                ConfirmedLease(
                    handle: handle, tenant: try row.string(3), type: try ResourceType(stored: row.string(4)),
                    ambiguousSince: try row.optionalTime(7), syncedRevision: try row.int(8), udmObject: object,
                    syncedAgo: try row.optionalInt(19).map { .microseconds($0) },
                    membersError: try row.optionalBytes(12), parked: try row.optionalBytes(13),
                    verification: verification, jobs: Array(workable.prefix(turnLimit)),
                    hasMoreJobs: jobs.count > min(workable.count, turnLimit), hasPauses: !paused.isEmpty,
                    isUnsettled: isUnsettled)))
    }

    private static func verification(_ row: PostgresRow) throws -> Verification? {
        guard let since = try row.optionalTime(14), let remaining = try row.optionalInt(15) else { return nil }
        return Verification(
            since: since, remaining: .microseconds(remaining), resourceExists: try row.optionalBool(16) ?? false,
            concernsGroups: try row.bool(18))
    }

    private static func job(_ row: PostgresRow, from first: Int) throws -> LeasedJob? {
        guard let id = try row.optionalID(first) else { return nil }
        let operation = try row.string(first + 3)
        guard let operation = JobOperation(rawValue: operation) else { throw StorageError.unknownValue(operation) }
        return LeasedJob(
            id: id, revision: try row.int(first + 1), order: try row.int(first + 2), operation: operation,
            lane: try row.string(first + 4), client: try row.string(first + 5), requestID: try row.string(first + 6),
            traceParent: try row.optionalString(first + 7), acceptedAt: try row.time(first + 8),
            dueAt: try row.time(first + 9), firstAttemptAt: try row.optionalTime(first + 10),
            attempts: Int(try row.int(first + 11)), crashes: Int(try row.int(first + 12)),
            lastError: try row.optionalBytes(first + 15), secret: try row.optionalBytes(first + 13),
            newState: try row.optionalBytes(first + 14))
    }

    // MARK: Beyond the page

    /// The delete of a resource with more open jobs than a turn gets, if it ends in one: nothing has to be known of what lies between.
    package func deletion(of resource: ResourceID) async throws -> LeasedJob? {
        guard let row = try await reader.execute(Self.deletion, [.id(resource)]).first else { return nil }
        return try Self.job(row, from: 0)
    }

    private static let deletion = PostgresStatement(
        "lease_deletion",
        """
        SELECT \(jobColumns)
        FROM (SELECT * FROM job i WHERE i.resource_id = $1::uuid ORDER BY i.revision DESC, i.id DESC LIMIT 1) j
        WHERE j.operation = 'delete'
        """)

    /// The open jobs before one of the same resource, in revision order.
    package func openJobs(of resource: ResourceID, before job: JobID) async throws -> [JobID] {
        try await reader.execute(Self.earlier, [.id(resource), .id(job)]).map { try $0.id(0) }
    }

    private static let earlier = PostgresStatement(
        "lease_earlier_jobs",
        """
        SELECT j.id FROM job c JOIN job j ON j.resource_id = c.resource_id AND (j.revision, j.id) < (c.revision, c.id)
        WHERE c.resource_id = $1::uuid AND c.id = $2::uuid ORDER BY j.revision, j.id
        """)

    /// Whether there are open jobs after one of the same resource, which is open itself.
    package func hasJobs(of resource: ResourceID, after job: JobID) async throws -> Bool {
        try await !reader.execute(Self.later, [.id(resource), .id(job)]).isEmpty
    }

    private static let later = PostgresStatement(
        "lease_later_jobs",
        """
        SELECT 1 FROM job c JOIN job j ON j.resource_id = c.resource_id AND (j.revision, j.id) > (c.revision, c.id)
        WHERE c.resource_id = $1::uuid AND c.id = $2::uuid LIMIT 1
        """)

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

    /// The states of writes that ended since a lost call was made, newest first: any of them may be what that call brought.
    package func lateStates(of resource: ResourceID, since: Timestamp) async throws -> [[UInt8]] {
        try await reader.execute(Self.lateness, [.id(resource), .time(since)]).map { try $0.bytes(0) }
    }

    private static let lateness = PostgresStatement(
        "lease_late_states",
        """
        SELECT new_state FROM job_history
        WHERE resource_id = $1::uuid AND finished_at >= $2::timestamptz AND new_state IS NOT NULL
        ORDER BY revision DESC LIMIT 100
        """)
}
