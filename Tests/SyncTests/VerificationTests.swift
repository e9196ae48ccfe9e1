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

/// The look at UDM that follows a call of unknown outcome, when the call must have ended.
@Suite(.serialized) struct VerificationTests {
    private func open(_ fixture: SyncFixture) async throws -> Int {
        try await fixture.number("SELECT count(*) FROM verification")
    }

    private func synced(_ fixture: SyncFixture, _ name: String) async throws -> ResourceID {
        let id = try await fixture.createUser(name)
        try await fixture.withWorker { try await fixture.drain() }
        return id
    }

    /// A call was lost `seconds` ago.
    private func doubt(_ fixture: SyncFixture, _ id: ResourceID, _ type: String = "User", seconds: Int = 600)
        async throws
    {
        try await fixture.run(
            """
            INSERT INTO verification (resource_id, tenant, type, since, due_at)
            VALUES ('\(id)', 'default', '\(type)', now() - interval '\(seconds) s', now() + interval '1 hour')
            """)
    }

    /// UDM's own limit has passed, and the leader has its turn.
    private func verify(_ fixture: SyncFixture) async throws {
        try await fixture.run("UPDATE verification SET due_at = clock_timestamp()")
        let sweep = fixture.makeSweep()
        try await sweep.recent()
        try await fixture.withWorker { try await fixture.until { try await open(fixture) == 0 } }
    }

