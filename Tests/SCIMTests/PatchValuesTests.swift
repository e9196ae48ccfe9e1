// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import SCIM
import Testing

/// Each case begins with two values: work `a` (primary) and home `b`.
@Suite("PATCH: what operations do to multi-valued attributes")
struct PatchValuesTests {
    private static let emails: JSONValue = [
        ["value": "a@x.test", "type": "work", "primary": true], ["value": "b@x.test", "type": "home"],
    ]

    private func emails(after operations: String) throws -> JSONValue? {
        var user = try PatchFixture.user()
        user["emails"] = Self.emails
        let patched = try PatchFixture.apply(operations, to: user)
        user["emails"] = patched.attributes["emails"]
        #expect(patched.attributes == user, "nothing else changed")
        return patched.attributes["emails"]
    }

    private func expect(
        _ operations: String, _ emails: String?, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let expected = try emails.map { try JSONValue(parsing: $0) }
        #expect(try self.emails(after: operations) == expected, sourceLocation: sourceLocation)
    }

    private static let work = #"{"value":"a@x.test","type":"work","primary":true}"#
    private static let home = #"{"value":"b@x.test","type":"home"}"#

    @Test(
        "Add appends what is not there yet",
        arguments: [
            (#"[{"value":"c@x.test"}]"#, #"[\#(work),\#(home),{"value":"c@x.test"}]"#),
            (#"{"value":"c@x.test"}"#, #"[\#(work),\#(home),{"value":"c@x.test"}]"#),
            (#"[{"value":"c"},{"value":"d"}]"#, #"[\#(work),\#(home),{"value":"c"},{"value":"d"}]"#),
            // It is there, as it is or with more.
            (home, "[\(work),\(home)]"), (#"{"value":"a@x.test"}"#, "[\(work),\(home)]"),
            (#"{"VALUE":"A@X.TEST","Type":"WORK"}"#, "[\(work),\(home)]"),
            // The same value and type with something new.
            (
                #"{"value":"b@x.test","type":"home","display":"B"}"#,
                #"[\#(work),{"value":"b@x.test","type":"home","display":"B"}]"#
            ),
            // The same value with another type is another value.
            (#"{"value":"b@x.test","type":"work"}"#, #"[\#(work),\#(home),{"value":"b@x.test","type":"work"}]"#),
            // Nothing is added.
            ("[]", "[\(work),\(home)]"), ("null", "[\(work),\(home)]"), ("[{}]", "[\(work),\(home)]"),
        ])
    func add(value: String, emails: String) throws {
        try expect(#"{"op":"add","path":"emails","value":\#(value)}"#, emails)
        if value != "null" { try expect(#"{"op":"add","value":{"emails":\#(value)}}"#, emails) }
        // What was added is there, so it is not added again.
        let operation = #"{"op":"add","path":"emails","value":\#(value)}"#
        try expect("\(operation),\(operation)", emails)
    }

    @Test("Add gives a user without values the first ones")
    func first() throws {
        var user = try PatchFixture.user()
        user["emails"] = nil
        let patched = try PatchFixture.apply(#"{"op":"add","path":"emails","value":[{"value":"c"}]}"#, to: user)
        #expect(patched.attributes["emails"] == [["value": "c"]])
    }

    @Test(
        "Replace without a filter replaces all values",
        arguments: [
            (#"[{"value":"c"}]"#, #"[{"value":"c"}]"#), (#"{"value":"c"}"#, #"[{"value":"c"}]"#),
            ("[]", nil), ("null", nil), ("[{}]", nil),
        ])
    func replace(value: String, emails: String?) throws {
        try expect(#"{"op":"replace","path":"emails","value":\#(value)}"#, emails)
        try expect(#"{"op":"replace","value":{"emails":\#(value)}}"#, emails)
    }

    @Test(
        "Remove takes all values, the selected ones or the named ones",
        arguments: [
            (#"{"op":"remove","path":"emails"}"#, nil),
            (#"{"op":"remove","path":"emails","value":null}"#, nil),
            (#"{"op":"remove","path":"emails[type eq \"work\"]"}"#, "[\(home)]"),
            (#"{"op":"remove","path":"emails[type eq \"work\" or type eq \"home\"]"}"#, nil),
            (#"{"op":"remove","path":"emails[value ew \"x.test\"]"}"#, nil),
            (#"{"op":"remove","path":"emails[not (primary eq true)]"}"#, "[\(work)]"),
            // Nothing is selected, so nothing is left to do.
            (#"{"op":"remove","path":"emails[type eq \"other\"]"}"#, "[\(work),\(home)]"),
            (#"{"op":"remove","path":"emails[type eq \"other\"].value"}"#, "[\(work),\(home)]"),
            (
                #"{"op":"remove","path":"emails[type eq \"work\"].primary"}"#,
                #"[{"value":"a@x.test","type":"work"},\#(home)]"#
            ),
            (#"{"op":"remove","path":"emails.type"}"#, #"[{"value":"a@x.test","primary":true},{"value":"b@x.test"}]"#),
            // A value without sub-attributes is no value.
            (
                #"{"op":"remove","path":"emails.type"},{"op":"remove","path":"emails[value eq \"b@x.test\"].value"}"#,
                #"[{"value":"a@x.test","primary":true}]"#
            ),
            // Of a list of values these only, by value and type as far as they are given.
            (#"{"op":"remove","path":"emails","value":[{"value":"A@x.test"}]}"#, "[\(home)]"),
            (#"{"op":"remove","path":"emails","value":{"value":"a@x.test","type":"home"}}"#, "[\(work),\(home)]"),
            (#"{"op":"remove","path":"emails","value":[{"value":"a@x.test","display":"A"}]}"#, "[\(home)]"),
            (#"{"op":"remove","path":"emails","value":[{"type":"home"}]}"#, "[\(work)]"),
            (#"{"op":"remove","path":"emails","value":[]}"#, "[\(work),\(home)]"),
        ])
    func remove(operations: String, emails: String?) throws { try expect(operations, emails) }

    @Test(
        "the selected values get the sub-attributes that are given",
        arguments: [
            (
                #"{"op":"replace","path":"emails[type eq \"home\"].value","value":"c"}"#,
                #"[\#(work),{"value":"c","type":"home"}]"#
            ),
            (
                #"{"op":"add","path":"emails[type eq \"home\"].value","value":"c"}"#,
                #"[\#(work),{"value":"c","type":"home"}]"#
            ),
            // The type stays, because only what is given is replaced.
            (
                #"{"op":"replace","path":"emails[type eq \"home\"]","value":{"value":"c","display":"C"}}"#,
                #"[\#(work),{"value":"c","type":"home","display":"C"}]"#
            ),
            (
                #"{"op":"replace","path":"emails[type eq \"home\"]","value":[{"value":"c"}]}"#,
                #"[\#(work),{"value":"c","type":"home"}]"#
            ),
            (
                #"{"op":"add","path":"emails[type eq \"home\"]","value":{"type":null}}"#,
                #"[\#(work),{"value":"b@x.test"}]"#
            ),
            // All of them.
            (
                #"{"op":"replace","path":"emails[value co \"@\"].display","value":"E"}"#,
                """
                [{"value":"a@x.test","type":"work","primary":true,"display":"E"},
                 {"value":"b@x.test","type":"home","display":"E"}]
                """
            ),
            (
                #"{"op":"replace","path":"emails.display","value":"E"}"#,
                """
                [{"value":"a@x.test","type":"work","primary":true,"display":"E"},
                 {"value":"b@x.test","type":"home","display":"E"}]
                """
            ),
            // null removes them; added it is nothing.
            (#"{"op":"add","path":"emails[type eq \"home\"]","value":null}"#, "[\(work),\(home)]"),
            (#"{"op":"replace","path":"emails[type eq \"home\"]","value":null}"#, "[\(work)]"),
            (
                #"{"op":"replace","path":"emails[type eq \"home\"].value","value":null}"#,
                #"[\#(work),{"type":"home"}]"#
            ),
        ])
    func selected(operations: String, emails: String) throws { try expect(operations, emails) }

    @Test(
        "Add through a filter without a match creates the value that the filter describes",
        arguments: [
            (
                #"{"op":"add","path":"emails[type eq \"other\"].value","value":"c"}"#,
                #"[\#(work),\#(home),{"type":"other","value":"c"}]"#
            ),
            (
                #"{"op":"add","path":"emails[type eq \"other\" and display eq \"C\"]","value":{"value":"c"}}"#,
                #"[\#(work),\#(home),{"type":"other","display":"C","value":"c"}]"#
            ),
            // The second operation finds it.
            (
                """
                {"op":"add","path":"emails[type eq \\"other\\"].value","value":"c"},
                {"op":"add","path":"emails[type eq \\"other\\"].display","value":"C"}
                """,
                #"[\#(work),\#(home),{"type":"other","value":"c","display":"C"}]"#
            ),
            // A new preferred value.
            (
                #"{"op":"add","path":"emails[type eq \"other\" and primary eq true].value","value":"c"}"#,
                """
                [{"value":"a@x.test","type":"work","primary":false},\(home),
                 {"type":"other","primary":true,"value":"c"}]
                """
            ),
            // Nothing is given, so there is nothing to create.
            (#"{"op":"add","path":"emails[type eq \"other\"].value","value":null}"#, "[\(work),\(home)]"),
        ])
    func created(operations: String, emails: String) throws { try expect(operations, emails) }

    @Test("a sub-attribute of all values creates the first value when there is none", arguments: ["add", "replace"])
    func createdWithoutFilter(verb: String) throws {
        var user = try PatchFixture.user()
        user["emails"] = nil
        let patched = try PatchFixture.apply(#"{"op":"\#(verb)","path":"emails.value","value":"c"}"#, to: user)
        #expect(patched.attributes["emails"] == [["value": "c"]])
    }

    @Test(
        "the preferred value is one only: a new one takes over",
        arguments: [
            #"{"op":"replace","path":"emails[type eq \"home\"].primary","value":true}"#,
            #"{"op":"add","path":"emails[type eq \"home\"]","value":{"primary":"True"}}"#,
            #"{"op":"add","path":"emails","value":[{"value":"b@x.test","type":"home","primary":true}]}"#,
        ])
    func primary(operation: String) throws {
        let expected = """
            [{"value":"a@x.test","type":"work","primary":false},{"value":"b@x.test","type":"home","primary":true}]
            """
        try expect(operation, expected)
        try expect("\(operation),\(operation)", expected)
    }

    @Test("a new value takes over from the preferred one, and a last one of two in a row stays")
    func primaryInARow() throws {
        try expect(
            """
            {"op":"add","path":"emails","value":[{"value":"c","primary":true}]},
            {"op":"add","path":"emails","value":[{"value":"d","primary":true}]}
            """,
            """
            [{"value":"a@x.test","type":"work","primary":false},\(Self.home),{"value":"c","primary":false},
             {"value":"d","primary":true}]
            """)
    }

    @Test("the address of a manager goes with the manager, unless a new one comes along")
    func managerReference() throws {
        func manager(after operations: String) throws -> JSONValue? {
            try PatchFixture.apply(operations).attributes[PatchFixture.enterprise]?["manager"]
        }
        #expect(try manager(after: #"{"op":"replace","path":"ENT:manager","value":{"value":"m2"}}"#) == ["value": "m2"])
        #expect(try manager(after: #"{"op":"replace","path":"ENT:manager.value","value":"m2"}"#) == ["value": "m2"])
        #expect(
            try manager(after: #"{"op":"add","path":"ENT:manager","value":{"$ref":"../Users/m2","value":"m2"}}"#)
                == ["value": "m2", "$ref": "../Users/m2"])
        // The same manager.
        let same = #"{"op":"add","path":"ENT:manager","value":{"value":"26118915-6090-4610-87e4-49d8ca9f808d"}}"#
        #expect(try !PatchFixture.apply(same).differs)
    }

    @Test("a thousand operations on a hundred values are done, many more are refused before they take long")
    func effort() throws {
        func values(_ count: Int) -> JSONValue {
            .array((0..<count).map { ["value": .string("role \($0)"), "type": "x"] })
        }
        var user = try PatchFixture.user()
        user["roles"] = values(100)
        let operation = #"{"op":"remove","path":"roles[type eq \"y\"]"}"#
        let message = try PatchFixture.message(Array(repeating: operation, count: 1000).joined(separator: ","))
        #expect(try !PatchFixture.apply(message, to: user).differs)
        user["roles"] = values(10_000)
        let error = #expect(throws: SCIMError.self) { try PatchFixture.apply(message, to: user) }
        #expect(error?.status == 413)
        #expect(error?.detail.hasPrefix("Operations[25]: ") == true)
    }

    @Test("long lists are put together by their values, not by comparing all with all")
    func longLists() throws {
        func values(_ range: Range<Int>) -> JSONValue {
            .array(range.map { ["value": .string("role \($0)")] })
        }
        var user = try PatchFixture.user()
        user["roles"] = values(0..<10_000)
        let message: JSONValue = [
            "schemas": [.string(SchemaURN.patchOp)],
            "Operations": [["op": "add", "path": "roles", "value": values(5_000..<15_000)]],
        ]
        #expect(try PatchFixture.apply(message, to: user).attributes["roles"] == values(0..<15_000))
    }

    @Test("a resource does not grow beyond the size of a body, but may shrink")
    func size() throws {
        let long = JSONValue.string(String(repeating: "x", count: 400_000))
        var user = try PatchFixture.user()
        user["title"] = long
        user["nickName"] = long
        let message: (JSONObject) -> JSONValue = { value in
            [
                "schemas": [.string(SchemaURN.patchOp)],
                "Operations": [["op": "add", "value": .object(value)]],
            ]
        }
        let error = #expect(throws: SCIMError.self) {
            try PatchFixture.apply(message(["userType": long]), to: user)
        }
        #expect(error?.status == 413)
        user["userType"] = long
        #expect(try PatchFixture.apply(message(["title": "x"]), to: user).differs)
    }
}
