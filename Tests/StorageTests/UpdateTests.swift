// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import Postgres
import SCIM
import Testing

@testable import Storage

@Suite("Changing a resource", .timeLimit(.minutes(3))) struct UpdateTests {
    @Test("A replacement draws the next revision and a later order, with old and new state in its job")
    func replace() async throws {
        try await StorageFixture.run { fixture in
            let first = try await fixture.store.create(user("jo", externalId: "e1"), context: testContext).resource()
            let result = try await fixture.store.replace(
                .user, first.id, with: user("jo", displayName: "Jo", externalId: "e2"), context: testContext)
            guard case .updated(let second, let jobID) = result else { throw Unexpected(result) }
            #expect(second.revision == 2)
            #expect(second.order > first.order)
            #expect(second.created == first.created)
            #expect(second.modified >= first.modified)
            let read = try #require(try await fixture.read(first))
            #expect(read.revision == 2)
            #expect(read.order == second.order)
            #expect(read.modified == second.modified)
            #expect(read.externalId == "e2")
            #expect(try read.parsedAttributes()["displayName"] == "Jo")
            let states = "FROM job WHERE id = '\(jobID)'"
            let old = try #require(try await fixture.json("SELECT old_state \(states)"))
            let new = try #require(try await fixture.json("SELECT new_state \(states)"))
            #expect(try old["resource"]?.objectValue == first.parsedAttributes())
            #expect(old["externalId"] == "e1")
            #expect(try new["resource"]?.objectValue == second.parsedAttributes())
            #expect(new["externalId"] == "e2")
            #expect(old["created"] == new["created"])
            #expect(old["modified"]?.stringValue.flatMap { Timestamp(iso8601: $0) } == first.modified)
            #expect(new["modified"]?.stringValue.flatMap { Timestamp(iso8601: $0) } == second.modified)
            #expect(try await fixture.jobs(of: first.id) == ["create 1", "modify 2"])
        }
    }

    @Test("Identical content, whatever its order, makes no revision and no job")
    func unchanged() async throws {
        try await StorageFixture.run { fixture in
            let stored = try await fixture.store.create(
                user("jo", displayName: "Jo", externalId: "e"), context: testContext
            ).resource()
            let same = ValidatedResource(
                type: .user,
                attributes: [
                    "displayName": "Jo", "name": ["givenName": "Jo", "familyName": "Doe"], "userName": "jo",
                ], externalId: "e")
            let result = try await fixture.store.replace(.user, stored.id, with: same, context: testContext)
            #expect(result.isUnchanged)
            #expect(try result.resource().revision == 1)
            #expect(try await fixture.jobs(of: stored.id) == ["create 1"])
        }
    }

    @Test(
        "What differs in one respect only is a change",
        arguments: [
            user("jo", externalId: "other"), user("jo"), user("jo", externalId: "e", password: "Geheim!123"),
            user("JO", externalId: "e"),
        ])
    func smallChanges(replacement: ValidatedResource) async throws {
        try await StorageFixture.run { fixture in
            let stored = try await fixture.store.create(user("jo", externalId: "e"), context: testContext).resource()
            let result = try await fixture.store.replace(.user, stored.id, with: replacement, context: testContext)
            #expect(result.isUpdated)
            #expect(try await fixture.read(stored)?.externalId == replacement.externalId)
            let hasSecret = try await fixture.number("SELECT count(*) FROM job WHERE secret IS NOT NULL")
            #expect(hasSecret == (replacement.password == nil ? 0 : 1))
        }
    }

    @Test("Each client has its own external id")
    func externalIDs() async throws {
        try await StorageFixture.run { fixture in
            let stored = try await fixture.store.create(user("jo", externalId: "one"), context: context(client: "a"))
                .resource()
            #expect(try await fixture.read(stored, client: "a")?.externalId == "one")
            #expect(try await fixture.read(stored, client: "b")?.externalId == nil)
            _ = try await fixture.store.replace(
                .user, stored.id, with: user("jo", externalId: "two"), context: context(client: "b"))
            #expect(try await fixture.read(stored, client: "a")?.externalId == "one")
            #expect(try await fixture.read(stored, client: "b")?.externalId == "two")
            _ = try await fixture.store.replace(.user, stored.id, with: user("jo"), context: context(client: "a"))
            #expect(try await fixture.read(stored, client: "a")?.externalId == nil)
            #expect(try await fixture.read(stored, client: "b")?.externalId == "two")
            let old = try await fixture.json("SELECT old_state FROM job WHERE revision = 2")
            #expect(old?["externalId"]?.isNull == true, "the state is the one that the writing client knew")
        }
    }

    @Test("If-Match: the current revision writes, another one is a mismatch that names the current one")
    func ifMatch() async throws {
        try await StorageFixture.run { fixture in
            let stored = try await fixture.createUser("jo")
            let second = try await fixture.store.replace(
                .user, stored.id, with: user("jo", displayName: "2"), ifMatch: 1, context: testContext)
            #expect(second.isUpdated)
            let third = try await fixture.store.replace(
                .user, stored.id, with: user("jo", displayName: "3"), ifMatch: 1, context: testContext)
            #expect(third.mismatch == 2)
            #expect(try await fixture.read(stored)?.revision == 2)
        }
    }

    @Test("Of 20 writers with the same If-Match exactly one writes")
    func ifMatchRace() async throws {
        try await StorageFixture.run { fixture in
            let stored = try await fixture.createUser("jo")
            let other = fixture.anotherDatabase()
            let (updated, refused) = try await withThrowingTaskGroup(of: UpdateResult.self) { tasks in
                for number in 0..<20 {
                    let store = number % 2 == 0 ? fixture.store : other.resources
                    tasks.addTask {
                        try await store.replace(
                            .user, stored.id, with: user("jo", displayName: "\(number)"), ifMatch: 1,
                            context: testContext)
                    }
                }
                return try await tasks.reduce(into: (0, 0)) { counts, result in
                    if result.isUpdated { counts.0 += 1 }
                    if result.mismatch == 2 { counts.1 += 1 }
                }
            }
            await other.close()
            #expect(updated == 1)
            #expect(refused == 19)
        }
    }

    @Test(
        "32 writers of one resource without If-Match: every write counts, without a gap, order rising with the revision"
    )
    func contention() async throws {
        try await StorageFixture.run { fixture in
            let stored = try await fixture.createUser("jo")
            let other = fixture.anotherDatabase()
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                for number in 0..<32 {
                    let store = number % 4 == 0 ? other.resources : fixture.store
                    tasks.addTask {
                        let result = try await store.update(.user, stored.id, context: testContext) {
                            current, attributes in
                            var attributes = attributes
                            let count = attributes["title"]?.stringValue.flatMap { Int($0) } ?? 0
                            attributes["title"] = .string("\(count + 1)")
                            return ResourceChange(attributes: attributes, externalId: current.externalId)
                        }
                        if !result.isUpdated { throw Unexpected(result) }
                    }
                }
                try await tasks.waitForAll()
            }
            await other.close()
            let read = try #require(try await fixture.read(stored))
            #expect(read.revision == 33)
            #expect(try read.parsedAttributes()["title"] == "32")
            let jobs = try await fixture.rows("SELECT revision, \"order\" FROM job ORDER BY revision")
            #expect(try jobs.map { try $0.int(0) } == Array(1...33))
            let orders = try jobs.map { try $0.int(1) }
            #expect(orders == orders.sorted())
            #expect(Set(orders).count == 33)
        }
    }

    @Test("A new name is claimed, the old one is free at once, and a name of another resource is refused")
    func rename() async throws {
        try await StorageFixture.run { fixture in
            let jo = try await fixture.createUser("jo")
            let al = try await fixture.createUser("al")
            let clash = try await fixture.store.replace(.user, al.id, with: user("JO"), context: testContext)
            #expect(clash.clash == UniqueClaim(kind: .name, value: "jo"))
            #expect(try await fixture.read(al)?.revision == 1)
            #expect(try await fixture.store.replace(.user, jo.id, with: user("ed"), context: testContext).isUpdated)
            #expect(try await fixture.store.replace(.user, al.id, with: user("jo"), context: testContext).isUpdated)
            let claims = try await fixture.rows("SELECT value FROM unique_claim ORDER BY 1").map { try $0.string(0) }
            #expect(claims == ["ed", "jo"])
        }
    }

    @Test("An update that is refused leaves the others of its batch alone")
    func batchOfUpdates() async throws {
        try await StorageFixture.run { fixture in
            var users: [StoredResource] = []
            for number in 0..<20 { users.append(try await fixture.createUser("user\(number)")) }
            let resources = users
            let results = try await withThrowingTaskGroup(of: (Int, UpdateResult).self) { tasks in
                for number in resources.indices {
                    tasks.addTask {
                        // Number 5 wants a name that is taken, number 6 has an old revision.
                        let name = number == 5 ? "user4" : "user\(number)"
                        return (
                            number,
                            try await fixture.store.replace(
                                .user, resources[number].id, with: user(name, displayName: "x"),
                                ifMatch: number == 6 ? 9 : nil, context: testContext)
                        )
                    }
                }
                return try await tasks.reduce(into: [:]) { $0[$1.0] = $1.1 }
            }
            #expect(results.filter { !$0.value.isUpdated }.map(\.key).sorted() == [5, 6])
            #expect(results[5]?.clash == UniqueClaim(kind: .name, value: "user4"))
            #expect(results[6]?.mismatch == 1)
        }
    }

    @Test("What does not exist is not found, with or without If-Match", arguments: [nil, 1] as [Int64?])
    func notFound(ifMatch: Int64?) async throws {
        try await StorageFixture.run { fixture in
            let result = try await fixture.store.replace(
                .user, .random(), with: user("jo"), ifMatch: ifMatch, context: testContext)
            #expect(result.isNotFound)
            let jo = try await fixture.createUser("jo")
            let asGroup = try await fixture.store.replace(
                .group, jo.id, with: group("jo"), ifMatch: ifMatch, context: testContext)
            #expect(asGroup.isNotFound)
        }
    }

    @Test("What the closure of an update throws is thrown on, and nothing is written")
    func throwing() async throws {
        try await StorageFixture.run { fixture in
            let jo = try await fixture.createUser("jo")
            await #expect(throws: SCIMError.self) {
                try await fixture.store.update(.user, jo.id, context: testContext) { _, _ in
                    throw SCIMError.noTarget("nothing matches")
                }
            }
            #expect(try await fixture.read(jo)?.revision == 1)
        }
    }

    @Test(
        "A value that moves from one resource to another, both in flight, is never held by both and never raises an error"
    )
    func movingValue() async throws {
        try await StorageFixture.run { fixture in
            let first = try await fixture.store.create(user("a", mailbox: "m@example.org"), context: testContext)
                .resource()
            let second = try await fixture.createUser("b")
            for round in 0..<20 {
                let (from, to, names) = round % 2 == 0 ? (first, second, ("a", "b")) : (second, first, ("b", "a"))
                async let release = fixture.store.replace(.user, from.id, with: user(names.0), context: testContext)
                async let take = fixture.store.replace(
                    .user, to.id, with: user(names.1, mailbox: "m@example.org"), context: testContext)
                let (released, taken) = try await (release, take)
                #expect(released.isUpdated)
                if !taken.isUpdated {
                    #expect(taken.clash == UniqueClaim(kind: .mail, value: "m@example.org"))
                    _ = try await fixture.store.replace(
                        .user, to.id, with: user(names.1, mailbox: "m@example.org"), context: testContext
                    ).resource()
                }
                let holder = try await fixture.rows("SELECT resource_id FROM unique_claim WHERE kind = 'mail'")
                #expect(try holder.map { try $0.id(0) } == [to.id])
            }
        }
    }
}
