// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON
internal import Postgres
internal import SCIM

/// Makes SQL conditions for rows `r` of the table `resource` from filters, with the meaning of ``Filter/matches(_:)``.
///
/// It descends as deep as the filter is nested, which its parser bounds. Comparisons by `eq` that an `or` joins become one for each attribute,
/// so that a thousand ids are looked up at once.
struct FilterCompiler {
    /// Whose attributes the paths of a filter begin with.
    enum Scope {
        /// A row of `resource`.
        case resource
        /// A complex value: a `jsonb` object.
        case object(String)
        case meta
        /// A row of `group_member`, by its alias.
        case member(String)
        /// A row of `resource`, by its alias, that is a group of a user.
        case group(String, isDirect: Bool)
        /// A row of `sync_failure`, by its alias.
        case parkedAttribute(String)
        case syncError
    }

    /// What a comparison asks of one value.
    enum Test {
        case present
        /// True for one of the values; more than one only for `eq`.
        case comparison(Filter.Comparison, [Filter.Literal])
    }

    /// What is asked of one value of a complex attribute.
    enum Selection {
        case any
        case test(SchemaAttribute, Test)
        case filter(Filter)
    }

    let type: ResourceType
    var parts: StatementParts

    mutating func condition(_ filter: Filter, in scope: Scope = .resource) -> SQLCondition {
        needed { $0.compile(filter, in: scope) }
    }

    /// What was added for a condition that is decided after all is not needed.
    private mutating func needed(_ condition: (inout FilterCompiler) -> SQLCondition) -> SQLCondition {
        let mark = parts.mark
        let condition = condition(&self)
        if condition == .always || condition == .never { parts.takeBack(to: mark) }
        return condition
    }

    private mutating func compile(_ filter: Filter, in scope: Scope) -> SQLCondition {
        switch filter {
        case .constant(let value): return .constant(value)
        case .present(let path): return condition(path, .present, in: scope)
        case .compare(let path, let comparison, let literal):
            return condition(path, .comparison(comparison, [literal]), in: scope)
        case .and(let filters): return .all(filters.map { condition($0, in: scope) })
        case .or(let filters): return alternatives(filters, in: scope)
        case .not(let filter): return condition(filter, in: scope).negated
        case .value(let path, let filter): return elements(of: path, .filter(filter))
        }
    }

    private mutating func alternatives(_ filters: [Filter], in scope: Scope) -> SQLCondition {
        var literals: [AttributePath: [Filter.Literal]] = [:]
        for case .compare(let path, .equal, let literal) in filters { literals[path, default: []].append(literal) }
        var conditions: [SQLCondition] = []
        for filter in filters {
            if case .compare(let path, .equal, _) = filter {
                // With the first of them come all.
                guard let literals = literals.removeValue(forKey: path) else { continue }
                conditions.append(condition(path, .comparison(.equal, literals), in: scope))
            } else {
                conditions.append(condition(filter, in: scope))
            }
        }
        return .any(conditions)
    }

    private mutating func condition(_ path: AttributePath, _ test: Test, in scope: Scope) -> SQLCondition {
        guard case .resource = scope else { return condition(path.attribute, test, in: scope) }
        guard path.attribute.type == .complex else { return simpleAttribute(path, test) }
        if let subAttribute = path.subAttribute { return elements(of: path, .test(subAttribute, test)) }
        if case .present = test { return elements(of: path, .any) }
        guard let value = path.attribute.subAttribute("value") else { return .never }
        return elements(of: path, .test(value, test))
    }

    /// Whether one value of a complex attribute is as `selection` says.
    private mutating func elements(of path: AttributePath, _ selection: Selection) -> SQLCondition {
        switch (path.extensionURN, path.attribute.name) {
        case (nil, "meta"): return condition(selection, in: .meta)
        case (nil, "members") where type == .group: return members(selection)
        case (nil, "groups") where type == .user: return groups(selection)
        case (SchemaURN.sync, "parked"): return parkedAttributes(selection)
        case (SchemaURN.sync, "error"): return syncError(selection)
        default: return storedElements(of: path, selection)
        }
    }

    mutating func condition(_ selection: Selection, in scope: Scope) -> SQLCondition {
        switch selection {
        case .any: .always
        case .test(let attribute, let test): needed { $0.condition(attribute, test, in: scope) }
        case .filter(let filter): condition(filter, in: scope)
        }
    }

    // MARK: What is stored as JSON

