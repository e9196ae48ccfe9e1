// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON
internal import Postgres
package import SCIM

/// What became of a wish to have a resource pushed again.
package enum ReplayResult: Sendable, Hashable {
    /// A new job; `settled`: dead letters that it stands for now.
    case queued(job: JobID, operation: JobOperation, settled: Int)
    /// A write of the resource is open, which brings its present state to UDM; it is due now.
    case alreadyOpen(job: JobID, settled: Int)
    /// The resource was deleted, and nothing of that is owed to UDM.
    case gone(settled: Int)
    /// A repair changes what is known of UDM, which nobody may do while the resource is at work.
    case busy
}

/// What a repair knows of UDM that the rows do not tell.
package struct RepairFindings: Sendable {
    /// UDM has no object of the resource.
    package var isMissing: Bool
    /// Members that UDM's group lacks although they were pushed.
    package var lackingMembers: [ResourceID]

    package init(isMissing: Bool, lackingMembers: [ResourceID] = []) {
        self.isMissing = isMissing
        self.lackingMembers = lackingMembers
    }
}

/// Has resources pushed again: always their present state, under a job of its own with a new id (DESIGN section 4). Each in one transaction
/// that holds the resource's row and the one of its lease; afterwards the resource key is to be enqueued.
package struct ReplayStore: Sendable {
    let exclusive: PostgresPool

    /// - Parameters:
    ///   - subject: With the dead letter that is replayed, or a resource as it is.
    ///   - lane: Of the new job.
    ///   - repair: The difference is made from UDM's own state, not from what was pushed last.
    /// - Throws: ``PostgresError``.
    package func replay(
        _ subject: ResourceSubject, lane: String, by actor: String, repair: RepairFindings? = nil
    ) async throws -> ReplayResult {
        try await exclusive.withTransaction { connection in
            let replay = Replay(
                subject: subject, lane: lane, actor: actor, repair: repair, connection: connection)
            return try await replay.run()
        }
    }
}

private struct Replay {
    let subject: ResourceSubject
    let lane: String
    let actor: String
    let repair: RepairFindings?
    let connection: PostgresConnection

    private var key: [PostgresParameter] { [.text(subject.tenant), .text(subject.type.rawValue), .id(subject.id)] }

    func run() async throws -> ReplayResult {
        let isPresent = try await !connection.execute(Self.lockingResource, key).isEmpty
        // Whoever leases the resource reads its failures under this lock: it sees all of what is done here, or nothing.
        let lease = try await connection.execute(Self.lockingLease, [.id(subject.id)]).first
        let isLeased = try lease?.bool(0) ?? false
        if let repair {
            let isOpen = try await !connection.execute(Self.openJobs, [.id(subject.id)]).isEmpty
            guard isPresent, !isLeased, !isOpen else { return .busy }
            try await forget(repair)
        }
        // A turn that is under way has read already what it will send.
        if !isLeased, let open = try await connection.execute(Self.hastening, [.id(subject.id)]).last {
            let job = try open.id(0)
            return .alreadyOpen(job: job, settled: try await settle(by: job, replayOf: nil))
        }
        let job = JobID.timeOrdered(at: .now())
        let requestID = LowercaseUUID.random().description
        let inserted = try await connection.execute(
            isPresent ? Self.inserting : Self.insertingDelete,
            key + [.id(job), .id(subject.job), .text(lane), .text(requestID)])
        guard let row = inserted.first, let operation = JobOperation(rawValue: try row.string(0)) else {
            let settled = try await DeadLetterStore.settle(subject.id, as: "overtaken", by: nil, on: connection)
            return .gone(settled: settled.count)
        }
        let settled = try await settle(by: job, replayOf: try row.optionalID(1))
        return .queued(job: job, operation: operation, settled: settled)
    }

    private func forget(_ repair: RepairFindings) async throws {
        if repair.isMissing {
            _ = try await connection.execute(Self.forgettingObject, key)
        } else {
            _ = try await connection.execute(Self.forgettingProperties, [.id(subject.id)])
            if !repair.lackingMembers.isEmpty {
                _ = try await connection.execute(
                    Self.forgettingMembers, [.id(subject.id), .ids(repair.lackingMembers)])
            }
        }
    }

    /// Clears what was said of former failures: the parked attributes are tried again with the job.
    private func settle(by job: JobID, replayOf: JobID?) async throws -> Int {
        _ = try await connection.execute(Self.unparking, [.id(subject.id)])
        let settled = try await DeadLetterStore.settle(subject.id, as: "replayed", by: job, on: connection)
        var details = JSONObject()
        if let replayOf { details["replayOf"] = .string(replayOf.description) }
        if !settled.isEmpty { details["settled"] = .array(settled.map { .string($0.description) }) }
        try await AuditEntry.write(
            repair == nil ? .replay : .repair, by: actor, tenant: subject.tenant, resource: subject.id, job: job,
            details: details, on: connection)
        return settled.count
    }

    // MARK: Statements

    private static let lockingResource = PostgresStatement(
        "replay_lock_resource",
        """
        SELECT r.revision FROM resource r WHERE r.tenant = $1::text AND r.type = $2::text AND r.id = $3::uuid
        FOR NO KEY UPDATE
        """)

    private static let lockingLease = PostgresStatement(
        "replay_lock_lease",
        """
        SELECT coalesce(s.leased_until > clock_timestamp(), false) FROM resource_sync s
        WHERE s.resource_id = $1::uuid FOR UPDATE
        """)

    private static let openJobs = PostgresStatement(
        "replay_open_jobs", "SELECT j.id FROM job j WHERE j.resource_id = $1::uuid LIMIT 1")

