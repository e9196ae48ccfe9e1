// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import Postgres
import SCIM
import Testing

@testable import Storage

@Suite("Members of groups", .timeLimit(.minutes(3))) struct GroupMemberTests {
    @Test("A new group has its members from revision 1 on, with their types")
    func create() async throws {
        try await StorageFixture.run { fixture in
            let jo = try await fixture.createUser("jo")
            let inner = try await fixture.createGroup("inner")
            let outer = try await fixture.createGroup("outer", [jo.id, inner.id])
            #expect(try await Set(fixture.memberIDs(of: outer.id)) == [jo.id, inner.id])
            let types = try await fixture.rows(
                "SELECT member_type FROM group_member WHERE group_id = '\(outer.id)' AND NOT synced ORDER BY 1"
            ).map { try $0.string(0) }
            #expect(types == ["Group", "User"])
            #expect(try await fixture.jobs(of: outer.id) == ["create 1"])
            let state = try await fixture.text("SELECT new_state::text FROM job WHERE resource_id = '\(outer.id)'")
            #expect(state?.contains("members") == false)
        }
    }

    @Test("A replacement ends the stays of those who leave, and begins those of those who come; a return is a new stay")
    func replace() async throws {
        try await StorageFixture.run { fixture in
            let a = try await fixture.createUser("a").id
            let b = try await fixture.createUser("b").id
            let c = try await fixture.createUser("c").id
            let target = try await fixture.createGroup("g", [a, b])
            for (members, revision) in [([b, c], 2), ([a, b, c], 3), ([], 4), ([a], 5)] as [([ResourceID], Int64)] {
                let result = try await fixture.store.replace(
                    .group, target.id, with: group("g", members: members), context: testContext)
                #expect(try result.resource().revision == revision)
                #expect(try await Set(fixture.memberIDs(of: target.id)) == Set(members))
            }
            #expect(try await fixture.stays(a, in: target.id) == ["1-2", "3-4", "5-"])
            #expect(try await fixture.stays(b, in: target.id) == ["1-4"])
            #expect(try await fixture.stays(c, in: target.id) == ["2-4"])
            #expect(try await fixture.jobs(of: target.id).count == 5)
        }
    }

    @Test("The same members and attributes, in any order, are no change")
    func unchanged() async throws {
        try await StorageFixture.run { fixture in
            let a = try await fixture.createUser("a").id
            let b = try await fixture.createUser("b").id
            let target = try await fixture.createGroup("g", [a, b])
            let same = try await fixture.store.replace(
                .group, target.id, with: group("g", members: [b, a]), context: testContext)
            #expect(same.isUnchanged)
            let renamed = try await fixture.store.replace(
                .group, target.id, with: group("h", members: [b, a]), context: testContext)
            #expect(renamed.isUpdated)
            #expect(try await fixture.stays(a, in: target.id) == ["1-"])
            #expect(try await fixture.jobs(of: target.id) == ["create 1", "modify 2"])
        }
    }

    @Test("A replacement without members empties the group")
    func withoutMembers() async throws {
        try await StorageFixture.run { fixture in
            let a = try await fixture.createUser("a").id
            let target = try await fixture.createGroup("g", [a])
            #expect(
                try await fixture.store.replace(.group, target.id, with: group("g"), context: testContext).isUpdated)
            #expect(try await fixture.memberIDs(of: target.id) == [])
        }
    }

    @Test("Members that do not exist are named, and nothing is written")
    func unknown() async throws {
        try await StorageFixture.run { fixture in
            let a = try await fixture.createUser("a").id
            let nobody = [ResourceID.random(), .random()].sorted()
            let creation = try await fixture.store.create(group("g", members: [a] + nobody), context: testContext)
            guard case .unknownMembers(let missing) = creation else { throw Unexpected(creation) }
            #expect(missing.sorted() == nobody)
            let target = try await fixture.createGroup("g", [a])
            let replacement = try await fixture.store.replace(
                .group, target.id, with: group("g", members: [nobody[0]]), context: testContext)
            #expect(replacement.unknown == [nobody[0]])
            #expect(try await fixture.memberIDs(of: target.id) == [a])
            #expect(try await fixture.read(target)?.revision == 1)
        }
    }

    @Test("A resource of another tenant is no member")
    func otherTenant() async throws {
        try await StorageFixture.run { fixture in
            let foreign = try await fixture.store.create(user("a"), context: context(tenant: "other")).resource()
            let result = try await fixture.store.create(group("g", members: [foreign.id]), context: testContext)
            guard case .unknownMembers(let missing) = result else { throw Unexpected(result) }
            #expect(missing == [foreign.id])
        }
    }

    @Test("A type that contradicts the resource is refused, for new members and for present ones")
    func wrongType() async throws {
        try await StorageFixture.run { fixture in
            let a = try await fixture.createUser("a").id
            var wrong = group("g")
            wrong.members = [ValidatedResource.Member(id: a, type: .group)]
            let creation = try await fixture.store.create(wrong, context: testContext)
            guard case .memberTypeMismatch(let id) = creation else { throw Unexpected(creation) }
            #expect(id == a)
            let target = try await fixture.createGroup("g", [a])
            #expect(
                try await fixture.store.replace(.group, target.id, with: wrong, context: testContext).wrongType == a)
            var right = group("g")
            right.members = [ValidatedResource.Member(id: a, type: .user)]
            #expect(try await fixture.store.replace(.group, target.id, with: right, context: testContext).isUnchanged)
        }
    }

    @Test("A group in itself, directly or through others, is a cycle")
    func cycle() async throws {
        try await StorageFixture.run { fixture in
            let a = try await fixture.createGroup("a")
            #expect(
                try await fixture.store.replace(
                    .group, a.id, with: group("a", members: [a.id]), context: testContext
                ).isCycle)
            let b = try await fixture.createGroup("b", [a.id])
            let c = try await fixture.createGroup("c", [b.id])
            #expect(
                try await fixture.store.replace(
                    .group, a.id, with: group("a", members: [c.id]), context: testContext
                ).isCycle)
            #expect(try await fixture.read(a)?.revision == 1)
            // Twice below one group is no cycle.
            #expect(
                try await fixture.store.replace(
                    .group, c.id, with: group("c", members: [a.id, b.id]), context: testContext
                ).isUpdated)
        }
    }

    @Test("A in B and B in A at the same moment: one is refused")
    func concurrentCycle() async throws {
        try await StorageFixture.run { fixture in
            let other = fixture.anotherDatabase()
            for round in 0..<25 {
                let a = try await fixture.createGroup("a\(round)")
                let b = try await fixture.createGroup("b\(round)")
                async let first = fixture.store.replace(
                    .group, a.id, with: group("a\(round)", members: [b.id]), context: testContext)
                async let second = other.resources.replace(
                    .group, b.id, with: group("b\(round)", members: [a.id]), context: testContext)
                let results = try await [first, second]
                #expect(results.filter(\.isUpdated).count == 1)
                #expect(results.filter(\.isCycle).count == 1)
            }
            await other.close()
        }
    }

    @Test("Members added one by one at the same time are all there, each with a revision of its own")
    func concurrentAdditions() async throws {
        try await StorageFixture.run { fixture in
            var ids: [ResourceID] = []
            for number in 0..<20 { ids.append(try await fixture.createUser("user\(number)").id) }
            let users = ids
            let target = try await fixture.createGroup("g")
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                for id in users {
                    tasks.addTask {
                        let result = try await fixture.store.update(.group, target.id, context: testContext) {
                            current, attributes in
                            ResourceChange(
                                attributes: attributes, externalId: current.externalId,
                                members: .change(adding: [ValidatedResource.Member(id: id, type: .user)], removing: []))
                        }
                        if !result.isUpdated { throw Unexpected(result) }
                    }
                }
                try await tasks.waitForAll()
            }
            #expect(try await Set(fixture.memberIDs(of: target.id)) == Set(users))
            #expect(try await fixture.read(target)?.revision == 21)
            let added = try await fixture.rows("SELECT added_revision FROM group_member ORDER BY 1").map {
                try $0.int(0)
            }
            #expect(added == Array(2...21))
        }
    }

    @Test("Adding who is there and removing who is not is no change; both at once means added")
    func idempotentChange() async throws {
        try await StorageFixture.run { fixture in
            let a = try await fixture.createUser("a").id
            let b = try await fixture.createUser("b").id
            let target = try await fixture.createGroup("g", [a])
            func change(_ adding: [ResourceID], _ removing: [ResourceID]) async throws -> UpdateResult {
                try await fixture.store.update(.group, target.id, context: testContext) { current, attributes in
                    ResourceChange(
                        attributes: attributes, externalId: current.externalId,
                        members: .change(
                            adding: adding.map { ValidatedResource.Member(id: $0, type: nil) }, removing: removing))
                }
            }
            #expect(try await change([a], [b]).isUnchanged)
            #expect(try await change([b], [a, b]).isUpdated)
            #expect(try await fixture.memberIDs(of: target.id) == [b])
            #expect(try await change([], [b]).isUpdated)
            #expect(try await fixture.memberIDs(of: target.id) == [])
        }
    }

    @Test("Attributes of a group change without a look at its members")
    func attributesOnly() async throws {
        try await StorageFixture.run { fixture in
            let a = try await fixture.createUser("a").id
            let target = try await fixture.createGroup("g", [a])
            let result = try await fixture.store.update(.group, target.id, context: testContext) {
                current, attributes in
                var attributes = attributes
                attributes["displayName"] = "h"
                return ResourceChange(attributes: attributes, externalId: current.externalId)
            }
            #expect(result.isUpdated)
            #expect(try await fixture.memberIDs(of: target.id) == [a])
        }
    }

    @Test("If-Match guards a change of members")
    func ifMatch() async throws {
        try await StorageFixture.run { fixture in
            let a = try await fixture.createUser("a").id
            let target = try await fixture.createGroup("g")
            let wrong = try await fixture.store.replace(
                .group, target.id, with: group("g", members: [a]), ifMatch: 5, context: testContext)
            #expect(wrong.mismatch == 1)
            let right = try await fixture.store.replace(
                .group, target.id, with: group("g", members: [a]), ifMatch: 1, context: testContext)
            #expect(right.isUpdated)
        }
    }

    @Test("A group whose new name is taken keeps its members")
    func clash() async throws {
        try await StorageFixture.run { fixture in
            let a = try await fixture.createUser("a").id
            let target = try await fixture.createGroup("g")
            let result = try await fixture.store.replace(
                .group, target.id, with: group("A", members: [a]), context: testContext)
            #expect(result.clash == UniqueClaim(kind: .name, value: "a"))
            #expect(try await fixture.memberIDs(of: target.id) == [])
        }
    }

    @Test("20,000 members are replaced, and one of them added, in reasonable time")
    func manyMembers() async throws {
        try await StorageFixture.run { fixture in
            try await fixture.connection.run(
                """
                INSERT INTO resource (tenant, type, id, revision, "order", created_at, modified_at, attributes)
                SELECT 'default', 'User', gen_random_uuid(), 1, nextval('write_order'), now(), now(),
                    jsonb_build_object('userName', 'user' || n) FROM generate_series(1, 20000) n
                """)
            let ids = try await fixture.rows("SELECT array_agg(id) FROM resource")[0].uuidArray(0).map {
                ResourceID(high: $0.high, low: $0.low)
            }
            let target = try await fixture.createGroup("g", Array(ids.dropLast()))
            let replaced = try await fixture.store.replace(
                .group, target.id, with: group("g", members: Array(ids.dropFirst())), context: testContext)
            #expect(replaced.isUpdated)
            #expect(
                try await fixture.number("SELECT count(*) FROM group_member WHERE removed_revision IS NULL") == 19_999)
            #expect(try await fixture.number("SELECT count(*) FROM group_member") == 20_000)
            let clock = ContinuousClock.now
            let added = try await fixture.store.update(.group, target.id, context: testContext) { current, attributes in
                ResourceChange(
                    attributes: attributes, externalId: current.externalId,
                    members: .change(adding: [ValidatedResource.Member(id: ids[0], type: nil)], removing: []))
            }
            #expect(added.isUpdated)
            #expect(ContinuousClock.now - clock < .seconds(5))
            let read = try await fixture.store.read(
                .group, target.id, tenant: "default", client: "idp", baseURL: testBaseURL, withMembers: true)
            let members = try JSONValue(
                parsing: try #require(read?.members), limits: JSONLimits(maximumBytes: .max)
            ).arrayValue
            #expect(members?.count == 20_000)
        }
    }
}
