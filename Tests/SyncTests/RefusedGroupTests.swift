// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import SCIM
import Storage
import Testing

@testable import Sync

/// A group's name that UDM does not take does not keep its members out.
@Suite(.serialized) struct RefusedGroupTests {
    @Test("Members of a write that is refused for the group's name come all the same")
    func members() async throws {
        try await SyncFixture.run { fixture in
            let user = try await fixture.createUser("jo")
            let other = try await fixture.createUser("mo")
            let group = try await fixture.createGroup("team", members: [user])
            try await fixture.withWorker { try await fixture.drain() }
            _ = try await fixture.foreignUser("taken")
            try await fixture.replaceGroup(group, "taken", members: [other])
            try await fixture.withWorker {
                try await fixture.until { fixture.members(of: group) == ["uid=mo,cn=users,dc=example,dc=org"] }
                try await fixture.drain()
            }
            #expect(try await fixture.status(group) == .failed)
            #expect(try await fixture.number("SELECT count(*) FROM dead_letter") == 1)
            #expect(
                try await fixture.number(
                    "SELECT count(*) FROM group_member WHERE synced = (removed_revision IS NOT NULL)") == 0)
        }
    }
}
