// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import SCIM

/// Where the value of an attribute that is not complex is found: SQL that is NULL where there is none.
enum StoredValue {
    /// The member `key`, an SQL text, of a `jsonb` object.
    case member(of: String, key: String)
    /// A `jsonb` value, such as an element of a list.
    case json(String)
    case text(String)
    /// The attribute `name` of a row of `resource`, which has an index on its ``SearchKey``.
    case name(NamedAttribute)
    /// A `uuid`.
    case id(String)
    /// A `timestamptz` that clients see in milliseconds.
    case instant(String)
    case integer(String)
    /// The address of a resource of this service; `type` is SQL that gives the name of its type.
    case address(type: String, id: String)
    /// The same for every resource of a type.
    case fixed(String)

    /// As `jsonb`; nil for what is not stored as such.
    var json: String? {
        switch self {
        case .member(let object, let key): "(\(object) -> \(key))"
        case .json(let value): value
        case .text, .name, .id, .instant, .integer, .address, .fixed: nil
        }
    }
}

/// One of the attributes that resources are called by.
struct NamedAttribute {
    enum Name: String {
        case userName
        case displayName
    }

    /// The alias of the row.
    let row: String
    let name: Name
    /// The value is a ``UniqueClaim`` of the resource.
    let isClaimed: Bool

    /// SQL, within parentheses.
    var text: String { "(\(row).attributes ->> '\(name.rawValue)')" }
}

/// What text is looked up and sorted by: folded unless it is caseExact, by the order of Unicode scalars, and cut off after so many of them that an
/// index can hold it.
enum SearchKey {
    /// As in the SQL function `sort_key`.
    static let length = 256

    static func folded(_ text: String, _ attribute: SchemaAttribute) -> String {
        attribute.caseExact ? text : "folded(\(text))"
    }

    static func key(of text: String, _ attribute: SchemaAttribute) -> String { "sort_key(\(folded(text, attribute)))" }

    /// Whether the key of a text with this beginning, or of this text, tells as much as the text.
    static func isWhole(_ text: String) -> Bool { text.unicodeScalars.count < length }
}
