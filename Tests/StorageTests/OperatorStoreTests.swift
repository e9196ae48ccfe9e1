// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import Postgres
import SCIM
import Testing

@testable import Storage

@Suite struct OperatorStoreTests {
    // MARK: Pauses

    @Test("Pauses are kept with who and why, once each")
    func pauses() async throws {
        try await StorageFixture.run { fixture in
            let pauses = fixture.database.operators.pauses
            #expect(try await pauses.pause("lane:bulk", reason: "an import", by: "jo"))
            #expect(try await !pauses.pause("lane:bulk", reason: nil, by: "bo"))
            #expect(try await pauses.pause("tenant:default", reason: nil, by: "bo"))
            let list = try await pauses.list()
            #expect(list.map(\.scope) == ["lane:bulk", "tenant:default"])
            #expect(list.map(\.actor) == ["jo", "bo"])
            #expect(list.map(\.reason) == ["an import", nil])
            #expect(try await pauses.resume("lane:bulk", by: "jo"))
            #expect(try await !pauses.resume("lane:bulk", by: "jo"))
            #expect(try await fixture.number("SELECT count(*) FROM audit_log WHERE action IN ('pause', 'resume')") == 3)
            await #expect(throws: PostgresError.self) { try await pauses.pause("everything", reason: nil, by: "jo") }
        }
    }

    @Test("Jobs of a paused operation stay open, without an attempt, and keep back what comes after them")
    func pausedOperation() async throws {
        try await StorageFixture.run { fixture in
            let pauses = fixture.database.operators.pauses
            let id = ResourceID.random()
            let create = try await fixture.insertJob(id)
            try await fixture.insertJob(id, revision: 2, operation: .modify)
            try await fixture.insertJob(id, revision: 3, operation: .delete)
            let request = LeaseRequest(resourceID: id, tenant: "default", type: .user)
            _ = try await pauses.pause("operation:modify", reason: nil, by: "jo")
            let lease = try #require(try await fixture.lease(id))
            #expect(lease.jobs.map(\.id) == [create])
            #expect(lease.hasMoreJobs)
            _ = try await fixture.database.jobs.record([
                JobOutcome(
                    lease: lease.handle, result: .done(job: create, udm: .test, members: AppliedMembers()),
                    endsTurn: true)
            ])
            for _ in 0..<2 {
                let answer = try await fixture.database.jobs.confirm([request], worker: "test", length: .seconds(9))
                guard case .paused(id)? = answer.first else {
                    Issue.record("not paused")
                    return
                }
            }
            #expect(try await fixture.number("SELECT count(*) FROM resource_sync WHERE leased_until IS NULL") == 1)
            #expect(try await fixture.number("SELECT sum(attempts + crashes) FROM job") == 0)
            _ = try await pauses.resume("operation:modify", by: "jo")
            #expect(try #require(try await fixture.lease(id)).jobs.map(\.operation) == [.modify, .delete])
        }
    }

    // MARK: Envelopes

