// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON
internal import Postgres
package import SCIM

/// Dead letters: what there is, and what became of them. To have one pushed again see ``ReplayStore``.
package struct DeadLetterStore: Sendable {
    let lists: PostgresPool
    let exclusive: PostgresPool

    /// By the time at which the jobs failed.
    package enum Order: Sendable {
        case newestFirst
        case oldestFirst
    }

    /// One page of the dead letters that are not settled.
    ///
    /// - Parameter position: ``BacklogPage/next`` of the page before; nil for the first one.
    /// - Throws: ``BadPosition``.
    package func list(
        _ filter: BacklogFilter, order: Order = .newestFirst, after position: String? = nil, limit: Int
    ) async throws -> BacklogPage<JobSummary> {
        var after: JobID?
        if let position {
            guard let id = JobID(position) else { throw BadPosition(position: position) }
            after = id
        }
        let (comparison, direction) = order == .newestFirst ? ("<", "DESC") : (">", "ASC")
        let place =
            after == nil
            ? ""
            : "AND (h.finished_at, h.id) \(comparison) (SELECT p.finished_at, p.id FROM job_history p WHERE p.id = $10::uuid LIMIT 1)"
        let statement = PostgresStatement(
            unnamed: """
                SELECT \(JobSummary.historyColumns) FROM job_history h
                WHERE h.state = 'dead' AND h.settled_at IS NULL
                    AND \(BacklogFilter.condition("h", time: "finished_at", error: "last_error")) \(place)
                ORDER BY h.finished_at \(direction), h.id \(direction) LIMIT \(limit + 1)
                """)
        let parameters = filter.parameters + (after.map { [.id($0)] } ?? [])
        let entries = try await lists.withConnection { connection in
            try await connection.execute(statement, parameters).map { try JobSummary($0) }
        }
        let page = Array(entries.prefix(limit))
        return BacklogPage(entries: page, next: entries.count > limit ? page.last?.id.description : nil)
    }

    /// How many dead letters there are, and of how many resources.
    package func count(_ filter: BacklogFilter) async throws -> (letters: Int, resources: Int) {
        let statement = PostgresStatement(
            unnamed: """
                SELECT count(*), count(DISTINCT h.resource_id) FROM job_history h
                WHERE h.state = 'dead' AND h.settled_at IS NULL
                    AND \(BacklogFilter.condition("h", time: "finished_at", error: "last_error"))
                """)
        return try await lists.withConnection { connection in
            let row = try await connection.execute(statement, filter.parameters)[0]
            return (Int(try row.int(0)), Int(try row.int(1)))
        }
    }

    // MARK: Settling

    /// What came of a wish to discard.
    package enum Discard: Sendable, Hashable {
        case discarded(resource: ResourceID)
        /// It was settled before.
        case alreadySettled(how: String)
        /// There is no such job in the history, or it did not fail.
        case noDeadLetter
    }

    /// Marks a dead letter as one that nobody has to look at any more. It stays in the history, and its resource keeps its status.
    package func discard(_ job: JobID, reason: String, by actor: String) async throws -> Discard {
        try await exclusive.withTransaction { connection in
            let rows = try await connection.execute(Self.lockingLetter, [.id(job)])
            guard let row = rows.first else { return .noDeadLetter }
            if let how = try row.optionalString(2) { return .alreadySettled(how: how) }
            let resource = try row.id(1)
            _ = try await connection.execute(Self.discarding, [.id(job)])
            try await AuditEntry.write(
                .discard, by: actor, tenant: try row.string(0), resource: resource, job: job,
                details: ["reason": .string(reason)], on: connection)
            return .discarded(resource: resource)
        }
    }

    private static let lockingLetter = PostgresStatement(
        "dead_letter_lock",
        "SELECT tenant, resource_id, settled_as FROM job_history WHERE id = $1::uuid AND state = 'dead' FOR UPDATE")

    private static let discarding = PostgresStatement(
        "dead_letter_discard",
        """
        UPDATE job_history SET settled_at = clock_timestamp(), settled_as = 'discarded'
        WHERE id = $1::uuid AND state = 'dead' AND settled_at IS NULL
        """)

    /// All dead letters of a resource, by the job that pushes it instead; in the transaction that makes that job.
    static func settle(
        _ resource: ResourceID, as how: String, by job: JobID?, on connection: PostgresConnection
    ) async throws -> [JobID] {
        try await connection.execute(settling, [.id(resource), .text(how), .id(job)]).map { try $0.id(0) }
    }

    private static let settling = PostgresStatement(
        "dead_letter_settle",
        """
        UPDATE job_history SET settled_at = clock_timestamp(), settled_as = $2::text, settled_by = $3::uuid
        WHERE resource_id = $1::uuid AND state = 'dead' AND settled_at IS NULL
        RETURNING id
        """)

    /// Settles dead letters whose resource has no failure any more: a later write went through.
    /// - Returns: How many.
    package func settleOvertaken() async throws -> Int {
        try await exclusive.withConnection { connection in
            try await connection.execute(Self.settlingOvertaken, []).rowCount
        }
    }

    /// The failure and its dead letter commit together, so a letter without failure is one that was cleared.
    private static let settlingOvertaken = PostgresStatement(
        "dead_letter_settle_overtaken",
        """
        UPDATE job_history h SET settled_at = clock_timestamp(), settled_as = 'overtaken'
        WHERE h.state = 'dead' AND h.settled_at IS NULL
            AND NOT EXISTS (SELECT FROM sync_failure f WHERE f.resource_id = h.resource_id AND f.attribute = '')
        RETURNING h.id
        """)
}
