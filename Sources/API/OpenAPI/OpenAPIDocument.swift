// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON
internal import SCIM

/// This API in OpenAPI 3.1, made of what requests are judged by: the routes, the schemas and the limits. So it says of
/// an operator's own attributes and of a changed limit what the service does.
///
/// It describes how requests are spelled by the RFCs. What is accepted beyond them is left to `docs/idp/tolerances.md`:
/// nobody should write a new client against it.
struct OpenAPIDocument: Sendable {
    /// The address, below the prefix and at the root of the server.
    static let path = "/openapi.json"

    /// Every path, with a route that stands for all that it matches.
    static let paths: [(template: String, route: Route)] = [
        ("/Users", .collection(.user)),
        ("/Users/.search", .search(.user)),
        ("/Users/{id}", .resource(.user, nil)),
        ("/Groups", .collection(.group)),
        ("/Groups/.search", .search(.group)),
        ("/Groups/{id}", .resource(.group, nil)),
        ("/", .root),
        ("/.search", .search(nil)),
        ("/Bulk", .bulk),
        ("/Me", .me),
        ("/Transactions/{transaction}", .transaction(nil)),
        ("/ServiceProviderConfig", .serviceProviderConfig),
        ("/Schemas", .schemas),
        ("/Schemas/{urn}", .schema("")),
        ("/ResourceTypes", .resourceTypes),
        ("/ResourceTypes/{name}", .resourceType("")),
        (path, .openAPI),
    ]

    let json: JSONValue

    /// - Parameter baseURL: Such as `https://host/scim/v2`.
    init(registry: SchemaRegistry, limits: RequestLimits, baseURL: String) {
        let operations = OpenAPIOperations(limits: limits)
        let paths = OpenAPIDocument.paths.map { template, route in
            let methods = operations.operations(of: route).map { ($0.method.name.lowercased(), $0.json) }
            return (template, JSONValue.object(JSONObject(uniqueMembers: methods)))
        }
        json = [
            "openapi": "3.1.0",
            "info": OpenAPIDocument.info,
            "servers": [["url": .string(baseURL)]],
            "tags": .array(OpenAPITag.allCases.map(\.json)),
            "paths": .object(JSONObject(uniqueMembers: paths)),
            "components": OpenAPIDocument.components(registry, limits),
        ]
    }

    /// `version` is that of the protocol.
    private static let info: JSONValue = [
        "title": "SCIM-to-UDM write bridge",
        "version": "2.0",
        "summary": "Users and groups by SCIM 2.0 (RFC 7643, 7644, 9865, 9967)",
        "description": .string(
            """
            A write is answered when it is stored, and brought to the directory afterwards; the extension \
            `\(SchemaURN.sync)` and, for clients that ask for it, `/Transactions` tell how that ended. Names of attributes \
            and of query parameters count in any case. Other methods of a path are answered 405 with `Allow`, other paths \
            404. Every path answers with and without a slash at its end.
            """),
        "license": ["name": "Apache-2.0", "identifier": "Apache-2.0"],
    ]

    private static func components(_ registry: SchemaRegistry, _ limits: RequestLimits) -> JSONValue {
        func object(_ members: [(String, JSONValue)]) -> JSONValue { .object(JSONObject(uniqueMembers: members)) }
        return [
            "schemas": object(
                OpenAPIResourceSchemas(registry: registry).components + OpenAPIMessages(limits: limits).components),
            "parameters": object(OpenAPIParameter.allCases.map { ($0.rawValue, $0.json(limits)) }),
            "headers": object(OpenAPIHeader.allCases.map { ($0.component, $0.json) }),
            "responses": object(OpenAPIError.allCases.map { ($0.component, $0.json) }),
            "securitySchemes": [
                "bearer": [
                    "type": "http", "scheme": "bearer",
                    "description": "A token of this service (RFC 6750), with the scope that the operation names.",
                ]
            ],
        ]
    }
}

/// The groups of operations, as tools show them.
enum OpenAPITag: String, CaseIterable {
    case users = "Users"
    case groups = "Groups"
    case all = "Users and groups"
    case bulk = "Bulk"
    case me = "Me"
    case transactions = "Transactions"
    case discovery = "Discovery"

    init(_ type: ResourceType) {
        switch type {
        case .user: self = .users
        case .group: self = .groups
        }
    }

    var json: JSONValue { ["name": .string(rawValue), "description": .string(summary)] }

    private var summary: String {
        switch self {
        case .users: "RFC 7643 section 4.1, with the extensions of this service."
        case .groups: "RFC 7643 section 4.2, with the extensions of this service."
        case .all: "Queries over both resource types (RFC 7644 section 3.4.2)."
        case .bulk: "Many writes in one request (RFC 7644 section 3.7)."
        case .me: "The user that the token belongs to (RFC 7644 section 3.11)."
        case .transactions: "How asynchronous requests ended (RFC 9967)."
        case .discovery: "What the service can do (RFC 7644 section 4)."
        }
    }
}

/// A reference to a component of the document.
func openAPIReference(_ kind: String, _ name: String) -> JSONValue {
    ["$ref": .string("#/components/\(kind)/\(name)")]
}
