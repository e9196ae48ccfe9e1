// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import SCIM
import Testing

@Suite("PATCH: what is refused")
struct PatchRefusalTests {
    private func expect(
        _ operation: String, _ type: ResourceType, _ scimType: SCIMError.ScimType, _ detail: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let error = try PatchFixture.error(of: operation, as: type, sourceLocation: sourceLocation)
        #expect(error?.status == 400, sourceLocation: sourceLocation)
        #expect(error?.scimType == scimType, "\(error?.detail ?? "")", sourceLocation: sourceLocation)
        let expected = detail.replacing("ENT", with: PatchFixture.enterprise)
        #expect(error?.detail.contains(expected) == true, "\(error?.detail ?? "")", sourceLocation: sourceLocation)
    }

    @Test(
        "noTarget",
        arguments: [
            (#"{"op":"remove"}"#, "remove needs a path"),
            (#"{"op":"remove","value":{"title":"x"}}"#, "remove needs a path"),
            (#"{"op":"remove","path":null,"value":[]}"#, "remove needs a path"),
            (#"{"op":"replace","path":"emails[type eq \"other\"].value","value":"x"}"#, "No value of emails fulfils"),
            (#"{"op":"replace","path":"emails[type eq \"other\"]","value":{"value":"x"}}"#, "No value of emails"),
            (#"{"op":"replace","path":"emails[type eq \"other\"]","value":null}"#, "No value of emails"),
            (#"{"op":"replace","path":"emails[type eq \"other\"].value","value":null}"#, "No value of emails"),
            (#"{"op":"replace","path":"roles[type eq \"x\"].value","value":"x"}"#, "No value of roles"),
            (#"{"op":"replace","value":{"emails[type eq \"other\"].value":"x"}}"#, "No value of emails"),
            // What does not say what a value would be, cannot be created.
            (#"{"op":"add","path":"emails[type eq \"x\" or type eq \"y\"].value","value":"x"}"#, "No value of emails"),
            (#"{"op":"add","path":"emails[type ne \"work\" and type ne \"home\"].value","value":"x"}"#, "No value of"),
            (#"{"op":"add","path":"emails[value sw \"z\"]","value":{"type":"x"}}"#, "No value of emails"),
            (#"{"op":"add","path":"emails[type eq \"x\" and type eq \"y\"].value","value":"x"}"#, "No value of emails"),
        ])
    func noTarget(operation: String, detail: String) throws { try expect(operation, .user, .noTarget, detail) }

    @Test(
        "invalidPath and invalidFilter",
        arguments: [
            ("nosuch", .invalidPath), ("name.nosuch", .invalidPath), ("emails[type eq \\\"x\\\"].nosuch", .invalidPath),
            ("ENT:nosuch", .invalidPath), ("ENT:manager.nosuch", .invalidPath), ("urn:x:y:title", .invalidPath),
            // Only the manager is known without the URN.
            ("department", .invalidPath), ("manager.value", .invalidPath),
            ("members", .invalidPath), ("", .invalidPath), (" ", .invalidPath), ("title.", .invalidPath),
            ("title:", .invalidPath), ("ENT::", .invalidPath), ("urn:x:y:", .invalidPath),
            (".title", .invalidPath), ("name..givenName", .invalidPath), ("a b", .invalidPath),
            ("emails[type eq \\\"x\\\"", .invalidPath), ("emails[type eq \\\"x\\\"]value", .invalidPath),
            ("emails[]", .invalidFilter), ("emails[type]", .invalidFilter),
            ("emails[type xx \\\"x\\\"]", .invalidFilter),
            ("emails[primary gt true]", .invalidFilter), ("title[value eq \\\"x\\\"]", .invalidPath),
            // Whatever is compared with a sub-attribute that is none: `ne` would select all values.
            ("emails[nosuch eq \\\"x\\\"]", .invalidPath), ("emails[nosuch ne \\\"x\\\"]", .invalidPath),
            ("emails[type eq \\\"work\\\" and not (nosuch pr)]", .invalidPath),
        ] as [(String, SCIMError.ScimType)])
    func invalidPath(path: String, scimType: SCIMError.ScimType) throws {
        for verb in ["add", "replace", "remove"] {
            try expect(#"{"op":"\#(verb)","path":"\#(path)","value":"x"}"#, .user, scimType, "Operations[0]: ")
        }
    }

    @Test(
        "mutability",
        arguments: [
            // readOnly
            (#"{"op":"replace","path":"id","value":"x"}"#, .user, "id is readOnly"),
            (#"{"op":"remove","path":"meta"}"#, .user, "meta is readOnly"),
            (#"{"op":"add","path":"meta.version","value":"x"}"#, .user, "meta.version is readOnly"),
            (#"{"op":"add","path":"groups","value":[{"value":"x"}]}"#, .user, "groups is readOnly"),
            (#"{"op":"remove","path":"groups[value eq \"x\"]"}"#, .user, "groups is readOnly"),
            (
                #"{"op":"replace","path":"groups[value eq \"x\"].display","value":"x"}"#, .user,
                "groups.display is readOnly"
            ),
            (#"{"op":"replace","path":"ENT:manager.displayName","value":"x"}"#, .user, "ENT:manager.displayName is"),
            (#"{"op":"remove","path":"urn:univention:scim:schemas:extension:2.0:Sync"}"#, .user, "is readOnly"),
            (
                #"{"op":"add","path":"urn:univention:scim:schemas:extension:2.0:Sync:status","value":"x"}"#, .user,
                "is readOnly"
            ),
            // Nothing else is asked for.
            (#"{"op":"replace","value":{"id":"x"}}"#, .user, "id is readOnly"),
            (#"{"op":"replace","value":{"groups":[],"meta":{},"schemas":[]}}"#, .user, "groups is readOnly"),
            (#"{"op":"replace","value":{"meta.version":"x"}}"#, .user, "meta.version is readOnly"),
            (
                #"{"op":"replace","path":"urn:univention:scim:schemas:extension:2.0:Sync","value":{"status":"x"}}"#,
                .user, "is readOnly"
            ),
            // Required
            (#"{"op":"remove","path":"userName"}"#, .user, "userName is required"),
            (#"{"op":"replace","path":"userName","value":null}"#, .user, "userName is required"),
            (#"{"op":"replace","value":{"userName":null}}"#, .user, "userName is required"),
            (#"{"op":"remove","path":"name"}"#, .user, "name is required"),
            (#"{"op":"remove","path":"name.familyName"}"#, .user, "name.familyName is required"),
            (#"{"op":"replace","path":"name","value":{"familyName":null}}"#, .user, "name.familyName is required"),
            (#"{"op":"remove","path":"schemas"}"#, .user, "schemas is required"),
            (#"{"op":"remove","path":"displayName"}"#, .group, "displayName is required"),
            (
                #"{"op":"remove","path":"urn:ietf:params:scim:schemas:extension:Univention:1.0:Group:memberRoles.value"}"#,
                .group, "memberRoles.value is required"
            ),
            // The members of a group keep what they are.
            (
                #"{"op":"replace","path":"members[value eq \"x\"].display","value":"x"}"#, .group,
                "members.display is readOnly"
            ),
            (
                #"{"op":"replace","path":"members[value eq \"x\"].type","value":"User"}"#, .group,
                "members.type is immutable"
            ),
            (#"{"op":"replace","path":"members.value","value":"x"}"#, .group, "members.value is immutable"),
            (#"{"op":"remove","path":"members.value"}"#, .group, "members.value is immutable"),
            (
                #"{"op":"replace","path":"members[value eq \"2819c223-7f76-453a-919d-413861904646\"]","value":{"value":"902c246b-6245-4190-8e05-00816be7344a"}}"#,
                .group, "members.value is immutable"
            ),
            (
                #"{"op":"replace","path":"members[type eq \"User\"]","value":{"value":"x"}}"#, .group,
                "members is immutable"
            ),
        ] as [(String, ResourceType, String)])
    func mutability(operation: String, type: ResourceType, detail: String) throws {
        try expect(operation, type, .mutability, detail)
    }

    @Test(
        "invalidValue",
        arguments: [
            // No value
            (#"{"op":"add","path":"title"}"#, .user, "value is required for add"),
            (#"{"op":"replace","path":"title"}"#, .user, "value is required for replace"),
            (#"{"op":"add"}"#, .user, "value is required for add"),
            // No object without a path
            (#"{"op":"add","value":null}"#, .user, "value must be an object of attributes"),
            (#"{"op":"replace","value":"x"}"#, .user, "value must be an object of attributes"),
            (#"{"op":"replace","value":[{"title":"x"},{"title":"y"}]}"#, .user, "value must be an object of attribu"),
            (#"{"op":"replace","value":[[{"title":"x"}]]}"#, .user, "value must be an object of attributes"),
            (#"{"op":"add","value":[{"value":"x"}]}"#, .group, "value must be an object of attributes"),
            (#"{"op":"replace","value":"{\"active\":false}"}"#, .user, "value must be an object of attributes"),
            // Wrong types
            (#"{"op":"replace","path":"title","value":7}"#, .user, "title must be a string"),
            (#"{"op":"replace","path":"title","value":["x","y"]}"#, .user, "title must be a string"),
            (#"{"op":"replace","path":"title","value":[["x"]]}"#, .user, "title must be a string"),
            (#"{"op":"replace","path":"title","value":[null]}"#, .user, "title must be a string"),
            (#"{"op":"replace","path":"title","value":[]}"#, .user, "title must be a string"),
            (#"{"op":"replace","path":"active","value":"yes"}"#, .user, "active must be a Boolean"),
            (#"{"op":"replace","path":"active","value":[false,false]}"#, .user, "active must be a Boolean"),
            (#"{"op":"replace","path":"active","value":[0]}"#, .user, "active must be a Boolean"),
            (#"{"op":"replace","path":"name","value":["x"]}"#, .user, "name must be an object"),
            (
                #"{"op":"replace","path":"active","value":[{"value":"False"},{"value":"True"}]}"#, .user,
                "active must be a"
            ),
            (#"{"op":"replace","path":"title","value":[{"value":"x","type":"y"}]}"#, .user, "title must be a string"),
            (#"{"op":"replace","path":"title","value":{"value":"x"}}"#, .user, "title must be a string"),
            (
                #"{"op":"add","path":"ENT:manager","value":[{"value":"x"},{"value":"y"}]}"#, .user,
                "ENT:manager must be an"
            ),
            (#"{"op":"replace","path":"active","value":{}}"#, .user, "active must be a Boolean"),
            (#"{"op":"replace","path":"name","value":"x"}"#, .user, "name must be an object"),
            (#"{"op":"replace","path":"name","value":{"givenName":7}}"#, .user, "name.givenName must be a string"),
            (#"{"op":"add","path":"name.givenName","value":{}}"#, .user, "name.givenName must be a string"),
            (#"{"op":"add","path":"emails","value":"x"}"#, .user, "emails must be an array"),
            (#"{"op":"add","path":"emails","value":[{"value":"x"},7]}"#, .user, "emails[1] must be an object"),
            (#"{"op":"replace","path":"emails","value":[{"value":7}]}"#, .user, "emails[0].value must be a string"),
            (#"{"op":"replace","path":"emails[type eq \"work\"]","value":"x"}"#, .user, "emails must be an object"),
            (#"{"op":"replace","path":"emails[type eq \"work\"]","value":[{},{}]}"#, .user, "emails must be an object"),
            (
                #"{"op":"replace","path":"emails[type eq \"work\"].value","value":7}"#, .user,
                "emails.value must be a string"
            ),
            (
                #"{"op":"replace","path":"emails[type eq \"work\"].primary","value":"x"}"#, .user,
                "emails.primary must be a"
            ),
            (#"{"op":"remove","path":"emails","value":"x"}"#, .user, "emails must be an array"),
            (#"{"op":"remove","path":"emails","value":[{}]}"#, .user, "emails[0] names no value to remove"),
            (
                #"{"op":"remove","path":"emails","value":[{"value":"x"},{"nosuch":1}]}"#, .user,
                "emails[1] names no value"
            ),
            (#"{"op":"add","path":"ENT","value":"x"}"#, .user, "ENT must be an object"),
            (#"{"op":"add","value":{"ENT":[]}}"#, .user, "ENT must be an object"),
            (#"{"op":"add","path":"ENT:manager","value":7}"#, .user, "ENT:manager must be an object"),
            (#"{"op":"add","path":"externalId","value":7}"#, .user, "externalId must be a string"),
            (#"{"op":"add","path":"title","value":"\u0000"}"#, .user, "title must not contain U+0000"),
            // Twice
            (#"{"op":"add","value":{"title":"x","TITLE":"y"}}"#, .user, "title is given twice"),
            (
                #"{"op":"add","path":"name","value":{"givenName":"x","GivenName":"y"}}"#, .user,
                "name.givenName is given twice"
            ),
            (
                #"{"op":"add","path":"ENT","value":{"department":"x","Department":"y"}}"#, .user,
                "ENT:department is given twice"
            ),
            // More than one preferred value
            (
                #"{"op":"replace","path":"emails.primary","value":true}"#, .user,
                "emails.primary can be true for one value"
            ),
            (
                #"{"op":"add","path":"emails","value":[{"value":"x","primary":true},{"value":"y","primary":true}]}"#,
                .user,
                "emails[1].primary is true for more than one value"
            ),
            // What is created through a filter must be what the filter describes.
            (
                #"{"op":"add","path":"emails[type eq \"other\"].type","value":"x"}"#, .user,
                "emails contradicts the filter"
            ),
            (
                #"{"op":"add","path":"emails[type eq \"other\"]","value":{"type":"x","value":"y"}}"#, .user,
                "emails contradicts the filter"
            ),
            // Rules of the result
            (#"{"op":"replace","path":"userName","value":""}"#, .user, "userName must not be blank"),
            (#"{"op":"replace","path":"userName","value":"a@b"}"#, .user, "userName must not contain @"),
            (#"{"op":"replace","path":"name.familyName","value":" "}"#, .user, "name.familyName must not be blank"),
            (#"{"op":"replace","path":"password","value":"short"}"#, .user, "password must have at least 8"),
            (#"{"op":"replace","path":"password","value":""}"#, .user, "password must not be empty"),
            (
                #"{"op":"add","path":"emails","value":[{"value":"x","type":"mailbox"}]}"#, .user,
                "emails[2].value must be an"
            ),
            (#"{"op":"replace","path":"displayName","value":"a/b"}"#, .group, "displayName must not contain /"),
            // Members
            (#"{"op":"add","path":"members","value":[{"display":"x"}]}"#, .group, "members[0].value is required"),
            (#"{"op":"add","path":"members","value":[{"value":"x"}]}"#, .group, "members[0].value must be the id"),
            (#"{"op":"add","path":"members","value":7}"#, .group, "members must be an array"),
            (#"{"op":"remove","path":"members","value":[{}]}"#, .group, "members[0].value is required"),
            (#"{"op":"remove","path":"members","value":{}}"#, .group, "members[0].value is required"),
            (#"{"op":"remove","path":"members","value":[{"value":null}]}"#, .group, "members[0].value is required"),
            (#"{"op":"remove","path":"members","value":[null]}"#, .group, "members[0] must be an object"),
            (#"{"op":"remove","path":"members","value":7}"#, .group, "members must be an array"),
            (#"{"op":"replace","value":{"members":null}}"#, .group, "members must be an array"),
        ] as [(String, ResourceType, String)])
    func invalidValue(operation: String, type: ResourceType, detail: String) throws {
        try expect(operation, type, .invalidValue, detail)
    }

    @Test("the detail names the operation, counted from 0", arguments: 0..<4)
    func place(index: Int) throws {
        var operations = Array(repeating: #"{"op":"replace","path":"title","value":"x"}"#, count: 4)
        operations[index] = #"{"op":"replace","path":"emails[type eq \"other\"].value","value":"x"}"#
        let error = try PatchFixture.error(of: operations.joined(separator: ","))
        #expect(error?.detail.hasPrefix("Operations[\(index)]: ") == true)
        operations[index] = #"{"op":"replace","path":"nosuch","value":"x"}"#
        let staticError = try PatchFixture.error(of: operations.joined(separator: ","))
        #expect(staticError?.detail.hasPrefix("Operations[\(index)]: ") == true)
    }

    @Test("all operations or none: an error in the last one leaves nothing of the first ones")
    func atomic() throws {
        let user = try PatchFixture.user()
        let validator = PatchFixture.validator
        let patch = try validator.patch(
            PatchFixture.message(
                """
                {"op":"replace","path":"title","value":"x"},{"op":"remove","path":"emails"},
                {"op":"replace","path":"emails[type eq \\"work\\"].value","value":"x"}
                """), as: .user)
        let copy = user
        #expect(throws: SCIMError.self) { try validator.apply(patch, to: user, externalId: "e") }
        #expect(user == copy)
        // The same patch can be applied to another state.
        #expect(throws: SCIMError.self) { try validator.apply(patch, to: user, externalId: nil) }
    }
}
