// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

package import JSON

extension SchemaRegistry {
    /// The attributes and sub-attributes that a resource type has, common ones first, those that meet a condition.
    package func paths(of type: ResourceType, where condition: (SchemaAttribute) -> Bool) -> [AttributePath] {
        var paths: [AttributePath] = []
        func collect(_ attributes: [SchemaAttribute], in extensionURN: String? = nil) {
            for attribute in attributes {
                if condition(attribute) {
                    paths.append(AttributePath(extensionURN: extensionURN, attribute: attribute))
                }
                for subAttribute in attribute.subAttributes where condition(subAttribute) {
                    paths.append(
                        AttributePath(extensionURN: extensionURN, attribute: attribute, subAttribute: subAttribute))
                }
            }
        }
        collect(Self.commonAttributes + coreSchema(for: type).attributes)
        for entry in extensions(for: type) { collect(entry.schema.attributes, in: entry.schema.id) }
        return paths
    }
}
