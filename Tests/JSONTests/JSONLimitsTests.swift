// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import Testing

@Suite("JSON limits")
struct JSONLimitsTests {
    @Test("nesting is read up to the limit and refused at the bracket beyond it", arguments: ["[", #"{"a":"#])
    func depth(opening: String) throws {
        let closing = opening == "[" ? "]" : "}"
        func nested(_ depth: Int) -> String {
            String(repeating: opening, count: depth - 1) + (opening == "[" ? "[]" : "{}")
                + String(repeating: closing, count: depth - 1)
        }
        _ = try JSONValue(parsing: nested(64))
        #expect(throws: JSONError(.tooDeep(limit: 64), at: 64 * opening.utf8.count)) {
            try JSONValue(parsing: nested(65))
        }
        let shallow = JSONLimits(maximumDepth: 3)
        _ = try JSONValue(parsing: nested(3), limits: shallow)
        #expect(throws: JSONError(.tooDeep(limit: 3), at: 3 * opening.utf8.count)) {
            try JSONValue(parsing: nested(4), limits: shallow)
        }
    }

    @Test("siblings do not add up to depth")
    func siblings() throws {
        let text = "[" + Array(repeating: "[{\"a\":[]}]", count: 500).joined(separator: ",") + "]"
        _ = try JSONValue(parsing: text, limits: JSONLimits(maximumDepth: 4))
    }

    @Test("depth 0 allows scalars only")
    func noNesting() throws {
        let limits = JSONLimits(maximumDepth: 0)
        #expect(try JSONValue(parsing: "1", limits: limits) == 1)
        #expect(throws: JSONError(.tooDeep(limit: 0), at: 0)) { try JSONValue(parsing: "[]", limits: limits) }
    }

    @Test("hostile nesting of a megabyte is refused at the limit, however high the caller sets it")
    func hostileNesting() {
        let bytes = [UInt8](repeating: UInt8(ascii: "["), count: 1 << 20)
        #expect(throws: JSONError(.tooDeep(limit: 64), at: 64)) { try JSONValue(parsing: bytes) }
        var limits = JSONLimits(maximumDepth: 1_000_000)
        #expect(throws: JSONError(.tooDeep(limit: 512), at: 512)) { try JSONValue(parsing: bytes, limits: limits) }
        limits.maximumDepth = 600
        #expect(limits.maximumDepth == 512)
    }

    @Test("the length is refused before anything is read")
    func length() throws {
        let limits = JSONLimits(maximumBytes: 4)
        #expect(try JSONValue(parsing: "1234", limits: limits) == 1234)
        #expect(throws: JSONError(.tooLarge(limit: 4), at: 4)) { try JSONValue(parsing: "12345", limits: limits) }
        #expect(throws: JSONError(.tooLarge(limit: 4), at: 4)) { try JSONValue(parsing: "?????", limits: limits) }
    }

    @Test("members and elements are counted per object and array")
    func counts() throws {
        let limits = JSONLimits(maximumMembers: 2, maximumElements: 3)
        _ = try JSONValue(parsing: #"[{"a":1,"b":2},{"a":1,"b":2},[1,2,3]]"#, limits: limits)
        #expect(throws: JSONError(.tooManyMembers(limit: 2), at: 13)) {
            try JSONValue(parsing: #"{"a":1,"b":2,"c":3}"#, limits: limits)
        }
        #expect(throws: JSONError(.tooManyElements(limit: 3), at: 7)) {
            try JSONValue(parsing: "[1,2,3,4]", limits: limits)
        }
    }

    @Test(
        "an error is a sentence with its byte",
        arguments: [
            (JSONError(.unexpectedEnd, at: 3), "the text ends too early (at byte 3)"),
            (JSONError(.unexpectedByte(0x7D), at: 1), "'}' is not expected here (at byte 1)"),
            (JSONError(.unexpectedByte(0x0B), at: 1), "byte 0x0B is not expected here (at byte 1)"),
            (JSONError(.controlCharacter(0x0A), at: 1), "byte 0x0A must be escaped in a string (at byte 1)"),
            (JSONError(.invalidUTF8, at: 9), "a string is not UTF-8 (at byte 9)"),
            (JSONError(.duplicateKey("a\"b"), at: 9), #"the member "a\"b" occurs twice in its object (at byte 9)"#),
            (JSONError(.tooDeep(limit: 64), at: 64), "arrays and objects are nested deeper than 64 (at byte 64)"),
            (JSONError(.tooLarge(limit: 10), at: 10), "the text is longer than 10 bytes (at byte 10)"),
        ])
    func descriptions(error: JSONError, text: String) {
        #expect(error.description == text)
    }
}
