// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON
package import SCIM

/// Schemas and mapping as an operator has them: the standard ones, and what a declarative file adds.
///
/// ```json
/// {"schemas": [{"id": "urn:…", "name": …, "resourceTypes": ["User"], "attributes": […]}],
///  "mapping": {"User": [{"attribute": "urn:…:size", "property": "mySize", "rule": "string"}]},
///  "optionalProperties": ["locale"],
///  "externalId": {"client": "hr", "User": "hrId"}}
/// ```
///
/// Every member may be missing.
package struct ConfiguredSchema: Sendable {
    package let registry: SchemaRegistry
    package let table: MappingTable
    /// The optional properties of ``MappingTable`` that the directory has.
    package let optionalProperties: Set<String>
    package let externalID: ExternalIDMapping?

    /// Without a file.
    package static let standard = ConfiguredSchema(
        registry: .standard, table: .standard, optionalProperties: [], externalID: nil)

    private static let keys = ["schemas", "mapping", "optionalProperties", "externalId"]
    private static let limits = JSONLimits(maximumBytes: maximumBytes, maximumDepth: 16)

    /// Of a file.
    package static let maximumBytes = 1 << 20

    private init(
        registry: SchemaRegistry, table: MappingTable, optionalProperties: Set<String>, externalID: ExternalIDMapping?
    ) {
        self.registry = registry
        self.table = table
        self.optionalProperties = optionalProperties
        self.externalID = externalID
    }

    /// Reads a file of the shape above.
    ///
    /// - Throws: ``ConfiguredSchemaError`` with every problem.
    package init(file bytes: [UInt8]) throws(ConfiguredSchemaError) {
        let value: JSONValue
        do throws(JSONError) {
            value = try JSONValue(parsing: bytes, limits: Self.limits)
        } catch {
            throw ConfiguredSchemaError(problems: ["the file cannot be read as JSON: \(error)"])
        }
        var problems = DeclarationProblems()
        guard let file = DeclaredObject(value, at: "", keys: Self.keys, &problems) else {
            throw ConfiguredSchemaError(problems: problems.texts)
        }
        registry = SchemaRegistry.standard.extended(bySchemasOf: file, &problems)
        var declaration = MappingDeclaration(standard: .standard, registry: registry)
        declaration.read(file, &problems)
        optionalProperties = Self.optionalProperties(of: file, &problems)
        externalID = Self.externalID(of: file, &declaration, &problems)
        var table = MappingTable.standard
        table.users += declaration.rules[.user] ?? []
        table.groups += declaration.rules[.group] ?? []
        self.table = table
        guard problems.isEmpty else { throw ConfiguredSchemaError(problems: problems.texts) }
    }

    private static func optionalProperties(
        of file: DeclaredObject, _ problems: inout DeclarationProblems
    ) -> Set<String> {
        let known = MappingTable.standard.optionalProperties
        var properties: Set<String> = []
        for (property, path) in file.texts("optionalProperties", atMost: 64, &problems) {
            if known.contains(property) {
                properties.insert(property)
            } else {
                problems.report(
                    "must be one of \(known.sorted().joined(separator: ", ")), not \(DeclaredObject.shown(property))",
                    at: path)
            }
        }
        return properties
    }

    private static func externalID(
        of file: DeclaredObject, _ declaration: inout MappingDeclaration, _ problems: inout DeclarationProblems
    ) -> ExternalIDMapping? {
        let types = ResourceType.allCases
        guard let value = file.value("externalId"),
            let object = DeclaredObject(
                value, at: file.path(of: "externalId"), keys: ["client"] + types.map(\.rawValue), &problems)
        else { return nil }
        let client = object.requiredText("client", longest: 256, &problems)
        if client?.isEmpty == true { problems.report("must not be empty", at: object.path(of: "client")) }
        var properties: [ResourceType: String] = [:]
        for type in types {
            guard let name = object.text(type.rawValue, longest: 128, &problems) else { continue }
            properties[type] = declaration.claim(
                property: name, at: object.path(of: type.rawValue), type, &problems)
        }
        if !types.contains(where: { object.contains($0.rawValue) }) {
            problems.report("must name a property for User, Group or both", at: object.path)
        }
        return client.map { ExternalIDMapping(client: $0, properties: properties) }
    }
}

/// Why a file that declares schemas and a mapping cannot be used.
package struct ConfiguredSchemaError: Error, Equatable {
    /// One sentence each, beginning with the JSON path.
    package let problems: [String]
}

extension UDMMapping {
    package convenience init(rules: DirectoryRules, schema: ConfiguredSchema) {
        self.init(
            rules: rules, table: schema.table, optionalProperties: schema.optionalProperties,
            externalID: schema.externalID)
    }
}
