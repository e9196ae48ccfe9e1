// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import FuzzSupport
import JSON
import Queue
import SCIM
import Storage
import Testing
import UDM
import UDMDouble

@testable import Sync

/// Several groups and one user, and calls about a user's groups of which nobody knows what they did.
@Suite(.serialized, .timeLimit(.minutes(5))) struct MembersByUserDoubtTests: MembersByUserSuite {
    private func last(_ fixture: SyncFixture) -> Int { fixture.double.requests().last?.sequence ?? 0 }

    /// Every call that is in doubt is over, and the leader has its turn.
    private func look(_ fixture: SyncFixture, until condition: () async throws -> Bool) async throws {
        let sweep = fixture.makeSweep()
        try await worker(fixture) {
            try await fixture.until {
                try await fixture.run("UPDATE verification SET due_at = clock_timestamp()")
                try await sweep.recent()
                return try await condition()
            }
        }
    }

    @Test("Another group's list waits while a call about the user's groups is under way")
    func listWaits() async throws {
        try await SyncFixture.run { fixture in
            let users = try await fixture.syncedUsers(4)
            let crew = try await group(fixture, "crew", Array(users[..<3]))
            let small = try await group(fixture, "small", [users[0]])
            _ = fixture.double.add(
                UDMDouble.Fault(
                    .latency(.fixed(milliseconds: 1200)), count: 1, methods: ["PATCH"], module: "users/user"))
            let before = last(fixture)
            try await fixture.addMember(users[3], to: crew)
            try await worker(fixture) {
                try await fixture.until { !writes(fixture, of: "users/user", after: before).isEmpty }
                try await fixture.changeMembers(of: small, adding: [users[3]], removing: [])
                try await fixture.drain()
            }
            let byUser = try #require(writes(fixture, of: "users/user", after: before).first)
            let byList = try #require(writes(fixture, of: "groups/group", after: before).first)
            #expect(byUser.ended ?? .max <= byList.started)
            #expect(fixture.members(of: crew) == (try dns(fixture, users)))
            #expect(fixture.members(of: small) == (try dns(fixture, [users[0], users[3]])))
            #expect(try await fixture.number("SELECT max(attempts) FROM job_history") == 0)
        }
    }

    @Test("While another group's list is on its way with the user, this group sends its list too")
    func listUnderWay() async throws {
        try await SyncFixture.run { fixture in
            let users = try await fixture.syncedUsers(4)
            let crew = try await group(fixture, "crew", Array(users[..<3]))
            let small = try await group(fixture, "small", [users[0]])
            _ = fixture.double.add(
                UDMDouble.Fault(
                    .latency(.fixed(milliseconds: 1200)), count: 1, methods: ["PATCH"], module: "groups/group",
                    contains: "cn=small"))
            let before = last(fixture)
            try await fixture.addMember(users[3], to: small)
            try await worker(fixture) {
                try await fixture.until { !writes(fixture, of: "groups/group", after: before).isEmpty }
                try await fixture.addMember(users[3], to: crew)
                try await fixture.drain()
            }
            #expect(writes(fixture, of: "users/user", after: before).isEmpty)
            #expect(fixture.members(of: crew) == (try dns(fixture, users)))
            #expect(fixture.members(of: small) == (try dns(fixture, [users[0], users[3]])))
        }
    }

    @Test(
        "A crash between the call and its end: the group goes on by its list, others wait until the user is looked at")
    func crash() async throws {
        try await SyncFixture.run { fixture in
            let users = try await fixture.syncedUsers(4)
            let crew = try await group(fixture, "crew", Array(users[..<3]))
            let small = try await group(fixture, "small", [users[0]])
            try await fixture.changeMembers(of: crew, adding: [users[3]], removing: [])
            // A worker takes the group and the user, and is gone.
            let jobs = fixture.database.jobs
            let lease = try #require(try await fixture.confirm(crew, .group, worker: "gone"))
            #expect(
                try await jobs.lend(
                    users[3], to: lease, isAddition: true, worker: "gone", length: .seconds(60), takingBack: { _ in })
                    != nil)
            try await fixture.run(
                "UPDATE resource_sync SET leased_until = now() - interval '1 s' WHERE leased_until IS NOT NULL")
            try await fixture.changeMembers(of: small, adding: [users[3]], removing: [users[0]])
            let before = last(fixture)
            try await worker(fixture) { try await fixture.drain() }
            #expect(fixture.members(of: crew) == (try dns(fixture, users)))
            #expect(writes(fixture, of: "users/user", after: before).isEmpty)
            // What may still arrive would take the user out of this one again.
            #expect(fixture.members(of: small) == [])
            #expect(try await fixture.status(small) == .partial)
            let names = DN.normalizedSet([
                "cn=crew,cn=groups,dc=example,dc=org", "cn=Domain Users,cn=groups,dc=example,dc=org",
            ])
            // It arrives.
            try await fixture.change(users[3], ["groups": .array(names.sorted().map { .string($0) })])
            try await look(fixture) { try await fixture.status(small) == .synced }
            #expect(fixture.members(of: small) == (try dns(fixture, [users[3]])))
            #expect(fixture.members(of: crew) == (try dns(fixture, users)))
            #expect(try await fixture.number("SELECT count(*) FROM waits_for") == 0)
        }
    }

    @Test("A lost answer: the group goes on by its list and is right at once", arguments: [true, false])
    func lostAnswer(isCommitted: Bool) async throws {
        try await SyncFixture.run { fixture in
            let users = try await fixture.syncedUsers(4)
            let crew = try await group(fixture, "crew", Array(users[..<3]))
            _ = fixture.double.add(
                UDMDouble.Fault(
                    isCommitted ? .dropAfterCommit : .badGateway(afterCommit: false), count: 1, methods: ["PATCH"],
                    module: "users/user"))
            let before = last(fixture)
            try await fixture.addMember(users[3], to: crew)
            try await worker(fixture) { try await fixture.drain() }
            #expect(fixture.members(of: crew) == (try dns(fixture, users)))
            #expect(writes(fixture, of: "users/user", after: before).count == 1)
            #expect(writes(fixture, of: "groups/group", after: before).count == (isCommitted ? 0 : 1))
            #expect(try await fixture.status(crew) == .synced)
            #expect(
                try await fixture.number(
                    """
                    SELECT count(*) FROM verification
                    WHERE group_id = '\(crew)' AND due_at > clock_timestamp() + interval '4 minutes'
                    """) == 1)
            try await look(fixture) { try await fixture.number("SELECT count(*) FROM verification") == 0 }
            #expect(fixture.members(of: crew) == (try dns(fixture, users)))
        }
    }

    @Test("A lost answer, and the opposite is written meanwhile: sent when the call must be over")
    func opposite() async throws {
        try await SyncFixture.run { fixture in
            let users = try await fixture.syncedUsers(4)
            let crew = try await group(fixture, "crew", Array(users[..<3]))
            _ = fixture.double.add(
                UDMDouble.Fault(.dropAfterCommit, count: 1, methods: ["PATCH"], module: "users/user"))
            try await fixture.addMember(users[3], to: crew)
            try await worker(fixture) { try await fixture.drain() }
            try await fixture.changeMembers(of: crew, adding: [], removing: [users[3]])
            try await worker(fixture) { try await fixture.drain() }
            #expect(fixture.members(of: crew).count == 4)
            #expect(try await fixture.status(crew) == .partial)
            try await look(fixture) { try await fixture.status(crew) == .synced }
            #expect(fixture.members(of: crew) == (try dns(fixture, users[..<3])))
        }
    }

    @Test(
        "The write of another group fails for good while nobody knows of the user: the look at the user settles it there",
        arguments: [true, false])
    func deadWrite(isAddition: Bool) async throws {
        try await SyncFixture.run { fixture in
            let users = try await fixture.syncedUsers(4)
            let crew = try await group(fixture, "crew", Array(users[..<3]))
            let small = try await group(fixture, "small", Array(users[(isAddition ? 3 : 2)...]))
            _ = try await fixture.foreignUser("taken")
            try await fixture.run(
                """
                INSERT INTO verification (resource_id, tenant, type, since, due_at, group_id, is_addition)
                VALUES ('\(users[2])', 'default', 'User', now(), now() + interval '1 hour', '\(crew)', true)
                """)
            try await fixture.replaceGroup(small, "taken", members: Array(users[(isAddition ? 2 : 3)...]))
            try await worker(fixture) {
                try await fixture.until {
                    try await fixture.number(
                        "SELECT count(*) FROM dead_letter WHERE NOT EXISTS (SELECT FROM waits_for WHERE reason = 'turn')"
                    ) == 1
                }
            }
            #expect(fixture.members(of: small).count == (isAddition ? 1 : 2))
            try await look(fixture) { try await fixture.number("SELECT count(*) FROM waits_for") == 0 }
            #expect(fixture.members(of: small) == (try dns(fixture, users[(isAddition ? 2 : 3)...])))
            #expect(try await fixture.database.jobs.memberDifference(of: small).isEmpty)
        }
    }

    @Test("A call that came late took the user out of another group: the look puts it back")
    func takenOut() async throws {
        try await SyncFixture.run { fixture in
            let users = try await fixture.syncedUsers(4)
            let crew = try await group(fixture, "crew", Array(users[..<3]))
            let small = try await group(fixture, "small", [users[0]])
            try await fixture.run(
                """
                INSERT INTO verification (resource_id, tenant, type, since, due_at, group_id, is_addition)
                VALUES ('\(users[0])', 'default', 'User', now(), now() + interval '1 hour', '\(crew)', true)
                """)
            try await fixture.change(small, in: .group, ["users": []])
            try await look(fixture) { fixture.members(of: small).count == 1 }
            #expect(fixture.members(of: crew) == (try dns(fixture, users[..<3])))
            try await worker(fixture) { try await fixture.until { try await fixture.status(small) == .synced } }
        }
    }

    @Test("A worker that must stop gives the user back, and the next one ends the work")
    func stopped() async throws {
        try await SyncFixture.run { fixture in
            let users = try await fixture.syncedUsers(4)
            let crew = try await group(fixture, "crew", Array(users[..<3]))
            _ = fixture.double.add(UDMDouble.Fault(.hang, count: 1, methods: ["PATCH"], module: "users/user"))
            let before = last(fixture)
            try await fixture.addMember(users[3], to: crew)
            try await fixture.withWorker({
                $0.membersByUserFrom = 3
                $0.drainTime = .milliseconds(100)
            }) {
                try await fixture.until { !writes(fixture, of: "users/user", after: before).isEmpty }
            }
            #expect(
                try await fixture.leases() == 0)
            #expect(try await fixture.number("SELECT count(*) FROM verification WHERE group_id = '\(crew)'") == 1)
            try await worker(fixture) { try await fixture.drain() }
            #expect(fixture.members(of: crew) == (try dns(fixture, users)))
            #expect(try await fixture.number("SELECT max(crashes) FROM job_history") == 0)
        }
    }

    @Test("A call that takes longer than a lease keeps both leases: the user's own write comes after it")
    func longCall() async throws {
        try await SyncFixture.run { fixture in
            let user = try await fixture.createUser("jo")
            try await worker(fixture) { try await fixture.drain() }
            let crew = try await group(fixture, "crew", try await fixture.syncedUsers(3))
            _ = fixture.double.add(
                UDMDouble.Fault(
                    .latency(.fixed(milliseconds: 4000)), count: 1, methods: ["PATCH"], module: "users/user"))
            let before = last(fixture)
            try await fixture.addMember(user, to: crew)
            try await fixture.withWorker({
                $0.membersByUserFrom = 3
                $0.leaseLength = .seconds(2)
                $0.heartbeat = .milliseconds(400)
            }) {
                try await fixture.until { !writes(fixture, of: "users/user", after: before).isEmpty }
                try await fixture.replaceUser(user, "joanna") { _ in }
                try await fixture.drain()
            }
            let patches = writes(fixture, of: "users/user", after: before)
            #expect(patches.map(\.status) == [204, 204])
            #expect(patches[0].ended ?? .max <= patches[1].started)
            #expect(fixture.members(of: crew).contains(try #require(fixture.object(user)?.dn)))
            #expect(try await fixture.number("SELECT max(crashes) FROM job_history") == 0)
            #expect(try await fixture.number("SELECT count(*) FROM verification") == 0)
        }
    }

    @Test(
        "A lease of a user that is lost during the call ends the turn: nothing is settled, and the next one is careful")
    func lostLease() async throws {
        try await SyncFixture.run { fixture in
            let users = try await fixture.syncedUsers(4)
            let crew = try await group(fixture, "crew", Array(users[..<3]))
            _ = fixture.double.add(UDMDouble.Fault(.hang, count: 1, methods: ["PATCH"], module: "users/user"))
            let before = last(fixture)
            try await fixture.addMember(users[3], to: crew)
            try await fixture.withWorker({
                $0.membersByUserFrom = 3
                $0.leaseLength = .seconds(3)
                $0.heartbeat = .milliseconds(300)
            }) {
                try await fixture.until { !writes(fixture, of: "users/user", after: before).isEmpty }
                let started = ContinuousClock.now
                try await fixture.run(
                    """
                    UPDATE resource_sync SET lease_epoch = lease_epoch + 1, lease_token = gen_random_uuid()
                    WHERE resource_id = '\(users[3])'
                    """)
                try await fixture.until {
                    writes(fixture, of: "users/user", after: before).allSatisfy { $0.ended ?? $0.clientGone != nil }
                }
                // Not the 5 s after which the client gives up by itself.
                #expect(started.duration(to: .now) < .seconds(3))
                try await fixture.drain()
            }
            #expect(writes(fixture, of: "groups/group", after: before).count == 1)
            #expect(fixture.members(of: crew) == (try dns(fixture, users)))
            #expect(try await fixture.number("SELECT count(*) FROM verification WHERE group_id = '\(crew)'") == 1)
        }
    }

    @Test("Large and small groups, two workers, few users, all at once: UDM ends as SCIM has it", arguments: [1, 2, 3])
    func allAtOnce(seed: UInt64) async throws {
        var settings = UDMDouble.Settings()
        settings.latency = ["*": .uniform(fromMilliseconds: 0, toMilliseconds: 12)]
        try await SyncFixture.run(settings: settings) { fixture in
            let users = try await fixture.syncedUsers(8)
            var groups: [ResourceID] = []
            for number in 0..<3 { groups.append(try await group(fixture, "large-\(number)", users)) }
            for number in 0..<2 { groups.append(try await group(fixture, "small-\(number)", [])) }
            var generator = SeededGenerator(seed: seed)
            var wanted = groups.enumerated().map { Set($0.offset < 3 ? users : []) }
            let before = last(fixture)
            try await worker(fixture, from: 4) {
                try await worker(fixture, from: 4) {
                    for _ in 0..<80 {
                        // A few at a time, or all would go by list.
                        try await fixture.until { try await fixture.database.jobs.statistics().openJobs < 4 }
                        let group = Int.random(in: 0..<groups.count, using: &generator)
                        guard let user = users.randomElement(using: &generator) else { continue }
                        // Large ones stay large.
                        if wanted[group].contains(user), group >= 3 || wanted[group].count > 4 {
                            wanted[group].remove(user)
                            try await fixture.changeMembers(of: groups[group], adding: [], removing: [user])
                        } else if !wanted[group].contains(user) {
                            wanted[group].insert(user)
                            try await fixture.changeMembers(of: groups[group], adding: [user], removing: [])
                        }
                    }
                    try await fixture.drain()
                }
            }
            for (number, group) in groups.enumerated() {
                #expect(fixture.members(of: group) == (try dns(fixture, wanted[number])), "group \(number)")
            }
            #expect(!writes(fixture, of: "users/user", after: before).isEmpty)
            #expect(
                try await fixture.number("SELECT count(*) FROM job_history WHERE state NOT IN ('done', 'superseded')")
                    == 0)
            #expect(
                try await fixture.number(
                    "SELECT count(*) FROM verification WHERE due_at > clock_timestamp() + interval '1 s'") == 0)
            for group in groups { #expect(try await fixture.database.jobs.memberDifference(of: group).isEmpty) }
        }
    }
}
