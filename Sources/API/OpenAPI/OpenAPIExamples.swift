// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON
internal import SCIM

/// Bodies to begin with. Each of them is taken by a service without settings of its own.
enum OpenAPIExamples {
    static func resources(of type: ResourceType) -> [(name: String, value: JSONValue)] {
        switch type {
        case .user: [("person", user)]
        case .group: [("empty", group)]
        }
    }

    static func patches(of type: ResourceType) -> [(name: String, value: JSONValue)] {
        switch type {
        case .user:
            [
                ("deactivate", patch([["op": "replace", "path": "active", "value": false]])),
                (
                    "changeWorkAddress",
                    patch([
                        [
                            "op": "add", "path": "emails[type eq \"work\"].value",
                            "value": "jo.roe@example.org",
                        ],
                        ["op": "replace", "path": "name.familyName", "value": "Roe-Doe"],
                    ])
                ),
            ]
        case .group:
            [
                ("rename", patch([["op": "replace", "path": "displayName", "value": "Sales and Service"]])),
                ("removeAllMembers", patch([["op": "remove", "path": "members"]])),
            ]
        }
    }

    static let search: JSONValue = [
        "schemas": [.string(SchemaURN.searchRequest)],
        "filter": "meta.lastModified gt \"2026-01-01T00:00:00Z\"", "sortBy": "meta.lastModified",
        "attributes": ["displayName"], "count": 10,
    ]

    static let bulk: JSONValue = [
        "schemas": [.string(SchemaURN.bulkRequest)],
        "Operations": [
            ["method": "POST", "path": "/Users", "bulkId": "jo", "data": user],
            [
                "method": "POST", "path": "/Groups", "bulkId": "sales",
                "data": [
                    "schemas": [.string(SchemaURN.group)], "displayName": "Sales",
                    "members": [["value": "bulkId:jo"]],
                ],
            ],
        ],
    ]

    private static let user: JSONValue = [
        "schemas": [.string(SchemaURN.user), .string(SchemaURN.enterpriseUser)],
        "userName": "jroe", "name": ["givenName": "Jo", "familyName": "Roe"], "externalId": "hr-4711",
        "emails": [["value": "jo@example.org", "type": "work", "primary": true]], "active": true,
        SchemaURN.enterpriseUser: ["department": "Sales"],
    ]

    private static let group: JSONValue = [
        "schemas": [.string(SchemaURN.group)], "displayName": "Sales", "members": [],
    ]

    private static func patch(_ operations: [JSONValue]) -> JSONValue {
        ["schemas": [.string(SchemaURN.patchOp)], "Operations": .array(operations)]
    }
}
