// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Postgres
package import SCIM

/// Everything that is known of a resource's way to UDM.
package struct ResourceReport: Sendable {
    /// A job with the attempts that were kept.
    package struct Job: Sendable {
        package let summary: JobSummary
        package let attempts: [JobAttempt]
    }

    /// What is in UDM, as far as we know.
    package struct Object: Sendable {
        package let dn: String
        package let revision: Int64
        package let syncedAt: Timestamp
    }

    /// Who works on the resource now.
    package struct Holder: Sendable {
        package let worker: String?
        package let until: Timestamp
    }

    package let subject: ResourceSubject
    /// Nil when the resource was deleted.
    package let revision: Int64?
    package let name: String?
    package let object: Object?
    package let holder: Holder?
    /// The outcome of a call at this time is not known; whoever works on the resource next looks before it writes.
    package let ambiguousSince: Timestamp?
    package let parked: [ParkedAttribute]
    /// The failure of the resource as a whole: text of a JSON object.
    package let failure: [UInt8]?
    /// Members that the group waits for.
    package let awaited: Int
    /// Open ones first, each part newest first.
    package let jobs: [Job]
    /// Older ones were left out.
    package let hasMoreJobs: Bool
    /// What was done by hand, the latest first.
    package let audit: [AuditEntry]
}

/// The states of one job, which may hold personal data but no secret.
package struct JobStates: Sendable {
    /// Text of a JSON object; nil for none.
    package let old: [UInt8]?
    package let new: [UInt8]?
}

/// Reads what is known of one resource, for operators.
package struct InspectionStore: Sendable {
    let lists: PostgresPool

    private static let auditLimit = 20

    /// - Parameters:
    ///   - subject: With its job that one is told alone.
    ///   - jobLimit: Most jobs that are told.
    package func report(on subject: ResourceSubject, jobLimit: Int = 20) async throws -> ResourceReport {
        try await lists.withConnection { connection in
            let facts = try await connection.execute(
                Self.facts, [.text(subject.tenant), .text(subject.type.rawValue), .id(subject.id)])[0]
            let (jobs, hasMore) = try await Self.jobs(of: subject, limit: jobLimit, on: connection)
            let failures = try await connection.execute(Self.failures, [.id(subject.id)])
            let parked = try failures.map { try BacklogStore.parked($0) }
            let object: ResourceReport.Object? =
                if let dn = try facts.optionalString(2) {
                    ResourceReport.Object(dn: dn, revision: try facts.int(3), syncedAt: try facts.time(4))
                } else { nil }
            let holder: ResourceReport.Holder? =
                if let until = try facts.optionalTime(6) {
                    ResourceReport.Holder(worker: try facts.optionalString(5), until: until)
                } else { nil }
            return ResourceReport(
                subject: subject, revision: try facts.optionalInt(0), name: try facts.optionalString(1),
                object: object, holder: holder, ambiguousSince: try facts.optionalTime(7),
                parked: parked.filter { !$0.attribute.isEmpty },
                failure: parked.first { $0.attribute.isEmpty }?.error, awaited: Int(try facts.int(8)), jobs: jobs,
                hasMoreJobs: hasMore,
                audit: try await AuditEntry.read(of: subject.id, limit: Self.auditLimit, on: connection))
        }
    }

    private static func jobs(
        of subject: ResourceSubject, limit: Int, on connection: PostgresConnection
    ) async throws -> ([ResourceReport.Job], hasMore: Bool) {
        let rows = try await connection.execute(
            reading, [.id(subject.id), .id(subject.job), .int(Int64(limit) + 1)])
        let summaries = try rows.map { try JobSummary($0) }
        let attempts = try await AttemptStore.read(summaries.map(\.id), on: connection)
        let jobs = summaries.prefix(limit).map { ResourceReport.Job(summary: $0, attempts: attempts[$0.id] ?? []) }
        return (jobs, summaries.count > limit)
    }

    private static let facts = PostgresStatement(
        "inspection_facts",
        """
        SELECT r.revision, \(ResourceName.of("r.attributes")), u.dn, u.revision, u.synced_at, s.leased_by,
            CASE WHEN s.leased_until > clock_timestamp() THEN s.leased_until END, s.ambiguous_since,
            (SELECT count(*) FROM waits_for w WHERE w.resource_id = $3::uuid AND w.reason = 'member')
        FROM (SELECT) one
        LEFT JOIN resource r ON r.tenant = $1::text AND r.type = $2::text AND r.id = $3::uuid
        LEFT JOIN udm_object u ON u.resource_id = $3::uuid
        LEFT JOIN resource_sync s ON s.resource_id = $3::uuid
        """)

    private static let failures = PostgresStatement(
        "inspection_failures",
        """
        SELECT f.tenant, f.type, f.resource_id, NULL::text, f.attribute, f.revision, f.job_id, f.failed_at, f.error
        FROM sync_failure f WHERE f.resource_id = $1::uuid ORDER BY f.attribute
        """)

    private static let reading = PostgresStatement(
        "inspection_jobs",
        """
        (SELECT \(JobSummary.openColumns) FROM job j
            WHERE j.resource_id = $1::uuid AND ($2::uuid IS NULL OR j.id = $2::uuid)
            ORDER BY j.revision DESC, j.id DESC LIMIT $3::int8)
        UNION ALL
        (SELECT \(JobSummary.historyColumns) FROM job_history h
            WHERE h.resource_id = $1::uuid AND ($2::uuid IS NULL OR h.id = $2::uuid)
            ORDER BY h.revision DESC, h.id DESC LIMIT $3::int8)
        """)

    /// What a job was to bring to UDM, and from where.
    package func states(of job: JobID) async throws -> JobStates? {
        try await lists.withConnection { connection in
            try await connection.execute(Self.statesOf, [.id(job)]).first.map {
                JobStates(old: try $0.optionalBytes(0), new: try $0.optionalBytes(1))
            }
        }
    }

    private static let statesOf = PostgresStatement(
        "inspection_states",
        """
        SELECT old_state, new_state FROM job WHERE id = $1::uuid
        UNION ALL SELECT old_state, new_state FROM job_history WHERE id = $1::uuid LIMIT 1
        """)
}
