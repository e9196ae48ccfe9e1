// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import FuzzSupport
import JSON
import SCIM
import SCIMTestSupport
import Testing

@Suite("Refused filters")
struct FilterRefusalTests {
    /// In each text ▸ stands before the first byte that does not fit.
    @Test(
        "the error points at the first byte that does not fit, and says what is wrong",
        arguments: [
            ("▸", "empty"),
            ("  ▸", "empty"),
            // Attributes
            ("▸and", "instead of the operator and"),
            ("title pr and ▸or title pr", "instead of the operator or"),
            ("▸\"title\" pr", "expected an attribute instead of"),
            ("title pr and ▸", "expected an attribute instead of the end"),
            ("title pr or ▸)", "expected an attribute instead of )"),
            ("▸1title pr", "begins with a letter"),
            ("▸.title pr", "an attribute name is missing"),
            ("title.▸ pr", "an attribute name is missing"),
            ("name.familyName▸.x pr", "one sub-attribute at most"),
            ("user▸é pr", "letters, digits"),
            ("user▸=1 pr", "letters, digits"),
            ("urn:x:▸ pr", "an attribute name is missing"),
            ("urn:x:▸1 pr", "begins with a letter"),
            ("urn:▸é:x pr", "no URN"),
            ("▸:x pr", "missing before the colon"),
            ("▸1:x pr", "no URN"),
            ("\(SchemaURN.user):▸ pr", "an attribute name is missing"),
            ("\(SchemaURN.user):name.▸ pr", "an attribute name is missing"),
            ("▸\(SchemaURN.user) pr", "is a schema"),
            ("title pr and ▸\(SchemaURN.enterpriseUser) pr", "is a schema"),
            ("▸password eq \"x\"", "password is never returned"),
            ("title pr or not (▸PASSWORD pr)", "password is never returned"),
            // Operators
            ("userName▸", "expected an operator such as eq instead of the end"),
            ("userName ▸", "expected an operator such as eq instead of the end"),
            ("userName ▸(", "expected an operator such as eq instead of ("),
            ("userName ▸\"x\"", "expected an operator such as eq instead of"),
            ("userName ▸= \"x\"", "= is no operator"),
            ("userName ▸equals \"x\"", "equals is no operator"),
            ("userName ▸\(String(repeating: "é", count: 50)) 1", "\(String(repeating: "é", count: 32))… is no"),
            ("active ▸gt true", "a Boolean, which gt does not compare"),
            ("active ▸co true", "a Boolean, which co does not compare"),
            ("emails.primary ▸le true", "a Boolean, which le does not compare"),
            ("x509Certificates ▸lt \"x\"", "binary, which lt does not compare"),
            ("name ▸gt \"x\"", "name is complex, which gt does not compare"),
            ("name ▸eq \"x\"", "name is complex; name one of its sub-attributes"),
            ("name ▸co \"x\"", "name is complex, which co does not compare"),
            ("addresses ▸ne \"x\"", "addresses is complex; name one"),
            ("meta.created ▸sw \"2026\"", "a date and time, which sw does not compare"),
            ("\(RandomFilter.demo.id):floor ▸ew 1", "a number, which ew does not compare"),
            // Values
            ("userName eq▸", "expected a value instead of the end"),
            ("userName eq ▸", "expected a value instead of the end"),
            ("userName eq ▸(\"x\")", "expected a value instead of ("),
            ("userName eq ▸bjensen", "bjensen is no value; write texts in quotation marks"),
            ("userName eq ▸'bjensen'", "write texts in quotation marks"),
            ("userName eq ▸“bjensen”", "write texts in quotation marks"),
            ("userName eq ▸{}", "write texts in quotation marks"),
            ("userName eq ▸[1]", "expected a value instead of ["),
            ("userName eq ▸1", "userName is a string; compare it with a quoted value"),
            ("userName ne ▸true", "userName is a string; compare it with a quoted value"),
            ("emails.value eq ▸1", "emails.value is a string"),
            ("emails eq ▸1", "emails.value is a string"),
            ("profileUrl eq ▸1", "profileUrl is a reference; compare it with a quoted value"),
            ("active eq ▸\"yes\"", "active is a Boolean; compare it with true or false"),
            ("active eq ▸1", "active is a Boolean; compare it with true or false"),
            ("\(RandomFilter.demo.id):floor eq ▸\"1\"", "without quotation marks"),
            ("\(RandomFilter.demo.id):floor eq ▸true", "without quotation marks"),
            ("meta.created gt ▸\"2026-11-21\"", "compare it with a value such as"),
            ("meta.created gt ▸2026", "compare it with a value such as"),
            ("meta.created gt ▸\"0001-01-01T00:00:00+01:00\"", "compare it with a value such as"),
            ("meta.created gt ▸\"9999-12-31T23:59:59-01:00\"", "compare it with a value such as"),
            ("userName gt ▸null", "null can be compared by eq and ne only"),
            ("other co ▸null", "null can be compared by eq and ne only"),
            ("active eq 0▸1", "number is malformed"),
            ("active eq 1.▸x", "number is malformed"),
            ("active eq -▸", "not complete"),
            ("active eq 1.▸", "not complete"),
            ("active eq 1▸,2", "something follows"),
            ("\(RandomFilter.demo.id):height gt ▸1e400", "out of range"),
            ("\(RandomFilter.demo.id):height gt ▸-1e99999999999999999999", "out of range"),
            ("\(RandomFilter.demo.id):height gt ▸1e-400", "out of range"),
            ("other gt ▸1e-400", "out of range"),
            ("userName eq \"x▸", "not complete"),
            ("userName eq \"▸", "not complete"),
            ("userName eq \"x\\▸", "not complete"),
            ("userName eq \"x\\\"▸", "not complete"),
            ("userName eq \"a▸\\x\"", "an escape"),
            ("userName eq \"a▸\\u12\"", "an escape"),
            ("userName eq \"a▸\\uD83Db\"", "surrogate"),
            ("userName eq \"a▸\\uDE00\"", "surrogate"),
            ("userName eq \"a▸\\uD83D\\u0041\"", "surrogate"),
            ("userName eq \"a▸\n\"", "must be escaped"),
            ("other eq \"a▸\u{0}\"", "must be escaped"),
            ("userName eq ▸\"a\\u0000\"", "U+0000"),
            ("title pr and userName eq \"é\" and ▸1", "begins with a letter"),
            // What follows
            ("title pr ▸x", "expected and, or, or the end instead of x"),
            ("title pr ▸nickName pr", "expected and, or, or the end instead of nickName"),
            ("title pr ▸not (nickName pr)", "expected and, or, or the end instead of not"),
            ("title pr▸)", "this parenthesis closes nothing"),
            ("title pr▸]", "this bracket closes nothing"),
            ("title pr ▸\"x\"", "expected and, or, or the end"),
            ("userName eq \"a\"▸\"b\"", "expected and, or, or the end"),
            ("title pr ▸&& nickName pr", "expected and, or, or the end instead of &&"),
            // Groups
            ("(▸)", "expected an attribute instead of )"),
            ("(title pr▸", "expected and, or, or ) instead of the end"),
            ("(title pr▸]", "expected and, or, or ) instead of ]"),
            ("((title pr)▸", "expected and, or, or ) instead of the end"),
            ("not ▸title pr", "expected ( after not instead of title"),
            ("not▸", "expected ( after not instead of the end"),
            ("not ▸not (title pr)", "expected ( after not instead of not"),
            ("title pr and ▸and title pr", "instead of the operator and"),
            // Value paths
            ("emails[▸]", "expected an attribute instead of ]"),
            ("emails[type pr▸", "expected and, or, or ] instead of the end"),
            ("emails[type pr▸)", "expected and, or, or ] instead of )"),
            ("emails[type ▸pt]", "pt is no operator"),
            ("emails[type eq ▸work]", "work is no value"),
            ("emails[primary ▸gt true]", "primary is a Boolean, which gt does not compare"),
            ("emails[value▸[type pr]]", "value paths do not nest"),
            ("other[value▸[type pr]]", "value paths do not nest"),
            ("emails[(type pr or value▸[type pr])]", "value paths do not nest"),
            ("emails[urn:x:▸1 pr]", "begins with a letter"),
            ("emails[a.b▸.c pr]", "one sub-attribute at most"),
            ("title▸[value pr]", "title is not complex"),
            ("schemas▸[value pr]", "schemas is not complex"),
            ("emails.value▸[value pr]", "emails.value is not complex"),
            ("other[value ▸xx 1]", "xx is no operator"),
            ("emails[type pr].▸", "an attribute name is missing"),
            ("emails[type pr].▸ value pr", "an attribute name is missing"),
            ("emails[type pr].value▸.x pr", "one sub-attribute at most"),
            ("emails[type pr]▸value pr", "expected and, or, or the end instead of value"),
            ("emails[type pr].value▸[type pr]", "expected an operator such as eq instead of ["),
            ("emails[type pr]▸[type pr]", "expected and, or, or the end instead of ["),
            ("emails[type pr].primary ▸gt true", "primary is a Boolean"),
            ("emails[type pr].value eq ▸1", "value is a string"),
        ] as [(String, String)])
    func refused(marked: String, reason: String) throws {
        let parts = marked.split(separator: "▸", maxSplits: 1, omittingEmptySubsequences: false)
        let text = parts.joined()
        let refused = try #require(Refused(text), "\(text) was taken")
        #expect(refused.offset == parts[0].utf8.count, "\(refused.detail)")
        #expect(refused.detail.contains(reason), "\(refused.detail)")
    }

