// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON

/// Reads values against the attributes of a schema: names in any case become those of the schema, what is readOnly or
/// unknown is left out, null and empty lists count as not given (RFC 7643 section 2.5).
enum AttributeReader {
    /// A value of a multi-valued attribute and where it stood in the client's list.
    struct Element {
        let index: Int
        var value: JSONValue
    }

    /// - Returns: The attributes that have a value.
    static func attributes(of object: JSONObject, _ lookup: AttributeLookup) throws(Refusal) -> JSONObject {
        var result = JSONObject()
        result.reserveCapacity(object.count)
        for (key, value) in object {
            guard let attribute = lookup.attribute(key) else { continue }
            try checkGivenOnce(key, attribute.name, in: object)
            guard attribute.mutability != .readOnly else { continue }
            do throws(Refusal) {
                if let value = try self.value(value, of: attribute) {
                    result.append(uniqueKey: attribute.name, value)
                }
            } catch {
                throw error.within(attribute: attribute.name)
            }
        }
        try checkRequired(lookup, in: result)
        return result
    }

    /// JSON compares names exactly and SCIM does not: two spellings of one name leave open which value counts.
    static func checkGivenOnce(_ key: String, _ name: String, in object: JSONObject) throws(Refusal) {
        // Two members cannot both have the name as the schema spells it.
        guard key != name else { return }
        guard !object.contains(where: { $0.key != key && $0.key.equalsIgnoringASCIICase(name) }) else {
            throw Refusal("is given twice", at: name)
        }
    }

    static func checkRequired(_ lookup: AttributeLookup, in object: JSONObject) throws(Refusal) {
        for attribute in lookup.required where !object.contains(attribute.name) {
            throw Refusal("is required", at: attribute.name)
        }
    }

    /// - Returns: nil when the value is as good as not given.
    static func value(_ value: JSONValue, of attribute: SchemaAttribute) throws(Refusal) -> JSONValue? {
        if value.isNull { return nil }
        guard attribute.multiValued else { return try singleValue(value, of: attribute) }
        let elements = try elements(of: value, attribute)
        return elements.isEmpty ? nil : .array(elements.map(\.value))
    }

    /// The values of a multi-valued attribute, each once.
    static func elements(of value: JSONValue, _ attribute: SchemaAttribute) throws(Refusal) -> [Element] {
        guard let list = value.arrayValue ?? Tolerance.singleObjectAsList(value, for: attribute) else {
            throw Refusal("must be an array")
        }
        var elements: [Element] = []
        elements.reserveCapacity(list.count)
        var distinct = DistinctValues()
        for (index, value) in list.enumerated() {
            do throws(Refusal) {
                guard let value = try singleValue(value, of: attribute) else { continue }
                guard list.count == 1 || distinct.insert(value) else { continue }
                elements.append(Element(index: index, value: value))
            } catch {
                throw error.within(element: index)
            }
        }
        try checkPrimary(elements)
        return elements
    }

    private static func checkPrimary(_ elements: [Element]) throws(Refusal) {
        var isKnown = false
        for element in elements where element.value["primary"]?.boolValue == true {
            guard !isKnown else { throw Refusal("is true for more than one value", at: "[\(element.index)].primary") }
            isKnown = true
        }
    }

    /// One value, or one element of a list; nil for an object without content.
    private static func singleValue(
        _ value: JSONValue, of attribute: SchemaAttribute
    ) throws(Refusal) -> JSONValue? {
        switch attribute.type {
        case .complex:
            guard
                let object = value.objectValue ?? Tolerance.bareValue(value, for: attribute)
                    ?? Tolerance.bareRole(value, for: attribute)
            else { throw Refusal("must be an object") }
            guard !Tolerance.isEmptyReference(value, to: attribute) else { return nil }
            guard object.contains(where: { !$0.value.isNull }) else { return nil }
            let read = try attributes(of: object, attribute.lookup)
            return read.isEmpty ? nil : .object(read)
        case .boolean:
            guard let bool = value.boolValue ?? Tolerance.booleanAsString(value) else {
                throw Refusal("must be a Boolean")
            }
            return .bool(bool)
        case .integer:
            guard value.integerValue != nil else { throw Refusal("must be an integer") }
            return value
        case .decimal:
            guard let number = value.numberValue else { throw Refusal("must be a number") }
            guard isStorable(number) else { throw Refusal("must be a number within the range of a double") }
            return value
        case .string, .dateTime, .reference, .binary:
            let text = try text(value)
            try checkFormat(of: text, attribute)
            return value
        }
    }

