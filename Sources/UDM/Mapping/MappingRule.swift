// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// One line of the mapping: a SCIM attribute, and the UDM properties that carry it.
package struct MappingRule: Hashable, Sendable {
    /// How values cross. The strings are names of UDM properties.
    package enum Kind: Hashable, Sendable {
        /// One string.
        case string(String)
        /// A boolean, turned round when `inverted`; `missing` is what SCIM means when it has no value, `nil`: nothing.
        case boolean(String, inverted: Bool, missing: Bool?)
        /// One integer.
        case integer(String)
        /// One integer or decimal number, as text in UDM, which has no property for fractions.
        case numberText(String)
        /// A list of strings.
        case strings(String)
        /// One string in SCIM, the first element of a list in UDM whose others belong to somebody else.
        case firstOf(String)
        /// The login name, through the rule for names that UDM cannot take.
        case userName(String)
        /// One string, made of `name.givenName` and `name.familyName` when SCIM has none.
        case displayName(String)
        /// E-mail addresses by `type`: the first `mailbox`, every `alias`, and all others.
        case emails(primary: String, aliases: String, others: String)
        /// The `value`s of a complex attribute, a list per `type`; other types stay behind. `scheme` is a URI
        /// scheme (`tel:`) that SCIM has in front of a value and UDM refuses.
        case valuesByType([TypedProperty], scheme: String? = nil)
        /// Postal addresses: the first of type `work`, and all others.
        case addresses(work: WorkAddressProperties, others: String)
        /// The `value` of the primary element, otherwise of the first.
        case firstValue(String)
        /// A whole value of any type, as JSON text.
        case json(String)
        /// The elements of a complex attribute whose `type` is none of these, as the JSON text of an array.
        case otherTypesJSON(String, than: Set<String>)
    }

    /// The list that holds the values of one `type`.
    package struct TypedProperty: Hashable, Sendable {
        package var type: String
        package var property: String
        /// Read from UDM, never written.
        package var isReadOnly: Bool

        package init(_ type: String, _ property: String, isReadOnly: Bool = false) {
            self.type = type
            self.property = property
            self.isReadOnly = isReadOnly
        }
    }

    /// The properties of the one structured address a UDM user has.
    package struct WorkAddressProperties: Hashable, Sendable {
        package var streetAddress: String
        package var locality: String
        package var postalCode: String
        package var country: String
        package var region: String

        package init(streetAddress: String, locality: String, postalCode: String, country: String, region: String) {
            self.streetAddress = streetAddress
            self.locality = locality
            self.postalCode = postalCode
            self.country = country
            self.region = region
        }

        /// In the order of SCIM's sub-attributes.
        var pairs: [(subAttribute: String, property: String)] {
            [
                ("streetAddress", streetAddress), ("locality", locality), ("region", region),
                ("postalCode", postalCode),
                ("country", country),
            ]
        }
    }

    package var attribute: MappedPath
    package var kind: Kind

    package init(_ attribute: MappedPath, _ kind: Kind) {
        self.attribute = attribute
        self.kind = kind
    }
}

/// What the comparison of two states must know of a property.
struct PropertyShape: Hashable, Sendable {
    var isList = false
    var comparison = ValueComparison.exact
    var placement = ListDelta.Placement.end
    var isReadOnly = false
}

/// When two values of a property are the same.
package enum ValueComparison: Hashable, Sendable {
    case exact
    /// E-mail addresses: UDM keeps them in lower case.
    case caseInsensitive
    /// Telephone numbers: blanks and hyphens mean nothing to LDAP, nor does case (RFC 4517 section 4.2.29).
    case telephone
}

extension MappingRule {
    /// Every property of the rule.
    var shapes: [(property: String, shape: PropertyShape)] {
        switch kind {
        case .string(let property), .userName(let property), .displayName(let property), .firstValue(let property),
            .integer(let property), .numberText(let property), .json(let property),
            .otherTypesJSON(let property, than: _):
            [(property, PropertyShape())]
        case .boolean(let property, inverted: _, missing: _): [(property, PropertyShape())]
        case .strings(let property): [(property, PropertyShape(isList: true))]
        case .firstOf(let property): [(property, PropertyShape(isList: true, placement: .start))]
        case .emails(let primary, let aliases, let others):
            [
                (primary, PropertyShape(comparison: .caseInsensitive)),
                (aliases, PropertyShape(isList: true, comparison: .caseInsensitive)),
                (others, PropertyShape(isList: true, comparison: .caseInsensitive)),
            ]
        case .valuesByType(let types, scheme: _):
            types.map { ($0.property, PropertyShape(isList: true, isReadOnly: $0.isReadOnly)) }
        case .addresses(let work, let others):
            work.pairs.map { ($0.property, PropertyShape()) } + [(others, PropertyShape(isList: true))]
        }
    }
}
