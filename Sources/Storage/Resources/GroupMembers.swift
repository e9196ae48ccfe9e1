// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Postgres
internal import SCIM

/// Why members are not accepted.
enum MemberRefusal: Error, Equatable {
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

/// Members that are locked elsewhere, which means that they are just being deleted.
struct LockedMembers: Error {
    let ids: [ResourceID]
}

/// The members of one group within a transaction of the exclusive pool, whatever their number: sets are compared where they are.
///
/// The order of locks: if a group comes into the group, first a lock of the whole tenant, so that A in B and B in A cannot both pass the check; then
/// the group's row, under which nobody else changes its members; then the rows of the new members, so that none of them goes before the group has
/// it. A delete locks the other way round, the member and then its groups. Therefore members are never waited for with the group locked: see
/// ``LockedMembers``.
struct GroupMembers {
    let tenant: String
    let group: ResourceID
    let connection: PostgresConnection

    // MARK: - Before the group is locked

    /// Held until the transaction ends.
    static func lockNesting(_ tenant: String, on connection: PostgresConnection) async throws {
        _ = try await connection.execute(nestingLock, [.text(tenant)])
    }

    /// As ``lockNesting(_:on:)``, if one of the members is a group. One that is created just now is none of them, because only who has seen
    /// its creation knows its id.
    static func lockNesting(
        _ tenant: String, ifGroupIn steps: [MemberChanges.Step], on connection: PostgresConnection
    ) async throws {
        // What the client calls a user must be one, or is refused.
        let ids = steps.flatMap(\.added).filter { $0.type != .user }.map(\.id)
        guard !ids.isEmpty else { return }
        _ = try await connection.execute(nestingLockForGroups, [.text(tenant), .ids(ids)])
    }

    /// Returns when nobody else holds the members; some of them may be gone then.
    static func wait(for members: [ResourceID], _ tenant: String, on connection: PostgresConnection) async throws {
        _ = try await connection.execute(lockMembers, [.text(tenant), .ids(members)])
    }

    // MARK: - With the group locked

    /// What the steps come to, with the present members asked where a step depends on them.
    func resolve(_ steps: [MemberChanges.Step]) async throws -> MemberIntent {
        if let intent = MemberIntent(steps) { return intent }
        var intent = MemberIntent()
        for step in steps {
            switch step {
            case .change(let adding, let removing): intent.change(adding: adding, removing: removing)
            case .replace(let members): intent.replace(with: members)
            case .removeMatching(let filter, let among):
                var matching: [ResourceID] = []
                if intent.keepsPresent { matching += try await present(filter, among) }
                let coming = intent.added.map(\.id)
                matching += try await named(among.map { coming.filter(Set($0).contains) } ?? coming, filter)
                intent.change(adding: [], removing: matching)
            }
        }
        return intent
    }

    private func present(_ filter: Filter, _ among: [ResourceID]?) async throws -> [ResourceID] {
        try await matching(filter) { parts in
            let group = parts.bind(.id(group), as: "uuid")
            let named = among.map { " AND m.member_id = ANY (\(parts.bind(.ids($0), as: "uuid[]")))" } ?? ""
            return """
                SELECT m.member_id, m.member_type FROM group_member m WHERE m.group_id = \(group) \
                AND m.tenant = \(StatementParts.tenant) AND m.removed_revision IS NULL\(named)
                """
        }
    }

    /// Those who come with an earlier step.
    private func named(_ ids: [ResourceID], _ filter: Filter) async throws -> [ResourceID] {
        guard !ids.isEmpty else { return [] }
        return try await matching(filter) { parts in
            """
            SELECT r.id AS member_id, r.type AS member_type FROM resource r \
            WHERE r.tenant = \(StatementParts.tenant) AND r.type IN ('User', 'Group') AND r.id = ANY (\(parts.bind(.ids(ids), as: "uuid[]")))
            """
        }
    }

    /// Where the service is reached is not known here, so a `$ref` is compared without it.
    ///
    /// - Parameter members: Selects `member_id` and `member_type`.
    private func matching(
        _ filter: Filter, _ members: (inout StatementParts) -> String
    ) async throws -> [ResourceID] {
        var parts = StatementParts(tenant: tenant, client: "", baseURL: "")
        let members = members(&parts)
        var compiler = FilterCompiler(type: .group, parts: parts)
        let condition = compiler.condition(filter, in: .member("m"))
        guard condition != .never else { return [] }
        let sql = "SELECT m.member_id FROM (\(members)) m WHERE true\(condition.conjunct) ORDER BY m.member_id"
        return try await connection.execute(PostgresStatement(unnamed: sql), compiler.parts.parameters)
            .map { try $0.id(0) }
    }

