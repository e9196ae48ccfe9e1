// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON

/// Where a SCIM attribute is in a resource: `userName`, `name.givenName`, `urn:…:enterprise:2.0:User:department`.
package struct MappedPath: Hashable, Sendable {
    /// URN of the extension; `nil` for the core schema.
    package var schema: String?
    package var attribute: String
    package var subAttribute: String?

    package init(_ attribute: String, _ subAttribute: String? = nil, in schema: String? = nil) {
        self.schema = schema
        self.attribute = attribute
        self.subAttribute = subAttribute
    }

    /// Reads a path as RFC 7644 section 3.10 writes it, without filters; `nil` when a part is empty.
    ///
    /// Of a URN everything before the last colon is the schema, since URNs have dots themselves.
    package init?(parsing text: String) {
        var rest = text[...]
        if text.lowercased().hasPrefix("urn:") {
            guard let colon = text.lastIndex(of: ":") else { return nil }
            schema = String(text[..<colon])
            rest = text[text.index(after: colon)...]
        }
        let parts = rest.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count <= 2, parts.allSatisfy({ !$0.isEmpty }), let first = parts.first else { return nil }
        attribute = String(first)
        subAttribute = parts.count == 2 ? String(parts[1]) : nil
    }

    /// The value in `attributes`, whose names have the schema's spelling; `nil` when there is none or it is null.
    func value(in attributes: JSONObject) -> JSONValue? {
        let container = schema.map { attributes[$0]?.objectValue } ?? attributes
        guard let value = container?[attribute] else { return nil }
        guard let found = subAttribute.map({ value[$0] }) ?? value, !found.isNull else { return nil }
        return found
    }

    /// Puts `value` into `attributes`, making the objects on the way.
    func set(_ value: JSONValue, in attributes: inout JSONObject) {
        guard let schema else {
            set(value, inContainer: &attributes)
            return
        }
        var container = attributes[schema]?.objectValue ?? JSONObject()
        set(value, inContainer: &container)
        attributes[schema] = .object(container)
    }

    private func set(_ value: JSONValue, inContainer container: inout JSONObject) {
        guard let subAttribute else {
            container[attribute] = value
            return
        }
        var complex = container[attribute]?.objectValue ?? JSONObject()
        complex[subAttribute] = value
        container[attribute] = .object(complex)
    }
}

extension MappedPath: CustomStringConvertible {
    package var description: String {
        let path = subAttribute.map { "\(attribute).\($0)" } ?? attribute
        return schema.map { "\($0):\(path)" } ?? path
    }
}
