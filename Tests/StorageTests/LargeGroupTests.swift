// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import Postgres
import SCIM
import TestSupport
import Testing

@testable import Storage

@Suite("Groups of a hundred thousand", .serialized, .timeLimit(.minutes(5))) struct LargeGroupTests {
    @Test("A hundred thousand members are stored, compared, exchanged and removed as sets")
    func sets() async throws {
        try await StorageFixture.run { fixture in
            let ids = try await fixture.insertUsers(100_001)
            let all = Array(ids.dropLast())
            let clock = ContinuousClock()
            var created: StoredResource?
            let creation = try await clock.measure {
                created = try await fixture.store.create(group("large", members: all), context: testContext).resource()
            }
            let target = try #require(created)
            #expect(target.memberCount == 100_000)
            #expect(target.hasManyMembers)
            #expect(try await fixture.presentMembers(of: target.id) == 100_000)

            let same = try await clock.measure {
                let result = try await fixture.store.replace(
                    .group, target.id, with: group("large", members: all.reversed()), context: testContext)
                #expect(result.isUnchanged)
            }
            // One goes, one comes.
            let exchange = try await clock.measure {
                let result = try await fixture.store.replace(
                    .group, target.id, with: group("large", members: Array(ids.dropFirst())), context: testContext)
                #expect(result.isUpdated)
            }
            #expect(try await fixture.number("SELECT count(*) FROM group_member WHERE added_revision = 2") == 1)
            #expect(try await fixture.number("SELECT count(*) FROM group_member WHERE removed_revision = 2") == 1)
            #expect(try await fixture.stays(ids[0], in: target.id) == ["1-2"])

            var one: [Duration] = []
            for number in 0..<20 {
                one.append(
                    try await clock.measure {
                        let step: MemberChanges.Step =
                            number % 2 == 0
                            ? .change(adding: [.init(id: ids[0], type: nil)], removing: [])
                            : .change(adding: [], removing: [ids[0]])
                        let result = try await fixture.store.changeMembers(
                            of: target.id, [step], context: testContext)
                        #expect(try result.resource().memberCount == 100_000 + (number % 2 == 0 ? 1 : 0))
                        #expect(result.isUpdated)
                    })
            }
            let emptying = try await clock.measure {
                let result = try await fixture.store.changeMembers(
                    of: target.id, [.replace(with: [])], context: testContext)
                #expect(try result.resource().memberCount == 0)
            }
            #expect(try await fixture.presentMembers(of: target.id) == 0)
            print(
                "100,000 members: created in \(creation), compared in \(same), one exchanged in \(exchange), "
                    + "one more or less in \(one.sorted()[10]), all removed in \(emptying)")
            // Not a benchmark: what grows with the square of the members would take minutes.
            #expect(max(creation, same, exchange, emptying) < .seconds(60))
        }
    }
}
