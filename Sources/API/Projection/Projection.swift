// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON
internal import SCIM
internal import Storage

/// Which attributes an answer carries: the parameters `attributes` and `excludedAttributes` (RFC 7644 section 3.9).
struct Projection: Sendable {
    /// nil: the default set.
    private let included: AttributeSelection?
    private let excluded: AttributeSelection?
    /// Of all schemas, own ones too; what comes whatever the client asks for.
    private let always: AttributeSelection

    /// Whether the sync status is asked for, which costs a query of its own and changes without a new revision.
    let wantsSync: Bool

    /// Whether the request says which attributes it wants.
    let isChosen: Bool

    /// Everything but the attributes that are returned on request.
    static let `default` = Projection()

    private init() {
        included = nil
        excluded = nil
        always = AttributeSelection([])
        wantsSync = false
        isChosen = false
    }

    /// - Parameters: Attribute paths, or lists of them with commas.
    init(
        _ attributes: [String], excluding excludedAttributes: [String], type: ResourceType, registry: SchemaRegistry
    ) {
        func selection(_ paths: [String]) -> AttributeSelection? {
            let list = paths.joined(separator: ",")
            return list.isEmpty ? nil : AttributeSelection(list, type: type, registry: registry)
        }
        included = selection(attributes)
        var excluded = selection(excludedAttributes)
        wantsSync = included?[SchemaURN.sync] != nil
        isChosen = included != nil || excluded != nil
        if included == nil {
            // The sync status is never there unless it is wanted.
            let onRequest = registry.paths(of: type) { $0.returned == .request }
                .filter { $0.extensionURN != SchemaURN.sync }
            if !onRequest.isEmpty {
                var unrequested = AttributeSelection(onRequest)
                if let excluded { unrequested.formUnion(excluded) }
                excluded = unrequested
            }
        }
        self.excluded = excluded
        always = AttributeSelection(
            included == nil && excluded == nil ? [] : registry.paths(of: type) { $0.returned == .always })
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

    /// Which sub-attributes of a group's members are in the answer.
    var memberParts: MemberParts {
        let name = ResourceType.group.relatedAttribute
        guard keeps(name) else { return [] }
        var parts = included.map { Self.memberParts($0[name]) } ?? .all
        if let excluded = excluded?[name] { parts.subtract(Self.memberParts(excluded)) }
        return parts
    }

    private static func memberParts(_ node: AttributeSelection.Node?) -> MemberParts {
        switch node {
        case nil: return []
        case .whole: return .all
        case .parts(let names):
            let parts: [(String, MemberParts)] = [
                ("value", .value), ("$ref", .reference), ("display", .display), ("type", .type),
            ]
            return MemberParts(parts.filter { names[$0.0] != nil }.map(\.1))
        }
    }

    func apply(to resource: JSONObject) -> JSONObject {
        var kept = JSONObject()
        for (name, value) in resource {
            let always = always[name]
            var value: JSONValue? = value
            if let included {
                let node = AttributeSelection.union(included[name], always)
                value = node.flatMap { node in value.flatMap { Projection.keep(node, of: $0) } }
            }
            if let excluded, let node = excluded[name] {
                value = value.flatMap { Projection.drop(node, except: always, from: $0) }
            }
            if let value { kept[name] = value }
        }
        return kept
    }

    /// nil when nothing is left.
    private static func keep(_ node: AttributeSelection.Node, of value: JSONValue) -> JSONValue? {
        guard case .parts(let parts) = node else { return value }
        return transform(value) { name, value in parts[name].flatMap { keep($0, of: value) } }
    }

    private static func drop(
        _ node: AttributeSelection.Node, except always: AttributeSelection.Node?, from value: JSONValue
    ) -> JSONValue? {
        if always == .whole { return value }
        guard case .parts(let parts) = node else { return always.flatMap { keep($0, of: value) } }
        return transform(value) { name, value in
            guard let node = parts[name] else { return value }
            guard case .parts(let always)? = always else { return drop(node, except: nil, from: value) }
            return drop(node, except: always[name], from: value)
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