    /// Checks those who are no members yet, and keeps them from being deleted until the transaction ends.
    ///
    /// - Returns: The groups among the new members.
    /// - Throws: ``MemberRefusal``, ``LockedMembers``.
    func admit(_ members: [ValidatedResource.Member]) async throws -> [ResourceID] {
        guard !members.isEmpty else { return [] }
        if members.contains(where: { $0.id == group }) { throw MemberRefusal.cycle }
        let said = members.contains { $0.type != nil } ? members.map { $0.type?.rawValue } : []
        let row = try await connection.execute(
            Self.admission, [.text(tenant), .id(group), .ids(members.map(\.id)), .textArray(said)])[0]
        let unknown = try row.ids(0)
        guard unknown.isEmpty else { throw MemberRefusal.unknown(unknown) }
        if let wrong = try row.optionalID(1) { throw MemberRefusal.wrongType(wrong) }
        let locked = try row.ids(2)
        guard locked.isEmpty else { throw LockedMembers(ids: locked) }
        let groups = try row.ids(3)
        guard !groups.isEmpty else { return [] }
        let isCycle = try await connection.execute(Self.isBelow, [.id(group), .ids(groups)])[0].bool(0)
        if isCycle { throw MemberRefusal.cycle }
        return groups
    }

    /// Ends and begins stays with `revision`, and keeps the group's count.
    ///
    /// - Parameter groups: Those of the new members that are groups.
    /// - Returns: How many members there are now; nil when nothing changes.
    func apply(_ intent: MemberIntent, groups: [ResourceID], revision: Int64) async throws -> Int64? {
        if intent.keepsPresent, intent.added.isEmpty, intent.removed.isEmpty { return nil }
        let added = PostgresParameter.ids(intent.added.map(\.id))
        let parameters: [PostgresParameter] = [.text(tenant), .id(group), added, .int(revision), .ids(groups)]
        let result =
            intent.keepsPresent
            ? try await connection.execute(Self.change, parameters + [.ids(intent.removed)])
            : try await connection.execute(Self.replacement, parameters)
        return try result.first?.int(0)
    }

    // MARK: - Statements

    // Each member is looked up by its key, one by one, however many they are and however small the tables are said to be: a join would, now and
    // then, read all members of the group for one of them.

    private static let nestingLock = PostgresStatement(
        "members_nesting_lock", "SELECT pg_advisory_xact_lock(hashtextextended('nesting ' || $1::text, 0))")

    private static let nestingLockForGroups = PostgresStatement(
        "members_nesting_lock_for_groups",
        """
        SELECT pg_advisory_xact_lock(hashtextextended('nesting ' || $1::text, 0))
        WHERE EXISTS (
            SELECT FROM resource r WHERE r.tenant = $1::text AND r.type = 'Group' AND r.id = ANY ($2::uuid[]))
        """)

    private static let lockMembers = PostgresStatement(
        "members_lock",
        """
        SELECT FROM resource r
        WHERE r.tenant = $1::text AND r.type IN ('User', 'Group') AND r.id = ANY ($2::uuid[])
        ORDER BY r.id FOR KEY SHARE
        """)

    /// Of `$3` with the types `$4`: who does not exist; one whose type is another; who is locked elsewhere; who is a group.
    private static let admission = PostgresStatement(
        "members_admission",
        """
        WITH wanted AS MATERIALIZED (
            SELECT w.id, w.said, (
                SELECT m.member_type FROM group_member m
                WHERE m.group_id = $2::uuid AND m.member_id = w.id AND m.removed_revision IS NULL) AS present
            FROM unnest($3::uuid[], $4::text[]) AS w(id, said)
        ), new AS MATERIALIZED (
            SELECT w.id, w.said, coalesce(u.type, g.type) AS type FROM wanted w
            LEFT JOIN LATERAL (
                SELECT r.type FROM resource r WHERE r.tenant = $1::text AND r.type = 'User' AND r.id = w.id
                FOR KEY SHARE SKIP LOCKED
            ) u ON true
            LEFT JOIN LATERAL (
                SELECT r.type FROM resource r
                WHERE u.type IS NULL AND r.tenant = $1::text AND r.type = 'Group' AND r.id = w.id
                FOR KEY SHARE SKIP LOCKED
            ) g ON true
            WHERE w.present IS NULL
        ), missing AS MATERIALIZED (
            SELECT n.id, EXISTS (
                SELECT FROM resource r
                WHERE r.tenant = $1::text AND r.type IN ('User', 'Group') AND r.id = n.id) AS is_locked
            FROM new n WHERE n.type IS NULL
        )
        SELECT
            ARRAY(SELECT id FROM missing WHERE NOT is_locked ORDER BY id),
            (SELECT id FROM (
                SELECT id FROM new WHERE said <> type
                UNION ALL
                SELECT id FROM wanted WHERE said <> present) w ORDER BY id LIMIT 1),
            ARRAY(SELECT id FROM missing WHERE is_locked ORDER BY id),
            ARRAY(SELECT id FROM new WHERE type = 'Group' ORDER BY id)
        """)