    private static let hastening = PostgresStatement(
        "replay_hasten",
        """
        WITH hastened AS (
            UPDATE job j SET due_at = least(j.due_at, clock_timestamp()) WHERE j.resource_id = $1::uuid
            RETURNING j.id, j.revision
        )
        SELECT id FROM hastened ORDER BY revision, id
        """)

    /// A write of the present revision. It is told as one from the state that the first dead letter after the last success came from: what
    /// consumers of events know.
    private static let inserting = PostgresStatement(
        "replay_insert",
        """
        WITH present AS MATERIALIZED (
            SELECT r.*, nextval('write_order') AS number, u.resource_id IS NOT NULL AS is_known,
                coalesce(u.revision, 0) AS synced_revision
            FROM resource r LEFT JOIN udm_object u ON u.resource_id = r.id
            WHERE r.tenant = $1::text AND r.type = $2::text AND r.id = $3::uuid
        ), failed AS MATERIALIZED (
            SELECT h.old_state, h.client FROM job_history h, present p
            WHERE h.resource_id = $3::uuid AND h.state = 'dead' AND h.revision > p.synced_revision
            ORDER BY h.revision, h.id LIMIT 1
        ), last AS MATERIALIZED (
            SELECT w.id, w.client, w.is_announced FROM (
                SELECT h.id, h.client, h.revision, h.is_announced FROM job_history h WHERE h.resource_id = $3::uuid
                UNION ALL SELECT j.id, j.client, j.revision, j.is_announced FROM job j WHERE j.resource_id = $3::uuid
            ) w ORDER BY coalesce(w.id = $5::uuid, false) DESC, w.revision DESC, w.id DESC LIMIT 1
        ), told AS MATERIALIZED (
            SELECT p.*, coalesce(l.client, '') AS client, l.id AS replay_of, coalesce(l.is_announced, false) AS is_announced,
                jsonb_build_object('resource', p.attributes, 'externalId', e.value, 'created', p.created_at,
                    'modified', p.modified_at) AS state
            FROM present p LEFT JOIN last l ON true
            LEFT JOIN external_id e ON e.resource_id = p.id AND e.client = l.client
        )
        INSERT INTO job (
            id, tenant, type, resource_id, revision, "order", operation, lane, client, request_id, accepted_at, due_at,
            old_state, new_state, replay_of, is_announced)
        SELECT $4::uuid, t.tenant, t.type, t.id, t.revision, t.number, CASE WHEN t.is_known THEN 'modify' ELSE 'create' END,
            $6::text, t.client, $7::text, clock_timestamp(), clock_timestamp(),
            CASE WHEN t.is_known THEN coalesce(
                -- The `externalId` of another client is nobody else's business.
                (SELECT CASE WHEN f.client = t.client THEN f.old_state
                    ELSE f.old_state || jsonb_build_object('externalId', t.state -> 'externalId') END FROM failed f),
                t.state) END, t.state, t.replay_of,
            t.is_announced
        FROM told t
        RETURNING operation, replay_of
        """)

    /// The delete of a resource that is no more, if that is what failed last.
    private static let insertingDelete = PostgresStatement(
        "replay_insert_delete",
        """
        WITH last AS MATERIALIZED (
            SELECT h.* FROM job_history h WHERE h.resource_id = $3::uuid ORDER BY h.revision DESC, h."order" DESC LIMIT 1
        )
        INSERT INTO job (
            id, tenant, type, resource_id, revision, "order", operation, lane, client, request_id, accepted_at, due_at,
            old_state, replay_of, is_announced)
        SELECT $4::uuid, $1::text, $2::text, $3::uuid, l.revision, nextval('write_order'), 'delete', $6::text, l.client,
            $7::text, clock_timestamp(), clock_timestamp(), l.old_state, coalesce($5::uuid, l.id),
            l.is_announced
        FROM last l WHERE l.operation = 'delete' AND l.state = 'dead'
        RETURNING operation, replay_of
        """)

    private static let unparking = PostgresStatement(
        "replay_unpark",
        """
        WITH whole AS (
            DELETE FROM sync_failure WHERE resource_id = $1::uuid AND attribute = ''
        )
        UPDATE sync_failure SET refused = NULL WHERE resource_id = $1::uuid AND attribute <> ''
        """)

    /// A record that cannot be read is as good as none: the difference is then made from what UDM says.
    private static let forgettingProperties = PostgresStatement(
        "replay_forget_properties", "UPDATE udm_object SET properties = 'null' WHERE resource_id = $1::uuid")

    private static let forgettingMembers = PostgresStatement(
        "replay_forget_members",
        """
        UPDATE group_member SET synced = false
        WHERE group_id = $1::uuid AND member_id = ANY ($2::uuid[]) AND removed_revision IS NULL
        """)

    /// UDM took a lost object out of its groups; they wait for it to come back.
    private static let forgettingObject = PostgresStatement(
        "replay_forget_object",
        """
        WITH object AS (
            DELETE FROM udm_object WHERE resource_id = $3::uuid
        ), own AS (
            UPDATE group_member SET synced = false WHERE group_id = $3::uuid AND removed_revision IS NULL
        ), ended AS (
            DELETE FROM group_member WHERE group_id = $3::uuid AND removed_revision IS NOT NULL
        ), of_others AS (
            UPDATE group_member SET synced = false WHERE member_id = $3::uuid AND synced
            RETURNING group_id, removed_revision
        )
        INSERT INTO waits_for (resource_id, target_id, tenant, type, since)
        SELECT DISTINCT o.group_id, $3::uuid, $1::text, 'Group', clock_timestamp()
        FROM of_others o JOIN resource r ON r.tenant = $1::text AND r.type = 'Group' AND r.id = o.group_id
        WHERE o.removed_revision IS NULL AND $2::text IS NOT NULL
        ON CONFLICT (resource_id, target_id, reason) DO NOTHING
        """)
}
