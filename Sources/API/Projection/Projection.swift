// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON
internal import SCIM

/// Which attributes an answer carries: the parameters `attributes` and `excludedAttributes` (RFC 7644 section 3.9).
struct Projection: Sendable {
    /// nil: the default set.
    private let included: AttributeSelection?
    private let excluded: AttributeSelection?
    private let alwaysReturned: Set<String>

    /// Whether the sync status is asked for, which costs a query of its own and changes without a new revision.
    let wantsSync: Bool

    /// Everything but the attributes that are returned on request.
    static let `default` = Projection()

    private init() {
        included = nil
        excluded = nil
        alwaysReturned = []
        wantsSync = false
    }

    init(_ query: QueryParameters, type: ResourceType, registry: SchemaRegistry) {
        func selection(_ name: String) -> AttributeSelection? {
            let list = query.values(of: name).joined(separator: ",")
            return list.isEmpty ? nil : AttributeSelection(list, type: type, registry: registry)
        }
        included = selection("attributes")
        excluded = selection("excludedAttributes")
        wantsSync = included?[SchemaURN.sync] != nil
        alwaysReturned =
            included == nil && excluded == nil
            ? []
            : Set(
                (SchemaRegistry.commonAttributes + registry.coreSchema(for: type).attributes)
                    .filter { $0.returned == .always }.map(\.name))
    }

    /// Whether any part of a top-level attribute is in the answer. Members that are not wanted are not even loaded.
    func keeps(_ name: String) -> Bool {
        if let included, included[name] == nil { return false }
        return excluded?[name] != .whole
    }

    /// Whether an answer without `attribute` needs ``apply(to:)`` at all; false for the common request that only leaves
    /// out a group's members or a user's groups, which are never loaded then.
    func filters(besides attribute: String) -> Bool {
        guard included == nil else { return true }
        guard let excluded else { return false }
        let rest = excluded[attribute] == .whole ? excluded.removing(attribute) : excluded
        return !rest.nodes.isEmpty
    }

    func apply(to resource: JSONObject) -> JSONObject {
        var kept = JSONObject()
        for (name, value) in resource {
            if alwaysReturned.contains(name) {
                kept[name] = value
                continue
            }
            var value: JSONValue? = value
            if let included {
                value = included[name].flatMap { node in value.flatMap { Projection.keep(node, of: $0) } }
            }
            if let excluded, let node = excluded[name] { value = value.flatMap { Projection.drop(node, from: $0) } }
            if let value { kept[name] = value }
        }
        return kept
    }

    /// nil when nothing is left.
    private static func keep(_ node: AttributeSelection.Node, of value: JSONValue) -> JSONValue? {
        guard case .parts(let parts) = node else { return value }
        return transform(value) { name, value in parts[name].flatMap { keep($0, of: value) } }
    }

    private static func drop(_ node: AttributeSelection.Node, from value: JSONValue) -> JSONValue? {
        guard case .parts(let parts) = node else { return nil }
        return transform(value) { name, value in
            guard let node = parts[name] else { return value }
            return drop(node, from: value)
        }
    }

    /// Rebuilds an object, or every object of an array, from the members that `member` keeps.
    private static func transform(_ value: JSONValue, member: (String, JSONValue) -> JSONValue?) -> JSONValue? {
        switch value {
        case .object(let object):
            var kept = JSONObject()
            for (name, value) in object { kept[name] = member(name, value) }
            return kept.isEmpty ? nil : .object(kept)
        case .array(let elements):
            let kept = elements.compactMap { transform($0, member: member) }
            return kept.isEmpty ? nil : .array(kept)
        case .null, .bool, .number, .string:
            return value
        }
    }
}
