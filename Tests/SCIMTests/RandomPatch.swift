// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import FuzzSupport
import JSON
import SCIM

/// Random messages of PATCH: mostly such as a client may send, some wrong in one place.
enum RandomPatch {
    static func message(_ type: ResourceType, using generator: inout SeededGenerator) -> JSONValue {
        let operations = (0..<Int.random(in: 1...4, using: &generator)).map { _ in
            operation(type, using: &generator)
        }
        return message(operations)
    }

    static func message(_ operations: [JSONValue]) -> JSONValue {
        ["schemas": [.string(SchemaURN.patchOp)], "Operations": .array(operations)]
    }

    static func operation(_ type: ResourceType, using generator: inout SeededGenerator) -> JSONValue {
        let verb = ["add", "Add", "replace", "REPLACE", "remove", "Remove"].randomElement(using: &generator) ?? "add"
        return operation(verb, type, using: &generator)
    }

    /// - Parameter maximumKeys: Of a value without path.
    static func operation(
        _ verb: String, _ type: ResourceType, maximumKeys: Int = 4, using generator: inout SeededGenerator
    ) -> JSONValue {
        var operation: JSONObject = ["op": .string(verb)]
        if Int.random(in: 0..<5, using: &generator) == 0 {
            operation["value"] = resource(type, maximumKeys, using: &generator)
            return .object(operation)
        }
        let (path, attribute) = path(type, using: &generator)
        operation["path"] = .string(path)
        if verb.lowercased() != "remove" || Int.random(in: 0..<3, using: &generator) == 0 {
            operation["value"] = value(of: attribute, using: &generator)
        }
        return .object(operation)
    }

    /// A value without path: some attributes, some of them under paths as keys.
    private static func resource(
        _ type: ResourceType, _ maximumKeys: Int, using generator: inout SeededGenerator
    ) -> JSONValue {
        var object = JSONObject()
        for _ in 0..<Int.random(in: 0...maximumKeys, using: &generator) {
            let (path, attribute) = path(type, using: &generator)
            object[path] = value(of: attribute, using: &generator)
        }
        return .object(object)
    }

    private static func value(
        of attribute: SchemaAttribute?, using generator: inout SeededGenerator
    ) -> JSONValue {
        switch Int.random(in: 0..<12, using: &generator) {
        case 0: return .null
        case 1: return RandomResource.value(depth: 3, using: &generator)
        default: break
        }
        guard let attribute else { return RandomResource.value(depth: 3, using: &generator) }
        return attribute.multiValued && Bool.random(using: &generator)
            ? RandomResource.single(attribute, using: &generator)
            : RandomResource.value(of: attribute, using: &generator)
    }

    /// A path and the attribute it ends at.
    private static func path(
        _ type: ResourceType, using generator: inout SeededGenerator
    ) -> (String, SchemaAttribute?) {
        let registry = SchemaRegistry.standard
        var prefix = ""
        var schema = registry.coreSchema(for: type)
        if Int.random(in: 0..<4, using: &generator) == 0,
            let entry = registry.extensions(for: type).randomElement(using: &generator)
        {
            schema = entry.schema
            if Int.random(in: 0..<4, using: &generator) == 0 { return (schema.id, nil) }
            prefix = "\(RandomResource.anyCase(schema.id, using: &generator)):"
        }
        if Int.random(in: 0..<20, using: &generator) == 0 {
            return (
                ["", "nosuch", "emails[", "name..x", "externalId", "id"].randomElement(using: &generator) ?? "", nil
            )
        }
        guard let attribute = schema.attributes.randomElement(using: &generator) else { return ("", nil) }
        let name = prefix + RandomResource.anyCase(attribute.name, using: &generator)
        guard attribute.type == .complex, let sub = attribute.subAttributes.randomElement(using: &generator) else {
            return (name, attribute)
        }
        let subName = RandomResource.anyCase(sub.name, using: &generator)
        let filter = filter(of: attribute, using: &generator)
        switch Int.random(in: 0..<4, using: &generator) {
        case 0: return ("\(name).\(subName)", sub)
        case 1 where attribute.multiValued: return ("\(name)[\(filter)]", attribute)
        case 2 where attribute.multiValued: return ("\(name)[\(filter)].\(subName)", sub)
        default: return (name, attribute)
        }
    }

    private static func filter(of attribute: SchemaAttribute, using generator: inout SeededGenerator) -> String {
        let types = attribute.subAttribute("type")?.canonicalValues ?? []
        let type = (types + ["other"]).randomElement(using: &generator) ?? "other"
        let filters = [
            #"type eq "\#(type)""#, #"type eq "\#(type)" and value co "a""#, "value pr", "not (type pr)",
            #"primary eq true"#, #"primary eq "True""#, #"value eq "\#(LowercaseUUID(high: 1, low: 1))""#,
            #"value ne "x" or type eq "\#(type)""#,
        ]
        return filters.randomElement(using: &generator) ?? "value pr"
    }
}
