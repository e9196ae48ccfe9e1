// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import SCIM
import Storage
import Testing
import UDMDouble

@testable import Sync

/// UDM can read from another LDAP server than it writes to: what was made a moment ago is then not there yet.
@Suite(.serialized) struct StaleReadTests {
    private func synced(_ fixture: SyncFixture) async throws -> ResourceID {
        let id = try await fixture.createUser("jo")
        try await fixture.withWorker { try await fixture.drain() }
        return id
    }

    /// A try is a read and a search.
    private static let twoTries = 4

    @Test("A change of an object that UDM does not see yet comes to it")
    func change() async throws {
        try await SyncFixture.run { fixture in
            let id = try await synced(fixture)
            _ = fixture.double.add(UDMDouble.Fault(.staleRead, count: Self.twoTries))
            try await fixture.replaceUser(id, "jo") { $0["title"] = "Lead" }
            try await fixture.withWorker { try await fixture.drain() }
            #expect(fixture.object(id)?.properties["title"] == "Lead")
            #expect(try await fixture.states() == ["done": 2])
        }
    }

    @Test("A delete of an object that UDM does not see yet leaves none behind")
    func delete() async throws {
        try await SyncFixture.run { fixture in
            let id = try await synced(fixture)
            _ = fixture.double.add(UDMDouble.Fault(.staleRead, count: Self.twoTries))
            try await fixture.delete(.user, id)
            try await fixture.withWorker { try await fixture.drain() }
            #expect(fixture.object(id) == nil)
            #expect(try await fixture.states() == ["done": 2])
        }
    }

    @Test("A member that UDM does not see yet is not left out")
    func member() async throws {
        try await SyncFixture.run { fixture in
            let user = try await synced(fixture)
            _ = fixture.double.add(UDMDouble.Fault(.staleRead, count: Self.twoTries, module: "users/user"))
            let group = try await fixture.createGroup("crew", members: [user])
            try await fixture.withWorker { try await fixture.drain() }
            #expect(fixture.members(of: group) == ["uid=jo,cn=users,dc=example,dc=org"])
            #expect(try await fixture.status(group) == .synced)
        }
    }

    @Test("What is gone is gone in the end: a change fails, and says so")
    func gone() async throws {
        try await SyncFixture.run { fixture in
            let id = try await synced(fixture)
            _ = fixture.double.add(UDMDouble.Fault(.staleRead))
            try await fixture.replaceUser(id, "jo") { $0["title"] = "Lead" }
            try await fixture.withWorker {
                try await tried(fixture, atLeast: 5)
                #expect(try await fixture.database.jobs.statistics().openJobs == 1)
                try await fixture.age()
                try await fixture.drain()
            }
            #expect(try await fixture.states() == ["done": 1, "dead": 1])
            #expect(
                try await fixture.number("SELECT count(*) FROM dead_letter WHERE last_error->>'status' = '404'") == 1)
        }
    }

    @Test("What was written long ago and is not found is gone at once, also after an outage")
    func longGone() async throws {
        try await SyncFixture.run { fixture in
            let id = try await synced(fixture)
            try await fixture.age()
            _ = fixture.double.add(UDMDouble.Fault(.foreignPage(status: 503), count: 1))
            _ = fixture.double.add(UDMDouble.Fault(.staleRead))
            let before = reads(fixture)
            try await fixture.replaceUser(id, "jo") { $0["title"] = "Lead" }
            try await fixture.withWorker { try await fixture.drain() }
            #expect(try await fixture.states() == ["done": 1, "dead": 1])
            #expect(reads(fixture) == before + 3)
        }
    }

    @Test("A delete of what is gone is done, however old its job", arguments: [true, false])
    func deletedBefore(isRecent: Bool) async throws {
        try await SyncFixture.run { fixture in
            let id = try await synced(fixture)
            try await fixture.remove(id)
            if !isRecent { try await fixture.age() }
            try await fixture.delete(.user, id)
            try await fixture.withWorker({ $0.maximumAge = .zero }) {
                try await tried(fixture, atLeast: 1)
                if isRecent { try await fixture.age() }
                try await fixture.drain()
            }
            #expect(try await fixture.states() == ["done": 2])
        }
    }

    @Test("A delete whose answer was lost is done as soon as nothing is found, and what was merged with it, too")
    func lostDelete() async throws {
        try await SyncFixture.run { fixture in
            let id = try await synced(fixture)
            _ = fixture.double.add(UDMDouble.Fault(.dropAfterCommit, count: 1, methods: ["DELETE"]))
            try await fixture.replaceUser(id, "jo") { $0["title"] = "Lead" }
            try await fixture.delete(.user, id)
            let before = reads(fixture)
            try await fixture.withWorker { try await fixture.drain() }
            #expect(fixture.object(id) == nil)
            #expect(try await fixture.states()["dead"] == nil)
            // One for the delete, and a look at the place and for the identifier.
            #expect(reads(fixture) <= before + 3)
        }
    }

    @Test("A group goes on without a member that is gone, however old its job")
    func memberDeletedBefore() async throws {
        try await SyncFixture.run { fixture in
            let user = try await synced(fixture)
            try await fixture.remove(user)
            let group = try await fixture.createGroup("crew", members: [user])
            try await fixture.withWorker({ $0.maximumAge = .zero }) {
                try await tried(fixture, atLeast: 1)
                #expect(try await fixture.database.jobs.statistics().openJobs == 1)
                try await fixture.age()
                try await fixture.drain()
            }
            #expect(try await fixture.states() == ["done": 2])
            #expect(fixture.members(of: group) == [])
            #expect(try await fixture.status(group) == .partial)
        }
    }

    @Test("A member that is gone for long delays no write of its group, and no turn without one")
    func memberLongGone() async throws {
        try await SyncFixture.run { fixture in
            let user = try await synced(fixture)
            try await fixture.age()
            try await fixture.remove(user)
            let before = reads(fixture)
            let group = try await fixture.createGroup("crew", members: [user])
            try await fixture.withWorker { try await fixture.drain() }
            #expect(reads(fixture) == before + 2)
            #expect(try await fixture.states() == ["done": 2])
            try await fixture.enqueue(.group, group)
            try await fixture.withWorker {
                try await fixture.until { reads(fixture) >= before + 4 }
                try await fixture.until {
                    try await fixture.leases() == 0
                }
            }
            #expect(reads(fixture) == before + 4)
            #expect(try await fixture.number("SELECT count(*) FROM waits_for WHERE last_error IS NOT NULL") == 0)
        }
    }

    @Test("A delete is not done because a search sees what a read does not")
    func searchSees() async throws {
        try await SyncFixture.run { fixture in
            let id = try await synced(fixture)
            _ = fixture.double.add(UDMDouble.Fault(.staleRead, count: 2, contains: "uid=jo"))
            try await fixture.delete(.user, id)
            try await fixture.withWorker { try await fixture.drain() }
            #expect(fixture.object(id) == nil)
            #expect(try await fixture.states() == ["done": 2])
        }
    }

    /// Waits until no open job was tried less often.
    private func tried(_ fixture: SyncFixture, atLeast count: Int) async throws {
        try await fixture.until {
            try await fixture.number("SELECT count(*) FROM job WHERE attempts < \(count)") == 0
        }
    }

    private func reads(_ fixture: SyncFixture) -> Int {
        fixture.double.requests().count { $0.method == "GET" && $0.module == "users/user" }
    }
}
