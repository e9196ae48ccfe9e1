// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Postgres
import SCIM
import Storage
import Testing

@Suite struct OutcomeTests {
    private let id = ResourceID.random()

    private func record(
        _ fixture: StorageFixture, _ lease: ConfirmedLease, _ result: JobOutcome.Result, endsTurn: Bool = true
    ) async throws -> RecordedOutcomes {
        try await fixture.database.jobs.record([
            JobOutcome(lease: lease.handle, result: result, endsTurn: endsTurn)
        ])
    }

    @Test("Done: the job moves to the history, UDM's object is kept, an event is written, the lease ends")
    func done() async throws {
        try await StorageFixture.run { fixture in
            let job = try await fixture.insertJob(id, secret: true)
            let lease = try #require(try await fixture.lease(id))
            let recorded = try await record(fixture, lease, .done(job: job, udm: .test, members: AppliedMembers()))
            #expect(recorded.matched == [id])
            #expect(try await fixture.number("SELECT count(*) FROM job") == 0)
            #expect(try await fixture.text("SELECT state FROM job_history") == "done")
            #expect(try await fixture.text("SELECT dn FROM udm_object") == "uid=jo,cn=users,dc=example,dc=org")
            #expect(try await fixture.number("SELECT revision FROM udm_object") == 1)
            #expect(try await fixture.number("SELECT synced_revision FROM resource_sync") == 1)
            #expect(try await fixture.number("SELECT count(*) FROM resource_sync WHERE leased_until IS NOT NULL") == 0)
            let event = try #require(try await fixture.database.events.unsent(limit: 10, now: .now()).first)
            #expect(event.kind == .change)
            #expect(event.operation == .create)
            #expect(event.jobID == job)
            #expect(event.oldState == nil)
            #expect(event.newState != nil)
            #expect(event.udmDN == "uid=jo,cn=users,dc=example,dc=org")
        }
    }

    @Test(
        "A job was tried first when its first lease was taken: the outcome writes it, and a crash; a lease that is given back does not"
    )
    func firstAttempt() async throws {
        try await StorageFixture.run { fixture in
            let times = """
                SELECT count(*) FROM (SELECT first_attempt_at, accepted_at FROM job UNION ALL
                    SELECT first_attempt_at, accepted_at FROM job_history) j WHERE first_attempt_at
                """
            let job = try await fixture.insertJob(id)
            let first = try #require(try await fixture.lease(id))
            #expect(try await fixture.number("\(times) IS NOT NULL") == 0)
            try await fixture.database.jobs.giveBack([first.handle], callMayHaveStarted: false)
            _ = try #require(try await fixture.lease(id))
            #expect(try await fixture.number("\(times) IS NOT NULL") == 0)
            let started = "(SELECT call_started_at FROM resource_sync)"
            try await fixture.connection.run(
                "UPDATE resource_sync SET call_started_at = call_started_at - interval '1 ms'")
            let crashed = try #require(try await fixture.text("SELECT \(started)::text"))
            try await fixture.connection.run("UPDATE job SET accepted_at = accepted_at - interval '1 min'")
            try await fixture.expireLeases()
            let second = try #require(try await fixture.lease(id))
            #expect(try await fixture.number("\(times) = '\(crashed)'") == 1)
            let retry = JobOutcome.Result.retry(
                job: job, dueIn: .zero, error: nil, countsAttempt: true, isAmbiguous: false)
            _ = try await record(fixture, second, retry)
            #expect(try await fixture.number("\(times) = '\(crashed)'") == 1)
            // Both jobs end with the turn of the later one.
            let later = try await fixture.insertJob(id, revision: 2, operation: .modify)
            let third = try #require(try await fixture.lease(id))
            let taken = try #require(try await fixture.text("SELECT last_attempt_at::text FROM resource_sync"))
            let done = JobOutcome.Result.done(job: later, udm: .test, members: AppliedMembers())
            _ = try await fixture.database.jobs.record([
                JobOutcome(lease: third.handle, result: done, endsTurn: true, merges: true)
            ])
            #expect(try await fixture.number("\(times) = '\(crashed)'") == 1)
            #expect(try await fixture.number("\(times) = '\(taken)'") == 1)
            let events = try await fixture.database.events.unsent(limit: 10, now: .now())
            #expect(events.count == 2 && events.allSatisfy { $0.firstAttemptAt != nil })
        }
    }

