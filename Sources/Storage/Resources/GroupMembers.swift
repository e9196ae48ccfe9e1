// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Postgres
internal import SCIM

/// Why members are not accepted.
enum MemberRefusal: Sendable, Equatable {
    case unknown([ResourceID])
    case wrongType(ResourceID)
    case cycle

    var updateResult: UpdateResult {
        switch self {
        case .unknown(let ids): .unknownMembers(ids)
        case .wrongType(let id): .memberTypeMismatch(id)
        case .cycle: .memberCycle
        }
    }
}

/// What a write does to the members of a group.
struct MemberDifference: Sendable {
    var added: [ResourceID] = []
    var removed: [ResourceID] = []

    var isEmpty: Bool { added.isEmpty && removed.isEmpty }
}

/// The members of one group within a transaction of the exclusive pool.
///
/// The order of locks is that of a delete: members first (so that they cannot go before the group has them), then the group. While nesting
/// changes, a lock of the whole tenant comes before both: A in B and B in A cannot both pass the check.
struct GroupMembers {
    enum Verdict {
        case accepted(MemberDifference)
        case refused(MemberRefusal)
    }

    let tenant: String
    let group: ResourceID
    let connection: PostgresConnection

    // MARK: - What changes

    /// Against the members there are now; they stay that way until the group's row is written with the revision that was read.
    func difference(_ change: ResourceChange.Members) async throws -> Verdict {
        switch change {
        case .keep:
            return .accepted(MemberDifference())
        case .replace(let wanted):
            let present = try await present()
            let ids = Set(wanted.map(\.id))
            let removed = present.keys.filter { !ids.contains($0) }
            return try await accept(adding: wanted, present: present, removed: removed)
        case .change(let adding, let removing):
            let present = try await present(among: adding.map(\.id) + removing)
            let ids = Set(adding.map(\.id))
            let removed = Set(removing).filter { present[$0] != nil && !ids.contains($0) }
            return try await accept(adding: adding, present: present, removed: Array(removed))
        }
    }

    private func accept(
        adding wanted: [ValidatedResource.Member], present: [ResourceID: ResourceType], removed: [ResourceID]
    ) async throws -> Verdict {
        var new: [ResourceID: ResourceType?] = [:]
        for member in wanted {
            if let type = present[member.id] {
                if let said = member.type, said != type { return .refused(.wrongType(member.id)) }
            } else {
                new[member.id] = .some(member.type)
            }
        }
        if let refusal = try await check(new) { return .refused(refusal) }
        return .accepted(MemberDifference(added: new.keys.sorted(), removed: removed.sorted()))
    }

    private func present() async throws -> [ResourceID: ResourceType] {
        Self.types(try await connection.execute(Self.allPresent, [.id(group)]))
    }

    private func present(among ids: [ResourceID]) async throws -> [ResourceID: ResourceType] {
        guard !ids.isEmpty else { return [:] }
        return Self.types(try await connection.execute(Self.somePresent, [.id(group), .ids(ids)]))
    }

    // MARK: - Whether new members may come

    /// - Parameter members: With the type that the client said.
    func check(_ members: [ResourceID: ResourceType?]) async throws -> MemberRefusal? {
        guard !members.isEmpty else { return nil }
        if members.keys.contains(group) { return .cycle }
        let ids = members.keys.sorted()
        // Without locks: only the answer tells which locks are needed, and a resource keeps its type.
        let types = Self.types(try await connection.execute(Self.typesOf, [.text(tenant), .ids(ids)]))
        if let refusal = Self.refusal(ids, members, types) { return refusal }
        let groups = ids.filter { types[$0] == .group }
        if !groups.isEmpty { try await Self.lockNesting(tenant, on: connection) }
        let locked = Self.types(try await connection.execute(Self.lockMembers, [.text(tenant), .ids(ids)]))
        let gone = ids.filter { locked[$0] == nil }
        guard gone.isEmpty else { return .unknown(gone) }
        guard !groups.isEmpty else { return nil }
        let isCycle = try await connection.execute(Self.isBelow, [.id(group), .ids(groups)])[0].bool(0)
        return isCycle ? .cycle : nil
    }

    private static func refusal(
        _ ids: [ResourceID], _ said: [ResourceID: ResourceType?], _ found: [ResourceID: ResourceType]
    ) -> MemberRefusal? {
        let unknown = ids.filter { found[$0] == nil }
        guard unknown.isEmpty else { return .unknown(unknown) }
        let wrong = ids.first { id in said[id].flatMap { $0 }.map { $0 != found[id] } ?? false }
        return wrong.map { .wrongType($0) }
    }

    /// Held until the transaction ends.
    static func lockNesting(_ tenant: String, on connection: PostgresConnection) async throws {
        _ = try await connection.execute(nestingLock, [.text(tenant)])
    }

    // MARK: - Writing

