// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import Queue
import SCIM
import Storage
import Testing
import UDM
import UDMDouble

@testable import Sync

/// Members of large groups that come and go by their own `groups`; here a group of three is a large one.
@Suite(.serialized, .timeLimit(.minutes(3))) struct MembersByUserTests: MembersByUserSuite {
    private func users(_ fixture: SyncFixture, _ names: [String]) async throws -> [ResourceID] {
        var ids: [ResourceID] = []
        for name in names { ids.append(try await fixture.createUser(name)) }
        try await fixture.withWorker { try await fixture.drain() }
        return ids
    }

    /// No call is in doubt, and nobody holds anything.
    private func isQuiet(_ fixture: SyncFixture) async throws -> Bool {
        try await fixture.number(
            """
            SELECT (SELECT count(*) FROM verification)
                + (SELECT count(*) FROM resource_sync WHERE leased_until IS NOT NULL)
            """) == 0
    }

    @Test("One comes and one goes: the group's list is neither read nor written, and job, event and status are as ever")
    func comesAndGoes() async throws {
        try await SyncFixture.run { fixture in
            let users = try await users(fixture, ["a", "b", "c", "d"])
            let crew = try await group(fixture, "crew", Array(users[..<3]))
            let other = try await group(fixture, "other", [users[0], users[3]])
            let before = fixture.double.requests().last?.sequence ?? 0
            try await fixture.changeMembers(of: crew, adding: [users[3]], removing: [users[0]])
            try await worker(fixture) { try await fixture.drain() }
            #expect(fixture.members(of: crew) == (try dns(fixture, Array(users[1...]))))
            #expect(fixture.members(of: other) == (try dns(fixture, [users[0], users[3]])))
            let calls = fixture.double.requests(after: before)
            #expect(!calls.contains { $0.module == "groups/group" && $0.path.contains("cn%3Dcrew") })
            #expect(!calls.contains { $0.module == "groups/group" && $0.method != "GET" })
            let patches = writes(fixture, of: "users/user", after: before)
            #expect(patches.count == 2 && patches.allSatisfy { $0.status == 204 && $0.ifMatch != nil })
            #expect(patches.allSatisfy { $0.body?.contains("Domain Users") == true })
            #expect(try await fixture.status(crew) == .synced)
            #expect(try await isQuiet(fixture))
            #expect(try await fixture.number("SELECT count(*) FROM job_history WHERE state <> 'done'") == 0)
            #expect(
                try await fixture.number(
                    "SELECT count(*) FROM event_outbox WHERE resource_id = '\(crew)' AND kind = 'change'") == 2)
            #expect(
                try await fixture.number(
                    "SELECT jsonb_array_length(members_delta -> 'added') + jsonb_array_length(members_delta -> 'removed') FROM event_outbox WHERE resource_id = '\(crew)' AND revision = 2"
                ) == 2)
            // The same once more finds nothing to send.
            try await fixture.changeMembers(of: crew, adding: [users[0]], removing: [users[3]])
            try await worker(fixture) { try await fixture.drain() }
            #expect(fixture.members(of: crew) == (try dns(fixture, Array(users[..<3]))))
            #expect(try await isQuiet(fixture))
        }
    }

    enum Reason: String, CaseIterable {
        case small, off, many, nested, renamed, leased, doubtful, careful, primary
    }

    @Test("The group's list is used whenever the other way is not open, and is as right", arguments: Reason.allCases)
    func list(reason: Reason) async throws {
        try await SyncFixture.run { fixture in
            let users = try await fixture.syncedUsers(reason == .many ? 25 : 4)
            let crew = try await group(fixture, "crew", Array(users[..<3]))
            let inner = try await group(fixture, "inner", [])
            var smallest = 3
            var added = [users[3]]
            switch reason {
            case .small: smallest = 5
            case .off: smallest = 0
            case .many: added = Array(users[3..<24])
            case .nested: added.append(inner)
            case .renamed, .primary: break
            case .leased:
                try await fixture.run(
                    """
                    INSERT INTO resource_sync (resource_id, tenant, type, lease_epoch, lease_token, leased_until)
                    VALUES ('\(users[3])', 'default', 'User', 7, gen_random_uuid(), now() + interval '1 hour')
                    """)
            case .doubtful:
                try await fixture.run(
                    """
                    INSERT INTO verification (resource_id, tenant, type, since, due_at)
                    VALUES ('\(users[3])', 'default', 'User', now(), now() + interval '1 hour')
                    """)
            case .careful: try await fixture.run("UPDATE resource_sync SET ambiguous_since = now()")
            }
            let before = fixture.double.requests().last?.sequence ?? 0
            switch reason {
            case .renamed: try await fixture.replaceGroup(crew, "troupe", members: users)
            case .primary:
                let dn = try #require(fixture.object(crew)?.dn)
                try await fixture.change(users[0], ["primaryGroup": .string(dn)])
                added = []
                try await fixture.changeMembers(of: crew, adding: [], removing: [users[0]])
            default: try await fixture.changeMembers(of: crew, adding: added, removing: [])
            }
            try await worker(fixture, from: smallest) { try await fixture.drain() }
            #expect(writes(fixture, of: "groups/group", after: before).count == (reason == .renamed ? 2 : 1))
            #expect(
                !writes(fixture, of: "users/user", after: before).contains {
                    $0.body?.contains("\"groups\"") == true
                })
            let wanted = (users.prefix(3) + added).filter { $0 != inner && (reason != .primary || $0 != users[0]) }
            #expect(fixture.members(of: crew) == (try dns(fixture, wanted)))
            #expect(try await fixture.status(crew) == .synced)
        }
    }

    @Test("The user's own write meanwhile waits for the call, and no longer: a rename comes after it")
    func ownWrite() async throws {
        try await SyncFixture.run { fixture in
            let users = try await users(fixture, ["a", "b", "c", "d"])
            let crew = try await group(fixture, "crew", Array(users[..<3]))
            _ = fixture.double.add(
                UDMDouble.Fault(
                    .latency(.fixed(milliseconds: 1000)), count: 1, methods: ["PATCH"], module: "users/user"))
            let before = fixture.double.requests().last?.sequence ?? 0
            let started = ContinuousClock.now
            try await fixture.addMember(users[3], to: crew)
            try await worker(fixture) {
                try await fixture.until { !writes(fixture, of: "users/user", after: before).isEmpty }
                try await fixture.replaceUser(users[3], "dora") { $0["title"] = "Lead" }
                try await fixture.drain()
            }
            // Not until the lease of 8 s would have ended.
            #expect(started.duration(to: .now) < .seconds(6))
            let patches = writes(fixture, of: "users/user", after: before)
            #expect(patches.count == 2)
            #expect(patches[0].ended ?? .max <= patches[1].started)
            #expect(fixture.object(users[3])?.properties["username"] == "dora")
            #expect(fixture.members(of: crew) == (try dns(fixture, users)))
            #expect(writes(fixture, of: "groups/group", after: before).isEmpty)
        }
    }

    @Test("A user that somebody else changes between our read and our write is read again")
    func changedMeanwhile() async throws {
        try await SyncFixture.run { fixture in
            let users = try await users(fixture, ["a", "b", "c", "d"])
            let crew = try await group(fixture, "crew", Array(users[..<3]))
            _ = fixture.double.add(
                UDMDouble.Fault(
                    .latency(.fixed(milliseconds: 700)), count: 1, methods: ["PATCH"], module: "users/user"))
            let before = fixture.double.requests().last?.sequence ?? 0
            try await fixture.addMember(users[3], to: crew)
            try await worker(fixture) {
                try await fixture.until { !writes(fixture, of: "users/user", after: before).isEmpty }
                try await fixture.change(users[3], ["username": "dora", "description": "by hand"])
                try await fixture.drain()
            }
            let statuses = writes(fixture, of: "users/user", after: before).compactMap(\.status)
            #expect(statuses.contains(412) || statuses.contains(404))
            #expect(fixture.members(of: crew) == (try dns(fixture, users)))
            #expect(fixture.object(users[3])?.properties["description"] == "by hand")
            #expect(writes(fixture, of: "groups/group", after: before).isEmpty)
            #expect(try await isQuiet(fixture))
        }
    }

    @Test("A user that is gone from UDM leaves the group partial")
    func gone() async throws {
        try await SyncFixture.run { fixture in
            let users = try await users(fixture, ["a", "b", "c", "d"])
            let crew = try await group(fixture, "crew", Array(users[..<3]))
            try await fixture.client.delete(
                .user, dn: fixture.object(users[3])?.dn ?? "", requestID: LowercaseUUID.random().description)
            try await fixture.age()
            try await fixture.addMember(users[3], to: crew)
            try await worker(fixture) { try await fixture.drain() }
            #expect(fixture.members(of: crew) == (try dns(fixture, Array(users[..<3]))))
            #expect(try await fixture.status(crew) == .partial)
            #expect(try await isQuiet(fixture))
        }
    }

    @Test("What UDM refuses of a user is left to the group's list, and the user's groups are looked at")
    func refused() async throws {
        try await SyncFixture.run { fixture in
            let users = try await users(fixture, ["a", "b", "c", "d"])
            let crew = try await group(fixture, "crew", Array(users[..<3]))
            _ = fixture.double.add(
                UDMDouble.Fault(
                    .refuseProperty(name: "groups", message: "no"), methods: ["PATCH"], module: "users/user"))
            let before = fixture.double.requests().last?.sequence ?? 0
            try await fixture.addMember(users[3], to: crew)
            try await worker(fixture) {
                try await fixture.drain()
                try await fixture.until { try await isQuiet(fixture) }
            }
            #expect(writes(fixture, of: "users/user", after: before).map(\.status) == [422])
            #expect(writes(fixture, of: "groups/group", after: before).count == 1)
            #expect(fixture.members(of: crew) == (try dns(fixture, users)))
            #expect(try await fixture.status(crew) == .synced)
            #expect(try await fixture.number("SELECT count(*) FROM job_history WHERE state <> 'done'") == 0)
        }
    }

    @Test("UDM away: the write waits and is made by the user when it is back")
    func away() async throws {
        try await SyncFixture.run { fixture in
            let users = try await users(fixture, ["a", "b", "c", "d"])
            let crew = try await group(fixture, "crew", Array(users[..<3]))
            _ = fixture.double.add(
                UDMDouble.Fault(.gatewayStarting, count: 1, methods: ["PATCH"], module: "users/user"))
            let before = fixture.double.requests().last?.sequence ?? 0
            try await fixture.addMember(users[3], to: crew)
            try await worker(fixture) { try await fixture.drain() }
            #expect(writes(fixture, of: "users/user", after: before).map(\.status) == [503, 204])
            #expect(writes(fixture, of: "groups/group", after: before).isEmpty)
            #expect(fixture.members(of: crew) == (try dns(fixture, users)))
            #expect(try await isQuiet(fixture))
        }
    }

    @Test("In revision order: a member that comes, goes and comes again")
    func order() async throws {
        try await SyncFixture.run { fixture in
            let users = try await users(fixture, ["a", "b", "c", "d"])
            let crew = try await group(fixture, "crew", Array(users[..<3]))
            let before = fixture.double.requests().last?.sequence ?? 0
            try await worker(fixture) {
                for round in 0..<3 {
                    try await fixture.changeMembers(
                        of: crew, adding: round == 1 ? [] : [users[3]], removing: round == 1 ? [users[3]] : [])
                    try await fixture.drain()
                }
            }
            let patches = writes(fixture, of: "users/user", after: before)
            #expect(patches.map { $0.body?.contains("cn=crew") } == [true, false, true])
            #expect(fixture.members(of: crew) == (try dns(fixture, users)))
            #expect(
                try await fixture.number(
                    "SELECT count(*) FROM group_member WHERE group_id = '\(crew)' AND NOT (synced AND removed_revision IS NULL)"
                ) == 0)
        }
    }
}