    private mutating func storedElements(of path: AttributePath, _ selection: Selection) -> SQLCondition {
        let value = "(\(root(of: path)) -> \(parts.quoted(path.attribute.name)))"
        guard path.attribute.multiValued else {
            switch selection {
            case .any: return .sql("\(value) IS NOT NULL")
            case .test(let attribute, let test): return condition(attribute, test, in: .object(value))
            case .filter(let filter):
                // Without a value no inner filter is true, not even one with `not`.
                return .all([.sql("\(value) IS NOT NULL"), condition(filter, in: .object(value))])
            }
        }
        let isEmails = path.extensionURN == nil && path.attribute.name == "emails" && type == .user
        if isEmails, case .test(let attribute, .comparison(.equal, let literals)) = selection,
            attribute.name == "value", !attribute.caseExact
        {
            return emails(literals)
        }
        let condition = anyElement(of: value) { compiler, element in
            compiler.condition(selection, in: .object(element))
        }
        guard isEmails, case .filter(let filter) = selection, let literals = filter.requiredValues else {
            return condition
        }
        // What is looked up in the index is then looked at.
        return .all([emails(literals), condition])
    }

    /// Whether one of the addresses is one of `literals`, by an index.
    private mutating func emails(_ literals: [Filter.Literal]) -> SQLCondition {
        let texts = literals.compactMap(\.text)
        guard texts.count > 1 else {
            guard let text = texts.first else { return .never }
            return .sql("email_values(r.attributes) ? folded(\(parts.bind(.text(text), as: "text")))")
        }
        let references = texts.map { "folded(\(parts.bind(.text($0), as: "text")))" }
        return .sql("email_values(r.attributes) ?| ARRAY[\(references.joined(separator: ", "))]")
    }

    /// `condition` gets the `jsonb` value of an element.
    private mutating func anyElement(
        of list: String, _ condition: (inout FilterCompiler, String) -> SQLCondition
    ) -> SQLCondition {
        let element = parts.name("e")
        let inner = condition(&self, "\(element).value")
        if inner == .never { return .never }
        let place = inner == .always ? "" : " WHERE true\(inner.conjunct)"
        return .sql("EXISTS (SELECT FROM \(Self.rows(of: list)) AS \(element)(value)\(place))")
    }

    /// One row for each element; none for what is no list, which would be an error.
    static func rows(of list: String) -> String {
        "jsonb_array_elements(CASE jsonb_typeof\(list) WHEN 'array' THEN \(list) ELSE '[]' END)"
    }

    /// The `jsonb` object that has the attribute.
    mutating func root(of path: AttributePath) -> String {
        path.extensionURN.map { "(r.attributes -> \(parts.quoted($0)))" } ?? "r.attributes"
    }

    // MARK: Attributes that are not complex

    /// At the end of a path within `scope`.
    private mutating func condition(_ attribute: SchemaAttribute, _ test: Test, in scope: Scope) -> SQLCondition {
        if case .object(let object) = scope { return member(of: object, attribute, test) }
        guard let value = value(of: attribute, in: scope) else { return .never }
        return condition(value, attribute, test)
    }

    private mutating func member(of object: String, _ attribute: SchemaAttribute, _ test: Test) -> SQLCondition {
        let key = parts.quoted(attribute.name)
        guard attribute.multiValued else { return condition(.member(of: object, key: key), attribute, test) }
        return anyElement(of: "(\(object) -> \(key))") { compiler, element in
            compiler.condition(.json(element), attribute, test)
        }
    }

    private mutating func simpleAttribute(_ path: AttributePath, _ test: Test) -> SQLCondition {
        if path.extensionURN == SchemaURN.sync { return syncAttribute(path.attribute, test) }
        if path.extensionURN == nil {
            switch path.attribute.name {
            case "externalId": return externalId(path.attribute, test)
            case "schemas": return schemas(path.attribute, test)
            case "password": return .never
            default:
                if let value = columnValue(path.attribute) { return condition(value, path.attribute, test) }
            }
        }
        return member(of: root(of: path), path.attribute, test)
    }

    /// Of an attribute of the core schema with a column or an index of its own.
    func columnValue(_ attribute: SchemaAttribute) -> StoredValue? {
        switch (type, attribute.name) {
        case (_, "id"): .id("r.id")
        case (.user, "userName") where !attribute.caseExact:
            .name(NamedAttribute(row: "r", name: .userName, isClaimed: true))
        case (_, "displayName") where !attribute.caseExact:
            .name(NamedAttribute(row: "r", name: .displayName, isClaimed: type == .group))
        default: nil
        }
    }

