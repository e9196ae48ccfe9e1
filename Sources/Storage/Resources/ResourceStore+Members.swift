// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Postgres
package import SCIM

/// Writes of members.
///
/// | change | goes |
/// |---|---|
/// | a few members come or go, by id, and nothing else | with others of the group, and of other groups, through ``MemberWriter`` |
/// | many at once, all of them, those whom a filter names; groups in groups; a condition, or attributes, beside them | alone in a transaction of the exclusive pool, with the group's row locked |
extension ResourceStore {
    /// Changes the members of a group, whatever else becomes of it at the same time, without reading it before. Concurrent changes of one group wait for each
    /// other here and do not fail because of each other.
    ///
    /// - Parameters:
    ///   - steps: In their order. What they come to may be no change.
    ///   - ifMatch: The revision that the group must have.
    package func changeMembers(
        of group: ResourceID, _ steps: [MemberChanges.Step], ifMatch: Int64? = nil, context: WriteContext
    ) async throws -> UpdateResult {
        guard ifMatch == nil else {
            return try await changeMembersAlone(of: group, steps, ifMatch: ifMatch, context)
        }
        do {
            return try await changeMembersUnconditionally(of: group, steps, context)
        } catch let error as PostgresError where error.mayHaveCommitted || error.kind == .connectionLost {
            // Sets: what was done already is not done again.
            return try await changeMembersUnconditionally(of: group, steps, context)
        }
    }

    private func changeMembersUnconditionally(
        of group: ResourceID, _ steps: [MemberChanges.Step], _ context: WriteContext
    ) async throws -> UpdateResult {
        if case .finished(let result)? = try await changeFewMembers(of: group, steps, seen: nil, context) {
            return result
        }
        return try await changeMembersAlone(of: group, steps, ifMatch: nil, context)
    }

    /// - Parameter seen: See ``MemberOperation/seen``.
    /// - Returns: nil for what has to be written alone.
    func changeFewMembers(
        of group: ResourceID, _ steps: [MemberChanges.Step], seen: StoredResource?, _ context: WriteContext
    ) async throws -> Attempt? {
        guard let intent = MemberIntent(steps),
            let operation = MemberOperation(intent, group: group, seen: seen, context: context)
        else { return nil }
        switch try await memberWriter.write(operation) {
        case .written(let resource, let job): return .finished(.updated(resource, job))
        case .unchanged(let resource): return .finished(.unchanged(resource))
        case .notFound: return .finished(.notFound)
        case .stale: return .stale
        case .special, .contended: return nil
        }
    }

    private func changeMembersAlone(
        of group: ResourceID, _ steps: [MemberChanges.Step], ifMatch: Int64?, _ context: WriteContext
    ) async throws -> UpdateResult {
        let attempt = try await lockingAttempt(context) { connection in
            try await GroupMembers.lockNesting(context.tenant, ifGroupIn: steps, on: connection)
            guard let current = try await Self.lock(.group, group, context, on: connection) else {
                return .finished(.notFound)
            }
            if let ifMatch, current.revision != ifMatch {
                return .finished(.revisionMismatch(current: current.revision))
            }
            let attributes = try current.parsedAttributes()
            let update = Update(store: self, current: current, attributes: attributes, context: context)
            let change = ResourceChange(
                attributes: attributes, externalId: current.externalId, members: .steps(steps))
            return try await update.apply(change, on: connection)
        }
        guard case .finished(let result) = attempt else { throw Self.busy(group) }
        return result
    }

    // MARK: - Create

    /// In a transaction of the exclusive pool.
    ///
    /// - Parameters:
    ///   - members: Of a group.
    ///   - note: Last in the transaction, if the resource was written.
    func createAlone(
        _ operation: WriteOperation, _ content: WriteOperation.Content, members: [ValidatedResource.Member],
        noting note: @escaping @Sendable (StoredResource, PostgresConnection) async throws -> Void = { _, _ in }
    ) async throws -> CreateResult {
        do {
            return try await lockingMembers(operation.context) { [exclusive] connection in
                let group = GroupMembers(tenant: operation.tenant, group: operation.id, connection: connection)
                // Nothing holds the new group, so it can close no cycle.
                let intent = try await group.resolve([.replace(with: members)])
                let groups = try await group.admit(intent.added)
                switch try await ExclusiveWriter.write(operation, on: connection) {
                case .written(let revision, let order, let created):
                    var stored = Self.stored(
                        operation, content, revision: revision, order: order, created: created)
                    if !members.isEmpty {
                        stored.memberCount = try await group.apply(intent, groups: groups, revision: revision)
                    }
                    try await exclusive.announce([operation.jobID], on: connection)
                    try await note(stored, connection)
                    return .created(stored, operation.jobID)
                case .clash(let claim): return .uniqueness(claim)
                case .collision, .unmatched, .contended: throw Self.unexpected(operation)
                }
            }
        } catch let refusal as MemberRefusal {
            switch refusal {
            case .unknown(let ids): return .unknownMembers(ids)
            case .wrongType(let id): return .memberTypeMismatch(id)
            case .cycle: throw Self.unexpected(operation)
            }
        } catch let error as PostgresError where error.isUniqueViolation {
            guard let claim = try await holder(of: operation) else { throw Self.unexpected(operation) }
            return .uniqueness(claim)
        }
    }

    // MARK: - Transactions

    /// Rolled back when the attempt was abandoned.
    func lockingAttempt(
        _ context: WriteContext, _ body: @escaping @Sendable (PostgresConnection) async throws -> Attempt
    ) async throws -> Attempt {
        do {
            return try await lockingMembers(context, body)
        } catch let abandoned as AbandonedAttempt {
            return abandoned.attempt
        }
    }

    /// Again, when members were locked elsewhere, after they have been waited for.
    private func lockingMembers<Value: Sendable>(
        _ context: WriteContext, _ body: @escaping @Sendable (PostgresConnection) async throws -> Value
    ) async throws -> Value {
        var tries = 1
        while true {
            do {
                return try await exclusive.transaction(body)
            } catch let locked as LockedMembers {
                guard tries < Self.optimisticTries else {
                    throw PostgresError(kind: .server, message: "members are locked for too long", canRetry: true)
                }
                tries += 1
                try await exclusive.transaction { connection in
                    try await GroupMembers.wait(for: locked.ids, context.tenant, on: connection)
                }
            }
        }
    }

    /// Locks a resource's row and reads it, with a statement each: one that waits for the row sees it as it is then, but everything else as it was
    /// before.
    static func lock(
        _ type: ResourceType, _ id: ResourceID, _ context: WriteContext, on connection: PostgresConnection
    ) async throws -> StoredResource? {
        let parameters: [PostgresParameter] = [
            .text(context.tenant), .id(id), .text(context.client), .text(type.rawValue),
        ]
        _ = try await connection.execute(lockingRow, [parameters[0], parameters[1], parameters[3]])
        let result = try await connection.execute(ReadStatements.resource, parameters)
        return try result.first.map { try Self.resource($0, type, id, memberCount: 6) }
    }

    private static let lockingRow = PostgresStatement(
        "resource_lock",
        """
        SELECT FROM resource r WHERE r.tenant = $1::text AND r.type = $3::text AND r.id = $2::uuid
        FOR NO KEY UPDATE
        """)
}

/// Ends a transaction that has written members and must not keep them.
struct AbandonedAttempt: Error {
    let attempt: ResourceStore.Attempt
}