    /// Whether the group `$1` is below one of the groups `$2`, or one of them. Upwards, because few groups hold a group.
    private static let isBelow = PostgresStatement(
        "members_cycle",
        """
        WITH RECURSIVE above(id) AS (
            SELECT $1::uuid
            UNION
            SELECT m.group_id FROM above a
            JOIN group_member m ON m.member_id = a.id AND m.member_type = 'Group' AND m.removed_revision IS NULL
        )
        SELECT EXISTS (SELECT FROM above WHERE id = ANY ($2::uuid[]))
        """)

    /// Only who is named is looked at. Who is to leave is found by the index that allows nobody twice, and leaves with the revision with which he
    /// would have come.
    private static let change = PostgresStatement(
        "members_change",
        """
        WITH looked AS MATERIALIZED (
            SELECT w.id, w.comes, (
                SELECT m.member_type FROM group_member m
                WHERE m.group_id = $2::uuid AND m.member_id = w.id AND m.removed_revision IS NULL) AS present
            FROM (
                SELECT id, true AS comes FROM unnest($3::uuid[]) AS a(id)
                UNION ALL
                SELECT id, false FROM unnest($6::uuid[]) AS r(id)
            ) w
        ), change AS MATERIALIZED (
            SELECT l.id, l.comes FROM looked l WHERE l.comes = (l.present IS NULL)
        ), moved AS (
            INSERT INTO group_member AS m (tenant, group_id, member_id, member_type, added_revision)
            SELECT $1::text, $2::uuid, c.id, \(type(of: "c.id")), $4::int8 FROM change c ORDER BY c.id
            ON CONFLICT (group_id, member_id) WHERE removed_revision IS NULL
            DO UPDATE SET removed_revision = excluded.added_revision
        )
        \(counting("SELECT count(*) FILTER (WHERE comes) AS come, count(*) FILTER (WHERE NOT comes) AS gone FROM change"))
        """)

    private static let replacement = PostgresStatement(
        "members_replace",
        """
        WITH ended AS (
            UPDATE group_member m SET removed_revision = $4::int8
            WHERE m.group_id = $2::uuid AND m.removed_revision IS NULL
                AND m.member_id NOT IN (SELECT w.id FROM unnest($3::uuid[]) AS w(id))
            RETURNING 1
        ), looked AS MATERIALIZED (
            SELECT w.id, (
                SELECT m.member_type FROM group_member m
                WHERE m.group_id = $2::uuid AND m.member_id = w.id AND m.removed_revision IS NULL) AS present
            FROM unnest($3::uuid[]) AS w(id)
        ), begun AS (
            INSERT INTO group_member (tenant, group_id, member_id, member_type, added_revision)
            SELECT $1::text, $2::uuid, l.id, \(type(of: "l.id")), $4::int8 FROM looked l WHERE l.present IS NULL
            ORDER BY l.id
            RETURNING 1
        )
        \(counting("SELECT (SELECT count(*) FROM begun) AS come, (SELECT count(*) FROM ended) AS gone"))
        """)

    /// Of a new member; `$5` are those that are groups.
    private static func type(of id: String) -> String {
        "CASE WHEN \(id) = ANY ($5::uuid[]) THEN 'Group' ELSE 'User' END"
    }

    private static func counting(_ change: String) -> String {
        """
        UPDATE resource g SET member_count = g.member_count + c.come - c.gone FROM (\(change)) c
        WHERE g.tenant = $1::text AND g.type = 'Group' AND g.id = $2::uuid AND (c.come > 0 OR c.gone > 0)
        RETURNING g.member_count
        """
    }
}

extension PostgresRow {
    fileprivate func ids(_ column: Int) throws(PostgresError) -> [ResourceID] {
        try uuidArray(column).map { ResourceID(high: $0.high, low: $0.low) }
    }
}
