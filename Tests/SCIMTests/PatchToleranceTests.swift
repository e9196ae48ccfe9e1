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
