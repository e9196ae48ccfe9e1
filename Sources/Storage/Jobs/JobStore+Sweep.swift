// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Postgres
package import SCIM

/// A resource with open work, for the sweep and the rebuild.
package struct OpenWork: Sendable, Hashable {
    package let resourceID: ResourceID
    package let tenant: String
    package let type: ResourceType
    /// The fastest of its jobs.
    package internal(set) var lane: String
    package let dueAt: Timestamp
    /// A look at UDM that nobody has enqueued before: it was put off when it was written down.
    package var isVerification = false
    /// A group that is owed a turn of its own, and has nothing else to do. A worker of an older version takes it and leaves that on record.
    package var isOwedTurn = false
}

/// Some resources with open work, and where to go on.
package struct OpenWorkPage: Sendable {
    package var entries: [OpenWork]
    /// Nil at the end.
    package var next: Position?

    /// A place in the open work: jobs by their id, then the resources that wait for members, then those that have to be looked at in UDM.
    package enum Position: Sendable, Hashable {
        case jobs(after: JobID)
        case waiting(after: ResourceID)
        case verifying(after: ResourceID)

        package static let start = Position.jobs(after: JobID(high: 0, low: 0))
    }
}

extension JobStore {
    /// One page of the resources with open work: jobs in the order of the primary key, each resource once a page.
    ///
    /// - Parameters:
    ///   - position: Nil for the beginning.
    ///   - limit: Most jobs a page.
    ///   - olderThan: Leaves out jobs accepted in this time, which may be between their commit and their enqueue.
    package func openWork(
        from position: OpenWorkPage.Position?, limit: Int, olderThan: Duration
    ) async throws -> OpenWorkPage {
        switch position {
        case .waiting(let after):
            return try await waiting(after: after, limit: limit, olderThan: olderThan)
        case .verifying(let after):
            return try await verifying(after: after, limit: limit)
        case .jobs, nil:
            var after = JobID(high: 0, low: 0)
            if case .jobs(let last) = position { after = last }
            return try await jobs(after: after, limit: limit, olderThan: olderThan)
        }
    }

    private func jobs(after: JobID, limit: Int, olderThan: Duration) async throws -> OpenWorkPage {
        let result = try await reader.execute(Self.jobPage, [.id(after), .int(Int64(limit)), .length(olderThan)])
        var seen: [ResourceID: Int] = [:]
        var entries: [OpenWork] = []
        var last: JobID?
        for row in result {
            last = try row.id(0)
            let resource = try row.id(3)
            guard try row.bool(6) else { continue }
            if let index = seen[resource] {
                let lane = try row.string(4)
                if Self.rank(lane) < Self.rank(entries[index].lane) { entries[index].lane = lane }
                continue
            }
            seen[resource] = entries.count
            entries.append(
                OpenWork(
                    resourceID: resource, tenant: try row.string(1), type: try ResourceType(stored: row.string(2)),
                    lane: try row.string(4), dueAt: try row.time(5)))
        }
        let isLast = result.rowCount < limit
        let next: OpenWorkPage.Position =
            if let last, !isLast { .jobs(after: last) } else { .waiting(after: ResourceID(high: 0, low: 0)) }
        return OpenWorkPage(entries: entries, next: next)
    }

    private static func rank(_ lane: String) -> Int {
        switch lane {
        case "interactive": 0
        case "bulk": 1
        default: 2
        }
    }

    private static let jobPage = PostgresStatement(
        "open_jobs_page",
        """
        SELECT j.id, j.tenant, j.type, j.resource_id, j.lane, j.due_at,
            j.accepted_at < clock_timestamp() - $3::int8 * interval '1 microsecond'
        FROM job j WHERE j.id > $1::uuid ORDER BY j.id LIMIT $2::int8
        """)

    private func waiting(after: ResourceID, limit: Int, olderThan: Duration) async throws -> OpenWorkPage {
        let result = try await reader.execute(
            Self.waitingPage, [.id(after), .int(Int64(limit)), .length(olderThan)])
        let entries = try result.map { row in
            OpenWork(
                resourceID: try row.id(0), tenant: try row.string(1), type: try ResourceType(stored: row.string(2)),
                lane: "repair", dueAt: try row.time(3), isOwedTurn: try row.bool(4))
        }
        let next: OpenWorkPage.Position =
            if let last = entries.last, result.rowCount == limit {
                .waiting(after: last.resourceID)
            } else {
                .verifying(after: ResourceID(high: 0, low: 0))
            }
        return OpenWorkPage(entries: entries, next: next)
    }

    private func verifying(after: ResourceID, limit: Int) async throws -> OpenWorkPage {
        let result = try await reader.execute(Self.verificationPage, [.id(after), .int(Int64(limit))])
        let entries = try result.map { row in
            OpenWork(
                resourceID: try row.id(0), tenant: try row.string(1), type: try ResourceType(stored: row.string(2)),
                lane: "repair", dueAt: try row.time(3), isVerification: true)
        }
        let isLast = result.rowCount < limit
        return OpenWorkPage(
            entries: entries,
            next: isLast ? nil : entries.last.map { OpenWorkPage.Position.verifying(after: $0.resourceID) })
    }

