// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import FuzzSupport
import JSON
import SCIM
import Testing

@Suite("PATCH: properties")
struct PatchPropertyTests {
    private let validator = ResourceValidator()

    /// What a PATCH comes to: a patched resource with the changes of its members, or a refusal.
    private func outcome(
        _ message: JSONValue, _ present: ValidatedResource, seed: UInt64
    ) throws -> (PatchedResource, MemberChanges)? {
        do {
            let patch = try validator.patch(message, as: present.type)
            return (try validator.apply(patch, to: present.attributes, externalId: present.externalId), patch.members)
        } catch {
            try #require(error.status == 400 || error.status == 413, "seed \(seed): \(error) for \(message)")
            try #require(error.scimType != nil || error.status == 413, "seed \(seed): \(error) for \(message)")
            try #require(!error.detail.isEmpty)
            return nil
        }
    }

    private func resource(_ type: ResourceType, using generator: inout SeededGenerator) throws -> ValidatedResource {
        try validator.validate(RandomResource.body(type, using: &generator), as: type)
    }

    @Test(
        "a patched resource is valid, and stays the same when it is written as it is", arguments: ResourceType.allCases)
    func valid(type: ResourceType) throws {
        let seed = SeededGenerator.seedOfThisRun
        var generator = SeededGenerator(seed: seed)
        var accepted = 0
        for _ in 0..<3000 {
            let present = try resource(type, using: &generator)
            let message = RandomPatch.message(type, using: &generator)
            guard let (patched, _) = try outcome(message, present, seed: seed) else { continue }
            accepted += 1
            var body = patched.attributes
            body["schemas"] = [.string(type.coreSchema)]
            var written = try validator.validate(.object(body), as: type)
            // A PATCH may leave them out, a write of the whole resource gives them their defaults.
            for key in ["displayName", "active"] where !patched.attributes.contains(key) {
                written.attributes[key] = nil
            }
            if var name = written.attributes["name"]?.objectValue, patched.attributes["name"]?["formatted"] == nil {
                name["formatted"] = nil
                written.attributes["name"] = .object(name)
            }
            try #require(written.attributes == patched.attributes, "seed \(seed): \(message) on \(present)")
            let differs = patched.attributes != present.attributes || patched.externalId != present.externalId
            try #require(patched.differs == (differs || patched.password != nil), "seed \(seed): \(message)")
        }
        #expect(accepted > 200, "seed \(seed): only \(accepted)")
    }

    @Test("what was added is there: adding it again changes nothing", arguments: ResourceType.allCases)
    func addTwice(type: ResourceType) throws {
        let seed = SeededGenerator.seedOfThisRun
        var generator = SeededGenerator(seed: seed)
        var accepted = 0
        for _ in 0..<3000 {
            let present = try resource(type, using: &generator)
            // Several keys may build on each other, as several operations do.
            let operation = RandomPatch.operation("add", type, maximumKeys: 1, using: &generator)
            guard
                let (once, members) = try outcome(RandomPatch.message([operation]), present, seed: seed),
                // It may be refused when it takes from a value what its own filter looks for.
                let (twice, membersTwice) = try outcome(
                    RandomPatch.message([operation, operation]), present, seed: seed)
            else { continue }
            accepted += 1
            try #require(once == twice, "seed \(seed): \(operation) on \(present)")
            try #require(members == membersTwice, "seed \(seed): \(operation)")
        }
        #expect(accepted > 200, "seed \(seed): only \(accepted)")
    }

