// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import SCIM
import Testing

@Suite("PATCH: what operations do to a group")
struct PatchGroupTests {
    private typealias Step = MemberChanges.Step
    private static let babs = PatchFixture.babs
    private static let james = PatchFixture.james
    private static let mandy = PatchFixture.mandy

    private func change(adding: [String] = [], removing: [String] = []) throws -> [Step] {
        [
            .change(
                adding: try adding.map { try PatchFixture.member($0) },
                removing: try removing.map { try PatchFixture.id($0) })
        ]
    }

    private func replace(_ ids: String...) throws -> [Step] {
        [.replace(with: try ids.map { try PatchFixture.member($0) })]
    }

    @Test(
        "members are added by path and without, with everything else about them ignored",
        arguments: [
            #"{"op":"add","path":"members","value":[{"value":"\#(babs)"}]}"#,
            #"{"op":"Add","path":"MEMBERS","value":[{"$ref":null,"value":"\#(babs)"}]}"#,
            #"{"op":"add","path":"members","value":{"VALUE":"\#(babs)","display":"Babs"}}"#,
            #"{"op":"add","value":{"members":[{"value":"\#(babs)"}]}}"#,
            #"{"op":"add","path":"urn:ietf:params:scim:schemas:core:2.0:Group:members","value":[{"value":"\#(babs)"}]}"#,
            #"{"op":"add","path":"members","value":[{"value":"\#(babs.uppercased())"},{"value":"\#(babs)"}]}"#,
            #"{"op":"add","path":"members[value eq \"\#(babs)\"]","value":{"display":"Babs"}}"#,
            #"{"op":"add","path":"members[value eq \"\#(babs)\"]","value":[{"value":"\#(babs)"}]}"#,
            #"{"op":"add","path":"members","value":"\#(babs)"}"#,
            #"{"op":"add","path":"members","value":["\#(babs)"]}"#,
        ])
    func add(operation: String) throws {
        #expect(try PatchFixture.members(operation) == change(adding: [Self.babs]))
    }

