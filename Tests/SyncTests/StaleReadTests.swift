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
            try await fixture.withWorker { try await fixture.drain() }
            #expect(try await fixture.states() == ["done": 1, "dead": 1])
            #expect(
                try await fixture.number("SELECT count(*) FROM dead_letter WHERE last_error->>'status' = '404'") == 1)
        }
    }
}
