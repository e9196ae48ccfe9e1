// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import SCIM

/// The attributes whose values are rows of `group_member`.
extension FilterCompiler {
    /// `members` of groups.
    mutating func members(_ selection: Selection) -> SQLCondition {
        let member = parts.name("m")
        let condition = condition(selection, in: .member(member))
        guard condition != .never else { return .never }
        return .sql(
            """
            EXISTS (SELECT FROM group_member \(member) \
            WHERE \(member).group_id = r.id AND \(Self.isPresent(member))\(condition.conjunct))
            """)
    }

    /// What `members` shows as `display`.
    static func memberName(_ member: String) -> String {
        """
        (SELECT coalesce(x.attributes ->> 'displayName', x.attributes ->> 'userName') FROM resource x \
        WHERE x.tenant = \(StatementParts.tenant) AND x.type = \(member).member_type AND x.id = \(member).member_id)
        """
    }

    /// `groups` of users, also those that hold the user through other groups.
    ///
    /// The users are found from the groups that are meant, in tables of their own: nothing is asked of every user.
    mutating func groups(_ selection: Selection) -> SQLCondition {
        if selection.asks(for: "type") { return .any([directGroups(selection), indirectGroups(selection)]) }
        let group = parts.name("g")
        let condition = condition(selection, in: .group(group, isDirect: true))
        guard condition != .never else { return .never }
        // Whoever is in a group at all is in one directly.
        guard condition != .always else { return isInAnyGroup() }
        let groups = parts.addTable(columns: "id") { table in
            """
            SELECT \(group).id FROM resource \(group) WHERE \(Self.isGroup(group))\(condition.conjunct) \
            UNION SELECT m.member_id FROM \(table) t \(Self.join("m", of: "t.id", .group))
            """
        }
        return isAmong("SELECT m.member_id FROM \(groups) t \(Self.join("m", of: "t.id", .user))")
    }

    private mutating func directGroups(_ selection: Selection) -> SQLCondition {
        let group = parts.name("g")
        let condition = condition(selection, in: .group(group, isDirect: true))
        guard condition != .never else { return .never }
        guard condition != .always else { return isInAnyGroup() }
        return isAmong(
            """
            SELECT m.member_id FROM resource \(group) \(Self.join("m", of: "\(group).id", .user)) \
            WHERE \(Self.isGroup(group))\(condition.conjunct)
            """)
    }

    /// A group that is direct as well counts as direct only.
    private mutating func indirectGroups(_ selection: Selection) -> SQLCondition {
        let group = parts.name("g")
        let condition = condition(selection, in: .group(group, isDirect: false))
        guard condition != .never else { return .never }
        let groups = parts.addTable(columns: "top, id") { table in
            """
            SELECT \(group).id, m.member_id FROM resource \(group) \(Self.join("m", of: "\(group).id", .group)) \
            WHERE \(Self.isGroup(group))\(condition.conjunct) \
            UNION SELECT t.top, m.member_id FROM \(table) t \(Self.join("m", of: "t.id", .group))
            """
        }
        return isAmong(
            """
            SELECT m.member_id FROM \(groups) t \(Self.join("m", of: "t.id", .user)) WHERE NOT EXISTS (\
            SELECT FROM group_member d \
            WHERE d.group_id = t.top AND d.member_id = m.member_id AND \(Self.isPresent("d")))
            """)
    }

    private mutating func isInAnyGroup() -> SQLCondition {
        let member = parts.name("m")
        return .sql(
            "EXISTS (SELECT FROM group_member \(member) WHERE \(member).member_id = r.id AND \(Self.isPresent(member)))"
        )
    }

    /// - Parameter users: Selects ids, some of them several times.
    private mutating func isAmong(_ users: String) -> SQLCondition {
        let table = parts.addTable(columns: "id") { _ in users }
        return .sql("r.id IN (SELECT id FROM \(table))")
    }

    /// The members of a type of each group. BETWEEN for the same reason as in ``ReadStatements/members(of:baseURL:)``.
    private static func join(_ row: String, of group: String, _ type: ResourceType) -> String {
        """
        JOIN group_member \(row) ON \(row).group_id BETWEEN \(group) AND \(group) \
        AND \(row).member_type = '\(type.rawValue)' AND \(isPresent(row))
        """
    }

    private static func isGroup(_ row: String) -> String {
        "\(row).tenant = \(StatementParts.tenant) AND \(row).type = '\(ResourceType.group.rawValue)'"
    }

    private static func isPresent(_ member: String) -> String { "\(member).removed_revision IS NULL" }
}

extension FilterCompiler.Selection {
    func asks(for subAttribute: String) -> Bool {
        switch self {
        case .any: false
        case .test(let attribute, _): attribute.name == subAttribute
        case .filter(let filter): filter.asks(for: subAttribute)
        }
    }
}

extension Filter {
    fileprivate func asks(for attribute: String) -> Bool {
        switch self {
        case .constant: false
        case .present(let path), .compare(let path, _, _), .value(let path, _): path.attribute.name == attribute
        case .and(let filters), .or(let filters): filters.contains { $0.asks(for: attribute) }
        case .not(let filter): filter.asks(for: attribute)
        }
    }
}
