// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import SCIM
import Testing

@testable import API

@Suite struct OpenAPITests {
    private static let document = OpenAPIDocument(
        registry: .standard, limits: RequestLimits(), baseURL: "https://scim.example/scim/v2"
    ).json

    /// What stands for the part in braces of a path.
    private static let samples = [
        "{id}": "2819c223-7f76-453a-919d-413861904646", "{urn}": SchemaURN.user, "{name}": "User",
        "{transaction}": "2819c223-7f76-453a-919d-413861904646:0",
    ]

    @Test func isOpenAPIAndJSON() throws {
        #expect(Self.document["openapi"] == "3.1.0")
        #expect(Self.document["servers"]?[0]?["url"] == "https://scim.example/scim/v2")
        #expect(try JSONValue(parsing: Self.document.serialize()) == Self.document)
    }

    // MARK: Paths

    /// The kind of a route. Without `default`, so that a new one has to be thought of here.
    private func kind(_ route: Route) -> String {
        switch route {
        case .root: "root"
        case .collection(let type): "collection \(type)"
        case .search(let type): "search \(type.map { "\($0)" } ?? "all")"
        case .bulk: "bulk"
        case .me: "me"
        case .transaction: "transaction"
        case .resource(let type, _): "resource \(type)"
        case .serviceProviderConfig: "serviceProviderConfig"
        case .schemas: "schemas"
        case .schema: "schema"
        case .resourceTypes: "resourceTypes"
        case .resourceType: "resourceType"
        case .openAPI: "openAPI"
        case .unknown: "unknown"
        }
    }

    @Test("Every route of the router is in it, and no other")
    func routes() throws {
        let paths = try #require(Self.document["paths"]?.objectValue)
        var kinds: [String] = []
        for (template, operations) in paths {
            let path = Self.samples.reduce(template) { $0.replacing($1.key, with: $1.value) }
            let route = Route(path: Substring(path))
            kinds.append(kind(route))
            // Methods are the members of a path but for those that say something about all of them; there are none.
            let methods = Set((operations.objectValue?.keys ?? []).map { $0.uppercased() })
            #expect(methods == Set(route.allowedMethods.split(separator: ", ").map(String.init)), "\(template)")
        }
        var expected: [Route] = [
            .root, .bulk, .me, .search(nil), .transaction(nil), .serviceProviderConfig, .schemas, .schema(""),
            .resourceTypes, .resourceType(""), .openAPI,
        ]
        for type in ResourceType.allCases { expected += [.collection(type), .search(type), .resource(type, nil)] }
        #expect(kinds.sorted() == expected.map(kind).sorted())
    }

