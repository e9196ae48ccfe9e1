// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Postgres
package import SCIM

extension ResourceStore {
    /// A group of more members is read on the list pool, so that it holds up no read behind it.
    private static let membersInPointRead = 1000

    /// One resource, in one round trip.
    ///
    /// - Parameters:
    ///   - client: Whose `externalId` is meant.
    ///   - baseURL: Such as `https://host/scim/v2`: with a user's `groups`; and with the members of a group if `withMembers`. nil: with neither.
    package func read(
        _ type: ResourceType, _ id: ResourceID, tenant: String, client: String, baseURL: String? = nil,
        withMembers: Bool = false
    ) async throws -> StoredResource? {
        let parameters: [PostgresParameter] = [.text(tenant), .id(id), .text(client)]
        switch (type, baseURL) {
        case (.user, let baseURL?):
            let result = try await reader.execute(ReadStatements.userWithGroups, parameters + [.text(baseURL)])
            return try result.first.map { try Self.resource($0, type, id, related: 6) }
        case (.group, let baseURL?) where withMembers:
            let limit = Int64(Self.membersInPointRead)
            let result = try await slowReader.execute(
                ReadStatements.groupWithMembers, parameters + [.text(baseURL), .int(limit)])
            guard let row = result.first else { return nil }
            if try row.bool(7) { return try Self.resource(row, type, id, related: 6) }
            return try await listPool.withConnection { connection in
                let result = try await connection.execute(
                    ReadStatements.groupWithMembers, parameters + [.text(baseURL), .int(.max)])
                return try result.first.map { try Self.resource($0, type, id, related: 6) }
            }
        case (.user, _), (.group, _):
            let result = try await reader.execute(
                ReadStatements.resource, parameters + [.text(type.rawValue)])
            return try result.first.map { try Self.resource($0, type, id, memberCount: 6) }
        }
    }

    /// The members of a group as text of a JSON array, the longest-standing first; nil when it has none.
    package func members(of group: ResourceID, tenant: String, baseURL: String) async throws -> [UInt8]? {
        try await listPool.withConnection { connection in
            try await connection.execute(ReadStatements.members, [.text(tenant), .id(group), .text(baseURL)])
                .first?.optionalBytes(0)
        }
    }

    /// The groups that a user is in, directly or through other groups, as text of a JSON array; nil when there are none.
    package func groups(of member: ResourceID, tenant: String, baseURL: String) async throws -> [UInt8]? {
        try await reader.execute(ReadStatements.groups, [.text(tenant), .id(member), .text(baseURL)])
            .first?.optionalBytes(0)
    }

    /// - Parameters:
    ///   - related: The column with the JSON text of groups or members.
    ///   - memberCount: The column with the number of members.
    static func resource(
        _ row: PostgresRow, _ type: ResourceType, _ id: ResourceID, from first: Int = 0, related: Int? = nil,
        memberCount: Int? = nil
    ) throws(PostgresError) -> StoredResource {
        let text: [UInt8]? = if let related { try row.optionalBytes(related) } else { nil }
        let count: Int64? = if let memberCount, type == .group { try row.int(memberCount) } else { nil }
        return StoredResource(
            type: type, id: id, revision: try row.int(first), order: try row.int(first + 1),
            created: try row.time(first + 2), modified: try row.time(first + 3),
            externalId: try row.optionalString(first + 4), attributes: try row.bytes(first + 5),
            members: type == .group ? text : nil, groups: type == .user ? text : nil, memberCount: count)
    }
}

enum ReadStatements {
    /// Of the resource `r`, for the client `$3`; ``ResourceStore/resource(_:_:_:from:related:memberCount:)`` reads them.
    static let columns = """
        r.revision, r."order", r.created_at, r.modified_at,
            (SELECT e.value FROM external_id e WHERE e.resource_id = r.id AND e.client = $3::text), r.attributes
        """

    // What belongs to another resource is looked up row by row, by key, however small the tables were when the statement was planned.

    /// JSON text of the groups of `member`, a column or parameter, direct and indirect; NULL when there are none.
    static func groups(of member: String, baseURL: String) -> String {
        """
        (CASE WHEN EXISTS (
            SELECT FROM group_member m
            WHERE m.member_id = \(member) AND m.tenant = $1::text AND m.removed_revision IS NULL)
        THEN groups_of($1::text, \(member), \(baseURL)) END)
        """
    }

    /// JSON text of the members of `group`, a column or parameter; NULL when there are none.
    ///
    /// BETWEEN, because one very large group makes PostgreSQL take every group for large, and read all members of all groups for each.
    static func members(of group: String, baseURL: String) -> String {
        """
        (SELECT json_agg(
            json_strip_nulls(json_build_object(
                'value', m.member_id,
                '$ref', \(baseURL) || CASE m.member_type WHEN 'User' THEN '/Users/' ELSE '/Groups/' END || m.member_id,
                'display', (
                    SELECT coalesce(x.attributes ->> 'displayName', x.attributes ->> 'userName') FROM resource x
                    WHERE x.tenant = $1::text AND x.type = m.member_type AND x.id = m.member_id),
                'type', m.member_type)) ORDER BY m.added_revision, m.member_id)::text
        FROM group_member m
        WHERE m.group_id BETWEEN \(group) AND \(group) AND m.tenant = $1::text AND m.removed_revision IS NULL)
        """
    }

    static let resource = byID("resource_read") { id in
        """
        SELECT \(columns), r.member_count
        FROM resource r WHERE r.tenant = $1::text AND r.type = $4::text AND r.id = \(id)
        """
    }

    static let userWithGroups = byID("resource_read_user") { id in
        """
        SELECT \(columns), \(groups(of: "r.id", baseURL: "$4::text"))
        FROM resource r WHERE r.tenant = $1::text AND r.type = 'User' AND r.id = \(id)
        """
    }

    /// A statement that reads one resource by the id in `$2`. Several that are sent together become one, which looks each id up in the same way: OFFSET 0
    /// keeps what is inside from being planned for all of them.
    private static func byID(_ name: String, _ sql: (_ id: String) -> String) -> PostgresStatement {
        PostgresStatement(
            name, sql("$2::uuid"), key: 2,
            gathered: """
                SELECT x.*, k.place FROM unnest($2::uuid[]) WITH ORDINALITY AS k(id, place)
                CROSS JOIN LATERAL (\(sql("k.id")) OFFSET 0) x
                """)
    }

    /// The last column tells whether the members are there: not when there are more than `$5`.
    static let groupWithMembers = PostgresStatement(
        "resource_read_group",
        """
        SELECT \(columns),
            CASE WHEN s.is_small THEN \(members(of: "r.id", baseURL: "$4::text")) END, s.is_small
        FROM resource r
        CROSS JOIN LATERAL (
            SELECT NOT EXISTS (
                SELECT FROM group_member x WHERE x.group_id = r.id AND x.removed_revision IS NULL OFFSET $5::int8
            ) AS is_small
        ) s
        WHERE r.tenant = $1::text AND r.type = 'Group' AND r.id = $2::uuid
        """)

    static let members = PostgresStatement("members_read", "SELECT \(members(of: "$2::uuid", baseURL: "$3::text"))")

    static let groups = PostgresStatement("groups_read", "SELECT \(groups(of: "$2::uuid", baseURL: "$3::text"))")
}
