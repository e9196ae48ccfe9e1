// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import FuzzSupport
import JSON
import Testing

@Suite("JSON in pieces")
struct JSONStreamReaderTests {
    private static let plenty = JSONLimits(maximumBytes: .max)

    private func reader(
        _ limits: JSONLimits = plenty, element: Int = .max, members: Int = .max,
        splitting isSplit: @escaping @Sendable (String) -> Bool = { $0 == "list" }
    ) -> JSONStreamReader {
        JSONStreamReader(
            limits: limits, maximumElementBytes: element, maximumMemberBytes: members, isSplit: isSplit)
    }

    private func pieces(
        of reader: JSONStreamReader, _ bytes: [UInt8], chunk: () -> Int = { .max }
    ) throws(JSONError) -> [JSONStreamReader.Piece] {
        var reader = reader
        var pieces: [JSONStreamReader.Piece] = []
        var start = 0
        while start < bytes.count {
            let end = min(bytes.count, start + min(chunk(), bytes.count))
            try reader.append(Array(bytes[start..<end]))
            while let piece = try reader.next() { pieces.append(piece) }
            start = end
        }
        reader.finish()
        while let piece = try reader.next() { pieces.append(piece) }
        return pieces
    }

    /// The value that the pieces make.
    private func assemble(_ pieces: [JSONStreamReader.Piece]) -> JSONValue {
        var object = JSONObject()
        var list: String?
        for piece in pieces {
            switch piece {
            case .value(let value): return value
            case .member(let key, let value): object[key] = value
            case .array(let key):
                list = key
                object[key] = []
            case .element(let value, let index):
                guard let list, case .array(var elements) = object[list] else { return "an element without its array" }
                guard elements.count == index else { return "a wrong index" }
                elements.append(value)
                object[list] = .array(elements)
            }
        }
        return .object(object)
    }

    @Test("members come whole, a list that is to be split in elements, byte by byte or at once")
    func pieces() throws {
        let text = #" { "a" : [1, 2] , "list":[{"x":[]}, "s\"]" ,3.5], "b":{"list":[1]}, "c":true } "#
        let expected: [JSONStreamReader.Piece] = [
            .member(key: "a", [1, 2]), .array(key: "list"), .element(["x": []], index: 0),
            .element("s\"]", index: 1), .element(3.5, index: 2), .member(key: "b", ["list": [1]]),
            .member(key: "c", true),
        ]
        #expect(try pieces(of: reader(), Array(text.utf8)) == expected)
        #expect(try pieces(of: reader(), Array(text.utf8), chunk: { 1 }) == expected)
    }

    @Test(
        "what is to be split and is no array comes whole, and so does a text that is no object",
        arguments: [
            (#"{"list":{"a":1}}"#, #"{"list":{"a":1}}"#), ("[1,[2]]", "[1,[2]]"), ("7", "7"), (#""x""#, #""x""#),
        ])
    func whole(text: String, expected: String) throws {
        let pieces = try pieces(of: reader(), Array(text.utf8), chunk: { 1 })
        #expect(pieces.count == 1)
        #expect(assemble(pieces).text == expected)
    }

    @Test("an empty list that is to be split is told apart from none")
    func emptyList() throws {
        #expect(try pieces(of: reader(), Array(#"{"list":[]}"#.utf8)) == [.array(key: "list")])
        #expect(try pieces(of: reader(), Array("{}".utf8)) == [])
    }

    @Test("a piece is given as soon as its last byte is there")
    func promptness() throws {
        var reader = reader()
        func feed(_ text: String) throws -> [JSONStreamReader.Piece] {
            var pieces: [JSONStreamReader.Piece] = []
            try reader.append(Array(text.utf8))
            while let piece = try reader.next() { pieces.append(piece) }
            return pieces
        }
        #expect(try feed(#"{"a":"x"#) == [])
        #expect(try feed(#"""#) == [.member(key: "a", "x")])
        #expect(try feed(#","list":[{}"#) == [.array(key: "list"), .element([:], index: 0)])
        // Another digit may follow.
        #expect(try feed(",12") == [])
        #expect(try feed("3]") == [.element(123, index: 1)])
        #expect(try feed("}") == [])
    }

    @Test("in parts of any size, texts are taken and refused as at once: same value, same error, same byte")
    func agreement() throws {
        let seed = SeededGenerator.seedOfThisRun
        var generator = SeededGenerator(seed: seed)
        var accepted = 0
        var refused = 0
        let corpus = try FuzzCorpus.json()
        var budget = FuzzBudget(count: 6000)
        var round = 0
        while budget.takes() {
            round += 1
            let value = RandomJSON.value(depth: 4 - round % 3, using: &generator)
            // An object most of the time, because only these come in pieces.
            let document: JSONValue = round % 5 == 0 ? value : ["a": value, "list": [value, 1, "x"], "": value]
            var bytes = document.serialize()
            if round % 7 == 0 { bytes = corpus.randomElement(using: &generator) ?? [] }
            if round % 4 != 0 {
                for _ in 0..<Int.random(in: 1...3, using: &generator) {
                    JSONDamage.apply(to: &bytes, using: &generator)
                }
            }
            var limits = Self.plenty
            limits.maximumDepth = Int.random(in: 0...8, using: &generator)
            limits.maximumElements = Int.random(in: 0...8, using: &generator) == 0 ? 4 : nil
            limits.maximumMembers = Int.random(in: 0...8, using: &generator) == 0 ? 4 : nil
            let parity = Int.random(in: 0...1, using: &generator)
            let reader = reader(limits) { $0.utf8.count % 2 == parity }
            let largest = [1, 3, 20, 1000].randomElement(using: &generator) ?? 1
            let whole = Result { () throws(JSONError) in try JSONValue(parsing: bytes, limits: limits) }
            let parts = Result { () throws(JSONError) in
                assemble(try pieces(of: reader, bytes) { Int.random(in: 1...largest, using: &generator) })
            }
            if case .success = whole { accepted += 1 } else { refused += 1 }
            try #require(whole == parts, "seed \(seed): \(String(decoding: bytes, as: UTF8.self)) = \(bytes)")
        }
        #expect(accepted > 1000 && refused > 1000, "seed \(seed): \(accepted) accepted, \(refused) refused")
    }

    @Test("the length of the text is refused as soon as it is passed")
    func length() throws {
        var reader = reader(JSONLimits(maximumBytes: 10))
        try reader.append(Array(repeating: UInt8(ascii: " "), count: 10))
        #expect(throws: JSONError(.tooLarge(limit: 10), at: 10)) {
            try reader.append([UInt8(ascii: "{")])
        }
    }

