// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import SCIM
import Testing

@testable import Storage

/// Writes of the command line: with their audit entry in the same transaction, and without a push if that is wanted.
@Suite struct WritesByHandTests {
    private static let note = EditNote(actor: "op", details: ["client": "cli"])
    private static let unpushed = EditNote(actor: "op", details: ["client": "cli"], isPushed: false)

    private func title(_ title: String) -> @Sendable (StoredResource, JSONObject) throws -> ResourceChange {
        { current, attributes in
            var attributes = attributes
            attributes["title"] = .string(title)
            return ResourceChange(attributes: attributes, externalId: current.externalId)
        }
    }

    @Test("A create by hand has a job and an audit entry, and the claims and members of any other")
    func create() async throws {
        try await StorageFixture.run { fixture in
            let jo = try await fixture.store.create(user("jo", externalId: "7"), context: testContext, note: Self.note)
                .resource()
            #expect(jo.revision == 1)
            #expect(try await fixture.jobs(of: jo.id) == ["create 1"])
            #expect(try await fixture.read(jo)?.externalId == "7")
            let team = try await fixture.store.create(
                group("team", members: [jo.id]), context: testContext, note: Self.note
            ).resource()
            #expect(team.memberCount == 1)
            #expect(try await fixture.memberIDs(of: team.id) == [jo.id])
            let entry = try await fixture.text(
                """
                SELECT actor || ' ' || action || ' ' || details FROM audit_log a JOIN job j ON j.id = a.job_id
                WHERE a.resource_id = '\(jo.id)'
                """)
            #expect(entry == #"op create {"client": "cli", "revision": 1}"#)

            let clash = try await fixture.store.create(user("JO"), context: testContext, note: Self.note)
            #expect(clash.clash == UniqueClaim(kind: .name, value: "jo"))
            let unknown = try await fixture.store.create(
                group("others", members: [.random()]), context: testContext, note: Self.note)
            guard case .unknownMembers = unknown else {
                Issue.record("\(unknown)")
                return
            }
            #expect(try await fixture.number("SELECT count(*) FROM audit_log") == 2)
            #expect(try await fixture.number("SELECT count(*) FROM job") == 2)
        }
    }

    @Test("A create without push is stored with a cancelled job, and nothing is owed to UDM or told")
    func createUnpushed() async throws {
        try await StorageFixture.run { fixture in
            let jo = try await fixture.store.create(user("jo"), context: testContext, note: Self.unpushed).resource()
            #expect(try await fixture.read(jo)?.revision == 1)
            #expect(try await fixture.jobs(of: jo.id).isEmpty)
            let history = try await fixture.text(
                "SELECT operation || ' ' || state || ' ' || (new_state -> 'resource' ->> 'userName') FROM job_history")
            #expect(history == "create cancelled jo")
            #expect(try await fixture.number("SELECT count(*) FROM event_outbox") == 0)
            let details = try await fixture.json("SELECT details FROM audit_log WHERE action = 'create'")
            #expect(details?["push"] == false)
            let status = try await fixture.store.syncStatus(of: [jo.id], tenant: "default")[jo.id]
            #expect(status?.status == .synced)
            #expect(status?.pendingRevisions == 0)
            #expect(status?.syncedRevision == 0)
            // The name is claimed as by any other.
            #expect(try await fixture.store.create(user("jo"), context: testContext).clash != nil)
            // There is nothing to lease.
            #expect(try await fixture.lease(jo.id) == nil)
        }
    }

    @Test("An edit without push leaves open jobs and dead letters as they are")
    func editUnpushed() async throws {
        try await StorageFixture.run { fixture in
            let jo = try await fixture.createUser("jo")
            let edited = try await fixture.store.edit(
                .user, jo.id, context: testContext, note: Self.unpushed, change: title("Dr"))
            #expect(try edited.resource().revision == 2)
            #expect(try await fixture.jobs(of: jo.id) == ["create 1"])
            let lease = try #require(try await fixture.lease(jo.id))
            let job = try #require(lease.jobs.first)
            _ = try await fixture.database.jobs.record([
                JobOutcome(
                    lease: lease.handle,
                    result: .dead(job: job.id, error: Array("{}".utf8), isAmbiguous: false), endsTurn: true)
            ])
            _ = try await fixture.store.edit(
                .user, jo.id, context: testContext, note: Self.unpushed, change: title("Prof"))
            #expect(try await fixture.number("SELECT count(*) FROM dead_letter") == 1)
            let pushed = try await fixture.store.edit(
                .user, jo.id, context: testContext, note: Self.note, change: title("Dr"))
            #expect(pushed.isUpdated)
            #expect(try await fixture.number("SELECT count(*) FROM dead_letter") == 0)
            #expect(try await fixture.jobs(of: jo.id) == ["modify 4"])
            // What was not pushed is part of the next state that is.
            let state = try await fixture.text("SELECT new_state -> 'resource' ->> 'title' FROM job")
            #expect(state == "Dr")
        }
    }

    @Test("An edit that changes nothing leaves no trace, with and without push")
    func unchanged() async throws {
        try await StorageFixture.run { fixture in
            let jo = try await fixture.createUser("jo")
            for note in [Self.note, Self.unpushed] {
                let result = try await fixture.store.edit(.user, jo.id, context: testContext, note: note) {
                    current, attributes in
                    ResourceChange(attributes: attributes, externalId: current.externalId)
                }
                #expect(result.isUnchanged)
            }
            #expect(try await fixture.number("SELECT count(*) FROM audit_log") == 0)
            #expect(try await fixture.number("SELECT count(*) FROM job_history") == 0)
            #expect(try await fixture.jobs(of: jo.id) == ["create 1"])
        }
    }
}
