// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON
internal import SCIM

/// JSON Schemas of the messages of RFC 7644 and of the answers of discovery.
struct OpenAPIMessages: Sendable {
    let limits: RequestLimits

    var components: [(String, JSONValue)] {
        [
            ("UsersList", list(of: openAPIReference("schemas", "User"))),
            ("GroupsList", list(of: openAPIReference("schemas", "Group"))),
            (
                "ResourcesList",
                list(of: ["anyOf": [openAPIReference("schemas", "User"), openAPIReference("schemas", "Group")]])
            ),
            ("SchemasList", list(of: openAPIReference("schemas", "Schema"))),
            ("ResourceTypesList", list(of: openAPIReference("schemas", "ResourceType"))),
            ("SearchRequest", searchRequest),
            ("PatchRequest", patchRequest),
            ("BulkRequest", bulkRequest),
            ("BulkResponse", bulkResponse),
            ("Error", error),
            ("SecurityEvent", securityEvent),
            ("SecurityEvents", securityEvents),
            ("ServiceProviderConfig", serviceProviderConfig),
            ("Schema", schema),
            ("SchemaAttribute", schemaAttribute),
            ("ResourceType", resourceType),
        ]
    }

    // MARK: Requests

    private var searchRequest: JSONValue {
        let strings: JSONValue = ["type": "array", "items": ["type": "string"]]
        return message(
            SchemaURN.searchRequest,
            [
                ("filter", ["type": "string"]), ("sortBy", ["type": "string"]),
                ("sortOrder", ["type": "string", "enum": ["ascending", "descending"]]),
                ("startIndex", ["type": "integer"]), ("count", ["type": "integer"]), ("cursor", ["type": "string"]),
                ("attributes", strings), ("excludedAttributes", strings),
            ])
    }

    private var patchRequest: JSONValue {
        let operation: JSONValue = [
            "type": "object", "required": ["op"],
            "properties": [
                "op": ["type": "string", "enum": .array(PatchOperation.Verb.allCases.map { .string($0.rawValue) })],
                "path": [
                    "type": "string",
                    "description": "An attribute path, with a filter in brackets where values are chosen",
                ],
                "value": ["description": "What the attribute takes; without a path an object of attributes"],
            ],
        ]
        return message(
            SchemaURN.patchOp,
            [("Operations", operations(operation, limit: PatchRequest.maximumOperations))], required: ["Operations"])
    }

    private var bulkRequest: JSONValue {
        let operation: JSONValue = [
            "type": "object", "required": ["method", "path"],
            "properties": [
                "method": ["type": "string", "enum": ["POST", "PUT", "PATCH", "DELETE"]],
                "path": ["type": "string", "description": "Such as /Users, /Users/<id> or /Users/bulkId:<bulkId>"],
                "bulkId": [
                    "type": "string",
                    "description":
                        "Names what a POST creates; `bulkId:<bulkId>` stands for its id everywhere in the request",
                ],
                "version": ["type": "string", "description": "As If-Match"],
                "data": ["type": "object", "description": "As the body of the single request"],
            ],
        ]
        return message(
            SchemaURN.bulkRequest,
            [
                (
                    "failOnErrors",
                    [
                        "type": "integer", "minimum": 1,
                        "description": "After so many errors the rest is left undone; never when it is missing",
                    ]
                ),
                ("Operations", operations(operation, limit: limits.bulkOperations)),
            ], required: ["Operations"])
    }

    private func operations(_ operation: JSONValue, limit: Int) -> JSONValue {
        ["type": "array", "minItems": 1, "maxItems": .number(JSONNumber(Int64(limit))), "items": operation]
    }

    // MARK: Answers

    private func list(of resource: JSONValue) -> JSONValue {
        let count: JSONValue = ["type": "integer", "minimum": 0]
        return message(
            SchemaURN.listResponse,
            [
                ("totalResults", count), ("itemsPerPage", count),
                ("startIndex", ["type": "integer", "minimum": 1, "description": "Of pages by index"]),
                (
                    "nextCursor",
                    [
                        "type": "string",
                        "description": "Of pages by cursor, and of one without `startIndex`; the last one has none",
                    ]
                ),
                ("Resources", ["type": "array", "items": resource]),
            ], required: ["totalResults", "itemsPerPage", "Resources"])
    }

    private var bulkResponse: JSONValue {
        let operation: JSONValue = [
            "type": "object", "required": ["status"],
            "properties": [
                "method": ["type": "string"], "bulkId": ["type": "string"], "location": ["type": "string"],
                "version": ["type": "string"], "status": Self.status, "response": openAPIReference("schemas", "Error"),
            ],
        ]
        return message(
            SchemaURN.bulkResponse, [("Operations", ["type": "array", "items": operation])],
            required: ["Operations"])
    }

    private var error: JSONValue {
        message(
            SchemaURN.error,
            [
                ("status", Self.status),
                (
                    "scimType",
                    ["type": "string", "enum": .array(SCIMError.ScimType.allCases.map { .string($0.rawValue) })]
                ),
                ("detail", ["type": "string", "description": "A sentence for the people who run the client"]),
            ], required: ["status", "detail"])
    }

    /// RFC 9967 section 2.5: what `events` holds is an operation of a bulk response.
    private var securityEvent: JSONValue {
        let text: JSONValue = ["type": "string"]
        return [
            "type": "object", "required": ["iss", "aud", "iat", "jti", "txn", "events"],
            "properties": [
                "iss": text, "aud": text, "iat": ["type": "integer"], "jti": text, "txn": text,
                "sub_id": ["type": "object", "properties": ["format": text, "uri": text]],
                "events": [
                    "type": "object",
                    "properties": [
                        TransactionToken.event: [
                            "type": "object", "required": ["method", "status"],
                            "properties": [
                                "method": text, "status": Self.status, "bulkId": text, "location": text,
                                "version": text, "response": openAPIReference("schemas", "Error"),
                            ],
                        ]
                    ],
                ],
            ],
        ]
    }

    /// RFC 8936 section 2.3.
    private var securityEvents: JSONValue {
        [
            "type": "object", "required": ["sets", "moreAvailable"],
            "properties": [
                "sets": [
                    "type": "object", "description": "By `jti`: claims, or JWTs, as `Accept` wants it",
                    "additionalProperties": [
                        "anyOf": [["type": "string"], openAPIReference("schemas", "SecurityEvent")]
                    ],
                ],
                "moreAvailable": ["type": "boolean"],
            ],
        ]
    }

    // MARK: Parts

    /// A three-digit status, as a string.
    private static let status: JSONValue = ["type": "string", "pattern": "^[2-5][0-9]{2}$"]

    /// An object whose `schemas` has the URN of the message.
    private func message(
        _ urn: String, _ properties: [(String, JSONValue)], required: [String] = []
    ) -> JSONValue {
        let schemas: JSONValue = [
            "type": "array", "items": ["type": "string"], "contains": ["const": .string(urn)],
        ]
        return [
            "type": "object", "required": .array((["schemas"] + required).map { .string($0) }),
            "properties": .object(JSONObject(uniqueMembers: [("schemas", schemas)] + properties)),
        ]
    }
}
