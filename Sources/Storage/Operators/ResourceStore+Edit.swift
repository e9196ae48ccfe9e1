// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

package import JSON
internal import Postgres
package import SCIM

/// Who edits, and what is noted of it.
package struct EditNote: Sendable {
    package let actor: String
    /// Names what was edited, never the values: they may be personal, and the new revision has them.
    package let details: JSONObject

    package init(actor: String, details: JSONObject) {
        self.actor = actor
        self.details = details
    }
}

extension ResourceStore {
    /// A new revision of a resource by an operator's hand: as ``update(_:_:ifMatch:context:change:)``, with the audit entry in the same
    /// transaction. Its dead letters are settled: the new job stands for them.
    ///
    /// - Returns: As an update; an edit that changes nothing is `unchanged` and leaves no trace.
    package func edit(
        _ type: ResourceType, _ id: ResourceID, ifMatch: Int64? = nil, context: WriteContext, note: EditNote,
        change: @Sendable (StoredResource, JSONObject) throws -> ResourceChange
    ) async throws -> UpdateResult {
        for _ in 0..<Self.optimisticTries {
            do {
                let attempt = try await lockingAttempt(context) { connection in
                    try await self.edit(type, id, ifMatch, context, note, change, on: connection)
                }
                if case .finished(let result) = attempt { return result }
            } catch let error as PostgresError where error.isUniqueViolation {
                // Somebody took a value at the same moment; the next try finds who.
                continue
            }
        }
        throw Self.busy(id)
    }

    private func edit(
        _ type: ResourceType, _ id: ResourceID, _ ifMatch: Int64?, _ context: WriteContext, _ note: EditNote,
        _ change: @Sendable (StoredResource, JSONObject) throws -> ResourceChange, on connection: PostgresConnection
    ) async throws -> Attempt {
        // What the change will be is not known yet.
        if type == .group { try await GroupMembers.lockNesting(context.tenant, on: connection) }
        guard let current = try await Self.lock(type, id, context, on: connection) else {
            return .finished(.notFound)
        }
        if let ifMatch, current.revision != ifMatch { return .finished(.revisionMismatch(current: current.revision)) }
        let attributes = try current.parsedAttributes()
        let update = Update(store: self, current: current, attributes: attributes, context: context)
        let attempt = try await update.apply(try change(current, attributes), on: connection)
        guard case .finished(.updated(let stored, let job)) = attempt else { return attempt }
        let settled = try await DeadLetterStore.settle(id, as: "edited", by: job, on: connection)
        var details = note.details
        details["fromRevision"] = .number(JSONNumber(current.revision))
        details["revision"] = .number(JSONNumber(stored.revision))
        if !settled.isEmpty { details["settled"] = .array(settled.map { .string($0.description) }) }
        try await AuditEntry.write(
            .edit, by: note.actor, tenant: context.tenant, resource: id, job: job, details: details, on: connection)
        return attempt
    }

    /// The client whose write of a resource was the last: its `externalId` is meant by an edit. Nil when none is known.
    package func lastClient(of resource: ResourceID) async throws -> String? {
        try await reader.execute(Self.lastClientOf, [.id(resource)]).first?.string(0)
    }

    private static let lastClientOf = PostgresStatement(
        "resource_last_client",
        """
        SELECT w.client FROM (
            (SELECT j.client, j.revision FROM job j WHERE j.resource_id = $1::uuid ORDER BY j.revision DESC LIMIT 1)
            UNION ALL
            (SELECT h.client, h.revision FROM job_history h WHERE h.resource_id = $1::uuid ORDER BY h.revision DESC LIMIT 1)
        ) w ORDER BY w.revision DESC LIMIT 1
        """)
}
