// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import SCIM

/// What the table says of one resource type, sorted once for the many states that are made with it.
struct TypeMapping: Sendable {
    /// The rules that have a property to write.
    let active: [MappingRule]
    /// The same rules by their attribute, that of a sub-attribute standing for it.
    let byAttribute: [MappedPath: [MappingRule]]
    /// Property → the attribute that it carries, of all rules.
    let attributes: [String: MappedPath]
    /// Properties that active rules write and the directory does not have.
    let disabled: [String]
    /// By the name of the property.
    let syntaxes: [(property: String, syntax: PropertySyntax, attribute: MappedPath)]
    /// How many the active rules write.
    let properties: Int

    init(_ type: ResourceType, _ table: MappingTable, disabled: Set<String>) {
        let rules = table.rules(for: type)
        active = rules.filter { rule in
            rule.shapes.contains { !$0.shape.isReadOnly && !disabled.contains($0.property) }
        }
        byAttribute = Dictionary(grouping: active) { MappedPath($0.attribute.attribute, in: $0.attribute.schema) }
        let written = active.flatMap(\.shapes).filter { !$0.shape.isReadOnly }.map(\.property)
        properties = written.count
        self.disabled = disabled.intersection(written).sorted()
        var attributes: [String: MappedPath] = [:]
        for rule in rules {
            for (property, _) in rule.shapes where attributes[property] == nil {
                attributes[property] = rule.attribute
            }
        }
        self.attributes = attributes
        let carried = Set(written)
        syntaxes = table.syntaxes.sorted { $0.key < $1.key }.compactMap { property, syntax in
            guard carried.contains(property), let attribute = attributes[property] else { return nil }
            return (property, syntax, attribute)
        }
    }
}
