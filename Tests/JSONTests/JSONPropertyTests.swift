// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import FuzzSupport
import JSON
import Testing

@Suite("JSON properties")
struct JSONPropertyTests {
    @Test("random values read back equal, and are written the same again")
    func roundTrip() throws {
        let seed = SeededGenerator.seedOfThisRun
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<2000 {
            let value = RandomJSON.value(using: &generator)
            let bytes = value.serialize()
            let read = try JSONValue(parsing: bytes)
            try #require(read == value, "seed \(seed)")
            try #require(read.hashValue == value.hashValue, "seed \(seed)")
            try #require(read.serialize() == bytes, "seed \(seed)")
            let sorted = try JSONValue(parsing: value.serialize(sortedKeys: true))
            try #require(sorted == value, "seed \(seed)")
        }
    }

    @Test("white space between tokens changes nothing")
    func whitespace() throws {
        let seed = SeededGenerator.seedOfThisRun
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<500 {
            let value = RandomJSON.value(using: &generator)
            var spaced: [UInt8] = []
            var isInString = false
            var isEscaped = false
            for byte in value.serialize() {
                let isStructure = !isInString && Array("{}[]:,".utf8).contains(byte)
                if isStructure {
                    spaced += Array([" ", "\n\t", "\r", ""].randomElement(using: &generator)?.utf8 ?? "".utf8)
                }
                spaced.append(byte)
                if isStructure {
                    spaced += Array([" ", "\n\t", "\r", ""].randomElement(using: &generator)?.utf8 ?? "".utf8)
                }
                if byte == UInt8(ascii: "\"") && !isEscaped { isInString.toggle() }
                isEscaped = isInString && byte == UInt8(ascii: "\\") && !isEscaped
            }
            try #require(try JSONValue(parsing: spaced) == value, "seed \(seed)")
        }
    }

    @Test("every beginning of a text is refused, and none crashes")
    func truncated() throws {
        let seed = SeededGenerator.seedOfThisRun
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<50 {
            // Inside an array no beginning is a text of its own, as 1 is of 12.
            let bytes = JSONValue.array([RandomJSON.value(depth: 3, using: &generator)]).serialize()
            for count in 0..<bytes.count {
                let error = #expect(throws: JSONError.self, "seed \(seed)") {
                    try JSONValue(parsing: Array(bytes[..<count]))
                }
                let offset = try #require(error?.offset)
                try #require(offset <= count, "seed \(seed)")
            }
        }
    }
}
