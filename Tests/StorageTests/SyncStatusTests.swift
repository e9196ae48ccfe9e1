// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import Postgres
import SCIM
import Testing

@testable import Storage

@Suite("Sync status", .timeLimit(.minutes(3))) struct SyncStatusTests {
    private func status(_ fixture: StorageFixture, _ id: ResourceID) async throws -> SyncStatus {
        try #require(try await fixture.store.syncStatus(of: [id], tenant: "default")[id])
    }

    private let refusedAt = Timestamp(microsecondsSinceEpoch: 1_780_000_000_123_000)

    private func failure(_ id: ResourceID, _ attribute: String, _ error: String) -> String {
        """
        INSERT INTO sync_failure (resource_id, attribute, tenant, type, revision, job_id, failed_at, error)
        VALUES ('\(id)', '\(attribute)', 'default', 'User', 1, gen_random_uuid(), '\(refusedAt.iso8601Microseconds)', '\(error)');
        """
    }

    @Test("A new resource is pending, due at once, without an attempt")
    func pending() async throws {
        try await StorageFixture.run { fixture in
            let jo = try await fixture.createUser("jo")
            let status = try await status(fixture, jo.id)
            #expect(status.status == .pending)
            #expect(status.pendingRevisions == 1)
            #expect(status.syncedRevision == 0)
            #expect(status.nextAttempt == jo.created)
            #expect(status.lastAttempt == nil)
            #expect(status.parked.isEmpty)
            #expect(status.error == nil)
            #expect(
                try JSONValue(parsing: status.json) == [
                    "status": "pending", "pendingRevisions": 1, "syncedRevision": 0,
                    "nextAttempt": .string(jo.created.iso8601Milliseconds),
                ])
        }
    }

    @Test("With open jobs and a lease it is syncing, and pending again when the lease is over")
    func syncing() async throws {
        try await StorageFixture.run { fixture in
            let jo = try await fixture.createUser("jo")
            _ = try #require(try await fixture.lease(jo.id))
            #expect(try await status(fixture, jo.id).status == .syncing)
            try await fixture.expireLeases()
            #expect(try await status(fixture, jo.id).status == .pending)
        }
    }

    @Test("Without open jobs it is synced, up to the revision that UDM has")
    func synced() async throws {
        try await StorageFixture.run { fixture in
            let jo = try await fixture.createUser("jo")
            try await fixture.connection.run(
                """
                DELETE FROM job; INSERT INTO resource_sync (resource_id, tenant, type, synced_revision, last_attempt_at)
                VALUES ('\(jo.id)', 'default', 'User', 1, '2026-11-21T09:15:29Z')
                """)
            let status = try await status(fixture, jo.id)
            #expect(status.status == .synced)
            #expect(status.pendingRevisions == 0)
            #expect(status.syncedRevision == 1)
            #expect(status.lastAttempt == Timestamp(iso8601: "2026-11-21T09:15:29Z"))
            #expect(status.nextAttempt == nil)
        }
    }

    @Test("Parked attributes and missing members make it partial")
    func partial() async throws {
        try await StorageFixture.run { fixture in
            let jo = try await fixture.createUser("jo")
            let al = try await fixture.createUser("al")
            try await fixture.connection.run(
                """
                DELETE FROM job;
                \(failure(jo.id, "title", #"{"status": "400", "detail": "too long", "udm": {"x": 1}}"#))
                \(failure(jo.id, "name.familyName", #"{"status": "400"}"#))
                INSERT INTO waits_for (resource_id, target_id, tenant, type, since)
                VALUES ('\(al.id)', '\(jo.id)', 'default', 'User', now())
                """)
            let parked = try await status(fixture, jo.id)
            #expect(parked.status == .partial)
            #expect(
                parked.parked == [
                    SyncStatus.ParkedAttribute(attribute: "name.familyName", reason: nil, since: refusedAt),
                    SyncStatus.ParkedAttribute(attribute: "title", reason: "too long", since: refusedAt),
                ])
            let json = try JSONValue(parsing: parked.json)
            #expect(
                json["parked"]?[1] == [
                    "attribute": "title", "reason": "too long", "since": .string(refusedAt.iso8601Milliseconds),
                ])
            #expect(try await status(fixture, al.id).status == .partial)
        }
    }

    @Test("A dead letter makes it failed with the SCIM error only; a new write makes it pending again")
    func failed() async throws {
        try await StorageFixture.run { fixture in
            let jo = try await fixture.createUser("jo")
            let error = #"{"status": "409", "scimType": "uniqueness", "detail": "taken", "udm": {"secret": "answer"}}"#
            try await fixture.connection.run("DELETE FROM job; \(failure(jo.id, "", error))")
            let failed = try await status(fixture, jo.id)
            #expect(failed.status == .failed)
            #expect(
                try JSONValue(parsing: failed.json)["error"] == [
                    "status": "409", "scimType": "uniqueness", "detail": "taken",
                ])
            _ = try await fixture.store.replace(.user, jo.id, with: user("jo2"), context: testContext).resource()
            #expect(try await status(fixture, jo.id).status == .pending)
        }
    }

    @Test("The error and the due time of a job that will be tried again are shown")
    func retry() async throws {
        try await StorageFixture.run { fixture in
            let jo = try await fixture.createUser("jo")
            _ = try await fixture.store.replace(.user, jo.id, with: user("jo2"), context: testContext).resource()
            try await fixture.connection.run(
                """
                UPDATE job SET last_error = '{"status": "503", "detail": "UDM is down"}', due_at = '2030-01-01T00:00:00Z'
                WHERE revision = 1
                """)
            let status = try await status(fixture, jo.id)
            #expect(status.pendingRevisions == 2)
            #expect(status.nextAttempt == Timestamp(iso8601: "2030-01-01T00:00:00Z"))
            #expect(try JSONValue(parsing: status.json)["error"] == ["status": "503", "detail": "UDM is down"])
        }
    }

    @Test("Several at once; what does not exist is left out")
    func several() async throws {
        try await StorageFixture.run { fixture in
            let jo = try await fixture.createUser("jo")
            let target = try await fixture.createGroup("g")
            let statuses = try await fixture.store.syncStatus(of: [jo.id, target.id, .random()], tenant: "default")
            #expect(Set(statuses.keys) == [jo.id, target.id])
            #expect(try await fixture.store.syncStatus(of: [jo.id], tenant: "other").isEmpty)
            #expect(try await fixture.store.syncStatus(of: [], tenant: "default").isEmpty)
        }
    }
}
