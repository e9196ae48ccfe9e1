// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import Postgres
import SCIM
import TestSupport
import Testing

@testable import Storage

private func add(_ ids: ResourceID..., type: ResourceType? = nil) -> MemberChanges.Step {
    .change(adding: ids.map { .init(id: $0, type: type) }, removing: [])
}

/// Those who fulfil a filter go.
private func members(_ filter: String) throws -> MemberChanges.Step {
    let path = try PatchPath.parse("members[\(filter)]", for: .group, registry: .standard)
    guard case .elements(_, let filter, _) = path else { throw Unexpected(path) }
    return .removeMatching(filter)
}

private func remove(_ ids: ResourceID...) -> MemberChanges.Step { .change(adding: [], removing: ids) }

@Suite("Members changed by many at once", .timeLimit(.minutes(3))) struct MemberWriterTests {
    @Test(
        "64 additions and 64 removals of a member each, through two processes: all succeed, each with a revision and a job"
    )
    func hotGroup() async throws {
        try await StorageFixture.run { fixture in
            let ids = try await fixture.insertUsers(128)
            let target = try await fixture.createGroup("g", Array(ids[..<64]))
            let other = fixture.anotherDatabase()
            let results = try await withThrowingTaskGroup(of: UpdateResult.self) { tasks in
                for (index, id) in ids.enumerated() {
                    let store = index % 2 == 0 ? fixture.store : other.resources
                    tasks.addTask {
                        try await store.changeMembers(
                            of: target.id, [index < 64 ? remove(id) : add(id)],
                            context: WriteContext(
                                tenant: "default", client: "idp", requestID: "request \(index)", lane: "bulk"))
                    }
                }
                return try await tasks.reduce(into: []) { $0.append($1) }
            }
            await other.close()
            #expect(results.allSatisfy { $0.isUpdated })
            let revisions = try results.map { try $0.resource().revision }
            #expect(revisions.sorted() == Array(2...129))
            #expect(try await Set(fixture.memberIDs(of: target.id)) == Set(ids[64...]))
            let read = try #require(try await fixture.read(target))
            #expect(read.revision == 129)
            #expect(read.memberCount == 64)
            #expect(try await fixture.jobs(of: target.id) == ["create 1"] + (2...129).map { "modify \($0)" })
            // What was answered is what the job and the stay have.
            for case .updated(let group, let job) in results {
                #expect(
                    try await fixture.number("SELECT revision FROM job WHERE id = '\(job)'") == Int(group.revision))
            }
            let stays = try await fixture.rows(
                "SELECT coalesce(removed_revision, added_revision) FROM group_member ORDER BY 1"
            ).map { try $0.int(0) }
            #expect(stays == Array(2...129))
            #expect(
                try await fixture.number(
                    "SELECT count(DISTINCT request_id) FROM job WHERE operation = 'modify' AND lane = 'bulk'") == 128)
            // Each job begins where the one before it ended, and its number is higher.
            #expect(
                try await fixture.number(
                    """
                    SELECT count(*) FROM job a JOIN job b ON b.resource_id = a.resource_id AND b.revision = a.revision + 1
                    WHERE a.new_state = b.old_state AND a."order" < b."order"
                    """) == 128)
            #expect(
                try await fixture.number(
                    """
                    SELECT count(*) FROM resource r JOIN job j ON j.resource_id = r.id AND j.revision = r.revision
                        AND j."order" = r."order" AND j.accepted_at = r.modified_at
                    """) == 1)
        }
    }

    @Test("The same member, added and removed by many at once, is in or out, and every change is told")
    func oneMember() async throws {
        try await StorageFixture.run { fixture in
            let jo = try await fixture.createUser("jo").id
            let target = try await fixture.createGroup("g")
            let updates = try await withThrowingTaskGroup(of: Int.self) { tasks in
                for number in 0..<60 {
                    tasks.addTask {
                        let result = try await fixture.store.changeMembers(
                            of: target.id, [number % 2 == 0 ? add(jo) : remove(jo)], context: testContext)
                        guard result.isUpdated || result.isUnchanged else { throw Unexpected(result) }
                        return result.isUpdated ? 1 : 0
                    }
                }
                return try await tasks.reduce(0, +)
            }
            #expect(try await fixture.read(target)?.revision == Int64(updates + 1))
            #expect(try await fixture.jobs(of: target.id).count == updates + 1)
            let stays = try await fixture.rows(
                "SELECT added_revision, removed_revision FROM group_member ORDER BY added_revision"
            ).map { (try $0.int(0), try $0.optionalInt(1)) }
            // 2 to 3, 4 to 5 …: no revision without a change.
            for (index, stay) in stays.enumerated() {
                #expect(stay.0 == Int64(2 * index + 2))
                #expect(stay.1 == (index == stays.count - 1 && updates % 2 == 1 ? nil : Int64(2 * index + 3)))
            }
        }
    }

    @Test("Who is there is not added and who is not is not removed: no revision, no job")
    func nothingToDo() async throws {
        try await StorageFixture.run { fixture in
            let jo = try await fixture.createUser("jo").id
            let al = try await fixture.createUser("al").id
            let target = try await fixture.createGroup("g", [jo])
            for steps in [
                [add(jo)], [remove(al)], [add(jo), remove(al)], [remove(jo), add(jo)], [add(al), remove(al)], [],
                [.replace(with: [.init(id: jo, type: .user)])], [try members(#"display eq "nobody""#)],
            ] as [[MemberChanges.Step]] {
                let result = try await fixture.store.changeMembers(of: target.id, steps, context: testContext)
                #expect(result.isUnchanged)
                #expect(try result.resource().revision == 1)
                #expect(try result.resource().memberCount == 1)
            }
            #expect(try await fixture.stays(jo, in: target.id) == ["1-"])
            #expect(try await fixture.jobs(of: target.id) == ["create 1"])
        }
    }

    @Test("What a client says wrong is refused, and its neighbours' changes are made")
    func refusals() async throws {
        try await StorageFixture.run { fixture in
            let ids = try await fixture.insertUsers(20)
            let foreign = try await fixture.store.create(user("x"), context: context(tenant: "other")).resource()
            let inner = try await fixture.createGroup("inner")
            let target = try await fixture.createGroup("g", [ids[0]])
            let nobody = ResourceID.random()
            let steps: [MemberChanges.Step] = [
                add(nobody), add(foreign.id), add(ids[1], type: .group), add(ids[0], type: .group),
                add(inner.id, type: .user), add(target.id), remove(nobody),
            ]
            let (results, neighbours) = try await withThrowingTaskGroup(of: (Int, UpdateResult).self) { tasks in
                for (index, step) in (steps + ids[2...].map { add($0) }).enumerated() {
                    tasks.addTask {
                        (
                            index,
                            try await fixture.store.changeMembers(of: target.id, [step], context: testContext)
                        )
                    }
                }
                var results: [Int: UpdateResult] = [:]
                for try await (index, result) in tasks { results[index] = result }
                return (results, results.filter { $0.key >= steps.count }.map(\.value))
            }
            #expect(results[0]?.unknown == [nobody])
            #expect(results[1]?.unknown == [foreign.id])
            #expect(results[2]?.wrongType == ids[1])
            #expect(results[3]?.wrongType == ids[0])
            #expect(results[4]?.wrongType == inner.id)
            #expect(results[5]?.isCycle == true)
            #expect(results[6]?.isUnchanged == true)
            #expect(neighbours.count == 18 && neighbours.allSatisfy(\.isUpdated))
            #expect(try await fixture.read(target)?.revision == 19)
            let none = try await fixture.store.changeMembers(of: .random(), [add(ids[0])], context: testContext)
            #expect(none.isNotFound)
            let notMine = try await fixture.store.changeMembers(
                of: target.id, [add(ids[1])], context: context(tenant: "other"))
            #expect(notMine.isNotFound)
        }
    }

    @Test("A group becomes a member beside users, and leaves again")
    func nested() async throws {
        try await StorageFixture.run { fixture in
            let jo = try await fixture.createUser("jo").id
            let inner = try await fixture.createGroup("inner").id
            let target = try await fixture.createGroup("g")
            let added = try await fixture.store.changeMembers(of: target.id, [add(jo, inner)], context: testContext)
            #expect(added.isUpdated)
            #expect(
                try await fixture.text("SELECT member_type FROM group_member WHERE member_id = '\(inner)'") == "Group")
            let removed = try await fixture.store.changeMembers(of: target.id, [remove(inner)], context: testContext)
            #expect(try removed.resource().memberCount == 1)
            #expect(try await fixture.stays(inner, in: target.id) == ["2-3"])
            #expect(
                try await fixture.text("SELECT member_type FROM group_member WHERE member_id = '\(inner)'") == "Group")
        }
    }

    @Test("Steps take effect in their order, as one write")
    func steps() async throws {
        try await StorageFixture.run { fixture in
            let ids = try await fixture.insertUsers(6)
            let inner = try await fixture.createGroup("inner").id
            let target = try await fixture.createGroup("g", [ids[0], ids[1], inner])
            let isGroup = try members(#"type eq "group""#)
            let cases: [([MemberChanges.Step], [ResourceID])] = [
                ([isGroup], [ids[0], ids[1]]),
                ([add(ids[2], inner), isGroup, add(ids[3])], [ids[0], ids[1], ids[2], ids[3]]),
                ([try members(#"value eq "\#(ids[0])""#), add(ids[0], ids[4])], Array(ids[..<5])),
                ([.replace(with: []), add(ids[5]), remove(ids[4])], [ids[5]]),
                (
                    [
                        .replace(with: [.init(id: ids[0], type: nil), .init(id: ids[1], type: nil)]),
                        try members(#"$ref ew "/Users/\#(ids[1])""#),
                    ], [ids[0]]
                ),
                ([try members(#"display sw "user " and not (type eq "Group")"#)], []),
            ]
            for (index, (steps, expected)) in cases.enumerated() {
                let result = try await fixture.store.changeMembers(of: target.id, steps, context: testContext)
                #expect(result.isUpdated)
                #expect(try result.resource().revision == Int64(index + 2))
                #expect(try result.resource().memberCount == Int64(expected.count))
                #expect(try await Set(fixture.memberIDs(of: target.id)) == Set(expected), "case \(index)")
            }
            #expect(try await fixture.stays(ids[0], in: target.id) == ["1-5", "6-7"])
        }
    }

    @Test("A condition is met or refused, also when the group changed meanwhile")
    func condition() async throws {
        try await StorageFixture.run { fixture in
            let ids = try await fixture.insertUsers(3)
            let target = try await fixture.createGroup("g")
            let wrong = try await fixture.store.changeMembers(
                of: target.id, [add(ids[0])], ifMatch: 2, context: testContext)
            #expect(wrong.mismatch == 1)
            let results = try await withThrowingTaskGroup(of: UpdateResult.self) { tasks in
                for id in ids {
                    tasks.addTask {
                        try await fixture.store.changeMembers(
                            of: target.id, [add(id)], ifMatch: 1, context: testContext)
                    }
                }
                return try await tasks.reduce(into: []) { $0.append($1) }
            }
            #expect(results.filter(\.isUpdated).count == 1)
            #expect(results.filter { $0.mismatch == 2 }.count == 2)
        }
    }
}
