// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON

/// Spellings of a PATCH outside the RFC that real clients send and that have only one sensible meaning; those of values
/// in general are in ``Tolerance``. `docs/idp/tolerances.md` lists both.
enum PatchTolerance {
    // MARK: The message

    /// Entra ID sends `Add`, `Replace` and `Remove`.
    static func verbInAnyCase(_ value: JSONValue) -> PatchOperation.Verb? {
        guard case .string(let name) = value else { return nil }
        return PatchOperation.Verb.allCases.first { $0.rawValue.equalsIgnoringASCIICase(name) }
    }

    /// Scripts send one operation where a list of operations is due.
    static func singleOperationAsList(_ value: JSONValue) -> [JSONValue]? {
        guard case .object = value else { return nil }
        return [value]
    }

    // MARK: Paths

    /// Entra ID's attribute lists let an administrator write a dot where the colon behind the URN is due, and then it
    /// sends `urn:…:enterprise:2.0:User.manager`. No name of a schema goes on after the URN with a dot.
    static func dotAfterURN(_ path: String, of type: ResourceType, _ registry: SchemaRegistry) -> String? {
        for entry in registry.extensions(for: type) {
            let urn = entry.schema.id
            guard path.utf8.dropFirst(urn.utf8.count).first == UInt8(ascii: "."),
                String(decoding: path.utf8.prefix(urn.utf8.count), as: UTF8.self).equalsIgnoringASCIICase(urn)
            else { continue }
            return "\(urn):\(String(decoding: path.utf8.dropFirst(urn.utf8.count + 1), as: UTF8.self))"
        }
        return nil
    }

    /// The SCIM 2 SDK of UnboundID and Ping ends the path to all of a schema with the colon that goes before an attribute:
    /// `urn:…:enterprise:2.0:User:`.
    static func colonAfterURN(_ path: String, of type: ResourceType, _ registry: SchemaRegistry) -> String? {
        guard path.utf8.last == UInt8(ascii: ":") else { return nil }
        let urn = String(path.dropLast())
        return registry.extensions(for: type).map(\.schema.id).first { $0.equalsIgnoringASCIICase(urn) }
    }

    /// The URN of the core schema as a path: the resource itself, as if there were none. See ``Tolerance/coreAsContainer(_:of:)``.
    static func isCoreAlone(_ path: String, of type: ResourceType) -> Bool {
        let urn = path.utf8.last == UInt8(ascii: ":") ? String(path.dropLast()) : path
        return urn.equalsIgnoringASCIICase(type.coreSchema)
    }

    /// Entra ID writes paths as keys of a value without path: `name.givenName`, `<URN>:employeeNumber`,
    /// `emails[type eq "work"].value`. No attribute has a dot, a colon or a bracket in its name.
    static func isPathAsKey(_ key: String) -> Bool {
        key.utf8.contains { $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: "[") }
    }

    /// Okta and others send attributes back that they have read, such as `id`, `meta` and `groups`, beside those that
    /// they change: in a value that names other attributes too, what is readOnly is ignored as in a PUT. An operation
    /// that names nothing else asks for what cannot be.
    static func isIgnoredBesideOthers(_ path: AttributePath) -> Bool {
        path.attribute.mutability == .readOnly || path.leaf.mutability == .readOnly
    }

    // MARK: Values

    /// SCIM for Keycloak sends a group that it brings into line as a text that is JSON, without a path:
    /// `"value": "{\"displayName\": \"Staff\"}"`. A text cannot be a resource otherwise.
    static func objectAsText(_ value: JSONValue, of type: ResourceType) -> JSONObject? {
        guard type == .group, case .string(let text) = value, text.utf8.first == UInt8(ascii: "{") else { return nil }
        // Attributes of one resource; as strict as a body.
        return try? JSONValue(parsing: Array(text.utf8), limits: JSONLimits(maximumBytes: 64 << 10)).objectValue
    }

    /// SCIM-SDK, which SCIM for Keycloak and other clients are built with, has made a list of every value until 1.34, of
    /// the attributes of a resource too: `"value": [{"displayName": "Staff"}]` without a path. A list of one is that one, if
    /// it names an attribute: `[{"value": "<id>"}]` may be meant for members.
    static func singleResourceInList(
        _ value: JSONValue, of type: ResourceType, _ registry: SchemaRegistry
    ) -> JSONObject? {
        guard case .array(let list) = value, list.count == 1, case .object(let object) = list[0],
            object.contains(where: { registry.attribute($0.key, of: type) != nil })
        else { return nil }
        return object
    }

    /// The first SCIM client of Azure AD wrapped every value: `[{"$ref": null, "value": "False"}]` for `active`, and a
    /// list of one manager. SCIM-SDK has sent `[false]`.
    static func wrappedSingleValue(_ value: JSONValue, of attribute: SchemaAttribute) -> JSONValue? {
        guard !attribute.multiValued, case .array(let list) = value, list.count == 1 else { return nil }
        switch list[0] {
        case .object: return attribute.type == .complex ? list[0] : onlyValue(of: list[0])
        case .bool, .number, .string: return list[0]
        case .null, .array: return nil
        }
    }

    /// Entra ID wraps each value of a list without sub-attributes, which extensions have: `[{"value": "a"}, {"value": "b"}]`.
    static func wrappedValues(_ value: JSONValue, of attribute: SchemaAttribute) -> JSONValue? {
        guard attribute.multiValued, attribute.type != .complex, case .array(let list) = value, !list.isEmpty else {
            return nil
        }
        let values = list.compactMap(onlyValue)
        return values.count == list.count ? .array(values) : nil
    }

    /// What an object says that has a `value` and nothing else.
    private static func onlyValue(of element: JSONValue) -> JSONValue? {
        guard case .object(let object) = element else { return nil }
        let given = object.filter { !$0.value.isNull }
        guard given.count == 1, given[0].key.equalsIgnoringASCIICase("value") else { return nil }
        return given[0].value
    }

    /// See ``Tolerance/isAddressOfNobody(_:)``.
    static func withoutAddressesOfNobody(_ emails: JSONValue) -> JSONValue {
        guard case .array(let list) = emails, list.contains(where: Tolerance.isAddressOfNobody) else { return emails }
        return .array(list.filter { !Tolerance.isAddressOfNobody($0) })
    }

    /// A value of a list without sub-attributes may stand alone: RFC 7644 section 3.5.2.1 speaks of "a quoted value".
    static func singleValueAsList(_ value: JSONValue, for attribute: SchemaAttribute) -> JSONValue? {
        switch value {
        case .bool, .number, .string: attribute.type == .complex ? nil : .array([value])
        case .null, .array, .object: nil
        }
    }

    /// Microsoft's collection of test requests names members by their bare ids: `"value": "<id>"`.
    static func bareMemberIDs(_ value: JSONValue) -> JSONValue {
        let asObject = { (value: JSONValue) in value.stringValue == nil ? value : ["value": value] }
        guard case .array(let list) = value else { return asObject(value) }
        return .array(list.map(asObject))
    }
}
