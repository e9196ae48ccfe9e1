// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

package import JSON
internal import Postgres
package import SCIM

/// Changing what is there: optimistic, against the revision that was read, with the row locked only when that fails again and again.
extension ResourceStore {
    /// What one try to change a resource came to.
    enum Attempt {
        case finished(UpdateResult)
        /// The resource is not what it was when it was read.
        case stale
    }

    /// PUT: replaces everything that the client may write (RFC 7644 section 3.5.1). A group without `members` has none afterwards; a password
    /// that is not given stays.
    package func replace(
        _ type: ResourceType, _ id: ResourceID, with resource: ValidatedResource, ifMatch: Int64? = nil,
        context: WriteContext
    ) async throws -> UpdateResult {
        let change = ResourceChange(
            attributes: resource.attributes, externalId: resource.externalId, password: resource.password,
            members: type == .group ? .replace(resource.members ?? []) : .keep)
        return try await update(type, id, ifMatch: ifMatch, context: context) { _, _ in change }
    }

    /// Changes a resource to what `change` makes of it.
    ///
    /// - Parameters:
    ///   - ifMatch: The revision that it must have: one try. nil: whatever it is; `change` may be called several times.
    ///   - change: Gets the resource (its `externalId` is that of `context.client`) and its attributes. What it throws is thrown on.
    package func update(
        _ type: ResourceType, _ id: ResourceID, ifMatch: Int64? = nil, context: WriteContext,
        change: @Sendable (StoredResource, JSONObject) throws -> ResourceChange
    ) async throws -> UpdateResult {
        for _ in 0..<Self.optimisticTries {
            guard let current = try await read(type, id, tenant: context.tenant, client: context.client) else {
                return .notFound
            }
            if let ifMatch, current.revision != ifMatch { return .revisionMismatch(current: current.revision) }
            let attributes = try current.parsedAttributes()
            let update = Update(store: self, current: current, attributes: attributes, context: context)
            if case .finished(let result) = try await update.apply(try change(current, attributes)) { return result }
        }
        return try await updateLocked(type, id, ifMatch: ifMatch, context, change)
    }

    private func updateLocked(
        _ type: ResourceType, _ id: ResourceID, ifMatch: Int64?, _ context: WriteContext,
        _ change: @Sendable (StoredResource, JSONObject) throws -> ResourceChange
    ) async throws -> UpdateResult {
        for _ in 0..<Self.optimisticTries {
            let attempt = try await exclusive.transaction { connection in
                if type == .group { try await GroupMembers.lockNesting(context.tenant, on: connection) }
                let result = try await connection.execute(
                    Self.lockingRead,
                    [.text(context.tenant), .text(type.rawValue), .id(id), .text(context.client)])
                guard let row = result.first else { return Attempt.finished(.notFound) }
                let current = try Self.resource(row, type, id)
                if let ifMatch, current.revision != ifMatch {
                    return .finished(.revisionMismatch(current: current.revision))
                }
                let attributes = try current.parsedAttributes()
                let update = Update(store: self, current: current, attributes: attributes, context: context)
                return try await update.apply(try change(current, attributes), on: connection)
            }
            if case .finished(let result) = attempt { return result }
        }
        throw PostgresError(
            kind: .server, message: "resource \(id) is changed by too many others at the same time", canRetry: true)
    }

    /// The lock comes first: a row that was waited for is read as it is then, but the tables joined to it as they were before.
    private static let lockingRead = PostgresStatement(
        "resource_read_locked",
        """
        SELECT r.revision, r."order", r.created_at, r.modified_at,
            (SELECT e.value FROM external_id e WHERE e.resource_id = r.id AND e.client = $4::text), r.attributes
        FROM resource r WHERE r.tenant = $1::text AND r.type = $2::text AND r.id = $3::uuid
        FOR NO KEY UPDATE OF r
        """)
}

/// One change to a resource as it was read.
struct Update: Sendable {
    let store: ResourceStore
    let current: StoredResource
    let attributes: JSONObject
    let context: WriteContext

