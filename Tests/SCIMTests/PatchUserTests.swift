// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import SCIM
import Testing

/// Tables of operations and of the attributes that are other ones afterwards; null means the attribute is gone.
@Suite("PATCH: what operations do to a user")
struct PatchUserTests {
    private func expect(
        _ operations: String, _ changes: String, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let user = try PatchFixture.user()
        let patched = try PatchFixture.apply(operations, to: user)
        let expected = try user.changed(by: changes)
        #expect(patched.attributes == expected, sourceLocation: sourceLocation)
        #expect(patched.differs == (expected != user), sourceLocation: sourceLocation)
    }

    @Test(
        "single-valued attributes are added, replaced and removed",
        arguments: [
            (#"{"op":"add","path":"userType","value":"Employee"}"#, #"{"userType":"Employee"}"#),
            (#"{"op":"add","path":"title","value":"Boss"}"#, #"{"title":"Boss"}"#),
            (#"{"op":"replace","path":"title","value":"Boss"}"#, #"{"title":"Boss"}"#),
            (#"{"op":"replace","path":"userType","value":"Employee"}"#, #"{"userType":"Employee"}"#),
            (#"{"op":"remove","path":"title"}"#, #"{"title":null}"#),
            (#"{"op":"remove","path":"userType"}"#, "{}"),
            (#"{"op":"replace","path":"TITLE","value":"Boss"}"#, #"{"title":"Boss"}"#),
            (
                #"{"op":"replace","path":"urn:ietf:params:scim:schemas:core:2.0:User:title","value":"Boss"}"#,
                #"{"title":"Boss"}"#
            ),
            (#"{"op":"replace","path":"active","value":false}"#, #"{"active":false}"#),
            (#"{"op":"replace","path":"userName","value":"babs"}"#, #"{"userName":"babs"}"#),
            // null is the same as no value (RFC 7643 section 2.5).
            (#"{"op":"replace","path":"title","value":null}"#, #"{"title":null}"#),
            (#"{"op":"add","path":"title","value":null}"#, #"{"title":null}"#),
            // The empty string is a value.
            (#"{"op":"replace","path":"title","value":""}"#, #"{"title":""}"#),
            // What is there already changes nothing.
            (#"{"op":"add","path":"title","value":"Vice President"}"#, "{}"),
            (#"{"op":"replace","path":"active","value":true}"#, "{}"),
            // A default is not set again after it was removed.
            (#"{"op":"remove","path":"active"}"#, #"{"active":null}"#),
            // The service forms the schemas itself.
            (#"{"op":"add","path":"schemas","value":["urn:x"]}"#, "{}"),
        ])
    func singleValued(operations: String, changes: String) throws { try expect(operations, changes) }

    @Test(
        "sub-attributes that are not given stay",
        arguments: [
            (
                #"{"op":"replace","path":"name.middleName","value":"J"}"#,
                #"{"name":{"familyName":"Jensen","givenName":"Barbara","middleName":"J","formatted":"Barbara Jensen"}}"#
            ),
            (
                #"{"op":"replace","path":"name","value":{"middleName":"J","honorificPrefix":"Dr."}}"#,
                """
                {"name":{"familyName":"Jensen","givenName":"Barbara","middleName":"J","honorificPrefix":"Dr.",
                 "formatted":"Barbara Jensen"}}
                """
            ),
            (
                #"{"op":"add","path":"name","value":{"middleName":null}}"#,
                #"{"name":{"familyName":"Jensen","givenName":"Barbara","formatted":"Barbara Jensen"}}"#
            ),
            (
                #"{"op":"remove","path":"name.middleName"}"#,
                #"{"name":{"familyName":"Jensen","givenName":"Barbara","formatted":"Barbara Jensen"}}"#
            ),
            (#"{"op":"replace","path":"name","value":{}}"#, "{}"),
            // Paths are keys of a value without path only.
            (#"{"op":"replace","path":"name","value":{"name.givenName":"x"}}"#, "{}"),
            // What the client forms itself, and what the service does not know.
            (
                #"{"op":"replace","path":"name","value":{"formatted":"Dr. Jensen","shoe":"left"}}"#,
                #"{"name":{"familyName":"Jensen","givenName":"Barbara","middleName":"Jane","formatted":"Dr. Jensen"}}"#
            ),
            (
                #"{"op":"remove","path":"name.formatted"}"#,
                #"{"name":{"familyName":"Jensen","givenName":"Barbara","middleName":"Jane"}}"#
            ),
        ])
    func complex(operations: String, changes: String) throws { try expect(operations, changes) }

    @Test(
        "displayName follows the name as long as it was formed from it",
        arguments: [
            // It was, and nobody names it.
            (
                #"{"op":"replace","path":"name.givenName","value":"Babs"}"#,
                """
                {"name":{"familyName":"Jensen","givenName":"Babs","middleName":"Jane","formatted":"Babs Jensen"},
                 "displayName":"Babs Jensen"}
                """
            ),
            // It gets its value from the client, before or after.
            (
                #"{"op":"replace","path":"displayName","value":"B"},{"op":"replace","path":"name.givenName","value":"Babs"}"#,
                """
                {"name":{"familyName":"Jensen","givenName":"Babs","middleName":"Jane","formatted":"Babs Jensen"},
                 "displayName":"B"}
                """
            ),
            (
                #"{"op":"replace","value":{"displayName":"Barbara Jensen","name":{"givenName":"Babs"}}}"#,
                #"{"name":{"familyName":"Jensen","givenName":"Babs","middleName":"Jane","formatted":"Babs Jensen"}}"#
            ),
            // Removed is unassigned (RFC 7644 section 3.5.2.2).
            (#"{"op":"remove","path":"displayName"}"#, #"{"displayName":null}"#),
            // White space is no name, as in a POST.
            (#"{"op":"replace","path":"displayName","value":" "}"#, "{}"),
        ])
    func displayName(operations: String, changes: String) throws { try expect(operations, changes) }

    @Test("a displayName of the client's own stays when the name changes")
    func ownDisplayName() throws {
        let user = try PatchFixture.user().changed(by: #"{"displayName":"The Boss"}"#)
        let patched = try PatchFixture.apply(#"{"op":"replace","path":"name.givenName","value":"B"}"#, to: user)
        #expect(patched.attributes["displayName"] == "The Boss")
        #expect(patched.attributes["name"]?["formatted"] == "B Jensen")
        let without = try PatchFixture.user().changed(by: #"{"displayName":null}"#)
        let stillWithout = try PatchFixture.apply(#"{"op":"replace","path":"name.givenName","value":"B"}"#, to: without)
        #expect(stillWithout.attributes["displayName"] == nil)
    }

    @Test(
        "attributes of an extension are reached by its URN",
        arguments: [
            (
                #"{"op":"replace","path":"ENT:department","value":"Sales"}"#,
                #""department":"Sales""#
            ),
            (#"{"op":"add","path":"ENT","value":{"department":"Sales"}}"#, #""department":"Sales""#),
            (#"{"op":"replace","path":"ENT","value":{"Department":"Sales"}}"#, #""department":"Sales""#),
            (#"{"op":"replace","value":{"ENT":{"department":"Sales"}}}"#, #""department":"Sales""#),
            (#"{"op":"add","value":{"ENT:department":"Sales"}}"#, #""department":"Sales""#),
            (#"{"op":"remove","path":"ENT:department"}"#, #""department":null"#),
            (#"{"op":"replace","value":{"ENT":{"department":null}}}"#, #""department":null"#),
            // Nothing is given.
            (#"{"op":"add","path":"ENT","value":{}}"#, #""department":"Tours""#),
        ])
    func enterprise(operations: String, change: String) throws {
        let user = try PatchFixture.user()
        let extensionObject = try #require(user[PatchFixture.enterprise]?.objectValue).changed(by: "{\(change)}")
        let patched = try PatchFixture.apply(operations, to: user)
        #expect(patched.attributes[PatchFixture.enterprise] == .object(extensionObject))
    }

    @Test(
        "a whole extension is removed, and added to a user without one",
        arguments: [
            #"{"op":"remove","path":"ENT"}"#, #"{"op":"replace","path":"ENT","value":null}"#,
            #"{"op":"replace","value":{"ENT":null}}"#,
            #"{"op":"remove","path":"ENT:employeeNumber"},{"op":"remove","path":"ENT:department"},{"op":"remove","path":"ENT:manager"}"#,
        ])
    func wholeExtension(operations: String) throws {
        try expect(operations, #"{"ENT":null}"#)
        let without = try PatchFixture.user().changed(by: #"{"ENT":null}"#)
        let again = try PatchFixture.apply(#"{"op":"add","path":"ENT:costCenter","value":"4130"}"#, to: without)
        #expect(again.attributes[PatchFixture.enterprise] == ["costCenter": "4130"])
    }

    @Test("several operations are applied one after the other")
    func inOrder() throws {
        try expect(
            """
            {"op":"replace","path":"title","value":"A"},{"op":"remove","path":"title"},
            {"op":"add","path":"emails","value":[{"value":"c@x.test","type":"other"}]},
            {"op":"replace","path":"emails[type eq \\"other\\"].value","value":"d@x.test"},
            {"op":"remove","path":"emails[type eq \\"work\\"]"}
            """,
            """
            {"title":null,"emails":[{"value":"babs@jensen.example","type":"home"},{"value":"d@x.test","type":"other"}]}
            """)
    }

    @Test(
        "without a path the keys are attributes, URNs and paths; what is unknown or cannot be written is passed over",
        arguments: [
            (#"{"op":"replace","value":{"TITLE":"x"}}"#, #"{"title":"x"}"#),
            (#"{"op":"replace","value":{}}"#, "{}"),
            (#"{"op":"replace","value":{"nosuch":1,"urn:x:y":{},"a.b":2,"name.nosuch":3}}"#, "{}"),
            (
                #"{"op":"replace","value":{"schemas":["x"],"id":"x","meta":{"version":1},"groups":[],"title":"x"}}"#,
                #"{"title":"x"}"#
            ),
            (
                #"{"op":"replace","value":{"meta.version":1,"title":"x","ENT:manager.displayName":"x"}}"#,
                #"{"title":"x"}"#
            ),
            (#"{"op":"replace","value":{"schemas":["x"]}}"#, "{}"),
            (#"{"op":"replace","value":{"urn:ietf:params:scim:schemas:core:2.0:User:title":"x"}}"#, #"{"title":"x"}"#),
            (#"{"op":"add","value":{"title":null,"nickName":"x"}}"#, #"{"title":null,"nickName":"x"}"#),
            (
                #"{"op":"add","value":{"ENT":{"manager.value":"m"},"title":"x"}}"#,
                #"{"title":"x","ENT":{"employeeNumber":"701984","department":"Tours","manager":{"value":"m"}}}"#
            ),
            (
                #"{"op":"add","value":{"manager":"m"}}"#,
                #"{"ENT":{"employeeNumber":"701984","department":"Tours","manager":{"value":"m"}}}"#
            ),
        ])
    func withoutPath(operations: String, changes: String) throws { try expect(operations, changes) }

    @Test("externalId is set, replaced and removed")
    func externalId() throws {
        let set = try PatchFixture.apply(#"{"op":"add","path":"externalId","value":"e1"}"#)
        #expect(set.externalId == "e1")
        #expect(set.differs)
        let same = try PatchFixture.apply(#"{"op":"replace","value":{"externalID":"e1"}}"#, externalId: "e1")
        #expect(same.externalId == "e1")
        #expect(!same.differs)
        let removed = try PatchFixture.apply(#"{"op":"remove","path":"externalId"}"#, externalId: "e1")
        #expect(removed.externalId == nil)
        #expect(removed.differs)
        #expect(removed.attributes["externalId"] == nil)
        let kept = try PatchFixture.apply(#"{"op":"replace","path":"title","value":"x"}"#, externalId: "e1")
        #expect(kept.externalId == "e1")
    }

    @Test("a password is handed on, is no attribute, and cannot be taken away")
    func password() throws {
        let set = try PatchFixture.apply(#"{"op":"replace","path":"password","value":"t1meMa$heen"}"#)
        #expect(set.password == "t1meMa$heen")
        #expect(set.attributes["password"] == nil)
        #expect(set.differs)
        for operation in [#"{"op":"remove","path":"password"}"#, #"{"op":"replace","value":{"password":null}}"#] {
            let patched = try PatchFixture.apply(operation)
            #expect(patched.password == nil)
            #expect(!patched.differs)
        }
    }

    @Test("a rule that became stricter does not keep a user from being deactivated, but holds for what changes")
    func stricterRules() throws {
        let lenient = ResourceValidator(rules: DirectoryRules(mailDomains: ["old.test", "new.test"]))
        let strict = ResourceValidator(rules: DirectoryRules(mailDomains: ["new.test"]))
        var body = Fixture.userBody
        body["emails"] = [["value": "jo@old.test", "type": "mailbox"]]
        let user = try lenient.validate(.object(body), as: .user).attributes
        let deactivation = try PatchFixture.message(#"{"op":"replace","path":"active","value":false}"#)
        #expect(try PatchFixture.apply(deactivation, to: user, validator: strict).attributes["active"] == false)
        let addition = try PatchFixture.message(#"{"op":"add","path":"emails","value":[{"value":"x@y.test"}]}"#)
        let error = #expect(throws: SCIMError.self) {
            try PatchFixture.apply(addition, to: user, validator: strict)
        }
        #expect(error?.detail.hasPrefix("emails[0].value has the domain old.test") == true)
    }
}
