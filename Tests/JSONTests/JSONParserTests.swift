// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import Testing

@Suite("JSON parser")
struct JSONParserTests {
    @Test(
        "what RFC 8259 allows is read",
        arguments: [
            ("null", .null), ("true", true), ("false", false), ("0", 0), ("-1", -1), (" 7 ", 7),
            ("\"\"", ""), ("\t\r\n \"a\"\n", "a"), ("[]", []), ("[ ]", []), ("{}", [:]), ("{ }", [:]),
            ("[1,2]", [1, 2]), ("[ 1 , 2 ]", [1, 2]), ("[[],[[]]]", [[], [[]]]),
            (#"{"a":1}"#, ["a": 1]), (#"{ "a" : { "b" : [ null ] } }"#, ["a": ["b": [nil]]]),
            (#"{"":0}"#, ["": 0]), (#"{"a":1,"A":2}"#, ["a": 1, "A": 2]),
            (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{C}\n\r\t"),
            (#""\u0041\u00e9\u20AC""#, "Aé€"), (#""\ud83d\ude00""#, "😀"), (#""\uD800\uDC00""#, "\u{10000}"),
            (#""\udbff\udfff""#, "\u{10FFFF}"), (#""\u0000""#, "\0"), (#""\ufffe\uffff""#, "\u{FFFE}\u{FFFF}"),
            ("\"é€😀\"", "é€😀"), ("\"\u{FEFF}a\"", "\u{FEFF}a"), ("\"\u{7F}\u{80}\u{2028}\"", "\u{7F}\u{80}\u{2028}"),
            (#""a\u0062c\nd""#, "abc\nd"), (#""é\t€""#, "é\t€"),
        ] as [(String, JSONValue)])
    func accepted(text: String, value: JSONValue) throws {
        #expect(try JSONValue(parsing: text) == value)
    }

    @Test(
        "what RFC 8259 forbids is refused, with the byte where it begins",
        arguments: [
            ("", .unexpectedEnd, 0), ("  ", .unexpectedEnd, 2), ("nul", .unexpectedEnd, 3), ("tru", .unexpectedEnd, 3),
            ("nulL", .unexpectedByte(0x4C), 3), ("True", .unexpectedByte(0x54), 0), ("NaN", .unexpectedByte(0x4E), 0),
            ("Infinity", .unexpectedByte(0x49), 0), ("'a'", .unexpectedByte(0x27), 0),
            ("\u{FEFF}1", .unexpectedByte(0xEF), 0),
            ("1 2", .trailingBytes, 2), ("{} x", .trailingBytes, 3), ("nulll", .trailingBytes, 4),
            ("1/*c*/", .trailingBytes, 1),
            ("[", .unexpectedEnd, 1), ("[1", .unexpectedEnd, 2), ("[1,", .unexpectedEnd, 3),
            ("[1,]", .unexpectedByte(0x5D), 3),
            ("[,1]", .unexpectedByte(0x2C), 1), ("[1 2]", .unexpectedByte(0x32), 3), ("[1}", .unexpectedByte(0x7D), 2),
            ("]", .unexpectedByte(0x5D), 0), ("[1]]", .trailingBytes, 3),
            ("{", .unexpectedEnd, 1), (#"{"a""#, .unexpectedEnd, 4), (#"{"a":"#, .unexpectedEnd, 5),
            (#"{"a":1"#, .unexpectedEnd, 6), (#"{"a":1,"#, .unexpectedEnd, 7), (#"{"a":1,}"#, .unexpectedByte(0x7D), 7),
            ("{a:1}", .unexpectedByte(0x61), 1), ("{1:1}", .unexpectedByte(0x31), 1),
            (#"{"a" 1}"#, .unexpectedByte(0x31), 5),
            (#"{"a":1 "b":2}"#, .unexpectedByte(0x22), 7), (#"{"a":1]"#, .unexpectedByte(0x5D), 6),
            ("{,}", .unexpectedByte(0x2C), 1), (#"{"a"::1}"#, .unexpectedByte(0x3A), 5),
            (#""abc"#, .unexpectedEnd, 4), (#""abc\"#, .unexpectedEnd, 5), (#""\u12"#, .unexpectedEnd, 5),
            (#""\x""#, .invalidEscape, 1), (#""a\'""#, .invalidEscape, 2), (#""\u12G4""#, .invalidEscape, 1),
            (#""\u-123""#, .invalidEscape, 1), (#""\U0041""#, .invalidEscape, 1),
            ("\"a\nb\"", .controlCharacter(0x0A), 2), ("\"\0\"", .controlCharacter(0), 1),
            ("\"\\n\u{1F}\"", .controlCharacter(0x1F), 3), ("[\"\t\"]", .controlCharacter(9), 2),
            (#""\ud800""#, .unpairedSurrogate, 1), (#""\udc00""#, .unpairedSurrogate, 1),
            (#""a\ud800b""#, .unpairedSurrogate, 2), (#""\ud800\ud800""#, .unpairedSurrogate, 1),
            (#""\ud800\n""#, .unpairedSurrogate, 1), (#""\ud800\u0041""#, .unpairedSurrogate, 1),
            (#""\udc00\ud800""#, .unpairedSurrogate, 1), (#""\ud800\u12x4""#, .invalidEscape, 7),
            (#""\ud800"#, .unexpectedEnd, 7),
            ("01", .invalidNumber, 1), ("-01", .invalidNumber, 2), ("00", .invalidNumber, 1), ("-", .unexpectedEnd, 1),
            ("-a", .invalidNumber, 1), ("+1", .unexpectedByte(0x2B), 0), (".5", .unexpectedByte(0x2E), 0),
            ("1.", .unexpectedEnd, 2), ("1.e5", .invalidNumber, 2), ("1e", .unexpectedEnd, 2),
            ("1e+", .unexpectedEnd, 3),
            ("1ex", .invalidNumber, 2), ("1.5.2", .trailingBytes, 3), ("0x10", .trailingBytes, 1),
            ("1_000", .trailingBytes, 1),
            ("[-]", .invalidNumber, 2), ("[1.]", .invalidNumber, 3), ("１", .unexpectedByte(0xEF), 0),
            (#"{"a":1,"a":2}"#, .duplicateKey("a"), 7), (#"{"a":1,"\u0061":2}"#, .duplicateKey("a"), 7),
            (#"[{"b":{"x":1,"y":2,"x":3}}]"#, .duplicateKey("x"), 19),
        ] as [(String, JSONError.Kind, Int)])
    func refused(text: String, kind: JSONError.Kind, offset: Int) {
        #expect(throws: JSONError(kind, at: offset)) { try JSONValue(parsing: text) }
    }

    @Test(
        "bytes that are not UTF-8 are refused where the sequence begins",
        arguments: [
            [0x80], [0xBF], [0xC0, 0x80], [0xC1, 0xBF], [0xC2], [0xC2, 0x41], [0xE0, 0x80, 0x80], [0xE0, 0x9F, 0xBF],
            [0xE2, 0x82], [0xE2, 0x82, 0x41], [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF], [0xF0, 0x80, 0x80, 0x80],
            [0xF0, 0x8F, 0xBF, 0xBF], [0xF0, 0x9F, 0x98], [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xFE],
            [0xFF],
        ] as [[UInt8]])
    func invalidUTF8(sequence: [UInt8]) {
        let quote = UInt8(ascii: "\"")
        #expect(throws: JSONError(.invalidUTF8, at: 4)) {
            try JSONValue(parsing: [quote] + Array("aé".utf8) + sequence + [quote])
        }
        // The same behind an escape, where strings are read in another way.
        #expect(throws: JSONError(.invalidUTF8, at: 5)) {
            try JSONValue(parsing: [quote] + Array(#"é\n"#.utf8) + sequence + [quote])
        }
        #expect(throws: JSONError(.invalidUTF8, at: 3)) {
            try JSONValue(
                parsing: [quote] + Array("aé".utf8).dropLast(2) + Array("b".utf8) + sequence + Array(#"\n""#.utf8))
        }
    }

    @Test(
        "every scalar of the Unicode tables' borders is read",
        arguments: [
            0x20, 0x7F, 0x80, 0x7FF, 0x800, 0xFFF, 0x1000, 0xD7FF, 0xE000, 0xFFFD, 0xFFFF, 0x10000, 0x3FFFF, 0x40000,
            0x10FFFF,
        ] as [UInt32])
    func borders(scalar: UInt32) throws {
        let text = String(try #require(Unicode.Scalar(scalar)))
        #expect(try JSONValue(parsing: "\"\(text)\"") == .string(text))
        #expect(try JSONValue(parsing: "\"\\t\(text)\"") == .string("\t\(text)"))
    }

    @Test("keys that Unicode calls equivalent are different keys")
    func canonicalEquivalence() throws {
        let object = try #require(JSONValue(parsing: "{\"\u{E9}\":1,\"e\u{301}\":2}").objectValue)
        #expect(object.count == 2)
        #expect(object["\u{E9}"] == 1)
        #expect(object["e\u{301}"] == 2)
        #expect(JSONValue.string("\u{E9}") != .string("e\u{301}"))
    }

    @Test("a key twice is found in a large object too", arguments: [1, 15, 16, 17, 18, 1000])
    func duplicateInLargeObject(count: Int) {
        let members = (0..<count).map { "\"key\($0)\":0" }.joined(separator: ",")
        let text = "{\(members),\"key\(count - 1)\":1}"
        let offset = members.utf8.count + 2
        #expect(throws: JSONError(.duplicateKey("key\(count - 1)"), at: offset)) { try JSONValue(parsing: text) }
    }

    @Test("an empty buffer without an address is refused like an empty text")
    func emptyBuffer() {
        #expect(throws: JSONError(.unexpectedEnd, at: 0)) {
            try JSONValue(parsing: UnsafeRawBufferPointer(start: nil, count: 0))
        }
    }
}
