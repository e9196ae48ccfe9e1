// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON
internal import SCIM

/// The operations of every route.
struct OpenAPIOperations: Sendable {
    let limits: RequestLimits

    /// A `switch`, so that no route can be added without its description.
    func operations(of route: Route) -> [OpenAPIOperation] {
        switch route {
        case .root: withHead(list(nil))
        case .collection(let type): withHead(list(type)) + [create(type)]
        case .search(let type): [search(type)]
        case .resource(let type, _): withHead(read(type)) + [replace(type), patch(type), delete(type)]
        case .me: withHead(ofMe(read(.user))) + [replace(.user), patch(.user), delete(.user)].map(ofMe)
        case .bulk: [bulk]
        case .transaction: withHead(transaction)
        case .serviceProviderConfig, .schemas, .schema, .resourceTypes, .resourceType, .openAPI:
            discovery(route).map(withHead) ?? []
        case .unknown: []
        }
    }

    private func withHead(_ operation: OpenAPIOperation) -> [OpenAPIOperation] { [operation, operation.head] }

    // MARK: Lists

    private func list(_ type: ResourceType?) -> OpenAPIOperation {
        OpenAPIOperation(
            method: .get, id: "list\(plural(type))", tag: tag(type),
            summary: "List or search \(type.map { "\($0.rawValue.lowercased())s" } ?? "users and groups")",
            parameters: OpenAPIParameter.list + OpenAPIParameter.projection,
            answers: [.scim(200, "A page of the list.", "\(plural(type))List")], errors: OpenAPIError.always)
    }

    private func search(_ type: ResourceType?) -> OpenAPIOperation {
        OpenAPIOperation(
            method: .post, id: "search\(plural(type))", tag: tag(type),
            summary: "The same with its parameters in the body, so that they stay out of logs",
            body: OpenAPIOperation.Body(
                schema: "SearchRequest", description: "At most \(limits.searchBody) bytes.",
                examples: [("byTime", OpenAPIExamples.search)]),
            answers: [.scim(200, "A page of the list.", "\(plural(type))List")],
            errors: OpenAPIError.always + OpenAPIError.body)
    }

    private func tag(_ type: ResourceType?) -> OpenAPITag { type.map(OpenAPITag.init) ?? .all }

    private func plural(_ type: ResourceType?) -> String { type.map { "\($0.rawValue)s" } ?? "Resources" }

    // MARK: Resources

    private func create(_ type: ResourceType) -> OpenAPIOperation {
        var created = resource(201, "The resource as it is stored, on its way to the directory.", type)
        created.links = ["read", "replace", "patch", "delete"].map { verb in
            let name = "\(verb)\(type.rawValue)"
            return (name, ["operationId": .string(name), "parameters": ["id": "$response.body#/id"]])
        }
        return OpenAPIOperation(
            method: .post, id: "create\(type.rawValue)", tag: OpenAPITag(type),
            summary: "Create a \(type.rawValue.lowercased())", scope: .write,
            parameters: [.prefer] + OpenAPIParameter.projection, body: body(of: type),
            answers: [created, accepted],
            errors: OpenAPIError.always + OpenAPIError.largeBody + [.conflict, .tooManyRequests])
    }

    private func read(_ type: ResourceType) -> OpenAPIOperation {
        OpenAPIOperation(
            method: .get, id: "read\(type.rawValue)", tag: OpenAPITag(type),
            summary: "Read a \(type.rawValue.lowercased())",
            parameters: [.id] + OpenAPIParameter.condition + OpenAPIParameter.projection,
            answers: [
                resource(200, "The resource, with all writes that were accepted.", type),
                OpenAPIOperation.Answer(
                    status: 304, description: "It is as `If-None-Match` says.", headers: [.entityTag]),
            ],
            errors: OpenAPIError.always + [.notFound, .preconditionFailed])
    }

    private func replace(_ type: ResourceType) -> OpenAPIOperation {
        OpenAPIOperation(
            method: .put, id: "replace\(type.rawValue)", tag: OpenAPITag(type),
            summary: "Replace a \(type.rawValue.lowercased())", scope: .write,
            parameters: [.id] + OpenAPIParameter.condition + [.prefer] + OpenAPIParameter.projection,
            body: body(of: type),
            answers: [resource(200, "The resource as it is stored.", type), accepted],
            errors: OpenAPIError.always + OpenAPIError.largeBody
                + [.notFound, .conflict, .preconditionFailed, .tooManyRequests])
    }

    private func patch(_ type: ResourceType) -> OpenAPIOperation {
        var answers = [resource(200, "The resource as it is stored.", type), accepted]
        if type == .group {
            answers.append(
                OpenAPIOperation.Answer(
                    status: 204, description: "The group has many members and no attributes were asked for.",
                    headers: [.entityTag]))
        }
        return OpenAPIOperation(
            method: .patch, id: "patch\(type.rawValue)", tag: OpenAPITag(type),
            summary: "Change a \(type.rawValue.lowercased()); all operations are carried out, or none", scope: .write,
            parameters: [.id] + OpenAPIParameter.condition + [.prefer] + OpenAPIParameter.projection,
            body: OpenAPIOperation.Body(
                schema: "PatchRequest", description: "At most \(limits.patchBody) bytes.",
                examples: OpenAPIExamples.patches(of: type)),
            answers: answers,
            errors: OpenAPIError.always + OpenAPIError.largeBody
                + [.notFound, .conflict, .preconditionFailed, .tooManyRequests])
    }

