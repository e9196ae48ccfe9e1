// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON
internal import SCIM

/// JSON Schemas of users and groups, made of their SCIM schemas: `User` and `Group` as they are answered, `UserInput` and
/// `GroupInput` as clients send them.
struct OpenAPIResourceSchemas: Sendable {
    private enum Direction: Sendable {
        case request, response
    }

    let registry: SchemaRegistry

    var components: [(String, JSONValue)] {
        ResourceType.allCases.flatMap { type in
            [
                (type.rawValue, schema(of: type, .response)),
                ("\(type.rawValue)Input", schema(of: type, .request)),
            ]
        }
    }

    private func schema(of type: ResourceType, _ direction: Direction) -> JSONValue {
        let core = registry.coreSchema(for: type)
        let attributes = SchemaRegistry.commonAttributes + core.attributes
        var json = object(attributes, direction)
        json["description"] = .string(
            direction == .request
                ? "\(core.description), as it is sent. What is readOnly or unknown is ignored."
                : "\(core.description), as it is answered. Attributes that the request did not ask for are missing.")
        var properties = json["properties"]?.objectValue ?? JSONObject()
        for entry in registry.extensions(for: type) {
            var part = object(entry.schema.attributes, direction)
            guard part["properties"]?.objectValue?.isEmpty == false else { continue }
            part["description"] = .string(entry.schema.description)
            properties[entry.schema.id] = .object(part)
        }
        if direction == .request {
            properties["schemas"] = [
                "type": "array", "items": ["type": "string"], "contains": ["const": .string(core.id)],
                "description": .string("URNs, that of the core schema among them"),
            ]
        }
        json["properties"] = .object(properties)
        return .object(json)
    }

    /// - Returns: An object that may have other members, too: SCIM lets services add attributes, and clients ignore them.
    private func object(_ attributes: [SchemaAttribute], _ direction: Direction) -> JSONObject {
        let shown = attributes.filter { isShown($0, direction) }
        var json: JSONObject = ["type": "object"]
        let required = shown.filter { isRequired($0, direction) }
        if !required.isEmpty { json["required"] = .array(required.map { .string($0.name) }) }
        json["properties"] = .object(JSONObject(uniqueMembers: shown.map { ($0.name, value(of: $0, direction)) }))
        return json
    }

    private func isShown(_ attribute: SchemaAttribute, _ direction: Direction) -> Bool {
        switch direction {
        case .request: attribute.mutability != .readOnly
        case .response: attribute.returned != .never
        }
    }

    /// An answer has what is always returned; everything else may be left out by `attributes`.
    private func isRequired(_ attribute: SchemaAttribute, _ direction: Direction) -> Bool {
        switch direction {
        case .request: attribute.required
        case .response: attribute.returned == .always
        }
    }

    private func value(of attribute: SchemaAttribute, _ direction: Direction) -> JSONValue {
        var single = type(of: attribute, direction)
        if attribute.multiValued {
            return [
                "type": "array", "description": .string(attribute.description), "items": .object(single),
                "readOnly": .bool(attribute.mutability == .readOnly),
            ]
        }
        single["description"] = .string(attribute.description)
        if attribute.mutability == .readOnly { single["readOnly"] = true }
        if attribute.mutability == .writeOnly { single["writeOnly"] = true }
        return .object(single)
    }

    private func type(of attribute: SchemaAttribute, _ direction: Direction) -> JSONObject {
        var json: JSONObject
        switch attribute.type {
        case .complex: json = object(attribute.subAttributes, direction)
        case .boolean: json = ["type": "boolean"]
        case .decimal: json = ["type": "number"]
        case .integer: json = ["type": "integer", "format": "int64"]
        case .string: json = ["type": "string"]
        case .binary:
            json = ["type": "string", "contentEncoding": "base64", "pattern": .string(Self.base64)]
        case .dateTime:
            json = ["type": "string"]
            // What a client has written comes back in its own spelling, for which RFC 3339 is too narrow.
            if direction == .request || attribute.mutability == .readOnly { json["format"] = "date-time" }
        case .reference:
            json = ["type": "string"]
            // The service takes more than that, and gives it back.
            if direction == .request { json["format"] = "uri-reference" }
        }
        if !attribute.canonicalValues.isEmpty {
            json["examples"] = .array(attribute.canonicalValues.map { .string($0) })
        }
        return json
    }

    private static let base64 = "^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$"
}