    @Test(
        "a sub-attribute that is never returned cannot be searched for in any form",
        arguments: [
            "▸urn:s:safe.pin eq \"1\"", "urn:s:safe[▸PIN sw \"1\"]", "urn:s:safe[name pr].▸pin gt \"1\"",
        ])
    func secret(marked: String) throws {
        let safe = SchemaAttribute(
            "safe", "", type: .complex,
            subAttributes: [SchemaAttribute("name", ""), SchemaAttribute("pin", "", returned: .never)])
        let schema = Schema(id: "urn:s", name: "", description: "", attributes: [safe])
        let registry = SchemaRegistry(core: [.user: .user, .group: .group], extensions: [.user: [.init(schema)]])
        let text = marked.replacing("▸", with: "")
        let error = try #require(throws: SCIMError.self) {
            try Filter.parse(text, for: .user, registry: registry)
        }
        let refused = try #require(Refused(error))
        #expect(refused.detail.contains("pin is never returned"), "\(refused.detail)")
        #expect(refused.offset == marked.split(separator: "▸", omittingEmptySubsequences: false)[0].utf8.count)
    }

    @Test("random bytes are refused or read, never more")
    func randomBytes() throws {
        let seed = SeededGenerator.seedOfThisRun
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<3000 {
            let bytes = (0..<Int.random(in: 0...60, using: &generator)).map { _ in
                UInt8.random(in: 0...255, using: &generator)
            }
            try check(String(decoding: bytes, as: UTF8.self), seed)
        }
    }

    @Test("random tokens are refused or read, never more")
    func randomTokens() throws {
        let seed = SeededGenerator.seedOfThisRun
        var generator = SeededGenerator(seed: seed)
        let tokens = [
            "userName", "emails.type", "type", "active", "eq", "ne", "co", "gt", "pr", "and", "or", "not", "(", ")",
            "[",
            "]", ".value", "\"x\"", "\"", "1", "-", "true", "null", "\\", "é", ":", "urn:x:y", SchemaURN.user,
            "\"2026-11-21T09:15:29Z\"", "password", "title pr", "userName eq \"x\"", "emails[", "emails[type pr]",
        ]
        var taken = 0
        for _ in 0..<5000 {
            let count = Int.random(in: 1...12, using: &generator)
            let words = (0..<count).compactMap { _ in tokens.randomElement(using: &generator) }
            if try check(words.joined(separator: Bool.random(using: &generator) ? " " : ""), seed) { taken += 1 }
        }
        #expect(taken > 20, "seed \(seed)")
    }

    @Test("damaged filters are refused or read, never more")
    func damaged() throws {
        let seed = SeededGenerator.seedOfThisRun
        var generator = SeededGenerator(seed: seed)
        let corpus = try FuzzCorpus.filters()
        var refused = 0
        var budget = FuzzBudget(count: 3000)
        while budget.takes() {
            var bytes = Array(RandomFilter.filter(for: .user, depth: 2, using: &generator).description.utf8)
            if Bool.random(using: &generator) { bytes = Array((corpus.randomElement(using: &generator) ?? "").utf8) }
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                let place = Int.random(in: 0..<max(1, bytes.count), using: &generator)
                switch Int.random(in: 0..<4, using: &generator) {
                case 0: bytes.removeSubrange(min(place, bytes.count)...)
                case 1 where place < bytes.count: bytes.remove(at: place)
                case 2 where place < bytes.count: bytes[place] = .random(in: 0...255, using: &generator)
                default:
                    bytes.insert(
                        contentsOf: "()[]\"\\ .:\u{0}".utf8.shuffled(using: &generator).prefix(1),
                        at: min(place, bytes.count))
                }
            }
            if try !check(String(decoding: bytes, as: UTF8.self), seed) { refused += 1 }
        }
        #expect(refused > 300, "seed \(seed)")
    }

    /// - Returns: Whether the filter was taken.
    @discardableResult
    private func check(_ text: String, _ seed: UInt64) throws -> Bool {
        do {
            let filter = try Filter.parse(text, for: .user, registry: RandomFilter.registry)
            _ = filter.matches([:])
            return true
        } catch {
            let refused = try #require(Refused(error), "seed \(seed): \(text) \(error)")
            try #require((0...text.utf8.count).contains(refused.offset), "seed \(seed): \(text) \(refused.detail)")
            // So that the answer is UTF-8 and the detail stays readable.
            try #require(refused.detail.utf8.count < 400, "seed \(seed): \(text)")
            return false
        }
    }
}
