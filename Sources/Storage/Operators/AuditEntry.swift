// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

package import JSON
internal import Postgres
package import SCIM

/// Something that was done by hand, as it is kept in `audit_log`.
package struct AuditEntry: Sendable {
    /// What was done.
    package enum Action: String, Sendable {
        case replay, repair, create, edit, discard, pause, resume, rebuild, rewrap
    }

    package let at: Timestamp
    package let actor: String
    package let action: String
    package let jobID: JobID?
    /// Text of a JSON object.
    package let details: [UInt8]

    /// Writes one in the transaction of what it tells of.
    static func write(
        _ action: Action, by actor: String, tenant: String, resource: ResourceID? = nil, job: JobID? = nil,
        details: JSONObject = JSONObject(), on connection: PostgresConnection
    ) async throws {
        _ = try await connection.execute(
            writing,
            [
                .text(tenant), .text(actor), .text(action.rawValue), .id(resource), .id(job),
                .json(JSONValue.object(details).serialize()),
            ])
    }

    private static let writing = PostgresStatement(
        "audit_write",
        """
        INSERT INTO audit_log (at, tenant, actor, action, resource_id, job_id, details)
        VALUES (clock_timestamp(), $1::text, $2::text, $3::text, $4::uuid, $5::uuid, $6::jsonb)
        """)

    /// The latest of a resource first.
    static func read(
        of resource: ResourceID, limit: Int, on connection: PostgresConnection
    ) async throws -> [AuditEntry] {
        try await connection.execute(reading, [.id(resource), .int(Int64(limit))]).map { row in
            AuditEntry(
                at: try row.time(0), actor: try row.string(1), action: try row.string(2), jobID: try row.optionalID(3),
                details: try row.bytes(4))
        }
    }

    private static let reading = PostgresStatement(
        "audit_read",
        """
        SELECT at, actor, action, job_id, details FROM audit_log
        WHERE resource_id = $1::uuid ORDER BY id DESC LIMIT $2::int8
        """)
}

/// Notes what an operator did to the queue as a whole.
package struct AuditLog: Sendable {
    let exclusive: PostgresPool

    /// - Parameter tenant: Nil: of no tenant in particular.
    package func write(
        _ action: AuditEntry.Action, by actor: String, tenant: String? = nil, details: JSONObject = JSONObject()
    ) async throws {
        try await exclusive.withConnection { connection in
            try await AuditEntry.write(action, by: actor, tenant: tenant ?? "", details: details, on: connection)
        }
    }
}
