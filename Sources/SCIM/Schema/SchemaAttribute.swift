// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

package import JSON

/// One attribute of a schema with the characteristics of RFC 7643 section 7.
///
/// A class, because attributes are looked up for every value of every request, and a copy would count many references.
package final class SchemaAttribute: Sendable {
    /// The data types of RFC 7643 section 2.3.
    package enum Kind: String, CaseIterable, Sendable {
        case string, boolean, decimal, integer, dateTime, reference, binary, complex
    }

    package enum Mutability: String, CaseIterable, Sendable {
        case readOnly, readWrite, immutable, writeOnly
    }

    package enum Returned: String, CaseIterable, Sendable {
        case always, never, `default`, request
    }

    package enum Uniqueness: String, CaseIterable, Sendable {
        case none, server, global
    }

    package let name: String
    package let type: Kind
    package let multiValued: Bool
    package let description: String
    package let required: Bool
    /// Suggestions: RFC 7643 lets clients send others.
    package let canonicalValues: [String]
    package let caseExact: Bool
    package let mutability: Mutability
    package let returned: Returned
    package let uniqueness: Uniqueness
    /// For ``Kind/reference`` only: `User`, `Group`, `external` or `uri`.
    package let referenceTypes: [String]
    /// For ``Kind/complex`` only.
    package let subAttributes: [SchemaAttribute]
    let lookup: AttributeLookup

    package init(
        _ name: String, _ description: String, type: Kind = .string, multiValued: Bool = false, required: Bool = false,
        canonicalValues: [String] = [], caseExact: Bool = false, mutability: Mutability = .readWrite,
        returned: Returned = .default, uniqueness: Uniqueness = .none, referenceTypes: [String] = [],
        subAttributes: [SchemaAttribute] = []
    ) {
        self.name = name
        self.type = type
        self.multiValued = multiValued
        self.description = description
        self.required = required
        self.canonicalValues = canonicalValues
        self.caseExact = caseExact
        self.mutability = mutability
        self.returned = returned
        self.uniqueness = uniqueness
        self.referenceTypes = referenceTypes
        self.subAttributes = subAttributes
        lookup = AttributeLookup(subAttributes)
    }

    /// A sub-attribute by its name in any case (RFC 7643 section 2.1).
    package func subAttribute(_ name: String) -> SchemaAttribute? { lookup.attribute(name) }

    /// The representation of RFC 7643 section 7.
    package var json: JSONValue {
        var json: JSONObject = [
            "name": .string(name), "type": .string(type.rawValue), "multiValued": .bool(multiValued),
            "description": .string(description), "required": .bool(required),
        ]
        if !canonicalValues.isEmpty { json["canonicalValues"] = .array(canonicalValues.map { .string($0) }) }
        switch type {
        case .string, .reference, .binary: json["caseExact"] = .bool(caseExact)
        case .boolean, .decimal, .integer, .dateTime, .complex: break
        }
        json["mutability"] = .string(mutability.rawValue)
        json["returned"] = .string(returned.rawValue)
        json["uniqueness"] = .string(uniqueness.rawValue)
        if type == .reference { json["referenceTypes"] = .array(referenceTypes.map { .string($0) }) }
        if type == .complex { json["subAttributes"] = .array(subAttributes.map(\.json)) }
        return .object(json)
    }
}
