// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Postgres
internal import SCIM

/// What rows `r` of `resource` are sorted by: SQL that is NULL for a resource without a value.
struct SortExpression {
    /// With PostgreSQL's name of the type.
    enum Kind: String {
        case text
        case numeric
        case boolean
        case instant = "timestamptz"
    }

    let sql: String
    let kind: Kind
    let isNullable: Bool
    /// It is always NULL.
    var isMissing = false

    /// Of a type that does not have the attribute.
    static func missing(_ kind: Kind) -> SortExpression {
        SortExpression(sql: "NULL::\(kind.rawValue)", kind: kind, isNullable: true, isMissing: true)
    }

    /// For lists of types whose attributes of the same name are of different kinds.
    var asText: SortExpression {
        guard kind != .text else { return self }
        return SortExpression(sql: "(\(sql))::text", kind: .text, isNullable: isNullable, isMissing: isMissing)
    }

    /// Of column `key`, as ``ListPosition/key`` keeps it.
    static func text(ofKey key: String, _ kind: Kind) -> String {
        switch kind {
        case .text: key
        case .numeric, .boolean: "\(key)::text"
        case .instant: "(extract(epoch FROM \(key)) * 1000000)::int8::text"
        }
    }

    /// The opposite of ``text(ofKey:_:)``; nil if the text is none of those.
    static func parameter(_ key: String, _ kind: Kind) -> PostgresParameter? {
        switch kind {
        case .text, .numeric, .boolean: .text(key)
        case .instant: Int64(key).map { .timestamp($0) }
        }
    }
}

extension FilterCompiler {
    /// nil: the order of ids is meant.
    mutating func sortExpression(_ key: SortKey) -> SortExpression? {
        let path = key.path
        guard path.attribute.name != "id" || path.extensionURN != nil else { return nil }
        let kind = SortExpression.Kind(path.leaf.type)
        guard let value = sortValue(path) else { return .missing(kind) }
        // An attribute may be required now that was not when a resource was written.
        return SortExpression(
            sql: kind == .text ? "\(value) COLLATE \"C\"" : value, kind: kind,
            isNullable: path.attribute.name != "meta" || path.extensionURN != nil)
    }

    private mutating func sortValue(_ path: AttributePath) -> String? {
        if let subAttribute = path.subAttribute { return sortValue(path, subAttribute) }
        switch (path.extensionURN, path.attribute.name) {
        case (SchemaURN.sync, let name):
            return Self.syncValue(name).map { sortable($0, path.attribute) }
        // The core schema comes first, so it is the same for every resource.
        case (nil, "schemas"), (nil, "password"): return nil
        case (nil, "externalId"): return sortable(.text(externalId()), path.attribute)
        default: break
        }
        if path.extensionURN == nil, let value = columnValue(path.attribute) {
            return sortable(value, path.attribute)
        }
        let (root, key) = (root(of: path), parts.quoted(path.attribute.name))
        guard path.attribute.multiValued else { return sortable(.member(of: root, key: key), path.attribute) }
        return sortable(.json(Self.first(of: "(\(root) -> \(key))")), path.attribute)
    }

    private mutating func sortValue(_ path: AttributePath, _ subAttribute: SchemaAttribute) -> String? {
        switch (path.extensionURN, path.attribute.name) {
        case (nil, "meta"): return value(of: subAttribute, in: .meta).map { sortable($0, subAttribute) }
        case (nil, "members") where type == .group:
            // The first is the longest-standing one, as in the answer.
            return sortable(
                subAttribute, in: .member("m"),
                "group_member m WHERE m.group_id BETWEEN r.id AND r.id AND m.removed_revision IS NULL",
                order: "m.added_revision, m.member_id")
        case (nil, "groups") where type == .user: return sortByGroup(subAttribute)
        case (SchemaURN.sync, "parked"):
            return sortable(
                subAttribute, in: .parkedAttribute("f"),
                "sync_failure f WHERE f.resource_id = r.id AND f.attribute <> ''", order: "f.attribute")
        case (SchemaURN.sync, "error"):
            return value(of: subAttribute, in: .syncError).map { sortable($0, subAttribute) }
        default: break
        }
        guard !subAttribute.multiValued else { return nil }
        let value = "(\(root(of: path)) -> \(parts.quoted(path.attribute.name)))"
        let key = parts.quoted(subAttribute.name)
        guard path.attribute.multiValued else { return sortable(.member(of: value, key: key), subAttribute) }
        return sortable(.member(of: Self.first(of: value), key: key), subAttribute)
    }

    /// The group with the lowest id, as in the answer.
    private mutating func sortByGroup(_ subAttribute: SchemaAttribute) -> String? {
        guard var value = value(of: subAttribute, in: .group("g", isDirect: true)) else { return nil }
        if case .fixed = value { value = .text("CASE WHEN bool_or(a.is_direct) THEN 'direct' ELSE 'indirect' END") }
        return """
            (WITH RECURSIVE above(id, is_direct) AS (\
            SELECT m.group_id, true FROM group_member m WHERE m.member_id = r.id AND m.removed_revision IS NULL \
            UNION SELECT m.group_id, false FROM above a JOIN group_member m \
            ON m.member_id = a.id AND m.member_type = 'Group' AND m.removed_revision IS NULL) \
            SELECT \(sortable(value, subAttribute)) FROM above a \
            JOIN resource g ON g.tenant = \(StatementParts.tenant) AND g.type = 'Group' AND g.id = a.id \
            GROUP BY g.tenant, g.type, g.id ORDER BY g.id LIMIT 1)
            """
    }

    private static func syncValue(_ name: String) -> StoredValue? {
        switch name {
        case "status": .text(SyncColumns.status)
        case "pendingRevisions": .integer(SyncColumns.pendingRevisions)
        case "syncedRevision": .integer(SyncColumns.syncedRevision)
        case "lastAttempt": .instant(SyncColumns.shown(SyncColumns.lastAttempt))
        case "nextAttempt": .instant(SyncColumns.shown(SyncColumns.nextAttempt))
        default: nil
        }
    }

    /// Of the first row of a table.
    private mutating func sortable(
        _ attribute: SchemaAttribute, in scope: Scope, _ rows: String, order: String
    ) -> String? {
        guard let value = value(of: attribute, in: scope) else { return nil }
        return "(SELECT \(sortable(value, attribute)) FROM \(rows) ORDER BY \(order) LIMIT 1)"
    }

    /// The primary element of a list, or the first, as `jsonb`.
    private static func first(of list: String) -> String {
        "coalesce(jsonb_path_query_first(\(list), '$[*] ? (@.primary == true)'), \(list) -> 0)"
    }

    private mutating func sortable(_ value: StoredValue, _ attribute: SchemaAttribute) -> String {
        switch SortExpression.Kind(attribute.type) {
        case .text: return SearchKey.key(of: text(of: value), attribute)
        case .numeric: return Self.number(value) ?? "NULL::numeric"
        case .boolean:
            return value.json.map { "CASE jsonb_typeof(\($0)) WHEN 'boolean' THEN \($0)::boolean END" }
                ?? "NULL::boolean"
        case .instant:
            if case .instant(let column) = value { return column }
            return "instant(\(text(of: value)))"
        }
    }
}

extension SortExpression.Kind {
    init(_ type: SchemaAttribute.Kind) {
        self =
            switch type {
            case .integer, .decimal: .numeric
            case .boolean: .boolean
            case .dateTime: .instant
            case .string, .reference, .binary, .complex: .text
            }
    }
}