    @Test func operationsHaveNamesOfTheirOwn() {
        let names = Self.operations.compactMap { $0["operationId"]?.stringValue }
        #expect(names.count == Self.operations.count && Set(names).count == names.count)
        let tags = OpenAPITag.allCases.map(\.rawValue)
        for operation in Self.operations { #expect(tags.contains(operation["tags"]?[0]?.stringValue ?? "")) }
    }

    @Test("The parts of a path in braces are its parameters")
    func pathParameters() throws {
        for (template, methods) in try #require(Self.document["paths"]?.objectValue) {
            let parts = template.split(separator: "/").filter { $0.hasPrefix("{") }.map {
                "\($0.dropFirst().dropLast())"
            }
            for operation in try #require(methods.objectValue).values {
                let parameters = (operation["parameters"]?.arrayValue ?? []).compactMap { Self.resolve($0) }
                #expect(parameters.filter { $0["in"] == "path" }.compactMap { $0["name"]?.stringValue } == parts)
            }
        }
    }

    @Test("Errors of every operation are SCIM's")
    func errors() throws {
        for operation in Self.operations {
            let responses = try #require(operation["responses"]?.objectValue)
            for status in ["400", "401", "403", "500", "503"] { #expect(responses.contains(status)) }
            for (status, response) in responses where status >= "400" {
                let error = try #require(Self.resolve(response))
                let isHead = operation["operationId"]?.stringValue?.hasPrefix("head") == true
                let schema = error["content"]?["application/scim+json"]?["schema"]
                #expect(schema == (isHead ? nil : ["$ref": "#/components/schemas/Error"]))
            }
        }
    }

    // MARK: References

    @Test("Every reference leads to a component, and every component is needed")
    func references() throws {
        var used: Set<String> = []
        Self.walk(Self.document) { value in
            guard let target = value["$ref"]?.stringValue else { return }
            used.insert(target)
            #expect(Self.resolve(value) != nil, "\(target)")
        }
        for (kind, components) in try #require(Self.document["components"]?.objectValue)
        where kind != "securitySchemes" {
            for name in try #require(components.objectValue).keys {
                #expect(used.contains("#/components/\(kind)/\(name)"), "\(kind)/\(name) is not used")
            }
        }
    }

    @Test("Links lead to operations and their parameters")
    func links() throws {
        var count = 0
        try Self.walk(Self.document) { value in
            for link in value["links"]?.objectValue?.values ?? [] {
                count += 1
                let target = try #require(Self.operations.first { $0["operationId"] == link["operationId"] })
                let names = (target["parameters"]?.arrayValue ?? []).compactMap {
                    Self.resolve($0)?["name"]?.stringValue
                }
                for name in try #require(link["parameters"]?.objectValue).keys { #expect(names.contains(name)) }
            }
        }
        #expect(count > 8)
    }

    // MARK: Schemas

    @Test("The schemas of resources carry the attributes of SCIM's schemas", arguments: ResourceType.allCases)
    func attributes(type: ResourceType) throws {
        let registry = SchemaRegistry.standard
        let schemas = try #require(Self.document["components"]?["schemas"])
        let answered = try #require(schemas[type.rawValue])
        let sent = try #require(schemas["\(type.rawValue)Input"])
        let core = SchemaRegistry.commonAttributes + registry.coreSchema(for: type).attributes
        Self.compare(answered, sent, core)
        for entry in registry.extensions(for: type) {
            let part = try #require(answered["properties"]?[entry.schema.id])
            Self.compare(part, sent["properties"]?[entry.schema.id], entry.schema.attributes)
        }
        #expect(answered["required"] == ["schemas", "id"])
        #expect(answered["properties"]?["password"] == nil)
    }

    private static func compare(_ answered: JSONValue, _ sent: JSONValue?, _ attributes: [SchemaAttribute]) {
        for attribute in attributes {
            let shown = answered["properties"]?[attribute.name]
            #expect((shown == nil) == (attribute.returned == .never), "\(attribute.name)")
            let taken = sent?["properties"]?[attribute.name]
            #expect((taken == nil) == (attribute.mutability == .readOnly), "\(attribute.name)")
            let isRequired = sent?["required"]?.arrayValue?.contains(.string(attribute.name)) ?? false
            #expect(isRequired == (attribute.required && attribute.mutability != .readOnly), "\(attribute.name)")
            for value in [shown, taken].compactMap(\.self) {
                #expect((value["type"] == "array") == attribute.multiValued, "\(attribute.name)")
                if attribute.type == .complex {
                    let object = attribute.multiValued ? value["items"] : value
                    #expect(object?["type"] == "object" && object?["properties"]?.objectValue?.isEmpty == false)
                }
            }
        }
    }

    @Test func declaredSchemasAreInIt() throws {
        let urn = "urn:example:scim:schemas:extension:myapp:1.0:User"
        let file = try JSONValue(
            parsing: """
                {"schemas": [{"id": "\(urn)", "name": "MyApp", "resourceTypes": ["User"], "attributes": [
                    {"name": "seats", "type": "integer"}, {"name": "tags", "type": "string", "multiValued": true},
                    {"name": "since", "type": "dateTime"}, {"name": "key", "type": "binary"}]}]}
                """)
        var problems = DeclarationProblems()
        let object = try #require(DeclaredObject(file, at: "", keys: ["schemas"], &problems))
        let registry = SchemaRegistry.standard.extended(bySchemasOf: object, &problems)
        let document = OpenAPIDocument(registry: registry, limits: RequestLimits(), baseURL: "https://x").json
        let schemas = document["components"]?["schemas"]
        for name in ["User", "UserInput"] {
            let own = try #require(schemas?[name]?["properties"]?[urn]?["properties"])
            #expect(own["seats"]?["type"] == "integer")
            #expect(own["tags"]?["items"]?["type"] == "string")
            #expect(own["key"]?["contentEncoding"] == "base64")
        }
        #expect(schemas?["UserInput"]?["properties"]?[urn]?["properties"]?["since"]?["format"] == "date-time")
        #expect(schemas?["Group"]?["properties"]?[urn] == nil)
    }

    // MARK: Parts

    private static let operations: [JSONValue] = (document["paths"]?.objectValue?.values ?? []).flatMap {
        $0.objectValue?.values ?? []
    }

    /// The component that a reference names, or the value itself if it is none.
    private static func resolve(_ value: JSONValue) -> JSONValue? {
        guard let target = value["$ref"]?.stringValue else { return value }
        let parts = target.split(separator: "/")
        guard parts.first == "#" else { return nil }
        return parts.dropFirst().reduce(document) { value, part in value?[String(part)] }
    }

    private static func walk(_ value: JSONValue, _ visit: (JSONValue) throws -> Void) rethrows {
        try visit(value)
        for child in value.arrayValue ?? value.objectValue?.values ?? [] { try walk(child, visit) }
    }
}

