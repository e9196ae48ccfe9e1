// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import FuzzSupport
import JSON
import Testing

/// Random damage to valid texts, judged by ours and by Foundation's parser.
///
/// The two are known to differ in this, so such texts are left out or judged by our rule alone:
/// - Foundation guesses UTF-16 and UTF-32 and takes a byte order mark; we read UTF-8 only.
/// - Foundation takes a key twice; we refuse it.
/// - Foundation takes a comma before a closing bracket; we refuse it.
/// - Foundation drops U+FEFF at the beginning of a string; we keep it.
/// - Foundation refuses numbers beyond Double; we keep them as they are written.
/// - Foundation allows 512 levels; we 64, unless asked for more.
@Suite("JSON against Foundation")
struct JSONFuzzTests {
    @Test("damaged texts are taken and refused as Foundation does")
    func agreement() throws {
        let seed = SeededGenerator.seedOfThisRun
        var generator = SeededGenerator(seed: seed)
        var accepted = 0
        var refused = 0
        let corpus = try FuzzCorpus.json()
        var budget = FuzzBudget(count: 20_000)
        while budget.takes() {
            var bytes = RandomJSON.value(depth: 2, using: &generator).serialize()
            if Int.random(in: 0..<4, using: &generator) == 0 { bytes = corpus.randomElement(using: &generator) ?? [] }
            for _ in 0..<Int.random(in: 0...3, using: &generator) { JSONDamage.apply(to: &bytes, using: &generator) }
            guard !looksLikeAnotherEncoding(bytes) else { continue }
            let ours = Result { try JSONValue(parsing: bytes) }
            let theirs = try? JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed)
            switch ours {
            case .success(let value):
                accepted += 1
                if theirs == nil {
                    try #require(hasNumberBeyondDouble(value), "seed \(seed): only we take \(text(bytes))")
                }
            case .failure(let error):
                refused += 1
                let kind = (error as? JSONError)?.kind
                if case .duplicateKey = kind { continue }
                if let error = error as? JSONError, isCommaBeforeBracket(error, bytes) { continue }
                try #require(theirs == nil, "seed \(seed): only Foundation takes \(text(bytes)), we say \(error)")
            }
        }
        // Both ways have to be met often, or the test would prove nothing.
        #expect(accepted > 3000 && refused > 3000, "seed \(seed): \(accepted) accepted, \(refused) refused")
    }

    @Test("what we write, Foundation reads as the same value")
    func writtenForOthers() throws {
        let seed = SeededGenerator.seedOfThisRun
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<1000 {
            let value = RandomJSON.value(depth: 3, using: &generator)
            guard !hasNumberBeyondDouble(value), !value.text.unicodeScalars.contains("\u{FEFF}") else { continue }
            let theirs = try JSONSerialization.jsonObject(with: Data(value.serialize()), options: .fragmentsAllowed)
            try #require(isSame(value, theirs), "seed \(seed): \(value.text)")
        }
    }

    private func isCommaBeforeBracket(_ error: JSONError, _ bytes: [UInt8]) -> Bool {
        guard case .unexpectedByte(let byte) = error.kind, Array("]}".utf8).contains(byte) else { return false }
        return bytes[..<error.offset].last { !Array(" \n\r\t".utf8).contains($0) } == UInt8(ascii: ",")
    }

    private func looksLikeAnotherEncoding(_ bytes: [UInt8]) -> Bool {
        bytes.prefix(4).contains(0) || bytes.starts(with: [0xFE, 0xFF]) || bytes.starts(with: [0xFF, 0xFE])
            || bytes.starts(with: [0xEF, 0xBB, 0xBF])
    }

    private func hasNumberBeyondDouble(_ value: JSONValue) -> Bool {
        switch value {
        case .number(let number): number.double.isInfinite || (number.double == 0 && number != 0)
        case .array(let elements): elements.contains { hasNumberBeyondDouble($0) }
        case .object(let object): object.contains { hasNumberBeyondDouble($0.value) }
        case .null, .bool, .string: false
        }
    }

    private func isSame(_ value: JSONValue, _ other: Any) -> Bool {
        switch value {
        case .null: other is NSNull
        case .bool(let bool): (other as? Bool) == bool
        case .number(let number): (other as? NSNumber).map { isSame(number, $0) } ?? false
        case .string(let string): (other as? String).map { Array($0.utf8) == Array(string.utf8) } ?? false
        case .array(let elements):
            (other as? [Any]).map { $0.count == elements.count && zip(elements, $0).allSatisfy { isSame($0, $1) } }
                ?? false
        case .object(let object): isSame(object, (other as? [String: Any]) ?? [:])
        }
    }

    /// Foundation goes through decimals and misses the nearest Double by a little.
    private func isSame(_ number: JSONNumber, _ other: NSNumber) -> Bool {
        if let integer = number.int64 { return other.int64Value == integer }
        return abs(other.doubleValue - number.double) <= abs(number.double) * 1e-12
    }

    /// A Swift dictionary cannot hold keys apart that are canonically equivalent, so they are left out.
    private func isSame(_ object: JSONObject, _ other: [String: Any]) -> Bool {
        let distinct = Set(object.keys)
        guard distinct.count == object.count else { return true }
        return other.count == object.count
            && object.allSatisfy { member in other[member.key].map { isSame(member.value, $0) } ?? false }
    }

    private func text(_ bytes: [UInt8]) -> String { "\(String(decoding: bytes, as: UTF8.self)) = \(bytes)" }
}