    @Test("A retry is the first attempt of a job that was never leased before")
    func firstRetry() async throws {
        try await StorageFixture.run { fixture in
            let job = try await fixture.insertJob(id)
            let lease = try #require(try await fixture.lease(id))
            _ = try await record(
                fixture, lease,
                .retry(job: job, dueIn: .zero, error: nil, countsAttempt: true, isAmbiguous: false))
            let tried =
                "SELECT count(*) FROM job JOIN resource_sync USING (resource_id) WHERE first_attempt_at = last_attempt_at"
            #expect(try await fixture.number(tried) == 1)
        }
    }

    @Test("What UDM holds has the revision of the job that brought it, also where the outcome is recorded again")
    func revision() async throws {
        try await StorageFixture.run { fixture in
            try await fixture.insertJob(id)
            let job = try await fixture.insertJob(id, revision: 2, operation: .modify)
            let lease = try #require(try await fixture.lease(id))
            let outcome = JobOutcome(
                lease: lease.handle, result: .done(job: job, udm: .test, members: AppliedMembers()), endsTurn: true,
                merges: true)
            for _ in 1...2 {
                #expect(try await fixture.database.jobs.record([outcome]).matched == [id])
                #expect(try await fixture.number("SELECT revision FROM udm_object") == 2)
                #expect(try await fixture.number("SELECT synced_revision FROM resource_sync") == 2)
            }
        }
    }

    @Test("Nothing of an outcome is stored without the current epoch and token")
    func stale() async throws {
        try await StorageFixture.run { fixture in
            let job = try await fixture.insertJob(id)
            let first = try #require(try await fixture.lease(id))
            try await fixture.expireLeases()
            let second = try #require(try await fixture.lease(id))
            let results: [JobOutcome.Result] = [
                .done(job: job, udm: .test, members: AppliedMembers()), .removed(job: job), .cancelled(job: job),
                .dead(job: job, error: Array("{}".utf8), isAmbiguous: false),
                .retry(job: job, dueIn: .seconds(9), error: nil, countsAttempt: true, isAmbiguous: false), .ended,
            ]
            for result in results {
                #expect(try await record(fixture, first, result).matched.isEmpty)
            }
            #expect(try await fixture.number("SELECT count(*) FROM job WHERE attempts = 0") == 1)
            #expect(try await fixture.number("SELECT count(*) FROM job_history") == 0)
            #expect(try await fixture.number("SELECT count(*) FROM event_outbox") == 0)
            #expect(try await fixture.number("SELECT count(*) FROM udm_object") == 0)
            #expect(try await fixture.number("SELECT count(*) FROM sync_failure") == 0)
            let renewed = try await fixture.database.jobs.renew([second.handle], worker: "test", length: .seconds(5))
            #expect(renewed == [second.handle.token])
        }
    }

