// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Postgres
internal import SCIM

/// The text of a list of groups. Small groups are read together, up to a bound of members; the members of a large one page by page.
struct GroupList: Sendable {
    private static let mostTogether = 50

    let groups: [(id: ResourceID, object: [UInt8])]
    let head: [UInt8]
    let tail: [UInt8]
    let tenant: String
    let format: MemberJSON

    func read(_ connection: PostgresConnection, _ give: @Sendable ([UInt8]) async throws -> Void) async throws {
        let counts = try await counts(connection)
        var json = head
        var position = 0
        while position < groups.count {
            let end = endOfPart(from: position, counts)
            let together = Array(groups[position..<end])
            var members: [[GroupMember]] = Array(repeating: [], count: together.count)
            if counts[position] <= StoredResource.manyMembers {
                members = try await few(together.map(\.id), connection)
            }
            for (index, group) in together.enumerated() {
                if position + index > 0 { json.append(UInt8(ascii: ",")) }
                // More than were counted: the count is wrong, and the members may be any number.
                if counts[position + index] > StoredResource.manyMembers
                    || members[index].count > StoredResource.manyMembers
                {
                    try await appendMany(group, &json, connection, give)
                } else {
                    append(group.object, members[index], to: &json)
                }
            }
            position = end
            if position < groups.count {
                try await give(json)
                json = []
            }
        }
        try await give(json + tail)
    }

    private func endOfPart(from start: Int, _ counts: [Int64]) -> Int {
        var end = start + 1
        var sum = counts[start]
        while end < groups.count, end - start < Self.mostTogether, sum + counts[end] <= StoredResource.manyMembers {
            sum += counts[end]
            end += 1
        }
        return end
    }

    private func append(_ object: [UInt8], _ members: [GroupMember], to json: inout [UInt8]) {
        guard !members.isEmpty else { return json.append(contentsOf: object) }
        MemberJSON.open(object, to: &json)
        for (index, member) in members.enumerated() { format.append(member, isFirst: index == 0, to: &json) }
        MemberJSON.close(to: &json)
    }

    private func appendMany(
        _ group: (id: ResourceID, object: [UInt8]), _ json: inout [UInt8], _ connection: PostgresConnection,
        _ give: @Sendable ([UInt8]) async throws -> Void
    ) async throws {
        var pages = MemberPages(tenant: tenant, group: group.id, connection: connection)
        var isFirst = true
        while let page = try await pages.next() {
            if isFirst { MemberJSON.open(group.object, to: &json) }
            for member in page {
                format.append(member, isFirst: isFirst, to: &json)
                isFirst = false
            }
            try await give(json)
            json = []
        }
        if isFirst { json.append(contentsOf: group.object) } else { MemberJSON.close(to: &json) }
    }

    // MARK: - Reading

    /// Of each group; 0 for one that is gone.
    private func counts(_ connection: PostgresConnection) async throws -> [Int64] {
        let result = try await connection.execute(Self.countStatement, [.text(tenant), .ids(groups.map(\.id))])
        return try result.map { try $0.int(0) }
    }

    /// One more than a small group has, at most, of each.
    private func few(_ ids: [ResourceID], _ connection: PostgresConnection) async throws -> [[GroupMember]] {
        let result = try await connection.execute(
            Self.fewMembers, [.text(tenant), .ids(ids), .int(StoredResource.manyMembers + 1)])
        var members: [[GroupMember]] = Array(repeating: [], count: ids.count)
        for row in result {
            let number = Int(try row.int(3))
            guard members.indices.contains(number - 1) else { continue }
            members[number - 1].append(try MemberPages.member(row))
        }
        return members
    }

    private static let countStatement = PostgresStatement(
        "group_list_counts",
        """
        SELECT coalesce((
            SELECT r.member_count FROM resource r
            WHERE r.tenant = $1::text AND r.type = 'Group' AND r.id = g.id), 0)
        FROM unnest($2::uuid[]) WITH ORDINALITY AS g(id, n) ORDER BY g.n
        """)

    private static let fewMembers = PostgresStatement(
        "group_list_members",
        """
        SELECT m.member_id, m.member_type, (
            SELECT coalesce(x.attributes ->> 'displayName', x.attributes ->> 'userName') FROM resource x
            WHERE x.tenant = $1::text AND x.type = m.member_type AND x.id = m.member_id), g.n
        FROM unnest($2::uuid[]) WITH ORDINALITY AS g(id, n)
        CROSS JOIN LATERAL (
            SELECT m.member_id, m.member_type FROM group_member m
            WHERE m.group_id = g.id AND m.tenant = $1::text AND m.removed_revision IS NULL
            ORDER BY m.member_id LIMIT $3::int8
        ) m
        ORDER BY g.n, m.member_id
        """)
}