    @Test("operations in one request do what they do in several", arguments: ResourceType.allCases)
    func split(type: ResourceType) throws {
        let seed = SeededGenerator.seedOfThisRun
        var generator = SeededGenerator(seed: seed)
        var accepted = 0
        for _ in 0..<3000 {
            let present = try resource(type, using: &generator)
            let operations = (0..<3).map { _ in RandomPatch.operation(type, using: &generator) }
            guard let (whole, _) = try outcome(RandomPatch.message(operations), present, seed: seed) else { continue }
            var state = present
            var isSame = true
            for operation in operations {
                // One alone may leave what only the whole makes valid.
                guard let (part, _) = try outcome(RandomPatch.message([operation]), state, seed: seed) else {
                    isSame = false
                    break
                }
                state.attributes = part.attributes
                state.externalId = part.externalId
            }
            guard isSame else { continue }
            accepted += 1
            for key in Set(whole.attributes.keys).union(state.attributes.keys) where key != "displayName" {
                try #require(
                    whole.attributes[key] == state.attributes[key], "seed \(seed): \(key), \(operations) on \(present)")
            }
            try #require(whole.externalId == state.externalId, "seed \(seed): \(operations)")
        }
        #expect(accepted > 60, "seed \(seed): only \(accepted)")
    }

    @Test("damaged messages are refused or applied, and nothing else happens")
    func damaged() throws {
        let seed = SeededGenerator.seedOfThisRun
        var generator = SeededGenerator(seed: seed)
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Fixtures/scim")
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
            .filter { $0.contains("-patch-") || $0.contains("7644-3.5.2") }
        #expect(names.count > 30)
        let user = ValidatedResource(type: .user, attributes: try PatchFixture.user())
        let group = ValidatedResource(type: .group, attributes: try PatchFixture.group())
        let corpus =
            try names.map { Array(try Data(contentsOf: folder.appendingPathComponent($0))) } + FuzzCorpus.patches()
        var parsed = 0
        var budget = FuzzBudget(count: 100 * corpus.count)
        while budget.takes() {
            var damaged = corpus.randomElement(using: &generator) ?? []
            for _ in 0..<Int.random(in: 1...3, using: &generator) { damage(&damaged, using: &generator) }
            guard let message = try? JSONValue(parsing: damaged) else { continue }
            parsed += 1
            _ = try outcome(message, user, seed: seed)
            _ = try outcome(message, group, seed: seed)
        }
        #expect(parsed > 500, "seed \(seed): only \(parsed)")
    }

    private func damage(_ bytes: inout [UInt8], using generator: inout SeededGenerator) {
        guard !bytes.isEmpty else { return }
        let position = Int.random(in: 0..<bytes.count, using: &generator)
        switch Int.random(in: 0..<4, using: &generator) {
        case 0: bytes[position] = UInt8.random(in: 0x20...0x7E, using: &generator)
        case 1: bytes.remove(at: position)
        case 2: bytes.insert(Array(#""[]{}.:eq 17"#.utf8).randomElement(using: &generator) ?? 0x20, at: position)
        default:
            let end = min(bytes.count, position + Int.random(in: 1...12, using: &generator))
            bytes.insert(contentsOf: bytes[position..<end], at: Int.random(in: 0...bytes.count, using: &generator))
        }
    }

    @Test("any value in any place of a message is refused or applied", arguments: ResourceType.allCases)
    func anyValue(type: ResourceType) throws {
        let seed = SeededGenerator.seedOfThisRun
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<2000 {
            var message = try #require(RandomPatch.message(type, using: &generator).objectValue)
            var operation = try #require(message["Operations"]?[0]?.objectValue)
            let key = ["op", "path", "value"].randomElement(using: &generator) ?? "op"
            operation[key] = RandomResource.value(depth: 4, using: &generator)
            message["Operations"] = [.object(operation)]
            _ = try outcome(.object(message), try resource(type, using: &generator), seed: seed)
        }
    }

    @Test("deep, long and strange values are refused or applied")
    func hostile() throws {
        let user = ValidatedResource(type: .user, attributes: try PatchFixture.user())
        var deep: JSONValue = "x"
        for _ in 0..<60 { deep = [deep] }
        let long = String(repeating: "a.", count: 100_000)
        let brackets = String(repeating: "emails[", count: 10_000)
        let values: [JSONValue] = [deep, .string(long), .string(brackets), "\u{0}", "%_\\", "\u{FFFD}", 1e300, []]
        for value in values {
            let messages: [JSONValue] = [
                RandomPatch.message([["op": "add", "path": value, "value": "x"]]),
                RandomPatch.message([["op": "add", "path": "title", "value": value]]),
                RandomPatch.message([["op": "replace", "path": "emails", "value": value]]),
                RandomPatch.message([["op": "remove", "path": "emails", "value": value]]),
                RandomPatch.message([["op": "add", "value": .object([long: value, brackets: value, "\u{0}": value])]]),
                RandomPatch.message([["op": value, "value": value]]), ["schemas": value, "Operations": value],
            ]
            for message in messages { _ = try outcome(message, user, seed: 0) }
        }
    }
}
