// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Postgres
package import SCIM

/// What is still to be pushed, or cannot be: open jobs and parked attributes.
package struct BacklogStore: Sendable {
    let lists: PostgresPool

    /// One page of open jobs, in the order of their acceptance.
    ///
    /// - Parameters:
    ///   - onlyFailing: Leaves out jobs without an error and without a crash.
    ///   - position: ``BacklogPage/next`` of the page before; nil for the first one.
    /// - Throws: ``BadPosition``.
    package func openJobs(
        _ filter: BacklogFilter, onlyFailing: Bool, after position: String? = nil, limit: Int
    ) async throws -> BacklogPage<JobSummary> {
        var after = JobID(high: 0, low: 0)
        if let position {
            guard let id = JobID(position) else { throw BadPosition(position: position) }
            after = id
        }
        let failing = onlyFailing ? "AND (j.last_error IS NOT NULL OR j.crashes > 0)" : ""
        let statement = PostgresStatement(
            unnamed: """
                SELECT \(JobSummary.openColumns) FROM job j
                WHERE j.id > $10::uuid AND \(BacklogFilter.condition("j", time: "accepted_at", error: "last_error"))
                    \(failing)
                ORDER BY j.id LIMIT \(limit + 1)
                """)
        let parameters = filter.parameters + [.id(after)]
        let entries = try await lists.withConnection { connection in
            try await connection.execute(statement, parameters).map { try JobSummary($0) }
        }
        let page = Array(entries.prefix(limit))
        return BacklogPage(entries: page, next: entries.count > limit ? page.last?.id.description : nil)
    }

    /// One page of parked attributes, by resource and attribute.
    /// - Throws: ``BadPosition``.
    package func parkedAttributes(
        _ filter: BacklogFilter, after position: String? = nil, limit: Int
    ) async throws -> BacklogPage<ParkedAttribute> {
        var parameters = filter.parameters
        var place = ""
        if let position {
            let parts = position.split(separator: "/", maxSplits: 1)
            guard parts.count == 2, let resource = ResourceID(parts[0]) else { throw BadPosition(position: position) }
            parameters += [.id(resource), .text(String(parts[1]))]
            place = "AND (f.resource_id, f.attribute) > ($10::uuid, $11::text COLLATE \"C\")"
        }
        let statement = PostgresStatement(
            unnamed: """
                SELECT f.tenant, f.type, f.resource_id, \(ResourceName.of("r.attributes")), f.attribute, f.revision, f.job_id,
                    f.failed_at, f.error
                FROM sync_failure f
                LEFT JOIN resource r ON r.tenant = f.tenant AND r.type = f.type AND r.id = f.resource_id
                WHERE f.attribute <> ''
                    AND \(BacklogFilter.condition("f", time: "failed_at", error: "error", isJob: false)) \(place)
                ORDER BY f.resource_id, f.attribute LIMIT \(limit + 1)
                """)
        let entries = try await lists.withConnection { [parameters] connection in
            try await connection.execute(statement, parameters).map { try Self.parked($0) }
        }
        let page = Array(entries.prefix(limit))
        let last = page.last.map { "\($0.resourceID)/\($0.attribute)" }
        return BacklogPage(entries: page, next: entries.count > limit ? last : nil)
    }

    static func parked(_ row: PostgresRow) throws -> ParkedAttribute {
        ParkedAttribute(
            tenant: try row.string(0), type: try ResourceType(stored: row.string(1)), resourceID: try row.id(2),
            name: try row.optionalString(3), attribute: try row.string(4), revision: try row.int(5),
            jobID: try row.id(6), failedAt: try row.time(7), error: try row.bytes(8))
    }

    // MARK: Counts

    /// What only PostgreSQL knows of the queue, beside ``JobStore/statistics()``.
    package struct Figures: Sendable {
        package var parkedAttributes: Int
        /// Resources with parked attributes.
        package var parkedResources: Int
        /// Groups that wait for members.
        package var waitingGroups: Int
        /// Open jobs that failed at least once.
        package var failingJobs: Int
        /// Who has the leader's duties; nil: nobody.
        package var leader: Leader?
    }

    /// The process that has the leader's duties.
    package struct Leader: Sendable {
        /// Address of the process, as PostgreSQL sees it; nil over a local socket.
        package let address: String?
        package let since: Timestamp
    }

    /// Counts the backlog now.
    package func figures() async throws -> Figures {
        try await lists.withConnection { connection in
            let row = try await connection.execute(Self.counting, [])[0]
            let leader = try await connection.execute(Self.leading, [.int(Leadership.Duty.sync.rawValue)]).first
            return Figures(
                parkedAttributes: Int(try row.int(0)), parkedResources: Int(try row.int(1)),
                waitingGroups: Int(try row.int(2)), failingJobs: Int(try row.int(3)),
                leader: try leader.map { Leader(address: try $0.optionalString(0), since: try $0.time(1)) })
        }
    }

    private static let counting = PostgresStatement(
        "backlog_count",
        """
        SELECT count(*), count(DISTINCT f.resource_id), (SELECT count(DISTINCT w.resource_id) FROM waits_for w WHERE w.reason = 'member'),
            (SELECT count(*) FROM job j WHERE j.last_error IS NOT NULL)
        FROM sync_failure f WHERE f.attribute <> ''
        """)

    private static let leading = PostgresStatement(
        "backlog_leader",
        """
        SELECT host(a.client_addr), a.backend_start FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
        WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
            AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
            AND (l.classid::int8 << 32) + l.objid::int8 = $1::int8
        LIMIT 1
        """)
}
