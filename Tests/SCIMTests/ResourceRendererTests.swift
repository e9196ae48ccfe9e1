// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import FuzzSupport
import JSON
import SCIM
import Testing

@Suite("Resource renderer")
struct ResourceRendererTests {
    private let renderer = ResourceRenderer(baseURL: "https://host.test/scim/v2")
    private let id = LowercaseUUID(high: 0x2819_C223_7F76_453A, low: 0x919D_4138_6190_4646)
    private let created = Timestamp(microsecondsSinceEpoch: 1_795_252_529_900_123)
    private let modified = Timestamp(microsecondsSinceEpoch: 1_795_252_530_000_000)

    private func render(
        _ type: ResourceType = .user, externalId: String? = nil, attributes: String, members: String? = nil,
        groups: String? = nil, sync: String? = nil
    ) -> String {
        let bytes = renderer.render(
            type, id: id, revision: 3, created: created, modified: modified, externalId: externalId,
            attributes: Array(attributes.utf8), members: members.map { Array($0.utf8) },
            groups: groups.map { Array($0.utf8) },
            sync: sync.map { Array($0.utf8) })
        return String(decoding: bytes, as: UTF8.self)
    }

    private let userMeta = """
        "meta":{"resourceType":"User","created":"2026-11-21T09:15:29.900Z","lastModified":"2026-11-21T09:15:30.000Z",\
        "location":"https://host.test/scim/v2/Users/2819c223-7f76-453a-919d-413861904646","version":"W/\\"3\\""}
        """

    @Test("a user is put together byte by byte")
    func user() {
        #expect(
            render(externalId: "e\"1", attributes: #"{"userName": "jroe"}"#) == """
                {"schemas":["\(SchemaURN.user)"],"id":"2819c223-7f76-453a-919d-413861904646","externalId":"e\\"1",\
                "userName": "jroe",\(userMeta)}
                """)
    }

    @Test("an extension that has a value is one of the schemas")
    func extensions() throws {
        let text = render(
            attributes: """
                 { "\(SchemaURN.enterpriseUser)" : {"department": "d", "urn:x": {}}, "userName" : "urn:not:a:key" ,
                "emails": [{"urn:not:top": 1}], "\(SchemaURN.univentionUser)":{"description":"\\"urn:y\\": {"} }
                """)
        let value = try JSONValue(parsing: text)
        #expect(
            value["schemas"] == [
                .string(SchemaURN.user), .string(SchemaURN.enterpriseUser), .string(SchemaURN.univentionUser),
            ])
        #expect(value["userName"] == "urn:not:a:key")
        #expect(value[SchemaURN.univentionUser]?["description"] == "\"urn:y\": {")
    }

    @Test("a group with members, a user with groups, and the sync status")
    func parts() throws {
        let group = try JSONValue(
            parsing: render(.group, attributes: #"{"displayName":"g"}"#, members: #"[{"value": "a"}]"#))
        #expect(group["members"] == [["value": "a"]])
        #expect(group["meta"]?["resourceType"] == "Group")
        #expect(group["meta"]?["location"] == "https://host.test/scim/v2/Groups/2819c223-7f76-453a-919d-413861904646")
        #expect(group["schemas"] == [.string(SchemaURN.group)])
        let user = try JSONValue(
            parsing: render(
                attributes: #"{"userName":"u"}"#, groups: #"[{"value":"g"}]"#, sync: #"{"status":"synced"}"#))
        #expect(user["groups"] == [["value": "g"]])
        #expect(user["schemas"] == [.string(SchemaURN.user), .string(SchemaURN.sync)])
        #expect(user[SchemaURN.sync] == ["status": "synced"])
        #expect(user["members"] == nil)
    }

    @Test("no attributes leave no comma behind", arguments: ["{}", "{ }", " {\n} "])
    func empty(attributes: String) throws {
        #expect(render(attributes: attributes) == #"{"schemas":["\#(SchemaURN.user)"],"id":"\#(id)",\#(userMeta)}"#)
    }

    @Test("a base address may end with a slash, and may need escapes")
    func baseURL() throws {
        for (base, location) in [
            ("https://h.test/v2/", "https://h.test/v2/Users/"), ("https://h.test/\"q\"", "https://h.test/\"q\"/Users/"),
        ] {
            let bytes = ResourceRenderer(baseURL: base).render(
                .user, id: id, revision: 1, created: created, modified: modified, externalId: nil,
                attributes: Array("{}".utf8))
            #expect(try JSONValue(parsing: bytes)["meta"]?["location"] == .string("\(location)\(id)"))
        }
    }

    @Test(
        "the entity tag is weak and is the revision",
        arguments: [(1, "W/\"1\""), (9_223_372_036_854_775_807, "W/\"9223372036854775807\"")] as [(Int64, String)])
    func etag(revision: Int64, text: String) {
        #expect(ResourceRenderer.etag(revision) == text)
    }

    @Test("whatever object is stored, the answer is JSON with the members of the object and our own")
    func randomObjects() throws {
        let seed = SeededGenerator.seedOfThisRun
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<1000 {
            var attributes = JSONObject()
            for _ in 0..<Int.random(in: 0...8, using: &generator) {
                let isURN = Int.random(in: 0..<4, using: &generator) == 0
                // Not one of the keys that the renderer adds.
                let key = (isURN ? "urn:" : "x") + RandomResource.text(using: &generator)
                attributes[key] = RandomResource.value(depth: 3, using: &generator)
            }
            let stored = spaced(JSONValue.object(attributes), using: &generator)
            let externalId = Bool.random(using: &generator) ? RandomResource.text(using: &generator) : nil
            let bytes = renderer.render(
                .user, id: id, revision: 3, created: created, modified: modified, externalId: externalId,
                attributes: Array(stored.utf8))
            var expected = attributes
            expected["schemas"] = .array(
                [.string(SchemaURN.user)] + attributes.keys.filter { $0.hasPrefix("urn:") }.map { .string($0) })
            expected["id"] = .string(id.description)
            expected["externalId"] = externalId.map { .string($0) }
            expected["meta"] = try JSONValue(parsing: "{\(userMeta)}")["meta"]
            try #require(try JSONValue(parsing: bytes) == .object(expected), "seed \(seed)")
        }
    }

    /// As PostgreSQL writes `jsonb`: a blank behind every comma and colon.
    private func spaced(_ value: JSONValue, using generator: inout SeededGenerator) -> String {
        guard Bool.random(using: &generator) else { return value.text }
        switch value {
        case .object(let object):
            var members: [String] = []
            for member in object {
                members.append("\(JSONValue.string(member.key).text): \(spaced(member.value, using: &generator))")
            }
            return "{\(members.joined(separator: ", "))}"
        case .array(let elements):
            var texts: [String] = []
            for element in elements { texts.append(spaced(element, using: &generator)) }
            return "[\(texts.joined(separator: ", "))]"
        case .null, .bool, .number, .string: return value.text
        }
    }
}