    /// Those that are due: a worker that comes earlier would find nothing to do.
    private static let verificationPage = PostgresStatement(
        "verification_page",
        """
        SELECT v.resource_id, v.tenant, v.type, v.due_at FROM verification v
        WHERE v.resource_id > $1::uuid AND v.due_at <= clock_timestamp() ORDER BY v.resource_id LIMIT $2::int8
        """)

    /// Groups that were pushed and still wait for a member that has come to UDM since, or that is no member any more, or that are owed a turn of
    /// their own. All others have nothing to do: what they wait for has a job of its own, or failed, or is a user whose groups have to be looked at first.
    private static let waitingPage = PostgresStatement(
        "waiting_page",
        """
        SELECT w.resource_id, min(w.tenant), min(w.type), min(coalesce(w.due_at, w.since)), bool_and(w.reason = 'turn')
        FROM waits_for w
        JOIN udm_object g ON g.resource_id = w.resource_id
        LEFT JOIN udm_object u ON u.resource_id = w.target_id
        WHERE w.resource_id > $1::uuid AND (
            w.reason = 'turn' AND w.since < clock_timestamp() - $3::int8 * interval '1 microsecond'
            OR w.reason = 'member'
            AND (u.synced_at >= w.since AND u.synced_at < clock_timestamp() - $3::int8 * interval '1 microsecond'
                OR NOT EXISTS (
                    SELECT FROM group_member m
                    WHERE m.group_id = w.resource_id AND m.member_id = w.target_id AND m.removed_revision IS NULL))
            AND NOT EXISTS (SELECT FROM verification v WHERE v.resource_id = w.target_id AND v.group_id IS NOT NULL))
        GROUP BY w.resource_id ORDER BY w.resource_id LIMIT $2::int8
        """)

    // MARK: The other direction

    /// Which of `resources` have nothing open: no job, no member to settle, no look that is owed.
    package func idle(_ resources: [ResourceID]) async throws -> Set<ResourceID> {
        guard !resources.isEmpty else { return [] }
        return Set(try await reader.execute(Self.idling, [.ids(resources)]).map { try $0.id(0) })
    }

    private static let idling = PostgresStatement(
        "idle_resources",
        """
        SELECT r.id FROM unnest($1::uuid[]) AS r(id)
        WHERE NOT EXISTS (SELECT FROM job j WHERE j.resource_id = r.id)
            AND NOT EXISTS (SELECT FROM waits_for w WHERE w.resource_id = r.id)
            AND NOT EXISTS (SELECT FROM verification v WHERE v.resource_id = r.id)
            AND NOT EXISTS (
                SELECT FROM group_member m WHERE m.group_id = r.id AND m.synced = (m.removed_revision IS NOT NULL))
        """)

    /// Which of `resources` somebody holds, by PostgreSQL's clock.
    package func leased(_ resources: [ResourceID]) async throws -> Set<ResourceID> {
        guard !resources.isEmpty else { return [] }
        return Set(try await reader.execute(Self.holding, [.ids(resources)]).map { try $0.id(0) })
    }

    private static let holding = PostgresStatement(
        "leased_resources",
        """
        SELECT s.resource_id FROM resource_sync s
        WHERE s.resource_id = ANY ($1::uuid[]) AND s.leased_until >= clock_timestamp()
        """)

    // MARK: Passwords

    /// Erases the passwords of jobs that were accepted longer ago; an empty envelope stays, so that the push can say what is missing.
    /// - Returns: How many.
    package func erasePasswords(olderThan age: Duration) async throws -> Int {
        let result = try await exclusive.withConnection { try await $0.execute(Self.erasing, [.length(age)]) }
        return result.rowCount
    }

    private static let erasing = PostgresStatement(
        "erase_passwords",
        """
        UPDATE job SET secret = ''
        WHERE accepted_at < clock_timestamp() - $1::int8 * interval '1 microsecond' AND octet_length(secret) > 0
        RETURNING id
        """)

    // MARK: Partitions

    /// Daily partitions of the history from today on; idempotent.
    ///
    /// Attaching one locks the history for a moment. Where somebody else holds it, such as a dump, the wait is short and is not repeated:
    /// outcomes would queue up behind it.
    /// - Returns: False when the history was locked; the default partition takes what comes meanwhile.
    package func ensurePartitions() async throws -> Bool {
        do {
            try await exclusive.withTransaction { connection in
                try await connection.run("SET LOCAL lock_timeout = '200ms'")
                _ = try await connection.execute(Self.partitions, [])
            }
            return true
        } catch let error as PostgresError where error.isLockNotAvailable {
            return false
        }
    }

    private static let partitions = PostgresStatement(
        "history_partitions",
        "SELECT ensure_job_history_partitions((clock_timestamp() AT TIME ZONE 'UTC')::date, 8)")
}
