// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import FuzzSupport
import SCIM
import Testing

@testable import Storage

@Suite("What steps of a change come to") struct MemberIntentTests {
    private let ids = (0..<12).map { LowercaseUUID(high: UInt64(bitPattern: Int64($0 * 7 % 12)), low: 1) }

    /// Of the present members, by the plainest rules.
    private func outcome(_ steps: [MemberChanges.Step], _ present: Set<ResourceID>) -> Set<ResourceID> {
        steps.reduce(into: present) { members, step in
            switch step {
            case .change(let adding, let removing):
                members.subtract(removing)
                members.formUnion(adding.map(\.id))
            case .replace(let new): members = Set(new.map(\.id))
            case .removeMatching: break
            }
        }
    }

    private func apply(_ intent: MemberIntent, _ present: Set<ResourceID>) -> Set<ResourceID> {
        (intent.keepsPresent ? present.subtracting(intent.removed) : []).union(intent.added.map(\.id))
    }

    @Test("Random steps come to what they do one by one", arguments: 1...20 as ClosedRange<UInt64>)
    func random(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed &+ SeededGenerator.seedOffset)
        for _ in 0..<200 {
            func some() -> [ResourceID] {
                (0..<Int.random(in: 0...6, using: &generator)).compactMap { _ in ids.randomElement(using: &generator) }
            }
            var steps: [MemberChanges.Step] = []
            for _ in 0..<Int.random(in: 0...5, using: &generator) {
                let adding = some().map {
                    ValidatedResource.Member(id: $0, type: Bool.random(using: &generator) ? .user : nil)
                }
                let isReplacement = Int.random(in: 0..<5, using: &generator) == 0
                steps.append(isReplacement ? .replace(with: adding) : .change(adding: adding, removing: some()))
            }
            let intent = try #require(MemberIntent(steps))
            let present = Set(some())
            try #require(apply(intent, present) == outcome(steps, present), "seed \(seed): \(steps)")
            try #require(intent.added.map(\.id) == Set(intent.added.map(\.id)).sorted(), "seed \(seed)")
            try #require(intent.removed == Set(intent.removed).sorted(), "seed \(seed)")
            try #require(Set(intent.removed).isDisjoint(with: intent.added.map(\.id)), "seed \(seed)")
            try #require(intent.keepsPresent || intent.removed.isEmpty, "seed \(seed)")
        }
    }

    @Test("Of a member that is named twice, the type counts that was said last")
    func types() throws {
        let a = ids[0]
        let intent = try #require(
            MemberIntent([
                .change(adding: [.init(id: a, type: .group), .init(id: a, type: nil)], removing: []),
                .change(adding: [.init(id: a, type: .user)], removing: []),
                .change(adding: [.init(id: a, type: nil)], removing: [a]),
            ]))
        #expect(intent.added == [.init(id: a, type: .user)])
    }

    @Test("Only a change of few members by their ids is for the writer")
    func operations() throws {
        func operation(_ steps: [MemberChanges.Step]) throws -> MemberOperation? {
            MemberOperation(
                try #require(MemberIntent(steps)), group: .random(), seen: nil, context: testContext)
        }
        let many = (0...MemberOperation.mostChanges).map { _ in ResourceID.random() }
        #expect(try operation([]) == nil)
        #expect(try operation([.replace(with: [])]) == nil)
        #expect(try operation([.change(adding: [], removing: many)]) == nil)
        #expect(try operation([.change(adding: [], removing: Array(many.dropFirst()))])?.changes.count == 200)
        let both = try operation([.change(adding: [.init(id: ids[0], type: nil)], removing: [ids[0], ids[1]])])
        #expect(both?.changes.map(\.member) == [ids[0], ids[1]])
        #expect(both?.changes.map(\.isAddition) == [true, false])
    }
}
