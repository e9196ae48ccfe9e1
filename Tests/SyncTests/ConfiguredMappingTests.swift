// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import FuzzSupport
import JSON
import SCIM
import Storage
import Testing
import UDM
import UDMDouble

@testable import Sync

/// Attributes beyond the standard mapping, and values that UDM has no place for, on their way to the double.
@Suite(.serialized) struct ConfiguredMappingTests {
    private static let urn = "urn:example:scim:schemas:myapp:1.0:User"

    private func body(_ name: String, _ more: JSONObject = [:], externalId: String? = nil) -> JSONValue {
        var body: JSONObject = [
            "schemas": [.string(SchemaURN.user)], "userName": .string(name), "name": ["familyName": "Roe"],
        ]
        if let externalId { body["externalId"] = .string(externalId) }
        for (key, value) in more { body[key] = value }
        return .object(body)
    }

    @Test("Values of a declared schema arrive with their types, change, and go")
    func declaredSchema() async throws {
        let schema = try ConfiguredSchema(
            file: Array(
                """
                {"schemas": [{"id": "\(Self.urn)", "name": "MyApp", "resourceTypes": ["User"], "attributes": [
                    {"name": "enabled", "type": "boolean"}, {"name": "quota", "type": "decimal"},
                    {"name": "tags", "type": "string", "multiValued": true}]}],
                 "mapping": {"User": [
                    {"attribute": "\(Self.urn):enabled", "property": "myAppEnabled", "rule": "boolean"},
                    {"attribute": "\(Self.urn):quota", "property": "myAppQuota", "rule": "decimalAsText"},
                    {"attribute": "\(Self.urn):tags", "property": "myAppTags", "rule": "list"}]}}
                """.utf8))
        let installed: [UDMDouble.Configuration.ExtendedProperty] = [
            .init("myAppEnabled", .boolean), .init("myAppQuota", .string), .init("myAppTags", .strings),
        ]
        try await SyncFixture.run(schema: schema, extendedProperties: ["users/user": installed]) { fixture in
            let id = try await fixture.create(
                .user, body("jo", [Self.urn: ["enabled": "True", "quota": 1.5, "tags": ["a", "b"]]]))
            try await fixture.withWorker { try await fixture.drain() }
            var properties = try #require(fixture.object(id)).properties
            #expect(properties["myAppEnabled"] == true)
            #expect(properties["myAppQuota"] == "1.5")
            #expect(properties["myAppTags"] == ["a", "b"])

            try await fixture.replace(.user, id, body("jo", [Self.urn: ["enabled": false, "tags": ["b", "c"]]]))
            try await fixture.withWorker { try await fixture.drain() }
            properties = try #require(fixture.object(id)).properties
            #expect(properties["myAppEnabled"] == false)
            #expect(properties["myAppQuota"] ?? .null == .null)
            #expect(properties["myAppTags"] == ["b", "c"])

            try await fixture.replace(.user, id, body("jo"))
            try await fixture.withWorker { try await fixture.drain() }
            properties = try #require(fixture.object(id)).properties
            for property in ["myAppEnabled", "myAppQuota", "myAppTags"] {
                #expect([.null, []].contains(properties[property] ?? .null), "\(property)")
            }
            #expect(try await fixture.status(id) == .synced)
        }
    }

