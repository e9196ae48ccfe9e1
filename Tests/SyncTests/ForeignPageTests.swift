// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import SCIM
import Storage
import Testing
import UDMDouble

@testable import Sync

/// Something between the bridge and UDM answers in its place: an ingress that has lost UDM, a mesh that lets nobody pass, a page that says "we
/// are back soon". No write fails for it, and none counts as done.
@Suite(.serialized) struct ForeignPageTests {
    @Test("A change waits for UDM", arguments: [404, 403, 200])
    func change(status: Int) async throws {
        try await SyncFixture.run { fixture in
            let id = try await fixture.createUser("jo")
            try await fixture.withWorker { try await fixture.drain() }
            _ = fixture.double.add(UDMDouble.Fault(.foreignPage(status: status), count: 7))
            try await fixture.replaceUser(id, "jo") { $0["title"] = "Lead" }
            try await fixture.withWorker { try await fixture.drain() }
            #expect(fixture.object(id)?.properties["title"] == "Lead")
            #expect(try await fixture.states() == ["done": 2])
            #expect(try await fixture.status(id) == .synced)
        }
    }

    @Test("A delete is not done by a 404 that is not UDM's")
    func delete() async throws {
        try await SyncFixture.run { fixture in
            let id = try await fixture.createUser("jo")
            try await fixture.withWorker { try await fixture.drain() }
            _ = fixture.double.add(UDMDouble.Fault(.foreignPage(status: 404), count: 4))
            try await fixture.delete(.user, id)
            try await fixture.withWorker { try await fixture.drain() }
            #expect(fixture.object(id) == nil)
            #expect(try await fixture.states() == ["done": 2])
        }
    }

    @Test("A member is not taken for gone")
    func member() async throws {
        try await SyncFixture.run { fixture in
            let user = try await fixture.createUser("jo")
            let group = try await fixture.createGroup("crew", members: [])
            try await fixture.withWorker { try await fixture.drain() }
            _ = fixture.double.add(UDMDouble.Fault(.foreignPage(status: 404), count: 3, module: "users/user"))
            try await fixture.replaceGroup(group, "crew", members: [user])
            try await fixture.withWorker { try await fixture.drain() }
            #expect(fixture.members(of: group) == ["uid=jo,cn=users,dc=example,dc=org"])
            #expect(try await fixture.status(group) == .synced)
        }
    }
}