    /// After the group's row was written.
    func apply(_ difference: MemberDifference, revision: Int64) async throws {
        if !difference.removed.isEmpty {
            _ = try await connection.execute(
                Self.remove, [.id(group), .ids(difference.removed), .int(revision)])
        }
        if !difference.added.isEmpty {
            _ = try await connection.execute(
                Self.add, [.text(tenant), .id(group), .ids(difference.added), .int(revision)])
        }
    }

    private static func types(_ result: PostgresResult) -> [ResourceID: ResourceType] {
        guard let row = result.first else { return [:] }
        var types: [ResourceID: ResourceType] = [:]
        for (column, type) in [(0, ResourceType.user), (1, .group)] {
            for (high, low) in (try? row.optionalUUIDArray(column)) ?? [] {
                types[ResourceID(high: high, low: low)] = type
            }
        }
        return types
    }

    // Two arrays, because a row for each of a hundred thousand members would take far longer to read.
    private static let arrays =
        "array_agg(id) FILTER (WHERE type = 'User'), array_agg(id) FILTER (WHERE type = 'Group')"

    private static let allPresent = PostgresStatement(
        "members_present",
        """
        SELECT \(arrays) FROM (
            SELECT member_id AS id, member_type AS type FROM group_member
            WHERE group_id = $1::uuid AND removed_revision IS NULL) m
        """)

    private static let somePresent = PostgresStatement(
        "members_present_among",
        """
        SELECT \(arrays) FROM (
            SELECT m.member_id AS id, m.member_type AS type FROM group_member m
            WHERE m.group_id = $1::uuid AND m.removed_revision IS NULL AND m.member_id = ANY ($2::uuid[])) m
        """)

    private static let typesOf = PostgresStatement(
        "members_types",
        """
        SELECT \(arrays) FROM (
            SELECT r.id, r.type FROM resource r
            WHERE r.tenant = $1::text AND r.type IN ('User', 'Group') AND r.id = ANY ($2::uuid[])) r
        """)

    private static let lockMembers = PostgresStatement(
        "members_lock",
        """
        SELECT \(arrays) FROM (
            SELECT r.id, r.type FROM resource r
            WHERE r.tenant = $1::text AND r.type IN ('User', 'Group') AND r.id = ANY ($2::uuid[])
            ORDER BY r.id FOR KEY SHARE) r
        """)

    private static let nestingLock = PostgresStatement(
        "members_nesting_lock", "SELECT pg_advisory_xact_lock(hashtextextended('nesting ' || $1::text, 0))")

    /// Whether the group `$1` is below one of the groups `$2`, or one of them. Upwards, because few groups hold a group.
    private static let isBelow = PostgresStatement(
        "members_cycle",
        """
        WITH RECURSIVE above(id) AS (
            SELECT $1::uuid
            UNION
            SELECT m.group_id FROM above a
            JOIN group_member m ON m.member_id = a.id AND m.removed_revision IS NULL
        )
        SELECT EXISTS (SELECT FROM above WHERE id = ANY ($2::uuid[]))
        """)

    private static let remove = PostgresStatement(
        "members_remove",
        """
        UPDATE group_member SET removed_revision = $3::int8
        WHERE group_id = $1::uuid AND member_id = ANY ($2::uuid[]) AND removed_revision IS NULL
        """)

    private static let add = PostgresStatement(
        "members_add",
        """
        INSERT INTO group_member (tenant, group_id, member_id, member_type, added_revision)
        SELECT $1::text, $2::uuid, r.id, r.type, $4::int8 FROM resource r
        WHERE r.tenant = $1::text AND r.type IN ('User', 'Group') AND r.id = ANY ($3::uuid[])
        """)
}

extension ResourceStore {
    func createGroup(
        _ operation: WriteOperation, _ content: WriteOperation.Content, members: [ValidatedResource.Member]
    ) async throws -> CreateResult {
        do {
            return try await exclusive.transaction { connection in
                let group = GroupMembers(tenant: operation.tenant, group: operation.id, connection: connection)
                switch try await group.difference(.change(adding: members, removing: [])) {
                case .refused(.unknown(let ids)): return .unknownMembers(ids)
                case .refused(.wrongType(let id)): return .memberTypeMismatch(id)
                case .refused(.cycle): throw Self.unexpected(operation)
                case .accepted(let difference):
                    switch try await ExclusiveWriter.write(operation, on: connection) {
                    case .written(let revision, let order, let created):
                        try await group.apply(difference, revision: revision)
                        return .created(
                            Self.stored(operation, content, revision: revision, order: order, created: created),
                            operation.jobID)
                    case .clash(let claim): return .uniqueness(claim)
                    case .collision, .unmatched, .contended: throw Self.unexpected(operation)
                    }
                }
            }
        } catch let error as PostgresError where error.isUniqueViolation {
            guard let claim = try await holder(of: operation) else { throw Self.unexpected(operation) }
            return .uniqueness(claim)
        }
    }
}