    @Test("Envelopes are wrapped anew under the newest key, page by page, and only once")
    func rewrap() async throws {
        try await StorageFixture.run { fixture in
            // The fixture seals with this key.
            let old = [UInt8](repeating: 7, count: 32)
            let new = [UInt8](repeating: 8, count: 32)
            for number in 0..<5 {
                _ = try await fixture.store.create(
                    user("jo\(number)", password: "s3cret-\(number)"), context: testContext
                ).resource()
            }
            let stranger = try await fixture.insertJob(.random(), secret: true)
            let sealer = try SecretSealer(keys: [new, old])
            let envelopes = fixture.database.operators.envelopes
            #expect(try await envelopes.count() == 6)
            var sum = EnvelopeStore.Rewrapped()
            var position: JobID?
            repeat {
                let page = try await envelopes.rewrap(with: sealer, from: position, limit: 2)
                sum.rewrapped += page.rewrapped
                sum.failed += page.failed
                position = page.next
            } while position != nil
            #expect(sum.rewrapped == 5)
            #expect(sum.failed.map(\.job) == [stranger])
            // The old key is not needed any more.
            let newest = try SecretSealer(keys: [new])
            for row in try await fixture.rows("SELECT id, resource_id, secret FROM job WHERE length(secret) > 2") {
                let secret = try newest.open(try row.bytes(2), jobID: try row.id(0), resourceID: try row.id(1))
                #expect(String(decoding: secret, as: UTF8.self).hasPrefix("s3cret-"))
            }
            let again = try await envelopes.rewrap(with: sealer, limit: 100)
            #expect(again.rewrapped == 0)
            #expect(again.current == 5)
            await #expect(throws: Never.self) {
                let result = try await envelopes.rewrap(with: try SecretSealer(keys: [old]), limit: 100)
                #expect(result.failed.count == 6)
            }
        }
    }

    // MARK: Edit

    private func edit(
        _ fixture: StorageFixture, _ id: ResourceID, ifMatch: Int64? = nil, _ name: String
    ) async throws -> UpdateResult {
        try await fixture.store.edit(
            .user, id, ifMatch: ifMatch, context: testContext, note: EditNote(actor: "jo", details: ["reason": "r"])
        ) { current, attributes in
            var attributes = attributes
            attributes["displayName"] = .string(name)
            return ResourceChange(attributes: attributes, externalId: current.externalId)
        }
    }

    @Test(
        "An edit is a revision with a job of its own; the original stays, its dead letter is settled, the audit log knows"
    )
    func edit() async throws {
        try await StorageFixture.run { fixture in
            let id = try await fixture.createUser("jo").id
            let dead = try await fixture.buryAll(id)
            #expect(try await edit(fixture, id, ifMatch: 7, "New").mismatch == 1)
            #expect(try await edit(fixture, .random(), "New").isNotFound)
            guard case .updated(let stored, let job) = try await edit(fixture, id, "New") else {
                Issue.record("not edited")
                return
            }
            #expect(stored.revision == 2)
            #expect(try await fixture.jobs(of: id) == ["modify 2"])
            #expect(
                try await fixture.text("SELECT settled_as || settled_by FROM job_history WHERE id = '\(dead[0])'")
                    == "edited\(job)")
            #expect(try await fixture.number("SELECT count(*) FROM job_history WHERE new_state IS NOT NULL") == 1)
            let entry = try await fixture.rows("SELECT actor, action, job_id, details FROM audit_log")
            #expect(entry.rowCount == 1)
            #expect(try entry[0].string(1) == "edit")
            #expect(try entry[0].id(2) == job)
            let details = try JSONValue(parsing: try entry[0].bytes(3))
            #expect(details["fromRevision"] == 1)
            #expect(details["revision"] == 2)
            #expect(details["reason"] == "r")
            // Nothing new leaves no trace.
            #expect(try await edit(fixture, id, "New").isUnchanged)
            #expect(try await fixture.number("SELECT count(*) FROM audit_log") == 1)
            #expect(try await fixture.store.lastClient(of: id) == "idp")
        }
    }

    @Test("A report tells everything of a resource: object, holder, failures, jobs, and what was done by hand")
    func report() async throws {
        try await StorageFixture.run { fixture in
            let id = try await fixture.createUser("jo").id
            try await fixture.finishAll(id)
            _ = try await edit(fixture, id, "New")
            try await fixture.park("title", of: id, #"{"status":"400"}"#)
            let lease = try #require(try await fixture.lease(id))
            let stores = fixture.database.operators
            let subject = try #require(try await stores.subjects.find(id))
            let report = try await stores.inspection.report(on: subject)
            #expect(report.name == "jo")
            #expect(report.revision == 2)
            #expect(report.object?.revision == 1)
            #expect(report.holder?.worker == "test")
            #expect(report.parked.map(\.attribute) == ["title"])
            #expect(report.failure == nil)
            #expect(report.jobs.map(\.summary.state) == ["open", "done"])
            #expect(report.audit.map(\.action) == ["edit"])
            #expect(!report.hasMoreJobs)
            #expect(try await stores.inspection.report(on: subject, jobLimit: 1).hasMoreJobs)
            let states = try #require(try await stores.inspection.states(of: lease.jobs[0].id))
            #expect(states.old != nil)
            #expect(states.new.map { String(decoding: $0, as: UTF8.self).contains("New") } == true)
        }
    }
}
