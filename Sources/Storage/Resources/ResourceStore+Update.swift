// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Executors
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
    ///
    /// - Parameter replacement: Gets the attributes there are, and gives the resource as it shall be; may be called several times.
    package func replace(
        _ type: ResourceType, _ id: ResourceID, ifMatch: Int64? = nil, context: WriteContext,
        with replacement: @escaping @Sendable (_ present: JSONObject) throws -> ValidatedResource
    ) async throws -> UpdateResult {
        try await update(type, id, ifMatch: ifMatch, context: context) { _, present in
            let resource = try replacement(present)
            return ResourceChange(
                attributes: resource.attributes, externalId: resource.externalId, password: resource.password,
                members: type == .group ? .replace(resource.members ?? []) : .keep)
        }
    }

    /// Changes a resource to what `change` makes of it.
    ///
    /// - Parameters:
    ///   - ifMatch: The revision that it must have: one try. nil: whatever it is; `change` may be called several times.
    ///   - change: Gets the resource (its `externalId` is that of `context.client`) and its attributes. What it throws is thrown on.
    package func update(
        _ type: ResourceType, _ id: ResourceID, ifMatch: Int64? = nil, context: WriteContext,
        change: @escaping @Sendable (StoredResource, JSONObject) throws -> ResourceChange
    ) async throws -> UpdateResult {
        for _ in 0..<Self.optimisticTries {
            guard let current = try await read(type, id, tenant: context.tenant, client: context.client) else {
                return .notFound
            }
            if let ifMatch, current.revision != ifMatch { return .revisionMismatch(current: current.revision) }
            let attempt =
                if current.attributes.count > Self.quickSize {
                    try await offEventLoop { try await self.attempt(current, ifMatch != nil, context, change) }
                } else {
                    try await attempt(current, ifMatch != nil, context, change)
                }
            if case .finished(let result) = attempt { return result }
        }
        return try await updateLocked(type, id, ifMatch: ifMatch, context, change)
    }

    /// Bytes of attributes that are read, changed and written again in about a millisecond.
    private static let quickSize = 64 << 10

    private func attempt(
        _ current: StoredResource, _ isConditional: Bool, _ context: WriteContext,
        _ change: @Sendable (StoredResource, JSONObject) throws -> ResourceChange
    ) async throws -> Attempt {
        let attributes = try current.parsedAttributes()
        let update = Update(store: self, current: current, attributes: attributes, context: context)
        return try await update.apply(try change(current, attributes), isConditional: isConditional)
    }

    private func updateLocked(
        _ type: ResourceType, _ id: ResourceID, ifMatch: Int64?, _ context: WriteContext,
        _ change: @escaping @Sendable (StoredResource, JSONObject) throws -> ResourceChange
    ) async throws -> UpdateResult {
        for _ in 0..<Self.optimisticTries {
            let attempt = try await lockingAttempt(context) { connection in
                // What the change will be is not known yet.
                if type == .group { try await GroupMembers.lockNesting(context.tenant, on: connection) }
                guard let current = try await Self.lock(type, id, context, on: connection) else {
                    return .finished(.notFound)
                }
                if let ifMatch, current.revision != ifMatch {
                    return .finished(.revisionMismatch(current: current.revision))
                }
                let attributes = try current.parsedAttributes()
                let update = Update(store: self, current: current, attributes: attributes, context: context)
                return try await update.apply(try change(current, attributes), on: connection)
            }
            if case .finished(let result) = attempt { return result }
        }
        throw Self.busy(id)
    }

    static func busy(_ id: ResourceID) -> PostgresError {
        PostgresError(
            kind: .server, message: "resource \(id) is changed by too many others at the same time", canRetry: true)
    }
}

/// One change to a resource as it was read.
struct Update: Sendable {
    let store: ResourceStore
    let current: StoredResource
    let attributes: JSONObject
    let context: WriteContext

    /// In a batch, or in the exclusive pool if members are concerned.
    ///
    /// - Parameter isConditional: Whether the resource must have the revision that was read. Otherwise a change of the members, which is made from
    ///   other members than there were, does not matter.
    func apply(_ change: ResourceChange, isConditional: Bool) async throws -> ResourceStore.Attempt {
        guard current.type == .group, change.concernsMembers else {
            if isUnchanged(by: change) { return .finished(.unchanged(current)) }
            let (operation, content) = try operation(change)
            return try attempt(
                try await store.commit(operation), operation, content, memberCount: current.memberCount)
        }
        if !isConditional, isUnchanged(by: change),
            let attempt = try await store.changeFewMembers(of: current.id, change.members.steps, seen: current, context)
        {
            return attempt
        }
        let (operation, _) = try operation(change)
        do {
            return try await store.lockingAttempt(context) { connection in
                try await GroupMembers.lockNesting(context.tenant, ifGroupIn: change.members.steps, on: connection)
                guard let locked = try await ResourceStore.lock(.group, current.id, context, on: connection) else {
                    return .finished(.notFound)
                }
                if isConditional, locked.revision != current.revision {
                    return .finished(.revisionMismatch(current: locked.revision))
                }
                guard locked.attributes == current.attributes, locked.externalId == current.externalId else {
                    return .stale
                }
                let update = Update(store: store, current: locked, attributes: attributes, context: context)
                return try await update.apply(change, on: connection)
            }
        } catch let error as PostgresError where error.isUniqueViolation {
            return try await collided(operation)
        }
    }

    /// In a transaction that holds the resource's row, and the lock for nesting if a group becomes a member.
    func apply(_ change: ResourceChange, on connection: PostgresConnection) async throws -> ResourceStore.Attempt {
        guard current.type == .group, change.concernsMembers else {
            if isUnchanged(by: change) { return .finished(.unchanged(current)) }
            let (operation, content) = try operation(change)
            let outcome = try await ExclusiveWriter.write(operation, on: connection)
            try await store.exclusive.announce([operation.jobID], on: connection)
            return try attempt(outcome, operation, content, memberCount: current.memberCount)
        }
        let members = GroupMembers(tenant: context.tenant, group: current.id, connection: connection)
        let intent = try await members.resolve(change.members.steps)
        let groups: [ResourceID]
        do {
            groups = try await members.admit(intent.added)
        } catch let refusal as MemberRefusal {
            return .finished(refusal.updateResult)
        }
        // The row is locked, so the revision of the write is known before.
        let memberCount = try await members.apply(intent, groups: groups, revision: current.revision + 1)
        if memberCount == nil, isUnchanged(by: change) { return .finished(.unchanged(current)) }
        let (operation, content) = try operation(change)
        let outcome = try await ExclusiveWriter.write(operation, on: connection)
        try await store.exclusive.announce([operation.jobID], on: connection)
        let attempt = try attempt(outcome, operation, content, memberCount: memberCount ?? current.memberCount)
        guard case .finished(.updated) = attempt else { throw AbandonedAttempt(attempt: attempt) }
        return attempt
    }

    private func attempt(
        _ outcome: WriteOutcome, _ operation: WriteOperation, _ content: WriteOperation.Content, memberCount: Int64?
    ) throws -> ResourceStore.Attempt {
        switch outcome {
        case .written(let revision, let order, let created):
            var stored = ResourceStore.stored(operation, content, revision: revision, order: order, created: created)
            stored.memberCount = memberCount
            return .finished(.updated(stored, operation.jobID))
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
        case .steps(let steps): !steps.isEmpty
        }
    }
}
