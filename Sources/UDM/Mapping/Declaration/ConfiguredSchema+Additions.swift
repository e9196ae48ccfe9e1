// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

package import SCIM

extension ConfiguredSchema {
    /// What UDM has for a property.
    package enum PropertyKind: Hashable, Sendable {
        case text
        case boolean
        case integer
        case list
    }

    /// The properties that the file needs beyond those that every directory has, in the file's order.
    package func addedProperties(for type: ResourceType) -> [(name: String, kind: PropertyKind)] {
        let standard = Set(MappingTable.standard.rules(for: type).flatMap(\.shapes).map(\.property))
        var added: [(name: String, kind: PropertyKind)] = []
        for rule in table.rules(for: type) {
            for (property, shape) in rule.shapes
            where optionalProperties.contains(property) || !standard.contains(property) {
                added.append((property, rule.propertyKind(isList: shape.isList)))
            }
        }
        if let property = externalID?.properties[type] { added.append((property, .text)) }
        return added
    }

    /// What the file adds, in words; nil without a file, or when it adds nothing.
    package var additions: String? {
        let schemas = registry.schemas.count - SchemaRegistry.standard.schemas.count
        let rules =
            table.users.count + table.groups.count - MappingTable.standard.users.count
            - MappingTable.standard.groups.count
        guard schemas + rules + optionalProperties.count > 0 || externalID != nil else { return nil }
        let client = externalID.map { ", externalId of \($0.client)" } ?? ""
        return
            "\(schemas) schemas, \(rules) mapped attributes, \(optionalProperties.count) optional properties\(client)"
    }
}

extension MappingRule {
    fileprivate func propertyKind(isList: Bool) -> ConfiguredSchema.PropertyKind {
        switch kind {
        case .boolean: .boolean
        case .integer: .integer
        default: isList ? .list : .text
        }
    }
}
