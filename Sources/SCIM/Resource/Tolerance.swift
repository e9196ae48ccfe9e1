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

    /// Scripts send the one schema of a resource or message without a list.
    static func singleSchemaAsList(_ schemas: JSONValue) -> [JSONValue]? {
        guard case .string = schemas else { return nil }
        return [schemas]
    }

    /// Entra ID sends the manager as a bare id: a string where an object with `value` is due is that value.
    static func bareValue(_ value: JSONValue, for attribute: SchemaAttribute) -> JSONObject? {
        guard case .string = value, !attribute.multiValued, attribute.subAttribute("value") != nil else { return nil }
        return ["value": value]
    }

    /// Okta's lists of texts: `"roles": ["admin"]`. `roles` and `entitlements` have no vocabulary and no syntax (RFC 7643
    /// section 4.1.2), so a text can only be the value of one.
    static func bareRole(_ value: JSONValue, for attribute: SchemaAttribute) -> JSONObject? {
        guard case .string = value, attribute.multiValued, ["roles", "entitlements"].contains(attribute.name),
            attribute.subAttribute("value") != nil
        else { return nil }
        return ["value": value]
    }

    /// Entra ID and others send `""` for a manager who is no more, or `{"value": ""}`: the id of nobody.
    static func isEmptyReference(_ value: JSONValue, to attribute: SchemaAttribute) -> Bool {
        guard attribute.isSingleReference else { return false }
        if case .object(let object) = value {
            return object.contains { $0.key.equalsIgnoringASCIICase("value") && $0.value == "" }
        }
        return value == ""
    }

    /// A provider's mapping of a mailbox to an attribute that the user does not have: an element of `emails` with the type,
    /// and `null` for the address.
    static func isAddressOfNobody(_ email: JSONValue) -> Bool {
        guard case .object(let object) = email else { return false }
        func member(_ name: String) -> JSONValue? { object.first { $0.key.equalsIgnoringASCIICase(name) }?.value }
        guard member("value")?.isNull == true, let type = member("type") else { return false }
        return HostedAddress(email: ["type": type]) != nil
    }

    /// Clients that treat every schema alike put the attributes of the core schema under its URN, as those of an extension:
    /// they are those of the resource.
    static func coreAsContainer(_ object: JSONObject, of type: ResourceType) throws(Refusal) -> JSONObject {
        func isContainer(_ key: String) -> Bool { key.equalsIgnoringASCIICase(type.coreSchema) }
        // Anything else there is an attribute that nobody knows.
        guard case .object(let attributes)? = object.first(where: { isContainer($0.key) })?.value else { return object }
        var result = JSONObject()
        var names: Set<String> = []
        var hasContainer = false
        func add(_ key: String, _ value: JSONValue) throws(Refusal) {
            // Which value counts is unknown.
            guard names.insert(key.lowercased()).inserted else { throw Refusal("is given twice", at: key) }
            result[key] = value
        }
        for (key, value) in object {
            guard isContainer(key) else {
                try add(key, value)
                continue
            }
            guard !hasContainer else { throw Refusal("is given twice", at: key) }
            hasContainer = true
        }
        for (key, value) in attributes { try add(key, value) }
        return result
    }

    /// Some name a member by its address alone, `{"$ref": "https://host/scim/v2/Users/<id>"}`: the id is what it ends with.
    static func idInAddress(_ address: String) -> String? {
        guard let last = address.utf8.split(separator: UInt8(ascii: "/")).last else { return nil }
        let id = String(Substring(last))
        return ResourceID(id) == nil ? nil : id
    }

    /// Azure AD named the manager without the URN of its extension in the years before 2019, and Microsoft's description
    /// of the look-up of references has `manager eq "<id>"` to this day.
    static func managerWithoutURN(_ path: String, of type: ResourceType) -> String? {
        guard type == .user, path.equalsIgnoringASCIICase("manager") else { return nil }
        return "\(SchemaURN.enterpriseUser):manager"
    }

    /// `True`, `False` and `NULL` without quotation marks in a filter: the words of JSON as other languages spell them.
    static func keywordInAnyCase(_ word: String) -> JSONValue? {
        if word.equalsIgnoringASCIICase("true") { return true }
        if word.equalsIgnoringASCIICase("false") { return false }
        if word.equalsIgnoringASCIICase("null") { return .null }
        return nil
    }
}

extension SchemaAttribute {
    /// A value that is another resource, by its id and its address: `manager`.
    var isSingleReference: Bool {
        type == .complex && !multiValued && subAttribute("value") != nil && subAttribute("$ref") != nil
    }
}
