// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import FuzzSupport
import JSON
import SCIM
import Testing

@Suite("Resource properties")
struct ResourcePropertyTests {
    private let validator = ResourceValidator()
    private let renderer = ResourceRenderer(baseURL: "https://host.test/scim/v2")
    private let id = LowercaseUUID(high: 7, low: 7)

    @Test("what was accepted is accepted again as it is shown, and stays the same", arguments: ResourceType.allCases)
    func stable(type: ResourceType) throws {
        let seed = SeededGenerator.seedOfThisRun
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<1000 {
            let body = RandomResource.body(type, using: &generator)
            let first = try #require(throwsNothing { try validator.validate(body, as: type) }, "seed \(seed): \(body)")
            let shown = try JSONValue(parsing: render(first))
            var second = try #require(
                throwsNothing { try validator.validate(shown, as: type) }, "seed \(seed): \(shown)")
            // The only thing that is never shown.
            #expect(shown["password"] == nil)
            second.password = first.password
            try #require(second == first, "seed \(seed): \(body)")
        }
    }

    @Test("accepted attributes are spelled as in the schemas and have their types", arguments: ResourceType.allCases)
    func wellFormed(type: ResourceType) throws {
        let seed = SeededGenerator.seedOfThisRun
        var generator = SeededGenerator(seed: seed)
        let registry = SchemaRegistry.standard
        for _ in 0..<500 {
            let attributes = try validator.validate(RandomResource.body(type, using: &generator), as: type).attributes
            for (key, value) in attributes {
                if let schema = registry.extensions(for: type).map(\.schema).first(where: { $0.id == key }) {
                    for (key, value) in try #require(value.objectValue) {
                        try #require(
                            isWellFormed(value, schema.attributes.first { $0.name == key }), "seed \(seed): \(key)")
                    }
                } else {
                    let attribute = registry.coreSchema(for: type).attributes.first { $0.name == key }
                    try #require(isWellFormed(value, attribute), "seed \(seed): \(key)")
                }
            }
        }
    }

    @Test("one damaged attribute is refused by its own name, or not at all", arguments: ResourceType.allCases)
    func damaged(type: ResourceType) throws {
        let seed = SeededGenerator.seedOfThisRun
        var generator = SeededGenerator(seed: seed)
        var refused = 0
        for attribute in SchemaRegistry.standard.coreSchema(for: type).attributes {
            for _ in 0..<100 {
                let body = Fixture.body(type, attribute.name, RandomResource.value(depth: 3, using: &generator))
                do {
                    _ = try validator.validate(body, as: type)
                } catch {
                    refused += 1
                    #expect(error.status == 400 && error.scimType == .invalidValue, "seed \(seed): \(body)")
                    #expect(error.detail.hasPrefix(attribute.name), "seed \(seed): \(error.detail)")
                }
            }
        }
        #expect(refused > 50, "seed \(seed)")
    }

    private func throwsNothing(_ body: () throws -> ValidatedResource) -> ValidatedResource? {
        do {
            return try body()
        } catch {
            Issue.record(error)
            return nil
        }
    }

    private func render(_ resource: ValidatedResource) -> [UInt8] {
        let members = resource.members.map { members in
            JSONValue.array(members.map { ["value": .string($0.id.description), "$ref": nil] }).serialize()
        }
        let instant = Timestamp(microsecondsSinceEpoch: 0)
        return renderer.render(
            resource.type, id: id, revision: 1, created: instant, modified: instant, externalId: resource.externalId,
            attributes: resource.attributes.serialize(), members: members)
    }

    private func isWellFormed(_ value: JSONValue, _ attribute: SchemaAttribute?) -> Bool {
        guard let attribute, attribute.mutability != .readOnly, attribute.mutability != .writeOnly else { return false }
        guard attribute.multiValued else { return isWellFormedValue(value, attribute) }
        guard let elements = value.arrayValue else { return false }
        return !elements.isEmpty && elements.allSatisfy { isWellFormedValue($0, attribute) }
            && Set(elements).count == elements.count
    }

    private func isWellFormedValue(_ value: JSONValue, _ attribute: SchemaAttribute) -> Bool {
        switch attribute.type {
        case .string, .dateTime, .reference, .binary: value.stringValue != nil
        case .boolean: value.boolValue != nil
        case .integer: value.integerValue != nil
        case .decimal: value.numberValue != nil
        case .complex:
            value.objectValue.map { object in
                !object.isEmpty
                    && object.allSatisfy { member in
                        isWellFormed(member.value, attribute.subAttributes.first { $0.name == member.key })
                    }
            } ?? false
        }
    }
}
