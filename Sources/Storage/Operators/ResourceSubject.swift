// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Postgres
package import SCIM

/// The resource that an operator means by an id, which may be a job's or its own.
package struct ResourceSubject: Sendable, Hashable {
    package let tenant: String
    package let type: ResourceType
    package let id: ResourceID
    /// The job that was named; nil when the resource was.
    package let job: JobID?

    package init(tenant: String, type: ResourceType, id: ResourceID, job: JobID? = nil) {
        self.tenant = tenant
        self.type = type
        self.id = id
        self.job = job
    }
}

/// Finds what an id stands for.
package struct SubjectStore: Sendable {
    let lists: PostgresPool

    /// - Returns: nil when neither a job, open or in the history, nor a resource has the id.
    package func find(_ id: LowercaseUUID) async throws -> ResourceSubject? {
        try await lists.withConnection { try await Self.find(id, on: $0) }
    }

    static func find(_ id: LowercaseUUID, on connection: PostgresConnection) async throws -> ResourceSubject? {
        guard let row = try await connection.execute(finding, [.id(id)]).first else { return nil }
        return ResourceSubject(
            tenant: try row.string(0), type: try ResourceType(stored: row.string(1)), id: try row.id(2),
            job: try row.bool(3) ? id : nil)
    }

    /// Jobs first: what is named most. A resource that was never leased is known to its own table only.
    private static let finding = PostgresStatement(
        "subject_find",
        """
        SELECT tenant, type, resource_id, is_job FROM (
            (SELECT j.tenant, j.type, j.resource_id, true AS is_job, 1 AS rank FROM job j WHERE j.id = $1::uuid)
            UNION ALL
            (SELECT h.tenant, h.type, h.resource_id, true, 2 FROM job_history h WHERE h.id = $1::uuid LIMIT 1)
            UNION ALL
            (SELECT s.tenant, s.type, s.resource_id, false, 3 FROM resource_sync s WHERE s.resource_id = $1::uuid)
            UNION ALL
            (SELECT r.tenant, r.type, r.id, false, 4 FROM tenant t CROSS JOIN (VALUES ('User'), ('Group')) k(type)
                JOIN resource r ON r.tenant = t.id AND r.type = k.type AND r.id = $1::uuid)
            UNION ALL
            (SELECT h.tenant, h.type, h.resource_id, false, 5 FROM job_history h WHERE h.resource_id = $1::uuid LIMIT 1)
        ) found ORDER BY rank LIMIT 1
        """)
}