    @Test("the type of a member is kept as far as the client says it")
    func types() throws {
        let operations = """
            {"op":"add","path":"members","value":[{"value":"\(Self.babs)","type":"user"},{"value":"\(Self.james)"}]},
            {"op":"add","path":"members","value":[{"value":"\(Self.babs)"},{"value":"\(Self.james)","type":"Group"}]}
            """
        #expect(
            try PatchFixture.members(operations) == [
                .change(
                    adding: [
                        try PatchFixture.member(Self.babs, .user), try PatchFixture.member(Self.james, .group),
                    ], removing: [])
            ])
    }

    @Test(
        "single members are removed by a filter or by a list",
        arguments: [
            #"{"op":"remove","path":"members[value eq \"\#(babs)\"]"}"#,
            #"{"op":"Remove","path":"Members[Value EQ \"\#(babs.uppercased())\"]"}"#,
            #"{"op":"remove","path":"members[value eq\"\#(babs)\"]"}"#,
            #"{"op":"remove","path":"members[value eq \"\#(babs)\"]","value":[{"value":"\#(james)"},{"value":"\#(babs)"}]}"#,
            #"{"op":"remove","path":"members[value eq \"\#(babs)\"]","value":null}"#,
            #"{"op":"remove","path":"members[value eq \"\#(babs)\" or value eq \"\#(james)\"]","value":"\#(babs)"}"#,
            #"{"op":"replace","path":"members[value eq \"\#(babs)\"]","value":null}"#,
            #"{"op":"Remove","path":"members","value":[{"$ref":null,"value":"\#(babs)"}]}"#,
            #"{"op":"remove","path":"members","value":{"value":"\#(babs)"}}"#,
            #"{"op":"remove","path":"members","value":"\#(babs)"}"#,
            #"{"op":"remove","path":"members","value":[{"value":"\#(babs)"},{"value":"nobody"}]}"#,
        ])
    func remove(operation: String) throws {
        #expect(try PatchFixture.members(operation) == change(removing: [Self.babs]))
    }

    @Test("a chain of ids is a list of ids")
    func chain() throws {
        let operation = #"""
            {"op":"remove","path":"members[value eq \"\#(Self.babs)\" or (value eq \"\#(Self.james)\" or value eq \"x\")]"}
            """#
        #expect(try PatchFixture.members(operation) == change(removing: [Self.babs, Self.james]))
    }

    @Test(
        "nobody is removed by a list that names nobody, and nobody added",
        arguments: [
            #"{"op":"remove","path":"members","value":[]}"#,
            #"{"op":"remove","path":"members[value eq \"\#(babs)\"]","value":[{"value":"\#(james)"}]}"#,
            #"{"op":"remove","path":"members[value eq \"\#(babs)\"]","value":[]}"#,
            #"{"op":"remove","path":"members","value":[{"value":"x"}]}"#,
            #"{"op":"remove","path":"members[value eq \"x\"]"}"#, #"{"op":"add","path":"members","value":[]}"#,
            #"{"op":"add","path":"members","value":null}"#, #"{"op":"add","value":{"members":[]}}"#,
            #"{"op":"add","value":{"members":null}}"#, #"{"op":"add","path":"members[type pr]","value":null}"#,
            #"{"op":"replace","path":"members[value eq \"\#(babs)\"]","value":{"value":"\#(babs)"}}"#,
        ])
    func nobody(operation: String) throws {
        #expect(try PatchFixture.members(operation) == [])
        let patch = try PatchFixture.validator.patch(PatchFixture.message(operation), as: .group)
        #expect(patch.members.isEmpty)
        #expect(patch.changesMembersOnly)
    }

    @Test(
        "all members are removed when that is asked for",
        arguments: [
            #"{"op":"remove","path":"members"}"#, #"{"op":"remove","path":"members","value":null}"#,
            #"{"op":"replace","path":"members","value":[]}"#,
            #"{"op":"replace","value":{"members":[]}}"#,
        ])
    func removeAll(operation: String) throws { #expect(try PatchFixture.members(operation) == replace()) }

    @Test(
        "null is not taken for no members, with a path or without",
        arguments: [
            #"{"op":"replace","path":"members","value":null}"#, #"{"op":"replace","value":{"members":null}}"#,
            #"{"op":"replace","value":{"\#(SchemaURN.group):members":null}}"#,
            #"{"op":"replace","value":{"\#(SchemaURN.group)":{"members":null}}}"#,
        ])
    func noList(operation: String) throws {
        let error = try PatchFixture.error(of: operation, as: .group)
        #expect(error?.scimType == .invalidValue && error?.detail.contains("[] removes all members") == true)
    }

    @Test("of those that a filter finds only the ones in a list are removed")
    func removeListed() throws {
        let remove =
            #"{"op":"Remove","path":"members[type eq \"User\"]","value":[{"value":"\#(Self.babs)"},"\#(Self.james)"]}"#
        let steps = try PatchFixture.members(remove)
        guard case .removeMatching(_, let among)? = steps.first, steps.count == 1 else {
            Issue.record("\(steps)")
            return
        }
        #expect(among == [try PatchFixture.id(Self.babs), try PatchFixture.id(Self.james)])
    }

    @Test(
        "a member may be named by its address alone",
        arguments: [
            #"{"op":"add","path":"members","value":[{"$ref":"https://x.example/scim/v2/Users/\#(babs)"}]}"#,
            #"{"op":"add","path":"members","value":[{"value":null,"$ref":"../Users/\#(babs)/"}]}"#,
        ])
    func addressAlone(operation: String) throws {
        #expect(try PatchFixture.members(operation) == change(adding: [Self.babs]))
        let removing = operation.replacing(#""op":"add""#, with: #""op":"remove""#)
        #expect(try PatchFixture.members(removing) == change(removing: [Self.babs]))
    }

    @Test(
        "an address that ends with no id names no member",
        arguments: [#"{"$ref":"https://x.example/Users/x"}"#, #"{"$ref":""}"#, #"{"$ref":null}"#, "{}"])
    func otherAddress(member: String) throws {
        let error = try PatchFixture.error(of: #"{"op":"add","path":"members","value":[\#(member)]}"#, as: .group)
        #expect(error?.scimType == .invalidValue && error?.detail.contains("members[0].value is required") == true)
    }

    @Test(
        "members are replaced",
        arguments: [
            #"{"op":"replace","path":"members","value":[{"value":"\#(babs)"},{"value":"\#(james)"}]}"#,
            #"{"op":"replace","value":{"members":[{"value":"\#(babs)"},{"value":"\#(james)"}],"id":"x"}}"#,
            // What came before does not matter, what comes after does.
            #"""
            {"op":"add","path":"members","value":[{"value":"\#(mandy)"}]},{"op":"remove","path":"members"},
            {"op":"add","path":"members","value":[{"value":"\#(babs)"}]},
            {"op":"add","path":"members","value":[{"value":"\#(james)"},{"value":"\#(mandy)"}]},
            {"op":"remove","path":"members[value eq \"\#(mandy)\"]"}
            """#,
        ])
    func replaced(operations: String) throws {
        #expect(try PatchFixture.members(operations) == replace(Self.babs, Self.james))
    }

    @Test("of two operations about one member the later one counts")
    func lastCounts() throws {
        let add = #"{"op":"add","path":"members","value":[{"value":"\#(Self.babs)"}]}"#
        let remove = #"{"op":"remove","path":"members[value eq \"\#(Self.babs)\"]"}"#
        #expect(try PatchFixture.members("\(add),\(remove)") == change(removing: [Self.babs]))
        #expect(try PatchFixture.members("\(remove),\(add)") == change(adding: [Self.babs]))
        #expect(try PatchFixture.members("\(add),\(add)") == change(adding: [Self.babs]))
    }

    @Test(
        "a filter that needs the members is handed on, in its place",
        arguments: [
            "type eq \\\"User\\\"", "display co \\\"x%_\\\"", "value eq \\\"\(babs)\\\" and type eq \\\"User\\\"",
            "not (value eq \\\"\(babs)\\\")", "value eq \\\"\(babs)\\\" or type eq \\\"Group\\\"", "value pr",
        ])
    func matching(filter: String) throws {
        let expected = try Filter.parse(
            "members[\(filter.replacing("\\", with: ""))]", for: .group, registry: .standard)
        guard case .value(_, let inner) = expected else {
            Issue.record("no value path")
            return
        }
        let remove = #"{"op":"remove","path":"members[\#(filter)]"}"#
        #expect(try PatchFixture.members(remove) == [.removeMatching(inner)])
        let add = #"{"op":"add","path":"members","value":[{"value":"\#(Self.james)"}]}"#
        #expect(
            try PatchFixture.members("\(add),\(remove),\(add)")
                == change(adding: [Self.james]) + [.removeMatching(inner)] + change(adding: [Self.james]))
        let replacing = #"{"op":"replace","path":"members","value":[{"value":"\#(Self.james)"}]}"#
        #expect(try PatchFixture.members("\(replacing),\(remove)") == replace(Self.james) + [.removeMatching(inner)])
        #expect(try PatchFixture.members("\(remove),\(replacing)") == replace(Self.james))
    }

    @Test("a rename changes the attributes, and members only if they are named")
    func rename() throws {
        let message = try PatchFixture.message(
            #"{"op":"replace","value":{"id":"x","displayName":"Guides"}},{"op":"replace","path":"externalId","value":"g"}"#
        )
        let patch = try PatchFixture.validator.patch(message, as: .group)
        #expect(!patch.changesMembersOnly)
        #expect(patch.members.isEmpty)
        let patched = try PatchFixture.validator.apply(patch, to: PatchFixture.group(), externalId: nil)
        #expect(patched.attributes == ["displayName": "Guides"])
        #expect(patched.externalId == "g")
    }

    @Test("operations on members leave the attributes as they are")
    func attributesStay() throws {
        let group = try PatchFixture.group()
        let message = try PatchFixture.message(#"{"op":"remove","path":"members"}"#)
        let patched = try PatchFixture.apply(message, to: group, type: .group)
        #expect(patched.attributes == group)
        #expect(!patched.differs)
    }

    @Test("thirty thousand members in a thousand operations are put together at once")
    func many() throws {
        let operations = (0..<1000).map { round -> JSONValue in
            [
                "op": round.isMultiple(of: 3) ? "remove" : "add", "path": "members",
                "value": .array(
                    (0..<30).map {
                        ["value": .string(LowercaseUUID(high: 7, low: UInt64(round * 20 + $0)).description)]
                    }),
            ]
        }
        let message: JSONValue = ["schemas": [.string(SchemaURN.patchOp)], "Operations": .array(operations)]
        let steps = try PatchFixture.validator.patch(message, as: .group).members.steps
        guard case .change(let adding, let removing)? = steps.first, steps.count == 1 else {
            Issue.record("one change was expected")
            return
        }
        #expect(adding.count + removing.count == 20_010)
        #expect(Set(adding.map(\.id)).isDisjoint(with: removing))
    }
}