    /// JSON has numbers that neither PostgreSQL's `numeric` nor anybody's double can hold, such as `1e999999`.
    private static func isStorable(_ number: JSONNumber) -> Bool {
        if number.int64 != nil { return true }
        let literal = number.literal
        guard literal.utf8.count <= longestNumber, number.double.isFinite else { return false }
        // What is so small that only its exponent keeps it from zero.
        let mantissa = literal.utf8.prefix { $0 != UInt8(ascii: "e") && $0 != UInt8(ascii: "E") }
        let isZero = mantissa.allSatisfy { !(UInt8(ascii: "1")...UInt8(ascii: "9") ~= $0) }
        guard !isZero else { return mantissa.count == literal.utf8.count }
        return number.double.magnitude >= Double.leastNormalMagnitude
    }

    /// Digits that a double tells apart, and room for those it does not.
    private static let longestNumber = 64

    /// Any string without U+0000, which PostgreSQL cannot store in `jsonb` and `text`.
    static func text(_ value: JSONValue) throws(Refusal) -> String {
        guard case .string(let text) = value else { throw Refusal("must be a string") }
        guard !text.utf8.contains(0) else { throw Refusal("must not contain U+0000") }
        return text
    }

    private static func checkFormat(of text: String, _ attribute: SchemaAttribute) throws(Refusal) {
        if attribute.required, text.isBlank {
            throw Refusal("must not be blank")
        }
        switch attribute.type {
        case .dateTime:
            guard Timestamp(iso8601: text) != nil else {
                throw Refusal("must be a date and time such as 2026-11-21T09:15:29Z")
            }
        case .reference:
            guard isReference(text) else { throw Refusal("must be a URI") }
        case .binary:
            guard isBase64(text) else { throw Refusal("must be base64") }
        case .string, .boolean, .decimal, .integer, .complex:
            break
        }
    }

    /// Absolute or relative (RFC 7643 section 2.3.7); characters beyond ASCII are let through, as in an IRI.
    private static func isReference(_ text: String) -> Bool {
        text.unicodeScalars.allSatisfy { scalar in
            switch scalar {
            case "\0"..."\u{20}", "\u{7F}", "<", ">", "\"", "\\", "^", "`", "{", "|", "}": false
            default: scalar.isASCII || !scalar.properties.isWhitespace
            }
        }
    }

    /// RFC 4648 section 4, with padding and without line breaks (RFC 7643 section 2.3.6).
    private static func isBase64(_ text: String) -> Bool {
        let count = text.utf8.count
        guard count % 4 == 0 else { return false }
        var padding = 0
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "="): padding += 1
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "/"):
                guard padding == 0 else { return false }
            default: return false
            }
        }
        return padding <= 2
    }
}

/// Short lists, which are the rule, are compared one by one, because hashing their values costs more.
private struct DistinctValues {
    private static let comparedOneByOne = 8

    private var few: [JSONValue] = []
    private var many: Set<JSONValue> = []

    /// - Returns: Whether the value is new.
    mutating func insert(_ value: JSONValue) -> Bool {
        guard many.isEmpty else { return many.insert(value).inserted }
        guard !few.contains(value) else { return false }
        few.append(value)
        if few.count > Self.comparedOneByOne { many = Set(few) }
        return true
    }
}

extension String {
    /// Empty or white space only.
    var isBlank: Bool { unicodeScalars.allSatisfy { $0.isASCII ? $0.value <= 0x20 : $0.properties.isWhitespace } }
}
