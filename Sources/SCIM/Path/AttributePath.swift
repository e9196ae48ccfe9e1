// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// An attribute of a resource type, or a sub-attribute of one: a path of RFC 7644 section 3.10 after it was looked up in the schemas.
package struct AttributePath: Hashable, Sendable {
    /// The URN of the extension that has the attribute; nil for the core schema and the common attributes.
    package let extensionURN: String?
    package let attribute: SchemaAttribute
    package let subAttribute: SchemaAttribute?

    package init(extensionURN: String? = nil, attribute: SchemaAttribute, subAttribute: SchemaAttribute? = nil) {
        self.extensionURN = extensionURN
        self.attribute = attribute
        self.subAttribute = subAttribute
    }

    /// The attribute that the path ends at.
    package var leaf: SchemaAttribute { subAttribute ?? attribute }

    /// The path to what is compared or sorted by: of a complex attribute its `value`; nil if it has none.
    package var simple: AttributePath? {
        guard leaf.type == .complex else { return self }
        guard subAttribute == nil, let value = attribute.subAttribute("value") else { return nil }
        return AttributePath(extensionURN: extensionURN, attribute: attribute, subAttribute: value)
    }
}

extension AttributePath: CustomStringConvertible {
    /// In the spelling of the schemas, such as `name.familyName`; attributes of an extension with their URN.
    package var description: String {
        let prefix = extensionURN.map { "\($0):" } ?? ""
        let suffix = subAttribute.map { ".\($0.name)" } ?? ""
        return "\(prefix)\(attribute.name)\(suffix)"
    }
}

/// There is one object for each attribute, so that is what makes two the same.
extension SchemaAttribute: Hashable {
    package static func == (left: SchemaAttribute, right: SchemaAttribute) -> Bool { left === right }

    package func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}
