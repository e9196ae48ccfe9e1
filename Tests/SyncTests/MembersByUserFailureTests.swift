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

/// Turns that fail after members have gone through the users already: what was changed so is not forgotten.
@Suite(.serialized, .timeLimit(.minutes(5))) struct MembersByUserFailureTests: MembersByUserSuite {
    /// Every call that is in doubt is over, and all is looked at.
    private func look(_ fixture: SyncFixture) async throws {
        let sweep = fixture.makeSweep()
        try await worker(fixture) {
            try await fixture.until {
                try await fixture.run("UPDATE verification SET due_at = clock_timestamp()")
                try await sweep.recent()
                return try await fixture.number("SELECT count(*) FROM verification") == 0
            }
            try await fixture.drain()
        }
    }

    enum Trouble: String, CaseIterable {
        /// UDM goes away before the second user.
        case nextUser
        /// UDM goes away before it is seen what came of the first one.
        case secondRead
        /// The second user is left to the group's list, and that fails.
        case list
    }

    @Test(
        "The turn fails after the first of two users, and the opposite is written before the next: UDM ends as SCIM has it",
        arguments: Trouble.allCases, [true, false])
    func opposite(trouble: Trouble, isAddition: Bool) async throws {
        try await SyncFixture.run { fixture in
            let users = try await fixture.syncedUsers(5)
            let crew = try await group(fixture, "crew", Array(users[..<(isAddition ? 3 : 5)]))
            // In the order in which they are sent.
            let changed = users[3...].sorted()
            let name = { (id: ResourceID) in "user-\(users.firstIndex(of: id) ?? 0)" }
            let away: UDMDouble.Fault
            switch trouble {
            case .nextUser:
                away = UDMDouble.Fault(
                    .gatewayStarting, count: 1, methods: ["PATCH"], module: "users/user", contains: name(changed[1]))
            case .secondRead:
                away = UDMDouble.Fault(
                    .gatewayStarting, count: 1, methods: ["GET"], module: "users/user", contains: name(changed[0]))
                _ = fixture.double.add(
                    UDMDouble.Fault(
                        .latency(.fixed(milliseconds: 1000)), count: 1, methods: ["PATCH"], module: "users/user",
                        contains: name(changed[0])))
            case .list:
                away = UDMDouble.Fault(.gatewayStarting, count: 1, methods: ["PATCH"], module: "groups/group")
                try await fixture.run(
                    """
                    INSERT INTO resource_sync (resource_id, tenant, type, lease_epoch, lease_token, leased_until)
                    VALUES ('\(changed[1])', 'default', 'User', 7, gen_random_uuid(), now() + interval '1 hour')
                    """)
            }
            if trouble != .secondRead { _ = fixture.double.add(away) }
            let before = fixture.double.requests().last?.sequence ?? 0
            try await fixture.changeMembers(
                of: crew, adding: isAddition ? changed : [], removing: isAddition ? [] : changed)
            try await worker(fixture) {
                if trouble == .secondRead {
                    try await fixture.until { !writes(fixture, of: "users/user", after: before).isEmpty }
                    _ = fixture.double.add(away)
                }
                try await fixture.until { try await fixture.number("SELECT coalesce(max(attempts), 0) FROM job") == 1 }
            }
            #expect(writes(fixture, of: "users/user", after: before).first?.status == 204)
            #expect(fixture.members(of: crew).count == 4)
            try await fixture.run(
                "UPDATE resource_sync SET leased_until = NULL WHERE resource_id = '\(changed[1])' AND lease_epoch = 7")
            try await fixture.changeMembers(
                of: crew, adding: isAddition ? [] : changed, removing: isAddition ? changed : [])
            try await worker(fixture) { try await fixture.drain() }
            try await look(fixture)
            #expect(fixture.members(of: crew) == (try dns(fixture, users[..<(isAddition ? 3 : 5)])))
            #expect(try await fixture.status(crew) == .synced)
            #expect(try await fixture.database.jobs.memberDifference(of: crew).isEmpty)
            #expect(try await fixture.number("SELECT count(*) FROM waits_for") == 0)
        }
    }

    @Test("A failure that is made good by the next try leaves no doubt behind after the look, and changes nothing more")
    func goesOn() async throws {
        try await SyncFixture.run { fixture in
            let users = try await fixture.syncedUsers(5)
            let crew = try await group(fixture, "crew", Array(users[..<3]))
            let last = try #require(users[3...].max())
            _ = fixture.double.add(
                UDMDouble.Fault(
                    .gatewayStarting, count: 1, methods: ["PATCH"], module: "users/user",
                    contains: "user-\(users.firstIndex(of: last) ?? 0)"))
            try await fixture.changeMembers(of: crew, adding: Array(users[3...]), removing: [])
            try await worker(fixture) { try await fixture.drain() }
            #expect(fixture.members(of: crew) == (try dns(fixture, users)))
            #expect(try await fixture.number("SELECT count(*) FROM verification") == 1)
            try await look(fixture)
            #expect(fixture.members(of: crew) == (try dns(fixture, users)))
        }
    }

    @Test("Late members that fail after the first user are looked at, too")
    func late() async throws {
        try await SyncFixture.run { fixture in
            let users = try await fixture.syncedUsers(5)
            let crew = try await group(fixture, "crew", Array(users))
            let changed = users[3...].sorted()
            // As if UDM had been found to lack them.
            try await fixture.run(
                """
                UPDATE group_member SET synced = false WHERE member_id IN ('\(changed[0])', '\(changed[1])');
                INSERT INTO waits_for (resource_id, target_id, tenant, type, since)
                SELECT group_id, member_id, 'default', 'Group', now() FROM group_member WHERE NOT synced
                """)
            try await fixture.change(
                crew, in: .group, ["users": .array(try dns(fixture, users[..<3]).sorted().map { .string($0) })])
            _ = fixture.double.add(
                UDMDouble.Fault(
                    .gatewayStarting, count: 1, methods: ["PATCH"], module: "users/user",
                    contains: "user-\(users.firstIndex(of: changed[1]) ?? 0)"))
            try await worker(fixture) {
                try await fixture.enqueue(.group, crew)
                try await fixture.until {
                    try await fixture.number("SELECT count(*) FROM waits_for WHERE last_error IS NOT NULL") > 0
                }
            }
            #expect(fixture.members(of: crew).count == 4)
            try await fixture.changeMembers(of: crew, adding: [], removing: changed)
            try await worker(fixture) { try await fixture.drain() }
            try await look(fixture)
            #expect(fixture.members(of: crew) == (try dns(fixture, users[..<3])))
        }
    }

    @Test("A user whose own state UDM refuses for good is looked at for its groups all the same")
    func refusedUser() async throws {
        try await SyncFixture.run { fixture in
            let user = try await fixture.createUser("jo")
            try await worker(fixture) { try await fixture.drain() }
            let small = try await group(fixture, "small", [user])
            for title in ["Lead", "Head"] {
                try await fixture.replaceUser(user, "jo") { $0["title"] = .string(title) }
                try await worker(fixture) { try await fixture.drain() }
            }
            try await fixture.run(
                """
                INSERT INTO verification (resource_id, tenant, type, since, due_at, group_id, is_addition)
                VALUES ('\(user)', 'default', 'User', now() - interval '1 hour', now(), '\(ResourceID.random())', true)
                """)
            // A call that came late brought an older title, and took the user out of the group.
            try await fixture.change(user, ["title": "Lead"])
            try await fixture.change(small, in: .group, ["users": []])
            _ = fixture.double.add(
                UDMDouble.Fault(
                    .refuseProperty(name: "title", message: "no"), methods: ["PATCH"], module: "users/user"))
            try await look(fixture)
            try await worker(fixture) { try await fixture.until { fixture.members(of: small).count == 1 } }
            // That was really refused.
            #expect(fixture.object(user)?.properties["title"] == "Lead")
        }
    }
}
