// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import Postgres
import SCIM
import Testing

@testable import Storage

@Suite("Deleting a resource", .timeLimit(.minutes(3))) struct DeleteTests {
    @Test("A delete takes resource, claims and external ids of all clients, and leaves a job with the old state")
    func everything() async throws {
        try await StorageFixture.run { fixture in
            let jo = try await fixture.store.create(user("jo", externalId: "a"), context: context(client: "a"))
                .resource()
            _ = try await fixture.store.replace(
                .user, jo.id, with: user("jo", externalId: "b"), context: context(client: "b"))
            let result = try await fixture.store.delete(.user, jo.id, context: context(client: "a"))
            guard case .deleted(let jobID) = result else { throw Unexpected(result) }
            #expect(try await fixture.read(jo) == nil)
            #expect(try await fixture.number("SELECT count(*) FROM unique_claim") == 0)
            #expect(try await fixture.number("SELECT count(*) FROM external_id") == 0)
            #expect(try await fixture.jobs(of: jo.id) == ["create 1", "modify 2", "delete 3"])
            let old = try await fixture.json("SELECT old_state FROM job WHERE id = '\(jobID)'")
            #expect(old?["externalId"] == "a")
            #expect(old?["resource"]?["userName"] == "jo")
            #expect(try await fixture.text("SELECT new_state::text FROM job WHERE id = '\(jobID)'") == nil)
            let orders = try await fixture.rows("SELECT \"order\" FROM job ORDER BY revision").map { try $0.int(0) }
            #expect(orders == orders.sorted())
        }
    }

    @Test("A second delete finds nothing; of several at once one deletes")
    func twice() async throws {
        try await StorageFixture.run { fixture in
            let jo = try await fixture.createUser("jo")
            let other = fixture.anotherDatabase()
            let results = try await withThrowingTaskGroup(of: DeleteResult.self) { tasks in
                for number in 0..<16 {
                    let store = number % 2 == 0 ? fixture.store : other.resources
                    tasks.addTask { try await store.delete(.user, jo.id, context: testContext) }
                }
                return try await tasks.reduce(into: []) { $0.append($1) }
            }
            await other.close()
            #expect(results.filter(\.isDeleted).count == 1)
            #expect(results.filter { $0 == .notFound }.count == 15)
            #expect(try await fixture.jobs(of: jo.id) == ["create 1", "delete 2"])
        }
    }

    @Test("If-Match guards a delete")
    func ifMatch() async throws {
        try await StorageFixture.run { fixture in
            let jo = try await fixture.createUser("jo")
            #expect(
                try await fixture.store.delete(.user, jo.id, ifMatch: 7, context: testContext)
                    == .revisionMismatch(current: 1))
            #expect(try await fixture.store.delete(.group, jo.id, context: testContext) == .notFound)
            #expect(try await fixture.store.delete(.user, jo.id, ifMatch: 1, context: testContext).isDeleted)
        }
    }

    @Test(
        "A name is free as soon as its user is deleted, both in flight: the create comes after the delete or is refused"
    )
    func nameInFlight() async throws {
        try await StorageFixture.run { fixture in
            var jo = try await fixture.createUser("jo")
            for _ in 0..<30 {
                let id = jo.id
                async let deleted = fixture.store.delete(.user, id, context: testContext)
                async let created = fixture.store.create(user("jo"), context: testContext)
                let (deletion, creation) = try await (deleted, created)
                #expect(deletion.isDeleted)
                if case .created(let next, _) = creation {
                    let orders = try await fixture.rows(
                        """
                        SELECT "order" FROM job WHERE (resource_id = '\(id)' AND operation = 'delete')
                            OR resource_id = '\(next.id)' ORDER BY operation DESC
                        """
                    ).map { try $0.int(0) }
                    #expect(orders.count == 2 && orders[0] < orders[1], "the name is freed before it is taken")
                    jo = next
                } else {
                    #expect(creation.clash == UniqueClaim(kind: .name, value: "jo"))
                    jo = try await fixture.createUser("jo")
                }
            }
        }
    }

    @Test("Deleting a member ends its stay and gives its groups a revision and an order, without a job")
    func member() async throws {
        try await StorageFixture.run { fixture in
            let jo = try await fixture.createUser("jo")
            let al = try await fixture.createUser("al")
            let first = try await fixture.createGroup("first", [jo.id, al.id])
            let second = try await fixture.createGroup("second", [jo.id])
            let third = try await fixture.createGroup("third", [al.id])
            #expect(try await fixture.store.delete(.user, jo.id, context: testContext).isDeleted)
            let after = try #require(try await fixture.read(first))
            #expect(after.revision == 2)
            #expect(after.order > first.order)
            #expect(after.modified > first.modified)
            #expect(try await fixture.read(second)?.revision == 2)
            #expect(try await fixture.read(third)?.revision == 1)
            #expect(try await fixture.stays(jo.id, in: first.id) == ["1-2"])
            #expect(try await fixture.stays(jo.id, in: second.id) == ["1-2"])
            #expect(try await fixture.memberIDs(of: first.id) == [al.id])
            #expect(try await fixture.jobs(of: first.id) == ["create 1"])
            #expect(try await fixture.jobs(of: second.id) == ["create 1"])
        }
    }

    @Test("Several members deleted in one batch cost their group one revision or more, and all stays end")
    func manyMembers() async throws {
        try await StorageFixture.run { fixture in
            var ids: [ResourceID] = []
            for number in 0..<30 { ids.append(try await fixture.createUser("user\(number)").id) }
            let members = ids
            let group = try await fixture.createGroup("group", members)
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                for id in members.dropLast(2) {
                    tasks.addTask {
                        let result = try await fixture.store.delete(.user, id, context: testContext)
                        if !result.isDeleted { throw Unexpected(result) }
                    }
                }
                try await tasks.waitForAll()
            }
            #expect(try await Set(fixture.memberIDs(of: group.id)) == Set(members.suffix(2)))
            let revision = try #require(try await fixture.read(group)).revision
            #expect(revision >= 2 && revision <= 29)
            #expect(
                try await fixture.number("SELECT count(*) FROM group_member WHERE removed_revision > \(revision)") == 0)
        }
    }

    @Test("Deleting a group ends the stays of its members and its own in other groups; the users stay")
    func deleteGroup() async throws {
        try await StorageFixture.run { fixture in
            let jo = try await fixture.createUser("jo")
            let inner = try await fixture.createGroup("inner", [jo.id])
            let outer = try await fixture.createGroup("outer", [inner.id, jo.id])
            #expect(try await fixture.store.delete(.group, inner.id, context: testContext).isDeleted)
            #expect(try await fixture.read(inner) == nil)
            #expect(try await fixture.read(jo)?.revision == 1)
            #expect(try await fixture.stays(jo.id, in: inner.id) == ["1-2"])
            #expect(try await fixture.stays(inner.id, in: outer.id) == ["1-2"])
            #expect(try await fixture.read(outer)?.revision == 2)
            #expect(try await fixture.memberIDs(of: outer.id) == [jo.id])
            #expect(try await fixture.jobs(of: inner.id) == ["create 1", "delete 2"])
        }
    }

    @Test("A member that is deleted while a group takes it: the group does not keep it")
    func deleteWhileAdded() async throws {
        try await StorageFixture.run { fixture in
            let other = fixture.anotherDatabase()
            for round in 0..<25 {
                let jo = try await fixture.createUser("jo\(round)")
                let target = try await fixture.createGroup("group\(round)")
                async let added = fixture.store.replace(
                    .group, target.id, with: group("group\(round)", members: [jo.id]), context: testContext)
                async let deleted = other.resources.delete(.user, jo.id, context: testContext)
                let (addition, deletion) = try await (added, deleted)
                #expect(deletion.isDeleted)
                #expect(addition.isUpdated || addition.unknown == [jo.id])
                #expect(try await fixture.memberIDs(of: target.id) == [])
                if addition.isUpdated {
                    #expect(try await fixture.read(target)?.revision == 3)
                    #expect(try await fixture.stays(jo.id, in: target.id) == ["2-3"])
                }
            }
            await other.close()
        }
    }
}
