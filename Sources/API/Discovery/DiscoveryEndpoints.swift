// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Hummingbird
internal import JSON
internal import NIOCore
internal import SCIM

/// `/ServiceProviderConfig`, `/Schemas` and `/ResourceTypes` (RFC 7644 section 4), and `/openapi.json`: written once at
/// start, sent as they are.
struct DiscoveryEndpoints: Sendable {
    private let serviceProviderConfig: ByteBuffer
    private let schemas: ByteBuffer
    private let schemaByURN: [String: ByteBuffer]
    private let resourceTypes: ByteBuffer
    private let resourceTypeByName: [String: ByteBuffer]
    private let openAPI: ByteBuffer

    init(registry: SchemaRegistry, limits: RequestLimits, acceptsPasswords: Bool, baseURL: String) {
        func bytes(_ value: JSONValue) -> ByteBuffer { ByteBuffer(bytes: value.serialize()) }
        serviceProviderConfig = bytes(
            ServiceProviderConfig.json(limits: limits, acceptsPasswords: acceptsPasswords, baseURL: baseURL))
        schemas = bytes(DiscoveryEndpoints.list(registry.schemasJSON(baseURL: baseURL)))
        schemaByURN = Dictionary(
            registry.schemas.map { ($0.id.lowercased(), bytes($0.json(baseURL: baseURL))) },
            uniquingKeysWith: { first, _ in first })
        resourceTypes = bytes(DiscoveryEndpoints.list(registry.resourceTypesJSON(baseURL: baseURL)))
        resourceTypeByName = Dictionary(
            uniqueKeysWithValues: ResourceType.allCases.map {
                ($0.rawValue, bytes(registry.resourceTypeJSON($0, baseURL: baseURL)))
            })
        openAPI = bytes(OpenAPIDocument(registry: registry, limits: limits, baseURL: baseURL).json)
    }

    /// - Throws: 404 for a schema or resource type that does not exist, 403 for a filter, which section 4 forbids here;
    ///   other query parameters mean nothing, as it says.
    func answer(_ route: Route, _ query: QueryParameters) throws(SCIMError) -> Response {
        let body: ByteBuffer?
        switch route {
        case .serviceProviderConfig: body = serviceProviderConfig
        case .schemas: body = schemas
        case .schema(let urn): body = schemaByURN[urn.lowercased()]
        case .resourceTypes: body = resourceTypes
        case .resourceType(let name): body = resourceTypeByName[name]
        // No resource of SCIM, so nothing of section 4 is said about it.
        case .openAPI: return .bytes(openAPI, type: MediaType.json)
        case .root, .collection, .resource, .search, .bulk, .me, .transaction, .unknown: body = nil
        }
        guard query["filter"]?.isEmpty ?? true else { throw .forbidden("A discovery endpoint takes no filter") }
        guard let body else { throw .notFound("There is no such schema or resource type") }
        return .scim(.ok, body)
    }

    private static func list(_ resources: [JSONValue]) -> JSONValue {
        let count = JSONValue.number(JSONNumber(Int64(resources.count)))
        return [
            "schemas": [.string(SchemaURN.listResponse)],
            "totalResults": count,
            "itemsPerPage": count,
            "startIndex": 1,
            "Resources": .array(resources),
        ]
    }
}
