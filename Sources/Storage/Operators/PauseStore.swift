// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON
internal import Postgres
package import SCIM

/// The parts of the queue that hand out no work. This is where it is kept; the queue in Redis gets a copy.
///
/// Scopes are texts: `all`, `lane:bulk`, `tenant:default`, `operation:delete`. Operations are known to PostgreSQL only: a worker that gets a
/// resource whose next job is of a paused one is told so with the confirmation, and leaves the job open.
package struct PauseStore: Sendable {
    let exclusive: PostgresPool
    let reader: PostgresPipeline

    /// A scope that is paused, since when, by whom and why.
    package struct Pause: Sendable, Hashable {
        package let scope: String
        package let since: Timestamp
        package let actor: String
        package let reason: String?
    }

    /// All that is paused, by scope.
    package func list() async throws -> [Pause] {
        try await reader.execute(Self.listing).map { row in
            Pause(
                scope: try row.string(0), since: try row.time(1), actor: try row.string(2),
                reason: try row.optionalString(3))
        }
    }

    private static let listing = PostgresStatement(
        "pause_list", "SELECT scope, since, actor, reason FROM queue_pause ORDER BY scope")

    /// - Returns: False when it was paused already.
    package func pause(_ scope: String, reason: String?, by actor: String) async throws -> Bool {
        try await exclusive.withTransaction { connection in
            let isNew =
                try await connection.execute(
                    Self.pausing, [.text(scope), .text(actor), .optional(reason)]
                ).rowCount > 0
            if isNew { try await Self.audit(.pause, scope, reason, actor, connection) }
            return isNew
        }
    }

    /// - Returns: False when it was not paused.
    package func resume(_ scope: String, by actor: String) async throws -> Bool {
        try await exclusive.withTransaction { connection in
            let wasPaused = try await connection.execute(Self.resuming, [.text(scope)]).rowCount > 0
            if wasPaused { try await Self.audit(.resume, scope, nil, actor, connection) }
            return wasPaused
        }
    }

    private static func audit(
        _ action: AuditEntry.Action, _ scope: String, _ reason: String?, _ actor: String,
        _ connection: PostgresConnection
    ) async throws {
        var details: JSONObject = ["scope": .string(scope)]
        if let reason { details["reason"] = .string(reason) }
        let prefix = "tenant:"
        let tenant = scope.hasPrefix(prefix) ? String(scope.dropFirst(prefix.count)) : ""
        try await AuditEntry.write(action, by: actor, tenant: tenant, details: details, on: connection)
    }

    private static let pausing = PostgresStatement(
        "pause_add",
        """
        INSERT INTO queue_pause (scope, actor, reason) VALUES ($1::text, $2::text, $3::text)
        ON CONFLICT (scope) DO NOTHING RETURNING scope
        """)

    private static let resuming = PostgresStatement(
        "pause_remove", "DELETE FROM queue_pause WHERE scope = $1::text RETURNING scope")

    /// How long a resource is left alone whose next job is of a paused operation.
    package static let lookAgain = Duration.seconds(60)

    /// The paused operations as SQL, once for a statement: an array of texts.
    static let operations = """
        ARRAY(SELECT substr(p.scope, 11) FROM queue_pause p WHERE p.scope LIKE 'operation:%')
        """
}
