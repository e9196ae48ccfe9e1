// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

package import JSON

/// A schema of RFC 7643 section 7.
package final class Schema: Sendable {
    /// The URN.
    package let id: String
    package let name: String
    package let description: String
    package let attributes: [SchemaAttribute]
    let lookup: AttributeLookup

    package init(id: String, name: String, description: String, attributes: [SchemaAttribute]) {
        self.id = id
        self.name = name
        self.description = description
        self.attributes = attributes
        lookup = AttributeLookup(attributes)
    }

    /// An attribute by its name in any case (RFC 7643 section 2.1).
    package func attribute(_ name: String) -> SchemaAttribute? { lookup.attribute(name) }

    /// The representation of RFC 7643 section 7; `baseURL` such as `https://host/scim/v2`.
    package func json(baseURL: String) -> JSONValue {
        [
            "schemas": [.string(SchemaURN.schema)],
            "id": .string(id),
            "name": .string(name),
            "description": .string(description),
            "attributes": .array(attributes.map(\.json)),
            "meta": ["resourceType": "Schema", "location": .string("\(baseURL)/Schemas/\(id)")],
        ]
    }
}

extension String {
    /// Attribute names and URNs are ASCII; anything else has only itself as equal.
    package func equalsIgnoringASCIICase(_ other: String) -> Bool {
        let count = utf8.count
        guard count == other.utf8.count else { return false }
        let equal = utf8.withContiguousStorageIfAvailable { left in
            other.utf8.withContiguousStorageIfAvailable { right in
                for index in 0..<count where left[index] != right[index] {
                    guard Self.lowercased(left[index]) == Self.lowercased(right[index]) else { return false }
                }
                return true
            }
        }
        return (equal ?? nil) ?? zip(utf8, other.utf8).allSatisfy { Self.lowercased($0) == Self.lowercased($1) }
    }

    @inline(__always)
    private static func lowercased(_ byte: UInt8) -> UInt8 {
        byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") ? byte | 0x20 : byte
    }
}