extension OverHTTP {
    @Suite struct OpenAPIEndpointTests {
        @Test("The document is at the root of the server and below the prefix, for whoever has a token")
        func served() async throws {
            try await withAPI { api in
                let answer = try await api.send("GET", absolute: OpenAPIDocument.path)
                answer.expect(200)
                #expect(answer.header("Content-Type") == "application/json")
                #expect(answer.json["openapi"] == "3.1.0")
                #expect(answer.json["servers"]?[0]?["url"] == "https://scim.example/scim/v2")
                let below = try await api.get("/openapi.json?filter=x", token: .reader)
                below.expect(200)
                #expect(below.json == answer.json)
                let head = try await api.send("HEAD", absolute: OpenAPIDocument.path)
                head.expect(200)
                #expect(head.body.isEmpty)
                try await api.send("GET", absolute: OpenAPIDocument.path, token: nil).expect(401)
                try await api.get("/openapi.json", token: .writer).expect(403)
                try await api.send("POST", absolute: OpenAPIDocument.path, body: []).expect(405)
                try await api.get("/openapi.json/x").expect(404)
                try await api.send("GET", absolute: "/openapi.jsonx").expect(404)
            }
        }

        @Test("The examples of the document are taken")
        func examples() async throws {
            try await withAPI { api in
                for type in ResourceType.allCases {
                    for (name, body) in OpenAPIExamples.resources(of: type) {
                        let created = try await api.post(type.endpoint, try #require(body.objectValue))
                        created.expect(201)
                        for (patch, body) in OpenAPIExamples.patches(of: type) {
                            let answer = try await api.send(
                                "PATCH", "\(type.endpoint)/\(created.id)", body: body.serialize())
                            #expect(answer.status == 200, "\(name), \(patch)")
                        }
                        try await api.delete("\(type.endpoint)/\(created.id)").expect(204)
                    }
                }
                try await api.send("POST", "/.search", body: OpenAPIExamples.search.serialize()).expect(200)
                let bulk = try await api.send("POST", "/Bulk", body: OpenAPIExamples.bulk.serialize())
                bulk.expect(200)
                #expect(bulk.json["Operations"]?.arrayValue?.map { $0["status"] } == ["201", "201"] as [JSONValue?])
            }
        }
    }
}
