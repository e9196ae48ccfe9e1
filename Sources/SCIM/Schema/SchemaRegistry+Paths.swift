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

    /// Names of attributes whose value is the address of a resource or its id: those of the type, `value` of all, and complex ones with a `$ref`, for
    /// which clients send the bare id.
    package var referenceNames: Set<String> {
        var names: Set<String> = ["value"]
        func collect(_ attributes: [SchemaAttribute]) {
            for attribute in attributes {
                let isReference = attribute.type == .reference && attribute.name != "schemas"
                if isReference || attribute.subAttribute("$ref") != nil { names.insert(attribute.name) }
                collect(attribute.subAttributes)
            }
        }
        for schema in schemas { collect(schema.attributes) }
        return names
    }
}
