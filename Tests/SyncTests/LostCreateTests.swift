// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import SCIM
import Storage
import Testing
import UDMDouble

@testable import Sync

/// Refusals behind a create whose answer was lost: the object is there, although no outcome says so.
@Suite(.serialized) struct LostCreateTests {
    @Test("A refused name of an object that a lost create has made is parked; older states do not come again")
    func refusedName() async throws {
        try await SyncFixture.run(settings: UDMDouble.Settings(reservedNames: ["admin"])) { fixture in
            let id = try await fixture.createUser("jo")
            try await fixture.replaceUser(id, "jo") { $0["title"] = "Lead" }
            fixture.double.add(UDMDouble.Fault(.dropAfterCommit, count: 1, methods: ["POST"]))
            try await fixture.withWorker({ $0.backoff = Backoff(base: .seconds(600), cap: .seconds(600)) }) {
                try await fixture.until { try await fixture.number("SELECT count(*) FROM job WHERE attempts = 1") == 1 }
            }
            #expect(fixture.object(id)?.properties["title"] == "Lead")
            try await fixture.replaceUser(id, "admin") { $0["title"] = "Lead" }
            try await fixture.withWorker { try await fixture.drain() }
            let changes = fixture.double.requests().filter { $0.method == "PATCH" && $0.isCommitted }
            // Of the third write, without the name.
            #expect(changes.count == 1, "\(changes)")
            #expect(fixture.object(id)?.properties["title"] == "Lead")
            #expect(try await fixture.status(id) == .partial)
            #expect(try await fixture.number("SELECT count(*) FROM sync_failure WHERE attribute = 'userName'") == 1)
            #expect(try await fixture.number("SELECT count(*) FROM dead_letter") == 0)
        }
    }
}
