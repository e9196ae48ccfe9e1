// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Postgres
internal import SCIM

/// The members of a group in the order of their ids, a page at a time. To be read in one snapshot, or with the group locked.
struct MemberPages {
    /// About 200 KiB of JSON.
    static let largestPage = 1000

    let tenant: String
    let group: ResourceID
    let connection: PostgresConnection
    private var last: ResourceID?
    private var isComplete = false

    init(tenant: String, group: ResourceID, connection: PostgresConnection) {
        self.tenant = tenant
        self.group = group
        self.connection = connection
    }

    /// nil at the end.
    mutating func next() async throws -> [GroupMember]? {
        guard !isComplete else { return nil }
        let limit = Self.largestPage
        let parameters: [PostgresParameter] = [.text(tenant), .id(group), .int(Int64(limit))]
        let result =
            if let last {
                try await connection.execute(Self.nextPage, parameters + [.id(last)])
            } else {
                try await connection.execute(Self.firstPage, parameters)
            }
        let page = try result.map(Self.member)
        isComplete = page.count < limit
        last = page.last?.id
        return page.isEmpty ? nil : page
    }

    static func member(_ row: PostgresRow) throws -> GroupMember {
        GroupMember(
            id: try row.id(0), type: try ResourceType(stored: row.string(1)), display: try row.optionalString(2))
    }

    private static let firstPage = statement("members_first_page", "")
    private static let nextPage = statement("members_next_page", "AND m.member_id > $4::uuid")

    /// Names are looked up by key, one by one, and only for the page.
    private static func statement(_ name: String, _ condition: String) -> PostgresStatement {
        PostgresStatement(
            name,
            """
            SELECT m.member_id, m.member_type, (
                SELECT coalesce(x.attributes ->> 'displayName', x.attributes ->> 'userName') FROM resource x
                WHERE x.tenant = $1::text AND x.type = m.member_type AND x.id = m.member_id)
            FROM (
                SELECT m.member_id, m.member_type FROM group_member m
                WHERE m.group_id = $2::uuid AND m.tenant = $1::text AND m.removed_revision IS NULL \(condition)
                ORDER BY m.member_id LIMIT $3::int8
            ) m
            ORDER BY m.member_id
            """)
    }
}
