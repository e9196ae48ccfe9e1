// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON
internal import SCIM

extension OpenAPIMessages {
    /// RFC 7643 section 5, RFC 9865 section 4, RFC 9967 section 4.
    var serviceProviderConfig: JSONValue {
        let supported: JSONValue = feature([])
        return [
            "type": "object",
            "required": [
                "schemas", "patch", "bulk", "filter", "changePassword", "sort", "etag", "authenticationSchemes", "meta",
            ],
            "properties": [
                "schemas": Self.strings, "documentationUri": Self.text, "patch": supported,
                "bulk": feature([("maxOperations", Self.count), ("maxPayloadSize", Self.count)]),
                "filter": feature([("maxResults", Self.count)]),
                "changePassword": supported, "sort": supported, "etag": supported,
                "pagination": [
                    "type": "object", "required": ["cursor", "index"],
                    "properties": [
                        "cursor": Self.flag, "index": Self.flag, "defaultPaginationMethod": Self.text,
                        "defaultPageSize": Self.count, "maxPageSize": Self.count, "cursorTimeout": Self.count,
                    ],
                ],
                "securityEvents": [
                    "type": "object", "properties": ["asyncRequest": Self.text, "eventUris": Self.strings],
                ],
                "authenticationSchemes": [
                    "type": "array",
                    "items": [
                        "type": "object", "required": ["type", "name", "description"],
                        "properties": [
                            "type": Self.text, "name": Self.text, "description": Self.text, "specUri": Self.text,
                            "documentationUri": Self.text, "primary": Self.flag,
                        ],
                    ],
                ],
                "meta": Self.meta,
            ],
        ]
    }

    /// RFC 7643 section 7.
    var schema: JSONValue {
        [
            "type": "object", "required": ["schemas", "id", "name", "attributes"],
            "properties": [
                "schemas": Self.strings, "id": Self.text, "name": Self.text, "description": Self.text,
                "attributes": ["type": "array", "items": openAPIReference("schemas", "SchemaAttribute")],
                "meta": Self.meta,
            ],
        ]
    }

    var schemaAttribute: JSONValue {
        func word(_ values: [String]) -> JSONValue {
            ["type": "string", "enum": .array(values.map { .string($0) })]
        }
        return [
            "type": "object",
            "required": ["name", "type", "multiValued", "required", "mutability", "returned", "uniqueness"],
            "properties": [
                "name": Self.text, "type": word(SchemaAttribute.Kind.allCases.map(\.rawValue)),
                "multiValued": Self.flag, "description": Self.text, "required": Self.flag,
                "canonicalValues": Self.strings, "caseExact": Self.flag,
                "mutability": word(SchemaAttribute.Mutability.allCases.map(\.rawValue)),
                "returned": word(SchemaAttribute.Returned.allCases.map(\.rawValue)),
                "uniqueness": word(SchemaAttribute.Uniqueness.allCases.map(\.rawValue)),
                "referenceTypes": Self.strings,
                "subAttributes": ["type": "array", "items": openAPIReference("schemas", "SchemaAttribute")],
            ],
        ]
    }

    /// RFC 7643 section 6.
    var resourceType: JSONValue {
        [
            "type": "object", "required": ["schemas", "id", "name", "endpoint", "schema"],
            "properties": [
                "schemas": Self.strings, "id": Self.text, "name": Self.text, "endpoint": Self.text,
                "description": Self.text, "schema": Self.text,
                "schemaExtensions": [
                    "type": "array",
                    "items": [
                        "type": "object", "required": ["schema", "required"],
                        "properties": ["schema": Self.text, "required": Self.flag],
                    ],
                ],
                "meta": Self.meta,
            ],
        ]
    }

    // MARK: Parts

    private static let text: JSONValue = ["type": "string"]
    private static let flag: JSONValue = ["type": "boolean"]
    private static let count: JSONValue = ["type": "integer", "minimum": 0]
    private static let strings: JSONValue = ["type": "array", "items": ["type": "string"]]
    private static let meta: JSONValue = [
        "type": "object", "required": ["resourceType", "location"],
        "properties": ["resourceType": text, "location": text],
    ]

    private func feature(_ properties: [(String, JSONValue)]) -> JSONValue {
        let names = ["supported"] + properties.map(\.0)
        return [
            "type": "object", "required": .array(names.map { .string($0) }),
            "properties": .object(JSONObject(uniqueMembers: [("supported", Self.flag)] + properties)),
        ]
    }
}
