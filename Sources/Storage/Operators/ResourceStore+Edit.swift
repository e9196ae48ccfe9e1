// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

package import JSON
internal import Postgres
package import SCIM

/// Who writes by hand, and what is noted of it.
package struct EditNote: Sendable {
    package let actor: String
    /// Names what was edited, never the values: they may be personal, and the new revision has them.
    package let details: JSONObject
    /// Whether UDM gets the write. If not, its job ends `cancelled` in the transaction of the write: nobody sees it open, and no event comes with an outcome.
    package let isPushed: Bool

    package init(actor: String, details: JSONObject, isPushed: Bool = true) {
        self.actor = actor
        self.details = details
        self.isPushed = isPushed
    }
}

extension ResourceStore {
    /// A new resource by an operator's hand: as ``create(_:id:context:)``, with the audit entry in the same transaction.
    package func create(
        _ resource: ValidatedResource, id: ResourceID = .random(), context: WriteContext, note: EditNote
    ) async throws -> CreateResult {
        let creation = try creation(of: resource, id, context)
        let job = creation.operation.jobID
        return try await createAlone(creation.operation, creation.content, members: creation.members ?? []) {
            stored, connection in
            var details = note.details
            details["revision"] = .number(JSONNumber(stored.revision))
            if !note.isPushed { try await Self.end(job, noting: &details, on: connection) }
            try await AuditEntry.write(
                .create, by: note.actor, tenant: context.tenant, resource: id, job: job, details: details,
                on: connection)
        }
    }

    /// A new revision of a resource by an operator's hand: as ``update(_:_:ifMatch:context:change:)``, with the audit entry in the same
    /// transaction. Its dead letters are settled if it is pushed: the new job stands for them.
    ///
    /// - Returns: As an update; an edit that changes nothing is `unchanged` and leaves no trace.
    package func edit(
        _ type: ResourceType, _ id: ResourceID, ifMatch: Int64? = nil, context: WriteContext, note: EditNote,
        change: @escaping @Sendable (StoredResource, JSONObject) throws -> ResourceChange
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
        _ change: @Sendable (StoredResource, JSONObject) throws -> ResourceChange,
        on connection: PostgresConnection
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
        var details = note.details
        details["fromRevision"] = .number(JSONNumber(current.revision))
        details["revision"] = .number(JSONNumber(stored.revision))
        if note.isPushed {
            let settled = try await DeadLetterStore.settle(id, as: "edited", by: job, on: connection)
            if !settled.isEmpty { details["settled"] = .array(settled.map { .string($0.description) }) }
        } else {
            try await Self.end(job, noting: &details, on: connection)
        }
        try await AuditEntry.write(
            .edit, by: note.actor, tenant: context.tenant, resource: id, job: job, details: details, on: connection)
        return attempt
    }

    /// Ends the job of a write that UDM does not get.
    private static func end(_ job: JobID, noting details: inout JSONObject, on connection: PostgresConnection)
        async throws
    {
        let ended = try await connection.execute(cancelling, [.id(job)])
        guard ended.rowCount == 1 else { throw StorageError.inconsistent("the write has no job \(job)") }
        details["push"] = false
    }

    /// As `OutcomeStatements.finish`, without a lease: the job was written in this transaction.
    private static let cancelling = PostgresStatement(
        "edit_cancel",
        """
        WITH gone AS (DELETE FROM job WHERE id = $1::uuid RETURNING *)
        INSERT INTO job_history (
            id, tenant, type, resource_id, revision, "order", operation, lane, client, request_id, trace_parent,
            accepted_at, finished_at, state, attempts, crashes, old_state, new_state, is_announced)
        SELECT id, tenant, type, resource_id, revision, "order", operation, lane, client, request_id, trace_parent,
            accepted_at, clock_timestamp(), 'cancelled', attempts, crashes, old_state, new_state, is_announced
        FROM gone
        RETURNING id
        """)

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
