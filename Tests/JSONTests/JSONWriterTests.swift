// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import Testing

@Suite("JSON writer")
struct JSONWriterTests {
    @Test(
        "values are written without white space",
        arguments: [
            (.null, "null"), (true, "true"), (false, "false"), (-5, "-5"), (1.5, "1.5"), ("", "\"\""), ([], "[]"),
            ([:], "{}"),
            ([1, "a", nil, [], [:]], #"[1,"a",null,[],{}]"#), (["b": 1, "a": [true]], #"{"b":1,"a":[true]}"#),
        ] as [(JSONValue, String)])
    func written(value: JSONValue, text: String) {
        #expect(value.text == text)
        #expect(value.description == text)
        #expect(value.serialize() == Array(text.utf8))
        var bytes = Array("x".utf8)
        value.append(to: &bytes)
        #expect(bytes == Array("x\(text)".utf8))
    }

    @Test(
        "what must be escaped is escaped, and nothing else",
        arguments: [
            ("\"", #""\"""#), ("\\", #""\\""#), ("/", #""/""#), ("\u{8}\u{9}\u{A}\u{C}\u{D}", #""\b\t\n\f\r""#),
            ("\0\u{1}\u{1F}", #""\u0000\u0001\u001f""#), ("\u{7F}é€😀\u{2028}", "\"\u{7F}é€😀\u{2028}\""),
            ("a\"b", #""a\"b""#), ("ends with\n", #""ends with\n""#),
        ])
    func escapes(string: String, text: String) throws {
        #expect(JSONValue.string(string).text == text)
        #expect(try JSONValue(parsing: text) == .string(string))
        #expect(JSONValue.object(JSONObject(uniqueMembers: [(string, 1)])).text == "{\(text):1}")
    }

    @Test("every ASCII character comes back")
    func ascii() throws {
        for byte in UInt8(0)...0x7F {
            let value = JSONValue.string("a\(Character(Unicode.Scalar(byte)))")
            #expect(try JSONValue(parsing: value.serialize()) == value)
        }
    }

    @Test("sorted keys are in the order of their bytes at every level")
    func sorted() {
        let value: JSONValue = ["b": 1, "a": ["z": [["y": 1, "x": 2]], "é": 3, "Z": 4], "": 0, "ab": 5]
        let text = #"{"":0,"a":{"Z":4,"z":[{"x":2,"y":1}],"é":3},"ab":5,"b":1}"#
        #expect(String(decoding: value.serialize(sortedKeys: true), as: UTF8.self) == text)
        #expect(value.text == #"{"b":1,"a":{"z":[{"y":1,"x":2}],"é":3,"Z":4},"":0,"ab":5}"#)
    }

    @Test("an object writes itself")
    func object() {
        let object: JSONObject = ["a": 1]
        #expect(object.serialize() == Array(#"{"a":1}"#.utf8))
    }
}