    @Test("Dead: kept with its error, a sync-error event is written, the failure is on record until a later success")
    func dead() async throws {
        try await StorageFixture.run { fixture in
            let job = try await fixture.insertJob(id)
            let lease = try #require(try await fixture.lease(id))
            _ = try await record(
                fixture, lease, .dead(job: job, error: Array(#"{"status":"409"}"#.utf8), isAmbiguous: false))
            #expect(try await fixture.number("SELECT count(*) FROM dead_letter WHERE attempts = 1") == 1)
            #expect(try await fixture.text("SELECT error ->> 'status' FROM sync_failure WHERE attribute = ''") == "409")
            let event = try #require(try await fixture.database.events.unsent(limit: 10, now: .now()).first)
            #expect(event.kind == .error)
            #expect(event.attempts == 1)

            let next = try await fixture.insertJob(id, revision: 2, operation: .modify)
            let second = try #require(try await fixture.lease(id))
            _ = try await record(fixture, second, .done(job: next, udm: .test, members: AppliedMembers()))
            #expect(try await fixture.number("SELECT count(*) FROM sync_failure") == 0)
        }
    }

    @Test("Retry: the job stays with its error and a later due time", arguments: [true, false])
    func retry(countsAttempt: Bool) async throws {
        try await StorageFixture.run { fixture in
            let job = try await fixture.insertJob(id)
            let lease = try #require(try await fixture.lease(id))
            _ = try await record(
                fixture, lease,
                .retry(
                    job: job, dueIn: .seconds(30), error: Array(#"{"status":"503"}"#.utf8),
                    countsAttempt: countsAttempt,
                    isAmbiguous: false))
            let next = try #require(try await fixture.lease(id))
            #expect(next.jobs[0].attempts == (countsAttempt ? 1 : 0))
            #expect(next.jobs[0].crashes == 0)
            #expect(next.jobs[0].dueAt > Timestamp.now().advanced(by: .seconds(20)))
            #expect(next.ambiguousSince == nil)
        }
    }

    @Test("An unknown outcome makes the next attempts careful until one says what UDM holds")
    func ambiguous() async throws {
        try await StorageFixture.run { fixture in
            let job = try await fixture.insertJob(id)
            let next = try await fixture.insertJob(id, revision: 2, operation: .modify)
            let first = try #require(try await fixture.lease(id))
            _ = try await record(
                fixture, first,
                .retry(job: job, dueIn: .zero, error: nil, countsAttempt: true, isAmbiguous: true))
            let since = try #require(try await fixture.lease(id)).ambiguousSince
            #expect(since != nil)
            try await fixture.connection.run("UPDATE resource_sync SET leased_until = NULL")
            // None of these knows what became of the first call.
            let unknowing: [JobOutcome.Result] = [
                .retry(job: job, dueIn: .zero, error: nil, countsAttempt: false, isAmbiguous: false),
                .retry(job: job, dueIn: .zero, error: nil, countsAttempt: true, isAmbiguous: true), .ended,
                .dead(job: job, error: Array("{}".utf8), isAmbiguous: false),
            ]
            for result in unknowing {
                let lease = try #require(try await fixture.lease(id))
                #expect(lease.ambiguousSince == since)
                _ = try await record(fixture, lease, result)
            }
            let last = try #require(try await fixture.lease(id))
            #expect(last.ambiguousSince == since)
            #expect(try await fixture.database.jobs.buriedStates(of: id, after: last.syncedRevision).count == 1)
            _ = try await record(fixture, last, .done(job: next, udm: .test, members: AppliedMembers()))
            try await fixture.insertJob(id, revision: 3, operation: .modify)
            #expect(try #require(try await fixture.lease(id)).ambiguousSince == nil)
        }
    }

    @Test("A job that died without an answer makes the next one careful")
    func ambiguousDeath() async throws {
        try await StorageFixture.run { fixture in
            let job = try await fixture.insertJob(id)
            let lease = try #require(try await fixture.lease(id))
            _ = try await record(fixture, lease, .dead(job: job, error: Array("{}".utf8), isAmbiguous: true))
            try await fixture.insertJob(id, revision: 2, operation: .modify)
            #expect(try #require(try await fixture.lease(id)).ambiguousSince != nil)
        }
    }

    @Test("A retry that is recorded again, for want of an answer, counts one attempt")
    func repeatedRetry() async throws {
        try await StorageFixture.run { fixture in
            let job = try await fixture.insertJob(id)
            let lease = try #require(try await fixture.lease(id))
            let retry = JobOutcome.Result.retry(
                job: job, dueIn: .zero, error: nil, countsAttempt: true, isAmbiguous: false)
            for _ in 0..<3 { #expect(try await record(fixture, lease, retry).matched == [id]) }
            #expect(try await fixture.number("SELECT attempts FROM job") == 1)
        }
    }

    @Test("A removal that is recorded again is known by its job")
    func repeatedRemoval() async throws {
        try await StorageFixture.run { fixture in
            try await fixture.insertObject(id)
            let job = try await fixture.insertJob(id, revision: 2, operation: .delete)
            let lease = try #require(try await fixture.lease(id))
            for _ in 0..<3 { #expect(try await record(fixture, lease, .removed(job: job)).matched == [id]) }
            #expect(try await fixture.number("SELECT count(*) FROM event_outbox") == 1)
        }
    }

    @Test("Cancelled: no event")
    func cancelled() async throws {
        try await StorageFixture.run { fixture in
            let job = try await fixture.insertJob(id)
            let lease = try #require(try await fixture.lease(id))
            _ = try await record(fixture, lease, .cancelled(job: job))
            #expect(try await fixture.text("SELECT state FROM job_history") == "cancelled")
            #expect(try await fixture.number("SELECT count(*) FROM event_outbox") == 0)
        }
    }

    @Test("Removed: nothing of the resource remains but its history and its event")
    func removed() async throws {
        try await StorageFixture.run { fixture in
            let group = ResourceID.random()
            try await fixture.insertObject(id)
            try await fixture.insertMember(id, of: group, removed: 2, synced: true)
            let job = try await fixture.insertJob(id, revision: 2, operation: .delete)
            let lease = try #require(try await fixture.lease(id))
            _ = try await record(fixture, lease, .removed(job: job))
            for table in ["udm_object", "resource_sync", "group_member", "job"] {
                #expect(try await fixture.number("SELECT count(*) FROM \(table)") == 0, "\(table)")
            }
            let event = try #require(try await fixture.database.events.unsent(limit: 10, now: .now()).first)
            #expect(event.operation == .delete)
            #expect(event.newState == nil)
        }
    }

    @Test("A turn of several jobs keeps its lease until its last outcome")
    func severalJobs() async throws {
        try await StorageFixture.run { fixture in
            let first = try await fixture.insertJob(id, revision: 1)
            let second = try await fixture.insertJob(id, revision: 2, operation: .modify)
            let lease = try #require(try await fixture.lease(id))
            let none = AppliedMembers()
            _ = try await record(fixture, lease, .done(job: first, udm: .test, members: none), endsTurn: false)
            #expect(try await fixture.lease(id) == nil)
            _ = try await record(fixture, lease, .done(job: second, udm: .test, members: none))
            let events = try await fixture.database.events.unsent(limit: 10, now: .now())
            #expect(events.map(\.revision) == [1, 2])
            #expect(try await fixture.number("SELECT count(*) FROM job_history WHERE state = 'done'") == 2)
        }
    }

    @Test("A carrier ends with all jobs before it, each with its own event in order; later ones stay open")
    func merged() async throws {
        try await StorageFixture.run { fixture in
            let carrier = try await fixture.insertJob(id, revision: 3, operation: .modify, secret: true)
            for revision in [1, 2] as [Int64] {
                try await fixture.insertJob(
                    id, revision: revision, operation: revision == 1 ? .create : .modify, secret: true)
            }
            let later = try await fixture.insertJob(id, revision: 4, operation: .modify)
            let other = try await fixture.insertJob(.random(), revision: 1)
            try await fixture.connection.run("UPDATE job SET \"order\" = revision + 1000000")
            let lease = try #require(try await fixture.lease(id))
            let outcome = JobOutcome(
                lease: lease.handle, result: .done(job: carrier, udm: .test, members: AppliedMembers()), endsTurn: true,
                merges: true)
            for _ in 0..<2 { _ = try await fixture.database.jobs.record([outcome]) }
            #expect(
                try await fixture.text("SELECT string_agg(state, ' ' ORDER BY revision) FROM job_history")
                    == "superseded superseded done")
            #expect(
                try await fixture.number("SELECT count(*) FROM job_history WHERE superseded_by = '\(carrier)'") == 2)
            let events = try await fixture.database.events.unsent(limit: 10, now: .now())
            #expect(events.map(\.revision) == [1, 2, 3])
            #expect(events.map(\.order) == [1_000_001, 1_000_002, 1_000_003])
            #expect(Set(events.map(\.id)).count == 3)
            #expect(try await fixture.number("SELECT count(*) FROM job WHERE id IN ('\(later)', '\(other)')") == 2)
            #expect(try await fixture.number("SELECT count(*) FROM job") == 2)
            #expect(try await fixture.number("SELECT revision FROM udm_object") == 3)
        }
    }

    @Test("Of many jobs the first ones may end before their carrier does")
    func carriedInParts() async throws {
        try await StorageFixture.run { fixture in
            var jobs: [JobID] = []
            for revision in 1...4 {
                jobs.append(
                    try await fixture.insertJob(
                        id, revision: Int64(revision), operation: revision == 1 ? .create : .modify))
            }
            let lease = try #require(try await fixture.lease(id))
            let part = JobOutcome(
                lease: lease.handle, result: .superseded(job: jobs[1], by: jobs[3]), endsTurn: false, merges: true)
            for _ in 0..<2 { #expect(try await fixture.database.jobs.record([part]).matched == [id]) }
            #expect(try await fixture.number("SELECT count(*) FROM job") == 2)
            #expect(try await fixture.lease(id) == nil)
            #expect(try await fixture.database.jobs.openJobs(of: id, before: jobs[3]) == [jobs[2]])
            let rest = JobOutcome(
                lease: lease.handle, result: .done(job: jobs[3], udm: .test, members: AppliedMembers()), endsTurn: true,
                merges: true)
            _ = try await fixture.database.jobs.record([rest])
            #expect(
                try await fixture.number("SELECT count(*) FROM job_history WHERE superseded_by = '\(jobs[3])'") == 3)
            let events = try await fixture.database.events.unsent(limit: 10, now: .now())
            #expect(events.map(\.revision) == [1, 2, 3, 4])
        }
    }

    @Test("A delete may carry thousands; the page beyond which they lie brings only the delete itself")
    func manyMerged() async throws {
        try await StorageFixture.run { fixture in
            try await fixture.insertJob(id, secret: true)
            try await fixture.connection.run(
                """
                INSERT INTO job (id, tenant, type, resource_id, revision, "order", operation, lane, client, request_id,
                    accepted_at, due_at, new_state, secret)
                SELECT gen_random_uuid(), tenant, type, resource_id, n, nextval('write_order'), 'modify', lane, client,
                    request_id, accepted_at, due_at, new_state, secret
                FROM job, generate_series(2, 3000) n
                """)
            #expect(try await fixture.database.jobs.deletion(of: id) == nil)
            let delete = try await fixture.insertJob(id, revision: 3001, operation: .delete)
            let lease = try #require(try await fixture.lease(id))
            #expect(lease.hasMoreJobs)
            let found = try #require(try await fixture.database.jobs.deletion(of: id))
            #expect(found.id == delete)
            #expect(found.newState == nil)
            let outcome = JobOutcome(
                lease: lease.handle, result: .cancelled(job: delete), endsTurn: true, merges: true)
            for _ in 0..<2 { #expect(try await fixture.database.jobs.record([outcome]).matched == [id]) }
            #expect(try await fixture.number("SELECT count(*) FROM job_history WHERE state = 'cancelled'") == 3001)
            for table in ["job", "event_outbox", "resource_sync"] {
                #expect(try await fixture.number("SELECT count(*) FROM \(table)") == 0, "\(table)")
            }
        }
    }

    @Test("Recording the same outcome again changes nothing")
    func idempotent() async throws {
        try await StorageFixture.run { fixture in
            let job = try await fixture.insertJob(id)
            let lease = try #require(try await fixture.lease(id))
            for _ in 0..<3 {
                _ = try await record(fixture, lease, .done(job: job, udm: .test, members: AppliedMembers()))
            }
            #expect(try await fixture.number("SELECT count(*) FROM job_history") == 1)
            #expect(try await fixture.number("SELECT count(*) FROM event_outbox") == 1)
        }
    }

    @Test("A bad outcome fails alone; its neighbours in the batch are stored")
    func badRow() async throws {
        try await StorageFixture.run { fixture in
            var outcomes: [JobOutcome] = []
            var good: Set<ResourceID> = []
            for number in 0..<5 {
                let resource = ResourceID.random()
                let job = try await fixture.insertJob(resource)
                let lease = try #require(try await fixture.lease(resource))
                // U+0000 is no jsonb.
                let properties = number == 2 ? #"{"a":"\u0000"}"# : "{}"
                outcomes.append(
                    JobOutcome(
                        lease: lease.handle,
                        result: .done(
                            job: job, udm: UDMObjectRecord(dn: "uid=x", properties: Array(properties.utf8)),
                            members: AppliedMembers()), endsTurn: true))
                if number != 2 { good.insert(resource) }
            }
            for outcome in outcomes where good.contains(outcome.lease.resourceID) {
                #expect(try await fixture.database.jobs.record([outcome]).matched == [outcome.lease.resourceID])
            }
            await #expect(throws: PostgresError.self) { try await fixture.database.jobs.record([outcomes[2]]) }
            #expect(try await fixture.number("SELECT count(*) FROM job_history") == 4)
        }
    }
}
