// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import Postgres
import SCIM
import TestSupport
import Testing

@testable import Storage

private func add(_ ids: ResourceID...) -> MemberChanges.Step {
    .change(adding: ids.map { .init(id: $0, type: nil) }, removing: [])
}

/// What members meet while something is locked, being deleted, or lost on the way. The fixture's own connection is the other one.
@Suite("Members behind locks", .timeLimit(.minutes(3))) struct MemberLockTests {
    /// Sessions that use this schema and wait for somebody.
    private func waiting(_ fixture: StorageFixture) async throws -> Int {
        try await fixture.number(
            """
            SELECT count(DISTINCT w.pid) FROM pg_locks w
            WHERE NOT w.granted AND EXISTS (
                SELECT FROM pg_locks r WHERE r.pid = w.pid AND r.relation = 'resource'::regclass)
            """)
    }

    @Test("A group that is locked elsewhere makes its own changes wait, on one connection, and no others")
    func lockedGroup() async throws {
        try await StorageFixture.run { fixture in
            let ids = try await fixture.insertUsers(40)
            let locked = try await fixture.createGroup("locked")
            let free = try await fixture.createGroup("free")
            try await fixture.connection.run("BEGIN; SELECT FROM resource WHERE id = '\(locked.id)' FOR UPDATE")
            let results = Task {
                try await withThrowingTaskGroup(of: UpdateResult.self) { tasks in
                    for id in ids {
                        tasks.addTask {
                            try await fixture.store.changeMembers(of: locked.id, [add(id)], context: testContext)
                        }
                    }
                    return try await tasks.reduce(into: []) { $0.append($1) }
                }
            }
            try await wait(until: "somebody waits") { try await waiting(fixture) > 0 }
            for id in ids {
                let result = try await fixture.store.changeMembers(of: free.id, [add(id)], context: testContext)
                #expect(result.isUpdated)
            }
            #expect(try await waiting(fixture) == 1)
            try await fixture.connection.run("COMMIT")
            let revisions = try await results.value.map { try $0.resource().revision }
            #expect(revisions.sorted() == Array(2...41))
        }
    }

    @Test("What was written while a change waited for the group stays", arguments: [true, false])
    func writtenMeanwhile(alone: Bool) async throws {
        try await StorageFixture.run { fixture in
            let jo = try await fixture.createUser("jo").id
            let target = try await fixture.store.create(
                group("g", externalId: "old"), context: testContext
            ).resource()
            try await fixture.connection.run(
                """
                BEGIN;
                UPDATE resource SET revision = 2, attributes = '{"displayName": "renamed"}' WHERE id = '\(target.id)';
                UPDATE external_id SET value = 'new' WHERE resource_id = '\(target.id)'
                """)
            let steps = alone ? [MemberChanges.Step.replace(with: [.init(id: jo, type: nil)])] : [add(jo)]
            async let change = fixture.store.changeMembers(of: target.id, steps, context: testContext)
            try await wait(until: "the change waits") { try await waiting(fixture) > 0 }
            try await fixture.connection.run("COMMIT")
            let result = try await change.resource()
            #expect(result.revision == 3)
            #expect(result.externalId == "new")
            #expect(try result.parsedAttributes()["displayName"] == "renamed")
            let read = try #require(try await fixture.read(target))
            #expect(read.externalId == "new")
            #expect(try read.parsedAttributes()["displayName"] == "renamed")
            #expect(
                try await fixture.text("SELECT old_state ->> 'externalId' FROM job WHERE revision = 3") == "new")
        }
    }

    @Test(
        "Who is just being deleted is waited for: unknown afterwards, or a member after all", arguments: [true, false])
    func deletedMember(isDeleted: Bool) async throws {
        try await StorageFixture.run { fixture in
            let jo = try await fixture.createUser("jo").id
            let target = try await fixture.createGroup("g")
            try await fixture.connection.run("BEGIN; SELECT FROM resource WHERE id = '\(jo)' FOR UPDATE")
            async let change = fixture.store.changeMembers(of: target.id, [add(jo)], context: testContext)
            try await wait(until: "the change waits") { try await waiting(fixture) > 0 }
            // Not with the group locked, or the delete could not get at its groups.
            try await fixture.connection.run(
                "SELECT FROM resource WHERE id = '\(target.id)' FOR NO KEY UPDATE NOWAIT")
            try await fixture.connection.run(
                isDeleted ? "DELETE FROM resource WHERE id = '\(jo)'; COMMIT" : "ROLLBACK")
            let result = try await change
            if isDeleted { #expect(result.unknown == [jo]) } else { #expect(result.isUpdated) }
        }
    }

    @Test(
        "Users are deleted while they are added and removed: nobody is left in a group who does not exist, and nothing fails"
    )
    func deletes() async throws {
        try await StorageFixture.run { fixture in
            var ids: [ResourceID] = []
            for number in 0..<40 { ids.append(try await fixture.createUser("user\(number)").id) }
            let users = ids
            let groups = [try await fixture.createGroup("a").id, try await fixture.createGroup("b", users).id]
            let other = fixture.anotherDatabase()
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                for (index, id) in users.enumerated() {
                    for group in groups {
                        tasks.addTask {
                            let result = try await fixture.store.changeMembers(
                                of: group, [add(id)], context: testContext)
                            guard result.isUpdated || result.isUnchanged || result.unknown == [id] else {
                                throw Unexpected(result)
                            }
                        }
                    }
                    if index % 4 == 0 {
                        tasks.addTask {
                            let members = users.map { ValidatedResource.Member(id: $0, type: nil) }
                            let result = try await other.resources.changeMembers(
                                of: groups[0], [.replace(with: members)], context: testContext)
                            guard result.isUpdated || result.isUnchanged || result.unknown != nil else {
                                throw Unexpected(result)
                            }
                        }
                    }
                    tasks.addTask {
                        let result = try await other.resources.delete(.user, id, context: testContext)
                        guard result.isDeleted else { throw Unexpected(result) }
                    }
                }
                try await tasks.waitForAll()
            }
            await other.close()
            #expect(try await fixture.number("SELECT count(*) FROM group_member WHERE removed_revision IS NULL") == 0)
            #expect(try await fixture.number("SELECT sum(member_count)::int8 FROM resource") == 0)
        }
    }

    @Test("Renames and members at the same time: no rename and no member is lost")
    func renames() async throws {
        try await StorageFixture.run { fixture in
            let ids = try await fixture.insertUsers(60)
            let target = try await fixture.createGroup("g")
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                for (index, id) in ids.enumerated() {
                    tasks.addTask {
                        // Every third one changes attributes beside the member, as a PATCH may.
                        let result = try await fixture.store.update(.group, target.id, context: testContext) {
                            current, attributes in
                            var attributes = attributes
                            if index % 3 == 0 { attributes["title\(index)"] = "x" }
                            return ResourceChange(
                                attributes: attributes, externalId: current.externalId, members: .steps([add(id)]))
                        }
                        guard result.isUpdated else { throw Unexpected(result) }
                    }
                }
                try await tasks.waitForAll()
            }
            let read = try #require(try await fixture.read(target))
            #expect(read.revision == 61)
            #expect(read.memberCount == 60)
            #expect(try read.parsedAttributes().count == 21)
            #expect(try await fixture.jobs(of: target.id).count == 61)
        }
    }

    @Test("A change whose commit got no answer is made again, which changes nothing")
    func lostAnswer() async throws {
        let server = try await PostgresServer.start()
        try await StorageFixture.run(on: server) { fixture in
            let proxy = try PostgresProxy(to: server.port)
            var through = fixture.configuration
            through.url = "postgresql://postgres@127.0.0.1:\(proxy.port)/postgres"
            try await fixture.withStore(writer: through) { store, _ in
                let ids = try await fixture.insertUsers(2)
                let target = try await store.create(group("g"), context: testContext).resource()
                let first = try await store.changeMembers(of: target.id, [add(ids[0])], context: testContext)
                #expect(first.isUpdated)
                proxy.holdAnswers()
                async let change = store.changeMembers(of: target.id, [add(ids[1])], context: testContext)
                try await wait(until: "the change has committed") {
                    try await fixture.number("SELECT revision FROM resource WHERE id = '\(target.id)'") == 3
                }
                proxy.cut()
                proxy.release()
                let result = try await change
                #expect(result.isUnchanged)
                #expect(try result.resource().revision == 3)
                #expect(try await fixture.jobs(of: target.id) == ["create 1", "modify 2", "modify 3"])
            }
        }
    }

    @Test("Changes of one member wait for the next statement, all others share one")
    func batches() throws {
        let groups = [ResourceID.random(), .random()]
        let ids = (0..<10).map { _ in ResourceID.random() }
        func pending(_ group: Int, _ members: [Int], tenant: String = "default") throws -> PendingMemberChange {
            let intent = MemberIntent([.change(adding: [], removing: members.map { ids[$0] })])
            let operation = MemberOperation(
                try #require(intent), group: groups[group], seen: nil, context: context(tenant: tenant))
            return PendingMemberChange(operation: try #require(operation)) { _ in }
        }
        var waiting = try [
            pending(0, [1, 2]), pending(0, [3]), pending(1, [1]), pending(0, [2, 4]), pending(0, [4]), pending(0, [5]),
            pending(0, [1], tenant: "other"),
        ]
        let expected = waiting.map(\.operation.jobID)
        func take() -> [JobID] { MemberWriter.takeBatch(from: &waiting).map(\.operation.jobID) }
        // The fifth waits behind the fourth, which waits behind the first.
        #expect(take() == [0, 1, 2, 5, 6].map { expected[$0] })
        #expect(take() == [expected[3]])
        #expect(take() == [expected[4]])
        #expect(take() == [])
    }

    @Test("A batch has a bound")
    func boundedBatch() throws {
        var waiting: [PendingMemberChange] = []
        for _ in 0..<700 {
            let intent = try #require(MemberIntent([.change(adding: [], removing: [.random(), .random()])]))
            let operation = MemberOperation(intent, group: .random(), seen: nil, context: testContext)
            waiting.append(PendingMemberChange(operation: try #require(operation)) { _ in })
        }
        #expect(MemberWriter.takeBatch(from: &waiting).count == MemberWriter.largestBatch)
        #expect(waiting.count == 700 - MemberWriter.largestBatch)
    }
}
