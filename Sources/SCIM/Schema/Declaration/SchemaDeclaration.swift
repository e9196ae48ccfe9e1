// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON

/// Reads the extension schemas that an operator declares: each with its URN, its attributes in the representation
/// of RFC 7643 section 7, and the resource types that have it.
struct SchemaDeclaration {
    static let maximumSchemas = 16
    static let maximumAttributes = 128

    private static let keys = ["id", "name", "description", "resourceTypes", "required", "attributes"]

    let schema: Schema
    let types: [ResourceType]
    /// Whether every resource of the types must have it.
    let required: Bool

    /// - Returns: nil, with the problems noted, for what is no schema.
    init?(_ value: JSONValue, at path: String, _ problems: inout DeclarationProblems) {
        guard let object = DeclaredObject(value, at: path, keys: Self.keys, &problems) else { return nil }
        let id = object.requiredText("id", longest: 256, &problems)
        if let id, let fault = Self.fault(inURN: id) { problems.report(fault, at: object.path(of: "id")) }
        let name = object.requiredText("name", longest: 128, &problems)
        if name?.isBlank == true { problems.report("must not be blank", at: object.path(of: "name")) }
        types = Self.types(of: object, &problems)
        required = object.flag("required", default: false, &problems)
        let attributes = AttributeDeclaration.attributes(
            of: object, "attributes", atMost: Self.maximumAttributes, &problems)
        guard let id, let name else { return nil }
        schema = Schema(
            id: id, name: name, description: object.text("description", &problems) ?? "", attributes: attributes)
    }

    private static func types(
        of object: DeclaredObject, _ problems: inout DeclarationProblems
    ) -> [ResourceType] {
        guard object.required("resourceTypes", &problems) != nil else { return [] }
        var types: [ResourceType] = []
        for (name, path) in object.texts("resourceTypes", atMost: ResourceType.allCases.count, &problems) {
            if let type = ResourceType(rawValue: name) {
                types.append(type)
            } else {
                problems.report("must be User or Group, not \(DeclaredObject.shown(name))", at: path)
            }
        }
        if types.isEmpty, object.value("resourceTypes") == [] {
            problems.report("must name User, Group or both", at: object.path(of: "resourceTypes"))
        }
        return types
    }

    /// RFC 8141, without what a URN in an attribute path could not have. Lower case at the beginning, as all URNs of
    /// SCIM are written.
    private static func fault(inURN id: String) -> String? {
        guard id.hasPrefix("urn:") else { return "must be a URN that begins with urn:" }
        let parts = id.dropFirst(4).split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count >= 2, parts.allSatisfy({ !$0.isEmpty }) else {
            return "must be a URN with a namespace and a name, such as urn:example:scim:schemas:myapp:1.0:User"
        }
        let isWritable = id.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: ":"), UInt8(ascii: "."), UInt8(ascii: "-"),
                UInt8(ascii: "_"):
                true
            default: false
            }
        }
        return isWritable ? nil : "must be a URN of letters, digits, : . - and _"
    }
}

extension SchemaRegistry {
    /// This registry and the extension schemas that a declarative file has as its member `schemas`.
    ///
    /// For each type the new ones come behind those that it has already.
    package func extended(
        bySchemasOf file: DeclaredObject, _ problems: inout DeclarationProblems
    ) -> SchemaRegistry {
        var urns = schemas.map(\.id)
        var declared: [SchemaDeclaration] = []
        for (value, path) in file.elements("schemas", atMost: SchemaDeclaration.maximumSchemas, &problems) {
            guard let declaration = SchemaDeclaration(value, at: path, &problems) else { continue }
            let urn = declaration.schema.id
            if let clash = urns.first(where: { Self.clashes($0, urn) }) {
                problems.report(
                    clash.equalsIgnoringASCIICase(urn)
                        ? "is the URN of another schema"
                        : "must not begin as, or be the beginning of, the URN \(clash)",
                    at: "\(path).id")
                continue
            }
            urns.append(urn)
            declared.append(declaration)
        }
        guard !declared.isEmpty else { return self }
        var core: [ResourceType: Schema] = [:]
        var extensions: [ResourceType: [Extension]] = [:]
        for type in ResourceType.allCases {
            core[type] = coreSchema(for: type)
            extensions[type] =
                self.extensions(for: type)
                + declared.filter { $0.types.contains(type) }.map { Extension($0.schema, required: $0.required) }
        }
        return SchemaRegistry(core: core, extensions: extensions)
    }

    /// Equal URNs, and those of which one continues the other: `urn:x:y:z` could be the attribute `z` of `urn:x:y`.
    private static func clashes(_ left: String, _ right: String) -> Bool {
        let (left, right) = ("\(left.lowercased()):", "\(right.lowercased()):")
        return left.hasPrefix(right) || right.hasPrefix(left)
    }
}