    @Test("The externalId of the configured client is pushed, whoever writes; those of others are not")
    func externalID() async throws {
        let schema = try ConfiguredSchema(
            file: Array(#"{"externalId": {"client": "hr", "User": "hrNumber"}}"#.utf8))
        try await SyncFixture.run(schema: schema, extendedProperties: ["users/user": ["hrNumber"]]) { fixture in
            func number(of id: ResourceID) throws -> JSONValue {
                try #require(fixture.object(id)).properties["hrNumber"] ?? .null
            }
            let id = try await fixture.create(.user, body("jo", externalId: "other-1"), client: "idp")
            try await fixture.withWorker { try await fixture.drain() }
            #expect(try number(of: id) == .null)

            try await fixture.replace(.user, id, body("jo", externalId: "4711"), client: "hr")
            try await fixture.withWorker { try await fixture.drain() }
            #expect(try number(of: id) == "4711")

            try await fixture.replace(.user, id, body("jo", ["title": "Dr."], externalId: "other-2"), client: "idp")
            try await fixture.withWorker { try await fixture.drain() }
            #expect(try number(of: id) == "4711")
            #expect(try #require(fixture.object(id)).properties["title"] == "Dr.")

            try await fixture.replace(.user, id, body("jo", ["title": "Dr."]), client: "hr")
            try await fixture.withWorker { try await fixture.drain() }
            #expect(try number(of: id) == .null)
        }
    }

    @Test("Random values of all attributes, as conformance checkers send them, are no dead letters")
    func randomValues() async throws {
        try await SyncFixture.run { fixture in
            let seed = SeededGenerator.seedOfThisRun
            var generator = SeededGenerator(seed: seed)
            var users: [ResourceID] = []
            for _ in 0..<20 {
                users.append(try await fixture.create(.user, RandomBody.make(.user, using: &generator)))
            }
            for _ in 0..<5 { try await fixture.create(.group, RandomBody.make(.group, using: &generator)) }
            try await fixture.withWorker { try await fixture.drain() }
            for id in users { #expect(try await fixture.status(id) == .synced, "seed \(seed)") }
            #expect(try await fixture.states() == ["done": 25], "seed \(seed)")
        }
    }

    @Test(
        "Group names with all that UDM lets them have arrive",
        arguments: ["R&D", "Sales, EMEA", "C# (intern) 1", "Groupe d’accès", #"It's "it" + 1"#, "50% * 2"])
    func groupNames(name: String) async throws {
        try await SyncFixture.run { fixture in
            let id = try await fixture.createGroup(name, members: [])
            try await fixture.withWorker { try await fixture.drain() }
            #expect(fixture.object(id)?.properties["name"] == .string(name))
            try await fixture.replaceGroup(id, "\(name) 2", members: [])
            try await fixture.withWorker { try await fixture.drain() }
            #expect(fixture.object(id)?.properties["name"] == .string("\(name) 2"))
            #expect(try await fixture.status(id) == .synced)
        }
    }
}

/// Fills every attribute that a client may write with a random value of its type, as `scim2-tester` does.
private enum RandomBody {
    static func make(_ type: ResourceType, using generator: inout SeededGenerator) -> JSONValue {
        let registry = SchemaRegistry.standard
        var body: JSONObject = ["schemas": [.string(type.coreSchema)]]
        fill(&body, with: registry.coreSchema(for: type).attributes, using: &generator)
        for schema in registry.extensions(for: type).map(\.schema) {
            var values = JSONObject()
            fill(&values, with: schema.attributes, using: &generator)
            if !values.isEmpty { body[schema.id] = .object(values) }
        }
        // Ids of nobody.
        body["members"] = nil
        return .object(body)
    }

    private static func fill(
        _ object: inout JSONObject, with attributes: [SchemaAttribute], using generator: inout SeededGenerator
    ) {
        for attribute in attributes where attribute.mutability != .readOnly {
            let value = value(of: attribute, using: &generator)
            object[attribute.name] = attribute.multiValued ? [value] : value
        }
        if attributes.contains(where: { $0.name == "emails" }), let email = object["emails"]?[0] {
            var second = email.objectValue ?? JSONObject()
            second["value"] = .string("\(text(using: &generator))@\(text(using: &generator)).com")
            second["primary"] = false
            if second["type"] == "mailbox" { second["type"] = "alias" }
            object["emails"] = [email, .object(second)]
        }
    }

    private static func value(of attribute: SchemaAttribute, using generator: inout SeededGenerator) -> JSONValue {
        if let canonical = attribute.canonicalValues.randomElement(using: &generator) { return .string(canonical) }
        switch attribute.type {
        case .complex:
            var object = JSONObject()
            fill(&object, with: attribute.subAttributes, using: &generator)
            if attribute.name == "emails" {
                object["value"] = .string("\(text(using: &generator))@\(text(using: &generator)).com")
            }
            return .object(object)
        case .boolean: return .bool(Bool.random(using: &generator))
        case .integer: return 7
        case .decimal: return 1.5
        case .dateTime: return "2026-11-21T09:15:29Z"
        case .reference: return .string("https://\(text(using: &generator)).test")
        case .binary: return "q83vEjRWeJCrze8SNFZ4kA=="
        case .string: return .string(text(using: &generator))
        }
    }

    private static func text(using generator: inout SeededGenerator) -> String {
        LowercaseUUID(
            high: UInt64.random(in: .min ... .max, using: &generator),
            low: UInt64.random(in: .min ... .max, using: &generator)
        ).description
    }
}
