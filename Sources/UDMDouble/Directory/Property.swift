// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON

/// One property of a module: its type on the wire and the rules that one value can be judged by alone.
struct Property: Sendable {
    enum Kind: Sendable {
        case string
        case boolean
        case integer
        case strings
        /// A list of objects which have all of these keys, each with a string.
        case complexes(keys: [String])
        /// An object whose values are strings.
        case dictionary
    }

    enum Syntax: Sendable {
        case any
        case userName
        case groupName
        case phone
        case eMail
        /// An address in a hosted domain; stored in lower case.
        case mailbox
        case country
        case name
        case identifier
        case date
        case base64
        case password
        /// Its lines are one LDAP value, separated by `$`.
        case postalAddress
    }

    /// Where the value comes from when the object is read.
    enum Source: Sendable {
        /// As it was stored.
        case stored
        /// Never readable: passwords and the switches that act on one request only.
        case hidden
        /// Computed from other objects.
        case derived
    }

    let name: String
    let kind: Kind
    var syntax: Syntax = .any
    var source: Source = .stored
    /// Must be given at creation and cannot be emptied.
    var isRequired = false
    /// Can be set at creation only.
    var isImmutable = false
    /// What an unset boolean reads as.
    var isFalseWhenUnset = false
    var maximumLength: Int?

    /// The value as it is stored, null for one that empties the property.
    ///
    /// - Throws: what the server writes behind "has an invalid value: ".
    func normalise(_ value: JSONValue, hosts: (String) -> Bool) throws(InvalidValue) -> JSONValue {
        if value.isNull { return .null }
        switch kind {
        case .string:
            guard case .string(let text) = value else { throw wrongType(value, expected: "string") }
            return text.isEmpty ? .null : try check(text, hosts: hosts).map(JSONValue.string) ?? .null
        case .boolean:
            guard case .bool(let flag) = value else { throw wrongType(value, expected: "boolean") }
            return isFalseWhenUnset && !flag ? .null : value
        case .integer:
            guard value.integerValue != nil else { throw wrongType(value, expected: "integer") }
            return value
        case .strings:
            guard case .array(let elements) = value else { throw wrongType(value, expected: "array") }
            var texts: [JSONValue] = []
            for element in elements {
                guard case .string(let text) = element else { throw wrongType(element, expected: "string") }
                if let text = try check(text, hosts: hosts) { texts.append(.string(text)) }
            }
            return texts.isEmpty ? .null : .array(texts)
        case .complexes(let keys):
            guard case .array(let elements) = value else { throw wrongType(value, expected: "array") }
            for element in elements {
                guard case .object(let object) = element else { throw wrongType(element, expected: "object") }
                guard keys.allSatisfy({ object[$0]?.stringValue != nil }), object.count == keys.count else {
                    throw InvalidValue("Value must have exactly the strings \(keys.joined(separator: ", ")).")
                }
            }
            return elements.isEmpty ? .null : value
        case .dictionary:
            guard case .object(let object) = value else { throw wrongType(value, expected: "object") }
            guard object.values.allSatisfy({ $0.stringValue != nil }) else {
                throw InvalidValue("Value must be of type string.")
            }
            return object.isEmpty ? .null : value
        }
    }

    private func wrongType(_ value: JSONValue, expected: String) -> InvalidValue {
        let actual =
            switch value {
            case .null: "null"
            case .bool: "boolean"
            case .number: "integer"
            case .string: "string"
            case .array: "array"
            case .object: "object"
            }
        return InvalidValue("Value must be of type \(expected) not \(actual).")
    }
}

/// Why a value was refused, in the server's words.
struct InvalidValue: Error {
    let details: String

    init(_ details: String) { self.details = details }
}