    private func delete(_ type: ResourceType) -> OpenAPIOperation {
        OpenAPIOperation(
            method: .delete, id: "delete\(type.rawValue)", tag: OpenAPITag(type),
            summary: "Delete a \(type.rawValue.lowercased())", scope: .write,
            parameters: [.id] + OpenAPIParameter.condition + [.prefer],
            answers: [OpenAPIOperation.Answer(status: 204, description: "It is deleted."), accepted],
            errors: OpenAPIError.always + [.notFound, .preconditionFailed, .tooManyRequests])
    }

    /// An operation of a user, at the address that is the same for everybody.
    private func ofMe(_ operation: OpenAPIOperation) -> OpenAPIOperation {
        OpenAPIOperation(
            method: operation.method, id: operation.id.replacing("User", with: "Me"), tag: .me,
            summary: "\(operation.summary.replacing("a user", with: "the user that the token belongs to"))",
            scope: operation.scope, parameters: operation.parameters.filter { $0 != .id }, body: operation.body,
            answers: operation.answers, errors: operation.errors + [.notImplemented])
    }

    private func resource(_ status: Int, _ description: String, _ type: ResourceType) -> OpenAPIOperation.Answer {
        .scim(status, description, type.rawValue, headers: [.location, .entityTag])
    }

    private func body(of type: ResourceType) -> OpenAPIOperation.Body {
        OpenAPIOperation.Body(
            schema: "\(type.rawValue)Input",
            description: "At most \(type == .user ? limits.userBody : limits.groupBody) bytes.",
            examples: OpenAPIExamples.resources(of: type))
    }

    private var accepted: OpenAPIOperation.Answer {
        OpenAPIOperation.Answer(
            status: 202, description: "Stored; `Location` tells how it ends. For `Prefer: respond-async` only.",
            headers: [.location, .transaction, .preferenceApplied],
            links: [
                (
                    "readTransaction",
                    [
                        "operationId": "readTransaction",
                        "parameters": ["transaction": "$response.header.Set-Txn"],
                    ]
                )
            ])
    }

    // MARK: Others

    private var bulk: OpenAPIOperation {
        OpenAPIOperation(
            method: .post, id: "bulk", tag: .bulk, summary: "Carry out many writes", scope: .write,
            parameters: [.prefer],
            body: OpenAPIOperation.Body(
                schema: "BulkRequest", description: "At most \(limits.bulkBody) bytes.",
                examples: [("userAndGroup", OpenAPIExamples.bulk)]),
            answers: [.scim(200, "What became of the operations, each by itself.", "BulkResponse"), accepted],
            errors: OpenAPIError.always + OpenAPIError.largeBody + [.tooManyRequests])
    }

    private var transaction: OpenAPIOperation {
        OpenAPIOperation(
            method: .get, id: "readTransaction", tag: .transactions, summary: "Read how an asynchronous request ended",
            parameters: [.transaction],
            answers: [
                OpenAPIOperation.Answer(
                    status: 200,
                    description: "A security event token, or all of a bulk request: as JWT, or as the claims alone if "
                        + "`Accept` names `application/json` only.",
                    content: [
                        (MediaType.securityEvent, ["type": "string"]),
                        (
                            MediaType.json,
                            [
                                "anyOf": [
                                    openAPIReference("schemas", "SecurityEvent"),
                                    openAPIReference("schemas", "SecurityEvents"),
                                ]
                            ]
                        ),
                    ]),
                OpenAPIOperation.Answer(
                    status: 202, description: "It has not ended.", headers: [.transaction, .retryAfter]),
            ],
            errors: OpenAPIError.always + [.notFound])
    }

    private func discovery(_ route: Route) -> OpenAPIOperation? {
        let errors = OpenAPIError.always
        func read(
            _ id: String, _ summary: String, _ schema: String, _ parameters: [OpenAPIParameter] = []
        ) -> OpenAPIOperation {
            OpenAPIOperation(
                method: .get, id: id, tag: .discovery, summary: summary, parameters: parameters,
                answers: [.scim(200, "The same until the service is restarted.", schema)],
                errors: parameters.isEmpty ? errors : errors + [.notFound])
        }
        switch route {
        case .serviceProviderConfig:
            return read("readServiceProviderConfig", "Read what the service supports", "ServiceProviderConfig")
        case .schemas: return read("listSchemas", "List the schemas", "SchemasList")
        case .schema: return read("readSchema", "Read a schema", "Schema", [.urn])
        case .resourceTypes: return read("listResourceTypes", "List the resource types", "ResourceTypesList")
        case .resourceType: return read("readResourceType", "Read a resource type", "ResourceType", [.name])
        case .openAPI:
            return OpenAPIOperation(
                method: .get, id: "readOpenAPI", tag: .discovery,
                summary: "Read this document, which is also at the root of the server",
                answers: [
                    OpenAPIOperation.Answer(
                        status: 200, description: "The same until the service is restarted.",
                        content: [(MediaType.json, ["type": "object", "required": ["openapi", "info", "paths"]])])
                ],
                errors: errors)
        case .root, .collection, .search, .resource, .bulk, .me, .transaction, .unknown: return nil
        }
    }
}
