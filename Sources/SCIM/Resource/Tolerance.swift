// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON

/// Spellings outside the RFC that real clients send and that have only one sensible meaning.
enum Tolerance {
    /// Entra ID and others send `"True"` and `"False"` for Boolean attributes.
    static func booleanAsString(_ value: JSONValue) -> Bool? {
        guard case .string(let text) = value else { return nil }
        if text.equalsIgnoringASCIICase("true") { return true }
        if text.equalsIgnoringASCIICase("false") { return false }
        return nil
    }

    /// One object where a list of objects is due is a list of one.
    static func singleObjectAsList(_ value: JSONValue, for attribute: SchemaAttribute) -> [JSONValue]? {
        guard case .object = value, attribute.multiValued, attribute.type == .complex else { return nil }
        return [value]
    }

    /// Entra ID sends the manager as a bare id: a string where an object with `value` is due is that value.
    static func bareValue(_ value: JSONValue, for attribute: SchemaAttribute) -> JSONObject? {
        guard case .string = value, !attribute.multiValued, attribute.subAttribute("value") != nil else { return nil }
        return ["value": value]
    }

    /// `True`, `False` and `NULL` without quotation marks in a filter: the words of JSON as other languages spell them.
    static func keywordInAnyCase(_ word: String) -> JSONValue? {
        if word.equalsIgnoringASCIICase("true") { return true }
        if word.equalsIgnoringASCIICase("false") { return false }
        if word.equalsIgnoringASCIICase("null") { return .null }
        return nil
    }
}
