// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import FuzzSupport
import JSON
import SCIM

/// Random bodies: valid ones by the schemas, and values of any kind.
enum RandomResource {
    /// A body a client may send: a random part of the attributes of the type, spelled in random ways.
    static func body(_ type: ResourceType, using generator: inout SeededGenerator) -> JSONValue {
        let registry = SchemaRegistry.standard
        var body: JSONObject = ["schemas": [.string(type.coreSchema)]]
        fill(&body, with: registry.coreSchema(for: type).attributes, using: &generator)
        for schema in registry.extensions(for: type).map(\.schema) where Bool.random(using: &generator) {
            var values = JSONObject()
            fill(&values, with: schema.attributes, using: &generator)
            body[anyCase(schema.id, using: &generator)] = .object(values)
        }
        if Bool.random(using: &generator) { body["externalId"] = .string(text(using: &generator)) }
        if Bool.random(using: &generator) { body["id"] = value(depth: 1, using: &generator) }
        return .object(body)
    }

    private static func fill(
        _ object: inout JSONObject, with attributes: [SchemaAttribute], using generator: inout SeededGenerator
    ) {
        for attribute in attributes.shuffled(using: &generator) {
            guard attribute.required || Int.random(in: 0..<3, using: &generator) == 0 else { continue }
            object[anyCase(attribute.name, using: &generator)] = value(of: attribute, using: &generator)
        }
    }

    /// A value that the attribute may have, or anything for one that is readOnly.
    static func value(of attribute: SchemaAttribute, using generator: inout SeededGenerator) -> JSONValue {
        if attribute.mutability == .readOnly { return value(depth: 2, using: &generator) }
        switch attribute.name {
        case "userName": return .string(name(using: &generator))
        case "displayName" where attribute.required:
            return .string("\(name(using: &generator)) \(name(using: &generator))")
        case "password": return .string("12345678\(text(using: &generator))")
        case "members":
            return .array(
                (0..<Int.random(in: 0...5, using: &generator)).map { _ in
                    ["value": .string(LowercaseUUID(high: 1, low: .random(in: 0...3, using: &generator)).description)]
                })
        default: break
        }
        guard attribute.multiValued else { return single(attribute, using: &generator) }
        if Int.random(in: 0..<8, using: &generator) == 0 { return [] }
        let count = Int.random(in: 1...4, using: &generator)
        var elements: [JSONValue] = []
        for index in 0..<count {
            guard case .object(var element) = single(attribute, using: &generator) else { continue }
            // One preferred value at most, and no address that would have to be unique or hosted.
            if index > 0 { for key in element.keys where key.lowercased() == "primary" { element[key] = nil } }
            if attribute.name == "emails" {
                for key in element.keys where key.lowercased() == "type" { element[key] = "work" }
            }
            elements.append(.object(element))
        }
        if attribute.name == "emails", Bool.random(using: &generator) {
            let mailbox = "m\(name(using: &generator).filter(\.isASCII))@corp.test"
            elements.append(["value": .string(mailbox), "type": "mailbox"])
        }
        if elements.count == 1, Bool.random(using: &generator) { return elements[0] }
        return .array(elements)
    }

    static func single(_ attribute: SchemaAttribute, using generator: inout SeededGenerator) -> JSONValue {
        switch attribute.type {
        case .string:
            if let canonical = attribute.canonicalValues.randomElement(using: &generator) { return .string(canonical) }
            return .string(attribute.required ? "x\(text(using: &generator))" : text(using: &generator))
        case .boolean: return ([true, false, "True", "false"] as [JSONValue]).randomElement(using: &generator) ?? true
        case .decimal: return 1.5
        case .integer: return 7
        case .dateTime: return "2026-11-21T09:15:29Z"
        case .reference: return .string("https://host.test/\(name(using: &generator))")
        case .binary: return (["", "TUlJ", "TQ=="] as [JSONValue]).randomElement(using: &generator) ?? ""
        case .complex:
            var object = JSONObject()
            fill(&object, with: attribute.subAttributes, using: &generator)
            return .object(object)
        }
    }

    /// A value of any kind, without U+0000.
    static func value(depth: Int, using generator: inout SeededGenerator) -> JSONValue {
        switch Int.random(in: 0..<(depth > 0 ? 8 : 5), using: &generator) {
        case 0: return .null
        case 1: return .bool(Bool.random(using: &generator))
        case 2: return .number(JSONNumber(Int64.random(in: -9...9, using: &generator)))
        case 3, 4: return .string(text(using: &generator))
        case 5:
            return .array(
                (0..<Int.random(in: 0...3, using: &generator)).map { _ in value(depth: depth - 1, using: &generator) })
        default:
            var object = JSONObject()
            for _ in 0..<Int.random(in: 0...3, using: &generator) {
                let key = ["value", "type", "primary", "familyName", "x"].randomElement(using: &generator) ?? "x"
                object[key] = value(depth: depth - 1, using: &generator)
            }
            return .object(object)
        }
    }

    static func text(using generator: inout SeededGenerator) -> String {
        let alphabet: [Character] = [
            "a", "Z", " ", "\"", "\\", "{", "}", "[", "]", ":", ",", "\n", "é", "€", "😀", "@", "\u{1}",
        ]
        return String(
            (0..<Int.random(in: 0...12, using: &generator)).map { _ in alphabet.randomElement(using: &generator) ?? "a"
            })
    }

    private static func name(using generator: inout SeededGenerator) -> String {
        let alphabet: [Character] = ["a", "B", "z", "0", "9", "_", "ü", "ß"]
        return String(
            (0..<Int.random(in: 1...12, using: &generator)).map { _ in alphabet.randomElement(using: &generator) ?? "a"
            })
    }

    static func anyCase(_ name: String, using generator: inout SeededGenerator) -> String {
        switch Int.random(in: 0..<4, using: &generator) {
        case 0: name.uppercased()
        case 1: name.lowercased()
        default: name
        }
    }
}
