// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import SCIM

/// A set of attribute paths as a tree: attribute names, or URNs of extensions, in the spelling of the schema.
struct AttributeSelection: Equatable, Sendable {
    indirect enum Node: Equatable, Sendable {
        /// The attribute with all of its sub-attributes.
        case whole
        case parts([String: Node])
    }

    private(set) var nodes: [String: Node] = [:]

    /// Reads a comma-separated list of attribute paths (RFC 7644 section 3.10) for resources of `type`.
    ///
    /// Names and URNs count in any case. What names no attribute of the schemas selects nothing: the RFC has no error
    /// for it.
    init(_ list: String, type: ResourceType, registry: SchemaRegistry) {
        for entry in list.split(separator: ",") {
            let path = entry.filter { $0 != " " }
            for components in AttributeSelection.resolve(path, type: type, registry: registry) { insert(components) }
        }
    }

    /// These paths, as the schemas spell them.
    init(_ paths: [AttributePath]) {
        for path in paths {
            insert([path.extensionURN, path.attribute.name, path.subAttribute?.name].compactMap(\.self))
        }
    }

    subscript(name: String) -> Node? { nodes[name] }

    mutating func formUnion(_ other: AttributeSelection) {
        nodes.merge(other.nodes, uniquingKeysWith: AttributeSelection.union)
    }

    /// This selection without a top-level attribute.
    func removing(_ name: String) -> AttributeSelection {
        var rest = self
        rest.nodes[name] = nil
        return rest
    }

    private mutating func insert(_ components: [String]) {
        guard let last = components.last else { return }
        let leaf = Node.parts([last: .whole])
        let node = components.dropLast().reversed().reduce(leaf) { node, name in .parts([name: node]) }
        guard case .parts(let added) = node else { return }
        nodes.merge(added, uniquingKeysWith: AttributeSelection.union)
    }

    /// What one of them selects, or both.
    static func union(_ left: Node?, _ right: Node?) -> Node? {
        guard let left, let right else { return left ?? right }
        return union(left, right)
    }

    private static func union(_ left: Node, _ right: Node) -> Node {
        switch (left, right) {
        case (.whole, _), (_, .whole): .whole
        case (.parts(let left), .parts(let right)): .parts(left.merging(right, uniquingKeysWith: union))
        }
    }

    /// The canonical components of a path; several paths for the URN of the core schema, which names all of its
    /// attributes.
    private static func resolve(_ path: String, type: ResourceType, registry: SchemaRegistry) -> [[String]] {
        let core = registry.coreSchema(for: type)
        switch below(core.id, path) {
        case .whole: return core.attributes.map { [$0.name] }
        case .path(let rest): return components(rest, attribute: core.attribute)
        case nil: break
        }
        for entry in registry.extensions(for: type) {
            switch below(entry.schema.id, path) {
            case .whole: return [[entry.schema.id]]
            case .path(let rest):
                return components(rest, attribute: entry.schema.attribute).map { [entry.schema.id] + $0 }
            case nil: break
            }
        }
        return components(path) { registry.attribute($0, of: type) }
    }

    private enum BelowURN {
        case whole
        case path(String)
    }

    /// What `path` selects of the schema `urn`, or nil if it does not begin with that URN.
    private static func below(_ urn: String, _ path: String) -> BelowURN? {
        // The paths that matter are ASCII; others have no such prefix anyway.
        guard let head = String(path.utf8.prefix(urn.utf8.count)), head.equalsIgnoringASCIICase(urn) else { return nil }
        guard let rest = String(path.utf8.dropFirst(urn.utf8.count)) else { return nil }
        if rest.isEmpty { return .whole }
        return rest.first == ":" ? .path(String(rest.dropFirst())) : nil
    }

    private static func components(_ path: String, attribute: (String) -> SchemaAttribute?) -> [[String]] {
        let names = path.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard let first = names.first, let attribute = attribute(first) else { return [] }
        switch names.count {
        case 1: return [[attribute.name]]
        case 2: return attribute.subAttribute(names[1]).map { [[attribute.name, $0.name]] } ?? []
        default: return []
        }
    }
}
