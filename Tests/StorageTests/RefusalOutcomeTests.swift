// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import Postgres
import SCIM
import Storage
import Testing

/// Parked attributes, waits for values and looks at UDM, as the outcomes store them.
@Suite struct RefusalOutcomeTests {
    private let id = ResourceID.random()

    private func record(
        _ fixture: StorageFixture, _ lease: ConfirmedLease, _ result: JobOutcome.Result, parking: Parking = Parking()
    ) async throws -> RecordedOutcomes {
        try await fixture.database.jobs.record([
            JobOutcome(lease: lease.handle, result: result, endsTurn: true, merges: true, parking: parking)
        ])
    }

    private func parking(_ attributes: [String: String?], cleared: [String] = []) -> Parking {
        var parking = Parking()
        parking.refused = attributes.sorted { $0.key < $1.key }.map { name, refused in
            Parking.Attribute(
                name: name, refused: refused.map { Array($0.utf8) },
                error: Array(#"{"status":"400","detail":"no"}"#.utf8))
        }
        parking.cleared = cleared
        if !attributes.isEmpty { parking.event = Array(#"{"status":"400","detail":"no"}"#.utf8) }
        return parking
    }

    @Test("Parked attributes come with the next lease, told by one event with the job's order, once")
    func parked() async throws {
        try await StorageFixture.run { fixture in
            let job = try await fixture.insertJob(id)
            let lease = try #require(try await fixture.lease(id))
            #expect(lease.parked == nil)
            let parking = parking(["title": #"{"title":"Lead"}"#, "members": nil])
            for _ in 0..<3 {
                _ = try await record(
                    fixture, lease, .done(job: job, udm: .test, members: AppliedMembers()), parking: parking)
            }
            #expect(try await fixture.number("SELECT count(*) FROM event_outbox WHERE kind = 'change'") == 1)
            #expect(
                try await fixture.number(
                    """
                    SELECT count(*) FROM event_outbox e JOIN job_history h ON h.id = e.job_id
                    WHERE e.kind = 'error' AND e."order" = h."order" AND e.revision = h.revision
                    """) == 1)
            let next = try await fixture.insertJob(id, revision: 2, operation: .modify)
            let second = try #require(try await fixture.lease(id))
            let stored = try JSONValue(parsing: try #require(second.parked))
            #expect(stored == ["title": ["title": "Lead"], "members": nil])
            _ = try await record(
                fixture, second, .done(job: next, udm: .test, members: AppliedMembers()),
                parking: self.parking([:], cleared: ["title"]))
            #expect(try await fixture.text("SELECT string_agg(attribute, ' ') FROM sync_failure") == "members")
            #expect(try await fixture.number("SELECT count(*) FROM event_outbox WHERE kind = 'error'") == 1)
        }
    }

    @Test("The time of a refusal stays while the same value is refused")
    func since() async throws {
        try await StorageFixture.run { fixture in
            for (revision, value) in [(1, "a"), (2, "a"), (3, "b")] as [(Int64, String)] {
                let job = try await fixture.insertJob(id, revision: revision, operation: .modify)
                let lease = try #require(try await fixture.lease(id))
                _ = try await record(
                    fixture, lease, .done(job: job, udm: .test, members: AppliedMembers()),
                    parking: parking(["title": #"{"title":"\#(value)"}"#]))
                let count = try await fixture.number(
                    "SELECT count(*) FROM sync_failure WHERE failed_at < now() - interval '1 h'")
                #expect(count == (revision == 2 ? 1 : 0))
                try await fixture.connection.run("UPDATE sync_failure SET failed_at = now() - interval '2 h'")
            }
        }
    }

    @Test("A stale lease parks nothing")
    func stale() async throws {
        try await StorageFixture.run { fixture in
            let job = try await fixture.insertJob(id)
            let lease = try #require(try await fixture.lease(id))
            try await fixture.expireLeases()
            _ = try await fixture.lease(id)
            _ = try await record(
                fixture, lease, .done(job: job, udm: .test, members: AppliedMembers()),
                parking: parking(["title": "{}"]))
            #expect(try await fixture.number("SELECT count(*) FROM sync_failure") == 0)
            #expect(try await fixture.number("SELECT count(*) FROM event_outbox") == 0)
        }
    }

    // MARK: Values

    @Test("Only holders with open jobs are waited for; whatever their next outcome, the waiting one hears of it")
    func value() async throws {
        try await StorageFixture.run { fixture in
            let (busy, idle, foreign) = (ResourceID.random(), ResourceID.random(), ResourceID.random())
            let jobs = fixture.database.jobs
            let blocking = try await fixture.insertJob(busy, operation: .modify)
            try await fixture.insertObject(idle)
            let job = try await fixture.insertJob(id)
            let lease = try #require(try await fixture.lease(id))
            #expect(try await jobs.waitForValue(lease, heldBy: []) == [])
            #expect(try await jobs.waitForValue(lease, heldBy: [idle, foreign, id]) == [])
            #expect(try await jobs.waitForValue(lease, heldBy: [idle, busy, foreign]) == [busy])
            _ = try await record(fixture, lease, .waiting(job: job, dueIn: .seconds(30), error: Array("{}".utf8)))
            #expect(try await fixture.number("SELECT count(*) FROM waits_for") == 1)
            #expect(try await fixture.number("SELECT attempts FROM job WHERE id = '\(job)'") == 0)

            let holder = try #require(try await fixture.lease(busy))
            let outcome = try await record(
                fixture, holder, .dead(job: blocking, error: Array("{}".utf8), isAmbiguous: false))
            #expect(outcome.wake.map(\.resourceID) == [id])
            // Their rows stay until the one that waits has acted.
            #expect(try await fixture.number("SELECT count(*) FROM waits_for") == 1)
            let again = try #require(try await fixture.lease(id))
            #expect(try await jobs.waitForValue(again, heldBy: [busy]) == [])
            _ = try await record(
                fixture, again, .retry(job: job, dueIn: .zero, error: nil, countsAttempt: true, isAmbiguous: false))
            #expect(try await fixture.number("SELECT count(*) FROM waits_for") == 0)
        }
    }

    @Test(
        "A wait for a value and one for a member of the same resource are two; a group that waits for a value is not partial"
    )
    func valueOfGroup() async throws {
        try await StorageFixture.run { fixture in
            let user = ResourceID.random()
            try await fixture.insertResource(user)
            try await fixture.insertJob(user)
            try await fixture.insertMember(user, of: id)
            let job = try await fixture.insertJob(id, type: .group)
            let lease = try #require(try await fixture.lease(id, type: .group))
            _ = try await fixture.database.jobs.wait(lease, for: [user])
            _ = try await fixture.database.jobs.waitForValue(lease, heldBy: [user])
            #expect(try await fixture.number("SELECT count(*) FROM waits_for") == 2)
            _ = try await record(fixture, lease, .waiting(job: job, dueIn: .zero, error: Array("{}".utf8)))
            #expect(try await fixture.number("SELECT count(*) FROM waits_for") == 2)
            let next = try #require(try await fixture.lease(id, type: .group))
            _ = try await record(
                fixture, next, .done(job: job, udm: .test, members: AppliedMembers(missing: [user])))
            #expect(try await fixture.text("SELECT string_agg(reason, ' ') FROM waits_for") == "member")
        }
    }

    @Test("Of a holder that ends and a resource that begins to wait, one sees the other", arguments: 0..<10)
    func race(round: Int) async throws {
        try await StorageFixture.run { fixture in
            let busy = ResourceID.random()
            let blocking = try await fixture.insertJob(busy, operation: .delete)
            let job = try await fixture.insertJob(id)
            let lease = try #require(try await fixture.lease(id))
            let holder = try #require(try await fixture.lease(busy))
            let other = fixture.anotherDatabase()
            async let waited = fixture.database.jobs.waitForValue(lease, heldBy: [busy])
            async let ended = other.jobs.record([
                JobOutcome(lease: holder.handle, result: .removed(job: blocking), endsTurn: true)
            ])
            let (waits, wakes) = (try await waited, try await ended.wake.map(\.resourceID))
            #expect(waits.isEmpty || wakes == [id])
            await other.close()
            _ = try await record(fixture, lease, .waiting(job: job, dueIn: .zero, error: Array("{}".utf8)))
        }
    }

    // MARK: Verification

    @Test("A lease that ran out, a call handed back and an unknown outcome are all looked at later")
    func doubts() async throws {
        try await StorageFixture.run { fixture in
            let due =
                "SELECT count(*) FROM verification WHERE due_at > clock_timestamp() + interval '5 minutes' AND since <= clock_timestamp()"
            let jobs = fixture.database.jobs
            let job = try await fixture.insertJob(id)
            let first = try #require(try await fixture.lease(id))
            try await jobs.giveBack([first.handle], callMayHaveStarted: false)
            #expect(try await fixture.number("SELECT count(*) FROM verification") == 0)
            let second = try #require(try await fixture.lease(id))
            #expect(second.verification == nil)
            try await jobs.giveBack([second.handle], callMayHaveStarted: true)
            #expect(try await fixture.number(due) == 1)
            try await fixture.connection.run("DELETE FROM verification")

            _ = try await fixture.lease(id)
            try await fixture.expireLeases()
            let third = try #require(try await fixture.lease(id))
            #expect(try await fixture.number(due) == 1)
            let verification = try #require(third.verification)
            #expect(!verification.isDue && verification.remaining > .seconds(300) && !verification.resourceExists)
            try await fixture.connection.run("DELETE FROM verification")

            _ = try await record(
                fixture, third, .retry(job: job, dueIn: .zero, error: nil, countsAttempt: true, isAmbiguous: true))
            #expect(try await fixture.number(due) == 1)
        }
    }

    @Test(
        "A look that is due is open work in the lane repair, also of a resource that is gone, and ends with its outcome"
    )
    func verification() async throws {
        try await StorageFixture.run { fixture in
            try await fixture.connection.run(
                """
                INSERT INTO verification (resource_id, tenant, type, since, due_at)
                VALUES ('\(id)', 'default', 'User', now(), now() + interval '1 h')
                """)
            let jobs = fixture.database.jobs
            let start = OpenWorkPage.Position.verifying(after: ResourceID(high: 0, low: 0))
            #expect(try await fixture.lease(id) == nil)
            #expect(try await jobs.openWork(from: start, limit: 10, olderThan: .zero).entries.isEmpty)
            #expect(try await fixture.number("SELECT count(*) FROM resource_sync") == 0)
            try await fixture.connection.run("UPDATE verification SET due_at = now()")
            let work = try await jobs.openWork(from: start, limit: 10, olderThan: .zero)
            #expect(work.entries.map(\.resourceID) == [id])
            #expect(work.entries.map(\.lane) == ["repair"] && work.entries[0].isVerification)
            #expect(work.next == nil)

            let lease = try #require(try await fixture.lease(id))
            #expect(lease.jobs.isEmpty && lease.verification?.isDue == true)
            _ = try await record(fixture, lease, .verifyLater(dueIn: .seconds(60), isAmbiguous: false))
            #expect(try await fixture.lease(id) == nil)
            try await fixture.connection.run("UPDATE verification SET due_at = now()")
            let again = try #require(try await fixture.lease(id))
            _ = try await record(
                fixture, again, .verified(udm: nil, AppliedMembers(), isGone: true, problem: nil))
            for table in ["verification", "resource_sync", "sync_failure"] {
                #expect(try await fixture.number("SELECT count(*) FROM \(table)") == 0, "\(table)")
            }
        }
    }

    @Test("A problem that a look finds is on record, with an event of its own")
    func problem() async throws {
        try await StorageFixture.run { fixture in
            let job = try await fixture.insertJob(id)
            let lease = try #require(try await fixture.lease(id))
            _ = try await record(fixture, lease, .done(job: job, udm: .test, members: AppliedMembers()))
            try await fixture.connection.run(
                """
                INSERT INTO verification (resource_id, tenant, type, since, due_at)
                VALUES ('\(id)', 'default', 'User', now(), now())
                """)
            let look = try #require(try await fixture.lease(id))
            let error = Array(#"{"status":"400","detail":"2 objects"}"#.utf8)
            _ = try await record(
                fixture, look, .verified(udm: .test, AppliedMembers(), isGone: false, problem: error))
            #expect(try await fixture.text("SELECT attribute || (error ->> 'detail') FROM sync_failure") == "2 objects")
            let events = try await fixture.database.events.unsent(limit: 10, now: .now())
            #expect(events.map(\.kind) == [.change, .error])
            #expect(events[0].order < events[1].order)
        }
    }
}
