// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import SCIM
import Testing

@Suite("PATCH: spellings of identity providers")
struct PatchToleranceTests {
    private func expect(_ operations: String, _ changes: String, of user: JSONObject? = nil) throws {
        let user = try user ?? PatchFixture.user()
        #expect(try PatchFixture.apply(operations, to: user).attributes == user.changed(by: changes))
    }

    @Test(
        "a dot may stand for the colon behind the URN of an extension",
        arguments: [
            (
                #"{"op":"Replace","path":"ENT.manager","value":"m"}"#,
                #"{"ENT":{"employeeNumber":"701984","department":"Tours","manager":{"value":"m"}}}"#
            ),
            (
                #"{"op":"Replace","path":"ENT.manager.value","value":"m"}"#,
                #"{"ENT":{"employeeNumber":"701984","department":"Tours","manager":{"value":"m"}}}"#
            ),
            (#"{"op":"Remove","path":"ENT.manager"}"#, #"{"ENT":{"employeeNumber":"701984","department":"Tours"}}"#),
            (
                #"{"op":"replace","value":{"ENT.department":"Sales","ENT.manager":""}}"#,
                #"{"ENT":{"employeeNumber":"701984","department":"Sales"}}"#
            ),
        ])
    func dotAfterURN(operations: String, changes: String) throws { try expect(operations, changes) }

    @Test(
        "the attributes of the core schema may stand below its URN",
        arguments: [
            #"{"op":"replace","value":{"CORE":{"title":"X","name.givenName":"Y"}}}"#,
            #"{"op":"add","value":{"CORE":{"title":"X"},"name":{"givenName":"Y"}}}"#,
            #"{"op":"replace","path":"CORE","value":{"title":"X","name":{"givenName":"Y"}}}"#,
            #"{"op":"replace","path":"CORE","value":{"CORE":{"title":"X"},"CORE:name.givenName":"Y"}}"#,
        ])
    func coreAsContainer(operations: String) throws {
        let user = try PatchFixture.user()
        let written = operations.replacing("CORE", with: SchemaURN.user)
        let plain = #"{"op":"replace","value":{"title":"X","name.givenName":"Y"}}"#
        #expect(try PatchFixture.apply(written, to: user).attributes == PatchFixture.apply(plain, to: user).attributes)
        let upper = operations.replacing("CORE", with: SchemaURN.user.uppercased())
        #expect(try PatchFixture.apply(upper, to: user).attributes["title"] == "X")
    }

    @Test("the attributes of a group may be a text that is a JSON object", arguments: ["add", "replace"])
    func objectAsText(verb: String) throws {
        let object = #"{"schemas":["\#(SchemaURN.group)"],"externalId":"x","displayName":"Staff"}"#
        let text = object.replacing("\"", with: "\\\"")
        let message = try PatchFixture.message(#"{"op":"\#(verb)","value":"\#(text)"}"#)
        let patched = try PatchFixture.apply(message, to: PatchFixture.group(), type: .group)
        #expect(patched.attributes["displayName"] == "Staff")
        #expect(patched.externalId == "x")
    }

    @Test(
        "a text that is no JSON object, one too long, and one with a path are no attributes",
        arguments: [
            #""value":"displayName""#, #""value":"{""#, #""value":"[]""#, #""value":"{} {}""#,
            #""value":"{\"displayName\":\"a\",\"displayName\":\"b\"}""#,
            #""value":"{\"displayName\":\"\#(String(repeating: "a", count: 64 << 10))\"}""#,
            #""path":"members","value":"{\"value\":\"26118915-6090-4610-87e4-49d8ca9f808d\"}""#,
        ])
    func noObjectAsText(value: String) throws {
        let error = try PatchFixture.error(of: #"{"op":"replace",\#(value)}"#, as: .group)
        #expect(error?.scimType == .invalidValue)
    }

    @Test(
        "a single value may come in a list of one, and so may the attributes of a resource",
        arguments: [
            (#"{"op":"replace","path":"active","value":[false]}"#, #"{"active":false}"#),
            (#"{"op":"replace","path":"active","value":["False"]}"#, #"{"active":false}"#),
            (#"{"op":"add","path":"title","value":["X"]}"#, #"{"title":"X"}"#),
            (
                #"{"op":"replace","path":"emails[type eq \"work\"].value","value":["x@b.test"]}"#,
                """
                {"emails":[{"value":"x@b.test","type":"work","primary":true},
                 {"value":"babs@jensen.example","type":"home"}]}
                """
            ),
            (
                #"{"op":"add","path":"ENT:manager","value":["m"]}"#,
                #"{"ENT":{"employeeNumber":"701984","department":"Tours","manager":{"value":"m"}}}"#
            ),
            (#"{"op":"replace","value":[{"title":"X","active":[false]}]}"#, #"{"title":"X","active":false}"#),
        ])
    func listOfOne(operations: String, changes: String) throws { try expect(operations, changes) }

    @Test("a colon may end the URN of a schema as a path")
    func colonAfterURN() throws {
        let user = try PatchFixture.user()
        for (written, plain) in [
            (
                #"{"op":"replace","path":"ENT:","value":{"department":"X"}}"#,
                #"{"op":"add","value":{"ENT:department":"X"}}"#
            ),
            (#"{"op":"Remove","path":"ENT:"}"#, #"{"op":"remove","path":"ENT"}"#),
            (#"{"op":"add","path":"CORE:","value":{"title":"X"}}"#, #"{"op":"add","path":"title","value":"X"}"#),
        ] {
            let patched = try PatchFixture.apply(written.replacing("CORE", with: SchemaURN.user), to: user)
            #expect(try patched.attributes == PatchFixture.apply(plain, to: user).attributes)
            #expect(patched.attributes != user)
        }
    }

    @Test(
        "below the URN of the core schema are attributes, each once",
        arguments: [
            (#"{"op":"replace","value":{"title":"a","CORE":{"Title":"b"}}}"#, SCIMError.ScimType.invalidValue),
            (#"{"op":"replace","path":"CORE","value":"x"}"#, .invalidValue),
            (#"{"op":"remove","path":"CORE"}"#, .noTarget),
            (#"{"op":"replace","value":{"CORE":{"id":"x"}}}"#, .mutability),
        ])
    func brokenContainer(operation: String, scimType: SCIMError.ScimType) throws {
        let error = try PatchFixture.error(of: operation.replacing("CORE", with: SchemaURN.user))
        #expect(error?.scimType == scimType)
    }

    @Test("the URN of the message may stand without a list")
    func singleSchema() throws {
        let message = try JSONValue(
            parsing: #"{"schemas":"\#(SchemaURN.patchOp)","Operations":[{"op":"replace","path":"title","value":"X"}]}"#)
        #expect(try PatchFixture.apply(message, to: PatchFixture.user()).attributes["title"] == "X")
    }

    @Test("the dot is for known extensions and their attributes only")
    func otherDots() throws {
        for path in ["ENT.nosuch", "ENTx.manager", "urn:x:y.manager", "\(SchemaURN.user).title"] {
            let error = try PatchFixture.error(of: #"{"op":"replace","path":"\#(path)","value":"x"}"#)
            #expect(error?.scimType == .invalidPath)
        }
    }

    @Test(
        "a manager with an empty id is no manager",
        arguments: [
            #"{"op":"Replace","path":"ENT:manager","value":""}"#,
            #"{"op":"Replace","path":"ENT:manager","value":{"value":""}}"#,
            #"{"op":"Replace","path":"ENT:manager","value":[{"$ref":null,"value":""}]}"#,
            #"{"op":"Replace","path":"ENT:manager.value","value":""}"#,
            #"{"op":"replace","value":{"ENT":{"manager":{"value":"","displayName":null}}}}"#,
            #"{"op":"replace","value":{"ENT:manager":{"value":""}}}"#,
        ])
    func noManager(operations: String) throws {
        try expect(operations, #"{"ENT":{"employeeNumber":"701984","department":"Tours"}}"#)
    }

    @Test(
        "roles and entitlements may be texts",
        arguments: [
            (#"{"op":"replace","path":"roles","value":["a","b"]}"#, #"{"roles":[{"value":"a"},{"value":"b"}]}"#),
            (
                #"{"op":"add","value":{"roles":["b","c"]}}"#,
                #"{"roles":[{"value":"a","type":"x"},{"value":"b"},{"value":"c"}]}"#
            ),
            (#"{"op":"remove","path":"roles","value":["a"]}"#, #"{"roles":[{"value":"b"}]}"#),
        ])
    func bareRoles(operations: String, changes: String) throws {
        let user = try PatchFixture.user().changed(by: #"{"roles":[{"value":"a","type":"x"},{"value":"b"}]}"#)
        try expect(operations, changes, of: user)
    }

    @Test(
        "a mailbox or an alias goes with its address",
        arguments: [
            #"{"op":"Remove","path":"emails[type eq \"mailbox\"].value"}"#,
            #"{"op":"Replace","path":"emails[type eq \"mailbox\"].value","value":""}"#,
            #"{"op":"Replace","path":"emails[type eq \"mailbox\"].value","value":null}"#,
            #"{"op":"Replace","path":"emails","value":[{"type":"work","value":"w@b.test"},{"type":"mailbox","value":null}]}"#,
        ])
    func lostAddress(operations: String) throws {
        let user = try PatchFixture.user().changed(
            by: #"{"emails":[{"type":"work","value":"w@b.test"},{"type":"mailbox","value":"m@b.test","primary":true}]}"#
        )
        try expect(operations, #"{"emails":[{"type":"work","value":"w@b.test"}]}"#, of: user)
    }

    @Test("another address keeps its element: what is left of it is the client's own business")
    func otherAddress() throws {
        try expect(
            #"{"op":"Remove","path":"emails[type eq \"home\"].value"}"#,
            #"{"emails":[{"value":"bjensen@example.com","type":"work","primary":true},{"type":"home"}]}"#)
    }

    @Test("a filter names the manager without its URN, alone")
    func managerInFilter() throws {
        func filter(_ text: String) throws -> Filter { try Filter.parse(text, for: .user, registry: .standard) }
        #expect(try filter(#"manager eq "m""#) == filter(#"\#(SchemaURN.enterpriseUser):manager eq "m""#))
        #expect(try filter(#"department eq "m""#) == .constant(false))
        #expect(try Filter.parse(#"manager eq "m""#, for: .group, registry: .standard) == .constant(false))
    }
}
