// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

package import JSON

/// Which schemas there are, and which of them a resource type has.
package struct SchemaRegistry: Sendable {
    /// An extension of a resource type.
    package struct Extension: Sendable {
        package let schema: Schema
        /// Whether every resource of the type must have it.
        package let required: Bool

        package init(_ schema: Schema, required: Bool = false) {
            self.schema = schema
            self.required = required
        }
    }

    /// User, Group and Enterprise User of RFC 7643, Univention's extensions and the sync status.
    package static let standard = SchemaRegistry(
        core: [.user: .user, .group: .group],
        extensions: [
            .user: [Extension(.enterpriseUser), Extension(.univentionUser), Extension(.sync)],
            .group: [Extension(.univentionGroup), Extension(.sync)],
        ])

    private let core: [ResourceType: Schema]
    private let extensions: [ResourceType: [Extension]]
    /// Every schema once, core schemas first.
    package let schemas: [Schema]

    /// - Precondition: `core` has a schema for every resource type.
    package init(core: [ResourceType: Schema], extensions: [ResourceType: [Extension]]) {
        precondition(ResourceType.allCases.allSatisfy { core[$0] != nil }, "every resource type has a core schema")
        self.core = core
        self.extensions = extensions
        var schemas = ResourceType.allCases.compactMap { core[$0] }
        for type in ResourceType.allCases {
            for entry in extensions[type] ?? [] where !schemas.contains(where: { $0.id == entry.schema.id }) {
                schemas.append(entry.schema)
            }
        }
        self.schemas = schemas
    }

    /// Common to all resources and part of no schema (RFC 7643 section 3.1).
    package static let commonAttributes: [SchemaAttribute] = [
        SchemaAttribute(
            "schemas", "URNs of the schemas that the resource uses", type: .reference, multiValued: true,
            required: true, caseExact: true, returned: .always, referenceTypes: ["uri"]),
        SchemaAttribute(
            "id", "Identifier given by the service", caseExact: true, mutability: .readOnly, returned: .always,
            uniqueness: .server),
        SchemaAttribute("externalId", "Identifier given by the client, visible to that client only", caseExact: true),
        SchemaAttribute(
            "meta", "Data about the resource", type: .complex, mutability: .readOnly,
            subAttributes: [
                SchemaAttribute("resourceType", "Name of the resource type", caseExact: true, mutability: .readOnly),
                SchemaAttribute("created", "When the resource was created", type: .dateTime, mutability: .readOnly),
                SchemaAttribute(
                    "lastModified", "When the resource was changed last", type: .dateTime, mutability: .readOnly),
                SchemaAttribute(
                    "location", "Address of the resource", type: .reference, caseExact: true, mutability: .readOnly,
                    referenceTypes: ["uri"]),
                SchemaAttribute("version", "Entity tag of the resource", caseExact: true, mutability: .readOnly),
            ]),
    ]

    /// A schema by its URN in any case.
    package func schema(_ urn: String) -> Schema? { schemas.first { $0.id.equalsIgnoringASCIICase(urn) } }

    /// The schema whose attributes stand at the top of a resource.
    package func coreSchema(for type: ResourceType) -> Schema {
        guard let schema = core[type] else { preconditionFailure("every resource type has a core schema") }
        return schema
    }

    /// The extensions of a type, in the order of their declaration.
    package func extensions(for type: ResourceType) -> [Extension] { extensions[type] ?? [] }

    /// An attribute of the core schema, or a common one, by its name in any case.
    package func attribute(_ name: String, of type: ResourceType) -> SchemaAttribute? {
        coreSchema(for: type).attribute(name)
            ?? Self.commonAttributes.first { $0.name.equalsIgnoringASCIICase(name) }
    }

    /// All schemas as the resources of a list (RFC 7643 section 7); `baseURL` such as `https://host/scim/v2`.
    package func schemasJSON(baseURL: String) -> [JSONValue] { schemas.map { $0.json(baseURL: baseURL) } }

    /// All resource types as the resources of a list (RFC 7643 section 6).
    package func resourceTypesJSON(baseURL: String) -> [JSONValue] {
        ResourceType.allCases.map { resourceTypeJSON($0, baseURL: baseURL) }
    }

    /// One resource type as a resource (RFC 7643 section 6).
    package func resourceTypeJSON(_ type: ResourceType, baseURL: String) -> JSONValue {
        [
            "schemas": [.string(SchemaURN.resourceType)],
            "id": .string(type.rawValue),
            "name": .string(type.rawValue),
            "endpoint": .string(type.endpoint),
            "description": .string(type.summary),
            "schema": .string(type.coreSchema),
            "schemaExtensions": .array(
                extensions(for: type).map { ["schema": .string($0.schema.id), "required": .bool($0.required)] }),
            "meta": [
                "resourceType": "ResourceType", "location": .string("\(baseURL)/ResourceTypes/\(type.rawValue)"),
            ],
        ]
    }
}
