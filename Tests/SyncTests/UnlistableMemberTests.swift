// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import SCIM
import Storage
import Testing
import UDM
import UDMDouble

@testable import Sync

/// UDM makes a group with a comma in its name, and does not take that name in a list of members.
@Suite(.serialized) struct UnlistableMemberTests {
    private func nested(_ fixture: SyncFixture, _ group: ResourceID) -> [JSONValue] {
        fixture.object(group)?.properties["nestedGroup"]?.arrayValue ?? []
    }

    @Test("It alone stays out, of a new group and of one that is there", arguments: [true, false])
    func others(isNew: Bool) async throws {
        try await SyncFixture.run { fixture in
            let user = try await fixture.createUser("jo")
            let comma = try await fixture.createGroup("Sales, EMEA", members: [])
            let plain = try await fixture.createGroup("Sales", members: [])
            try await fixture.withWorker { try await fixture.drain() }
            let members = [user, comma, plain]
            let group: ResourceID
            if isNew {
                group = try await fixture.createGroup("crew", members: members)
            } else {
                group = try await fixture.createGroup("crew", members: [])
                try await fixture.withWorker { try await fixture.drain() }
                try await fixture.replaceGroup(group, "crew", members: members)
            }
            try await fixture.withWorker { try await fixture.drain() }
            #expect(fixture.members(of: group) == ["uid=jo,cn=users,dc=example,dc=org"])
            #expect(nested(fixture, group) == ["cn=Sales,cn=groups,dc=example,dc=org"])
            #expect(try await fixture.status(group) == .partial)
            #expect(try await fixture.states()["dead"] == nil)
            #expect(try await fixture.number("SELECT count(*) FROM sync_failure") == 0)
        }
    }

    @Test("Renamed, it comes with the group's next write")
    func renamed() async throws {
        try await SyncFixture.run { fixture in
            let comma = try await fixture.createGroup("Sales, EMEA", members: [])
            let group = try await fixture.createGroup("crew", members: [comma])
            try await fixture.withWorker { try await fixture.drain() }
            #expect(try await fixture.status(group) == .partial)
            try await fixture.replaceGroup(comma, "Sales EMEA", members: [])
            try await fixture.withWorker {
                try await fixture.drain()
                try await fixture.until { nested(fixture, group) == ["cn=Sales EMEA,cn=groups,dc=example,dc=org"] }
            }
            try await fixture.until { try await fixture.status(group) == .synced }
        }
    }

    @Test("A refusal of members for something else leaves all of them out, as before")
    func otherRefusal() async throws {
        try await SyncFixture.run { fixture in
            let user = try await fixture.createUser("jo")
            try await fixture.withWorker { try await fixture.drain() }
            _ = fixture.double.add(
                UDMDouble.Fault(
                    .refuseProperty(name: "users", message: "no"), methods: ["POST"], module: "groups/group"))
            let group = try await fixture.createGroup("crew", members: [user])
            try await fixture.withWorker { try await fixture.drain() }
            #expect(fixture.members(of: group) == [])
            #expect(try await fixture.number("SELECT count(*) FROM sync_failure WHERE attribute = 'members'") == 1)
        }
    }
}
