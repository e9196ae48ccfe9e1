// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import SCIM
import Testing

@Suite("PATCH: the message")
struct PatchRequestTests {
    private static let schemas = #""schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"]"#

    @Test("an operation has a verb, and a path and a value as far as they are given")
    func operations() throws {
        let body = """
            {\(Self.schemas),"Operations":[
              {"op":"add","value":{"title":"x"}},
              {"op":"replace","path":"title","value":null},
              {"op":"remove","path":"title"},
              {"op":"add","path":null,"value":{}}
            ]}
            """
        let request = try PatchRequest(try JSONValue(parsing: body))
        #expect(
            request.operations == [
                PatchOperation(.add, value: ["title": "x"]), PatchOperation(.replace, path: "title", value: .null),
                PatchOperation(.remove, path: "title"), PatchOperation(.add, value: [:]),
            ])
    }

    @Test(
        "names are read in any case, and what has no meaning is ignored",
        arguments: [
            #"{\#(schemas),"Operations":[{"op":"remove","path":"title"}]}"#,
            #"{"SCHEMAS":["URN:IETF:params:SCIM:api:messages:2.0:patchop"],"operations":[{"OP":"REMOVE","Path":"title"}]}"#,
            #"{"schemas":["urn:x",7,"urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"Remove","path":"title"}]}"#,
            #"{\#(schemas),"id":7,"Operations":[{"op":"remove","path":"title","id":"1","comment":[]}],"failOnErrors":1}"#,
            // One operation where a list is due.
            #"{\#(schemas),"Operations":{"op":"remove","path":"title"}}"#,
        ])
    func tolerated(body: String) throws {
        let request = try PatchRequest(try JSONValue(parsing: body))
        #expect(request.operations == [PatchOperation(.remove, path: "title")])
    }

    @Test(
        "what is no message of this kind is refused as invalidSyntax",
        arguments: [
            ("[]", "The body must be a JSON object"), ("null", "The body must be a JSON object"),
            ("{}", "schemas is required"), (#"{"schemas":null,"Operations":[]}"#, "schemas is required"),
            (#"{"schemas":7}"#, "schemas must be an array"),
            (#"{"schemas":[]}"#, "schemas must contain urn:ietf:params:scim:api:messages:2.0:PatchOp"),
            (#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"x"}"#, "schemas must contain"),
            (#"{\#(schemas),"SCHEMAS":[]}"#, "schemas is given twice"),
            (#"{\#(schemas)}"#, "Operations is required"),
            (#"{\#(schemas),"Operations":null}"#, "Operations is required"),
            (#"{\#(schemas),"Operations":"add"}"#, "Operations must be an array"),
            (#"{\#(schemas),"Operations":[]}"#, "Operations must have at least one operation"),
            (#"{\#(schemas),"Operations":[],"operations":[]}"#, "Operations is given twice"),
            (#"{\#(schemas),"Operations":["add"]}"#, "Operations[0]: must be an object"),
            (#"{\#(schemas),"Operations":[{"op":"add"},{}]}"#, "Operations[1]: op is required"),
            (#"{\#(schemas),"Operations":[{"op":null}]}"#, "Operations[0]: op must be add, remove or replace"),
            (#"{\#(schemas),"Operations":[{"op":"move"}]}"#, "Operations[0]: op must be add, remove or replace"),
            (#"{\#(schemas),"Operations":[{"op":"add "}]}"#, "Operations[0]: op must be add, remove or replace"),
            (#"{\#(schemas),"Operations":[{"op":["add"]}]}"#, "Operations[0]: op must be add, remove or replace"),
            (#"{\#(schemas),"Operations":[{"op":"add","OP":"remove"}]}"#, "Operations[0]: op is given twice"),
            (#"{\#(schemas),"Operations":[{"op":"add","path":7}]}"#, "Operations[0]: path must be a string"),
            (#"{\#(schemas),"Operations":[{"op":"add","path":"a","PATH":"b"}]}"#, "Operations[0]: path is given twice"),
        ])
    func refused(body: String, detail: String) throws {
        let body = try JSONValue(parsing: body)
        let error = #expect(throws: SCIMError.self) { try PatchRequest(body) }
        #expect(error?.status == 400)
        #expect(error?.scimType == .invalidSyntax)
        #expect(error?.detail.hasPrefix(detail) == true, "\(error?.detail ?? "")")
    }

    @Test("a thousand operations are read, one more is too large")
    func thousand() throws {
        let operation: JSONValue = ["op": "remove", "path": "title"]
        func body(_ count: Int) -> JSONValue {
            ["schemas": [.string(SchemaURN.patchOp)], "Operations": .array(Array(repeating: operation, count: count))]
        }
        #expect(try PatchRequest(body(1000)).operations.count == 1000)
        let error = #expect(throws: SCIMError.self) { try PatchRequest(body(1001)) }
        #expect(error?.status == 413)
    }
}