    private mutating func externalId(_ attribute: SchemaAttribute, _ test: Test) -> SQLCondition {
        guard case .comparison(.equal, let literals) = test else {
            return condition(.text(externalId()), attribute, test)
        }
        // An array, because that is looked up by the primary key beside AND and OR alike. Without a collation, because the index has none.
        let values = parts.bind(.textArray(literals.compactMap(\.text)), as: "text[]")
        return .sql(
            """
            r.id = ANY (ARRAY(SELECT e.resource_id FROM external_id e \
            WHERE e.tenant = \(StatementParts.tenant) AND e.client = \(parts.bindClient()) AND e.value = ANY (\(values))))
            """)
    }

    mutating func externalId() -> String {
        "(SELECT e.value FROM external_id e WHERE e.resource_id = r.id AND e.client = \(parts.bindClient()))"
    }

    /// The core schema and each extension that has a value, as in the answer.
    private mutating func schemas(_ attribute: SchemaAttribute, _ test: Test) -> SQLCondition {
        if test.holds(for: .string(type.coreSchema), attribute) { return .always }
        guard case .comparison(.equal, let literals) = test, attribute.caseExact else {
            let key = parts.name("k")
            let condition = condition(.text("\(key).urn"), attribute, test)
            return .sql(
                """
                EXISTS (SELECT FROM jsonb_object_keys(r.attributes) AS \(key)(urn) \
                WHERE starts_with(\(key).urn, 'urn:')\(condition.conjunct))
                """)
        }
        let urns = literals.compactMap(\.text).filter { $0.hasPrefix("urn:") }
        guard !urns.isEmpty else { return .never }
        return .sql("r.attributes ?| \(parts.bind(.textArray(urns), as: "text[]"))")
    }

    // MARK: Within complex attributes

    /// nil: such a value has no such sub-attribute.
    mutating func value(of attribute: SchemaAttribute, in scope: Scope) -> StoredValue? {
        switch (scope, attribute.name) {
        case (.object(let object), _): .member(of: object, key: parts.quoted(attribute.name))

        case (.meta, "resourceType"): .fixed(type.rawValue)
        case (.meta, "created"): .instant("r.created_at")
        case (.meta, "lastModified"): .instant("r.modified_at")
        case (.meta, "location"): .address(type: "'\(type.rawValue)'", id: "r.id")
        case (.meta, "version"): .text("'W/\"' || r.revision || '\"'")

        case (.member(let row), "value"): .id("\(row).member_id")
        case (.member(let row), "type"): .text("\(row).member_type")
        case (.member(let row), "$ref"): .address(type: "\(row).member_type", id: "\(row).member_id")
        case (.member(let row), "display"): .text(Self.memberName(row))

        case (.group(let row, _), "value"): .id("\(row).id")
        case (.group(let row, _), "display") where !attribute.caseExact:
            .name(NamedAttribute(row: row, name: .displayName, isClaimed: true))
        case (.group(let row, _), "$ref"): .address(type: "'\(ResourceType.group.rawValue)'", id: "\(row).id")
        case (.group(_, let isDirect), "type"): .fixed(isDirect ? "direct" : "indirect")

        case (.parkedAttribute(let row), "attribute"): .text("\(row).attribute")
        case (.parkedAttribute(let row), "reason"): .text(SyncColumns.reason(row))
        case (.parkedAttribute(let row), "since"): .instant(SyncColumns.shown("\(row).failed_at"))
        case (.syncError, "status"), (.syncError, "scimType"), (.syncError, "detail"):
            .member(of: SyncColumns.error, key: parts.quoted(attribute.name))

        default: nil
        }
    }
}

extension Filter {
    /// Texts of which a value has to be one in its sub-attribute `value`, in a filter within a value path; nil if the filter does not say so.
    var requiredValues: [Literal]? {
        switch self {
        case .compare(let path, .equal, let literal) where path.attribute.name == "value" && !path.attribute.caseExact:
            [literal]
        case .and(let filters): filters.lazy.compactMap(\.requiredValues).first
        case .or(let filters):
            filters.reduce([Literal]?.some([])) { found, filter in
                guard let found, let values = filter.requiredValues else { return nil }
                return found + values
            }
        case .constant, .present, .compare, .not, .value: nil
        }
    }
}

extension Filter.Literal {
    var text: String? { if case .string(let text) = self { text } else { nil } }
}

extension FilterCompiler.Test {
    /// Whether a value that is known without the database passes.
    func holds(for value: JSONValue, _ attribute: SchemaAttribute) -> Bool {
        let path = AttributePath(attribute: attribute)
        let resource: JSONObject = [attribute.name: value]
        switch self {
        case .present: return true
        case .comparison(let comparison, let literals):
            return literals.contains { Filter.compare(path, comparison, $0).matches(resource) }
        }
    }
}