    @Test("a value that is too long is refused before its end", arguments: ["\"", "[1,", "1", "{\"a\":"])
    func longValues(beginning: String) throws {
        let long = Array((beginning + String(repeating: "1", count: 300)).utf8)
        #expect(throws: JSONError(.valueTooLarge(limit: 200), at: 9)) {
            try pieces(of: reader(element: 200), Array(#"{"list":["#.utf8) + long)
        }
        #expect(throws: JSONError(.membersTooLarge(limit: 200), at: 5)) {
            try pieces(of: reader(members: 200), Array(#"{"a":"#.utf8) + long)
        }
        #expect(throws: JSONError(.membersTooLarge(limit: 200), at: 0)) {
            try pieces(
                of: reader(members: 200),
                beginning == "{\"a\":" ? Array(("\"" + String(repeating: "1", count: 300)).utf8) : long)
        }
    }

    @Test("members count together, elements each for itself, white space not at all")
    func memberBytes() throws {
        let blanks = String(repeating: " ", count: 500)
        let list = (0..<50).map { "{\"n\":\($0)}" }.joined(separator: blanks + ",")
        let text = "{\"a\":\(blanks)1,\"list\":[\(list)]}"
        #expect(try pieces(of: reader(element: 20, members: 20), Array(text.utf8), chunk: { 7 }).count == 52)
        #expect(throws: JSONError.self) {
            try pieces(of: reader(members: 20), Array(#"{"a":"123456789","b":"123456789"}"#.utf8))
        }
    }

    @Test("hostile texts of megabytes are refused early, with little in memory")
    func hostile() {
        let limits = JSONLimits(maximumBytes: 64 << 20, maximumElements: 1000)
        let beginnings = [#"{"a":"#, #"{"list":["#]
        let endless = ["[", "{\"a\":", "\"aaaaaaa", "1111111", "\\", "[1,"]
        for beginning in beginnings {
            for tail in endless {
                var reader = reader(limits, element: 10_000, members: 10_000)
                var read = 0
                let outcome = Result {
                    try reader.append(Array(beginning.utf8))
                    while try reader.next() != nil {}
                    for _ in 0..<100_000 {
                        try reader.append(Array(tail.utf8))
                        read += tail.utf8.count
                        while try reader.next() != nil {}
                    }
                }
                #expect(throws: JSONError.self) { try outcome.get() }
                #expect(read < 20_000, "\(beginning)\(tail)…")
            }
        }
        // A million elements.
        var reader = reader(limits, element: 10_000, members: 10_000)
        #expect(throws: JSONError(.tooManyElements(limit: 1000), at: 9 + 2000)) {
            try reader.append(Array((#"{"list":["# + String(repeating: "1,", count: 1_000_000)).utf8))
            while try reader.next() != nil {}
        }
    }
}