    @Test("An unknown outcome is looked at later, by the leader's call and not before")
    func queued() async throws {
        try await SyncFixture.run { fixture in
            _ = fixture.double.add(UDMDouble.Fault(.gatewayTimeout(afterCommit: true), count: 1, methods: ["POST"]))
            let id = try await synced(fixture, "jo")
            #expect(
                try await fixture.number(
                    """
                    SELECT count(*) FROM verification
                    WHERE due_at BETWEEN clock_timestamp() + interval '4 minutes' AND clock_timestamp() + interval '6 minutes'
                        AND since <= clock_timestamp()
                    """) == 1)
            #expect(try await fixture.status(id) == .synced)
            let before = fixture.double.requests().count
            // Not due: nobody is called, and whoever comes finds nothing to do.
            let sweep = fixture.makeSweep()
            try await sweep.recent()
            let key = SyncFixture.key(id)
            #expect(try await fixture.queue.known([key]).isEmpty)
            let request = LeaseRequest(resourceID: id, tenant: "default", type: .user)
            let answer = try await fixture.database.jobs.confirm([request], worker: "test", length: .seconds(5))
            guard case .nothingToDo = answer[0] else {
                Issue.record("expected nothing to do")
                return
            }
            try await verify(fixture)
            let requests = fixture.double.requests().dropFirst(before)
            #expect(!requests.isEmpty && requests.allSatisfy { $0.method == "GET" })
            #expect(try await fixture.number("SELECT count(*) FROM sync_failure") == 0)
        }
    }

    @Test("A create that came after our delete is removed again; nothing of the resource is left")
    func resurrected() async throws {
        try await SyncFixture.run { fixture in
            let id = try await synced(fixture, "jo")
            try await doubt(fixture, id)
            try await fixture.delete(.user, id)
            try await fixture.withWorker { try await fixture.drain() }
            #expect(try await open(fixture) == 1)
            _ = try await fixture.client.create(
                .user,
                properties: [
                    "username": "jo", "lastname": "Roe", "password": "a-Passw0rd!",
                    "univentionObjectIdentifier": .string(id.description),
                ], requestID: LowercaseUUID.random().description)
            let foreign = try await fixture.foreignUser("other")
            try await verify(fixture)
            #expect(fixture.object(id) == nil)
            #expect(fixture.object(foreign) != nil)
            #expect(try await fixture.number("SELECT count(*) FROM resource_sync") == 0)
        }
    }

    @Test("What a late call of ours has changed is put right; what others changed stays")
    func repaired() async throws {
        try await SyncFixture.run { fixture in
            let id = try await synced(fixture, "jo")
            try await doubt(fixture, id)
            try await fixture.replaceUser(id, "jo") { $0["title"] = "Lead" }
            try await fixture.replaceUser(id, "jo") { $0["userType"] = "staff" }
            try await fixture.withWorker { try await fixture.drain() }
            // The first change comes late, from a call that was given up; an administrator is at work too.
            try await fixture.change(id, ["title": "Lead", "description": "by hand", "employeeType": "temp"])
            try await verify(fixture)
            let object = try #require(fixture.object(id))
            #expect(object.properties["title"]?.stringValue ?? "" == "")
            #expect(object.properties["description"] == "by hand")
            #expect(object.properties["employeeType"] == "temp")
            #expect(
                fixture.double.requests().filter { $0.method == "PATCH" }.allSatisfy {
                    $0.ifMatch != nil || $0.body?.contains("by hand") == true
                })
        }
    }

    @Test("A DN of nobody is taken out of a group, one that an administrator put there is not")
    func ghost() async throws {
        try await SyncFixture.run { fixture in
            let user = try await synced(fixture, "jo")
            let group = try await fixture.createGroup("crew", members: [user])
            try await fixture.withWorker { try await fixture.drain() }
            let dn = try #require(fixture.object(user)?.dn)
            let foreign = try #require(fixture.object(try await fixture.foreignUser("other"))?.dn)
            let nobody = dn.replacing("uid=jo,", with: "uid=gone,")
            try await fixture.change(
                group, in: .group, ["users": [.string(dn), .string(nobody), .string(foreign)]])
            try await doubt(fixture, group, "Group")
            try await verify(fixture)
            #expect(Set(fixture.members(of: group)) == [dn, foreign])
        }
    }

    @Test("Somebody else's member is no ghost for how its DN is written, nor for being outside of UDM's base")
    func spelledOtherwise() async throws {
        try await SyncFixture.run { fixture in
            let user = try await synced(fixture, "jo")
            let group = try await fixture.createGroup("crew", members: [user])
            try await fixture.withWorker { try await fixture.drain() }
            let dn = try #require(fixture.object(user)?.dn)
            _ = try await fixture.foreignUser("other")
            let foreign = "UID=Other,CN=Users,DC=EXAMPLE,DC=Org"
            let outside = "uid=ext,dc=partner,dc=org"
            try await fixture.change(
                group, in: .group,
                ["users": [.string(dn), .string(foreign), .string(outside), "uid=gone,dc=EXAMPLE,dc=org"]])
            try await doubt(fixture, group, "Group")
            try await verify(fixture)
            #expect(Set(fixture.members(of: group)) == [dn, foreign, outside])
        }
    }

    @Test("Where UDM does not tell its base nobody is taken out, and the look is over")
    func baseless() async throws {
        try await SyncFixture.run { fixture in
            let group = try await fixture.createGroup("crew", members: [])
            try await fixture.withWorker { try await fixture.drain() }
            let nobody = "uid=gone,cn=users,dc=example,dc=org"
            try await fixture.change(group, in: .group, ["users": [.string(nobody)]])
            try await doubt(fixture, group, "Group")
            _ = fixture.double.add(UDMDouble.Fault(.staleRead, contains: "ldap/base"))
            try await verify(fixture)
            #expect(fixture.members(of: group) == [nobody])
        }
    }

    @Test("A page of something in between is no proof that nobody is there")
    func foreignPage() async throws {
        try await SyncFixture.run { fixture in
            let group = try await fixture.createGroup("crew", members: [])
            try await fixture.withWorker { try await fixture.drain() }
            let foreign = try #require(fixture.object(try await fixture.foreignUser("other"))?.dn)
            try await fixture.change(group, in: .group, ["users": [.string(foreign)]])
            try await doubt(fixture, group, "Group")
            _ = fixture.double.add(UDMDouble.Fault(.foreignPage(status: 404), count: 1, contains: "uid=other"))
            try await fixture.run("UPDATE verification SET due_at = clock_timestamp()")
            try await fixture.enqueue(.group, group)
            try await fixture.withWorker {
                try await fixture.until {
                    try await fixture.number(
                        "SELECT count(*) FROM verification WHERE due_at > clock_timestamp() + interval '30 s'") == 1
                }
            }
            #expect(fixture.members(of: group) == [foreign])
            try await verify(fixture)
            #expect(fixture.members(of: group) == [foreign])
        }
    }

    @Test("A member that a late call put back, or took out, is put right", arguments: [true, false])
    func strayMember(isWanted: Bool) async throws {
        try await SyncFixture.run { fixture in
            let user = try await synced(fixture, "jo")
            let group = try await fixture.createGroup("crew", members: [user])
            try await fixture.withWorker { try await fixture.drain() }
            let dn = try #require(fixture.object(user)?.dn)
            try await doubt(fixture, group, "Group")
            try await fixture.replaceGroup(group, "crew", members: [])
            if isWanted { try await fixture.replaceGroup(group, "crew", members: [user]) }
            try await fixture.withWorker { try await fixture.drain() }
            try await fixture.change(group, in: .group, ["users": isWanted ? [] : [.string(dn)]])
            try await verify(fixture)
            try await fixture.until { fixture.members(of: group) == (isWanted ? [dn] : []) }
            #expect(
                try await fixture.differingMembers()
                    == 0)
        }
    }

    @Test("A group whose create may still be on its way is not made a second time before that must have ended")
    func groupWaits() async throws {
        try await SyncFixture.run { fixture in
            _ = fixture.double.add(
                UDMDouble.Fault(.badGateway(afterCommit: false), count: 1, methods: ["POST"], module: "groups/group"))
            let group = try await fixture.createGroup("crew", members: [])
            try await fixture.withWorker {
                try await fixture.until {
                    try await fixture.number(
                        "SELECT coalesce(max(lease_epoch), 0) FROM resource_sync WHERE leased_until IS NULL") >= 2
                }
            }
            #expect(fixture.double.requests().filter { $0.method == "POST" }.count == 1)
            #expect(try await fixture.number("SELECT max(attempts) FROM job") == 1)
            try await fixture.run("UPDATE verification SET due_at = clock_timestamp()")
            try await fixture.enqueue(.group, group)
            try await fixture.withWorker { try await fixture.drain() }
            #expect(fixture.double.requests().filter { $0.method == "POST" }.count == 2)
            #expect(fixture.object(group) != nil)
        }
    }

    @Test("UDM away: the look is put off, not lost")
    func away() async throws {
        try await SyncFixture.run { fixture in
            let id = try await synced(fixture, "jo")
            try await doubt(fixture, id)
            _ = fixture.double.add(UDMDouble.Fault(.directoryDown, count: 1, methods: ["GET"]))
            try await fixture.run("UPDATE verification SET due_at = clock_timestamp()")
            try await fixture.enqueue(.user, id)
            try await fixture.withWorker {
                try await fixture.until {
                    try await fixture.number(
                        "SELECT count(*) FROM verification WHERE due_at > clock_timestamp() + interval '30 s'") == 1
                }
            }
            try await verify(fixture)
        }
    }
}