    /// In a batch, or in the exclusive pool if members are concerned.
    func apply(_ change: ResourceChange) async throws -> ResourceStore.Attempt {
        guard current.type == .group, change.concernsMembers else {
            if isUnchanged(by: change) { return .finished(.unchanged(current)) }
            let (operation, content) = try operation(change)
            return try attempt(try await store.commit(operation), operation, content)
        }
        let (operation, content) = try operation(change)
        do {
            return try await store.exclusive.transaction { connection in
                try await applyMembers(change, operation, content, on: connection)
            }
        } catch let error as PostgresError where error.isUniqueViolation {
            return try await collided(operation)
        }
    }

    /// In a transaction that holds the resource's row.
    func apply(_ change: ResourceChange, on connection: PostgresConnection) async throws -> ResourceStore.Attempt {
        let (operation, content) = try operation(change)
        if current.type == .group, change.concernsMembers {
            return try await applyMembers(change, operation, content, on: connection)
        }
        if isUnchanged(by: change) { return .finished(.unchanged(current)) }
        return try attempt(try await ExclusiveWriter.write(operation, on: connection), operation, content)
    }

    private func applyMembers(
        _ change: ResourceChange, _ operation: WriteOperation, _ content: WriteOperation.Content,
        on connection: PostgresConnection
    ) async throws -> ResourceStore.Attempt {
        let members = GroupMembers(tenant: context.tenant, group: current.id, connection: connection)
        let difference: MemberDifference
        switch try await members.difference(change.members) {
        case .refused(let refusal): return .finished(refusal.updateResult)
        case .accepted(let accepted): difference = accepted
        }
        if difference.isEmpty, isUnchanged(by: change) { return .finished(.unchanged(current)) }
        let outcome = try await ExclusiveWriter.write(operation, on: connection)
        if case .written(let revision, _, _) = outcome { try await members.apply(difference, revision: revision) }
        return try attempt(outcome, operation, content)
    }

    private func attempt(
        _ outcome: WriteOutcome, _ operation: WriteOperation, _ content: WriteOperation.Content
    ) throws -> ResourceStore.Attempt {
        switch outcome {
        case .written(let revision, let order, let created):
            return .finished(
                .updated(
                    ResourceStore.stored(operation, content, revision: revision, order: order, created: created),
                    operation.jobID))
        case .clash(let claim): return .finished(.uniqueness(claim))
        case .unmatched: return .stale
        case .collision, .contended: throw ResourceStore.unexpected(operation)
        }
    }

    private func collided(_ operation: WriteOperation) async throws -> ResourceStore.Attempt {
        // Nobody holds it any more: the next try will do.
        guard let claim = try await store.holder(of: operation) else { return .stale }
        return .finished(.uniqueness(claim))
    }

    private func isUnchanged(by change: ResourceChange) -> Bool {
        change.password == nil && change.externalId == current.externalId && change.attributes == attributes
    }

    private func operation(_ change: ResourceChange) throws -> (WriteOperation, WriteOperation.Content) {
        let now = Timestamp.now()
        let jobID = JobID.timeOrdered(at: now)
        let old = UniqueClaim.claims(of: attributes, type: current.type, rules: store.rules)
        let new = UniqueClaim.claims(of: change.attributes, type: current.type, rules: store.rules)
        let content = WriteOperation.Content(
            attributes: change.attributes.serialize(), externalId: change.externalId,
            newClaims: Array(new.subtracting(old)),
            secret: try store.seal(change.password, jobID: jobID, id: current.id))
        let operation = WriteOperation(
            type: current.type, id: current.id, jobID: jobID, time: now, context: context,
            action: .update(content, expected: current.revision, removedClaims: Array(old.subtracting(new))))
        return (operation, content)
    }
}

extension ResourceChange {
    var concernsMembers: Bool {
        switch members {
        case .keep: false
        case .replace: true
        case .change(let adding, let removing): !adding.isEmpty || !removing.isEmpty
        }
    }
}
