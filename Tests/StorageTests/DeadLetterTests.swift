// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import Postgres
import SCIM
import Testing

@testable import Storage

@Suite struct DeadLetterTests {
    private static let conflict =
        #"{"status":"409","scimType":"uniqueness","detail":"The name is TAKEN","retryable":false}"#

    @Test("Dead letters are listed newest first, page by page, with what their resource is called")
    func pages() async throws {
        try await StorageFixture.run { fixture in
            var jobs: [JobID] = []
            for _ in 0..<5 { jobs.append(try await fixture.bury(.random(), Self.conflict).job) }
            let letters = fixture.database.operators.deadLetters
            var listed: [JobSummary] = []
            var position: String?
            repeat {
                let page = try await letters.list(BacklogFilter(), after: position, limit: 2)
                #expect(page.entries.count <= 2)
                listed += page.entries
                position = page.next
            } while position != nil
            #expect(listed.map(\.id) == jobs.reversed())
            let oldest = try await letters.list(BacklogFilter(), order: .oldestFirst, limit: 10)
            #expect(oldest.entries.map(\.id) == jobs)
            #expect(oldest.next == nil)
            let letter = try #require(listed.first)
            #expect(letter.name == "jo")
            #expect(letter.state == "dead")
            #expect(letter.isCurrentFailure)
            #expect(letter.attempts == 1)
            await #expect(throws: BadPosition.self) {
                try await letters.list(BacklogFilter(), after: "somewhere", limit: 2)
            }
        }
    }

    @Test("Every filter leaves out what does not fulfil it")
    func filters() async throws {
        try await StorageFixture.run { fixture in
            let (resource, job) = try await fixture.bury(.random(), Self.conflict)
            let other = try await fixture.bury(
                .random(), #"{"status":"500","detail":"broken"}"#, type: .group, operation: .modify
            ).job
            let hits: [(inout BacklogFilter) -> Void] = [
                { $0.type = .user }, { $0.operation = .create }, { $0.scimType = "uniqueness" },
                { $0.errorText = "is taken" }, { $0.resource = resource },
                {
                    $0.type = .user; $0.client = "test"
                },
            ]
            for change in hits {
                var filter = BacklogFilter()
                change(&filter)
                let page = try await fixture.database.operators.deadLetters.list(filter, limit: 10)
                #expect(page.entries.map(\.id) == [job], "\(filter)")
                #expect(try await fixture.database.operators.deadLetters.count(filter) == (1, 1))
            }
            let misses: [(inout BacklogFilter) -> Void] = [
                { $0.tenant = "other" }, { $0.client = "other" }, { $0.operation = .delete },
                { $0.until = Timestamp.now().advanced(by: .seconds(-60)) },
                { $0.since = Timestamp.now().advanced(by: .seconds(60)) }, { $0.errorText = "%" },
            ]
            for change in misses {
                var filter = BacklogFilter()
                change(&filter)
                let page = try await fixture.database.operators.deadLetters.list(filter, limit: 10)
                #expect(page.entries.isEmpty, "\(filter)")
            }
            #expect(try await fixture.database.operators.deadLetters.count(BacklogFilter()) == (2, 2))
            #expect(other != job)
        }
    }

    @Test("A discarded dead letter is not counted any more, stays in the history, and says why in the audit log")
    func discard() async throws {
        try await StorageFixture.run { fixture in
            let (resource, job) = try await fixture.bury(.random(), Self.conflict)
            let letters = fixture.database.operators.deadLetters
            #expect(try await fixture.database.jobs.statistics().deadLetters == 1)
            #expect(try await letters.discard(job, reason: "a test", by: "jo") == .discarded(resource: resource))
            #expect(try await letters.discard(job, reason: "again", by: "jo") == .alreadySettled(how: "discarded"))
            #expect(try await letters.discard(.random(), reason: "?", by: "jo") == .noDeadLetter)
            #expect(try await letters.list(BacklogFilter(), limit: 10).entries.isEmpty)
            #expect(try await fixture.database.jobs.statistics().deadLetters == 0)
            #expect(try await fixture.number("SELECT count(*) FROM job_history WHERE state = 'dead'") == 1)
            #expect(
                try await fixture.text(
                    "SELECT string_agg(actor || ' ' || action || ' ' || (details ->> 'reason'), ',') FROM audit_log")
                    == "jo discard a test")
            // The resource is still not in UDM.
            #expect(try await fixture.number("SELECT count(*) FROM sync_failure WHERE attribute = ''") == 1)
        }
    }

    @Test("A dead letter whose resource went through later is settled as overtaken, others are not")
    func overtaken() async throws {
        try await StorageFixture.run { fixture in
            let (resource, job) = try await fixture.bury(.random(), Self.conflict)
            _ = try await fixture.bury(.random(), Self.conflict)
            let letters = fixture.database.operators.deadLetters
            #expect(try await letters.settleOvertaken() == 0)
            let next = try await fixture.insertJob(resource, revision: 2, operation: .modify)
            let lease = try #require(try await fixture.lease(resource))
            _ = try await fixture.database.jobs.record([
                JobOutcome(
                    lease: lease.handle, result: .done(job: next, udm: .test, members: AppliedMembers()), endsTurn: true
                )
            ])
            #expect(try await letters.settleOvertaken() == 1)
            #expect(
                try await fixture.text("SELECT settled_as FROM job_history WHERE id = '\(job)'") == "overtaken")
            #expect(try await fixture.database.jobs.statistics().deadLetters == 1)
        }
    }

    // MARK: Attempts

    @Test("Failed tries are kept with what UDM said; a success at the first try leaves none")
    func attempts() async throws {
        try await StorageFixture.run { fixture in
            let id = ResourceID.random()
            let job = try await fixture.insertJob(id)
            let error =
                #"{"status":"503","detail":"away","retryable":true,"udm":{"httpStatus":503},"series":{"class":"transient"}}"#
            try await fixture.fail(id, job, error, counts: true)
            try await fixture.fail(
                id, job, #"{"status":"503","retryable":true,"udm":{"httpStatus":null}}"#, counts: false)
            // A wait for members is no failure.
            let lease = try #require(try await fixture.lease(id))
            let waiting = JobOutcome.Result.retry(
                job: job, dueIn: .zero, error: nil, countsAttempt: false, isAmbiguous: false)
            _ = try await fixture.database.jobs.record([
                JobOutcome(lease: lease.handle, result: waiting, endsTurn: true)
            ])
            let last = try #require(try await fixture.lease(id))
            let dead = JobOutcome(
                lease: last.handle,
                result: .dead(job: job, error: Array(Self.conflict.utf8), isAmbiguous: false), endsTurn: false)
            _ = try await fixture.database.jobs.record([dead])
            // Recorded again, because the answer was lost.
            _ = try await fixture.database.jobs.record([dead])

            let subject = try #require(try await fixture.database.operators.subjects.find(job))
            #expect(subject == ResourceSubject(tenant: "default", type: .user, id: id, job: job))
            let report = try await fixture.database.operators.inspection.report(on: subject)
            let attempts = try #require(report.jobs.first).attempts
            #expect(attempts.map(\.number) == [1, 2, 3])
            #expect(attempts.map(\.outcome) == [.retry, .held, .dead])
            #expect(attempts.map(\.kind) == ["transient", "retryable", "permanent"])
            #expect(attempts.map(\.httpStatus) == [503, nil, nil])
            #expect(attempts.allSatisfy { $0.worker == "test" })
            #expect(report.failure != nil)

            let other = ResourceID.random()
            let easy = try await fixture.insertJob(other)
            let easyLease = try #require(try await fixture.lease(other))
            _ = try await fixture.database.jobs.record([
                JobOutcome(
                    lease: easyLease.handle, result: .done(job: easy, udm: .test, members: AppliedMembers()),
                    endsTurn: true)
            ])
            #expect(try await fixture.number("SELECT count(*) FROM job_attempt WHERE job_id = '\(easy)'") == 0)
        }
    }

    @Test("Of many tries the first and the latest are kept; they go when their job has left the history")
    func boundedAttempts() async throws {
        try await StorageFixture.run { fixture in
            let id = ResourceID.random()
            let job = try await fixture.insertJob(id)
            for _ in 1...30 { try await fixture.fail(id, job, #"{"status":"503"}"#, counts: true) }
            let numbers = try await fixture.rows(
                "SELECT number FROM job_attempt WHERE job_id = '\(job)' ORDER BY number"
            ).map { try $0.int(0) }
            #expect(numbers == Array(1...5) + Array(11...30))
            let attempts = fixture.database.operators.attempts
            #expect(try await attempts.prune(from: nil) == nil)
            #expect(try await fixture.number("SELECT count(*) FROM job_attempt") == 25)
            let (_, letter) = try await fixture.bury(.random(), Self.conflict)
            try await fixture.connection.run("DELETE FROM job")
            let next = try await attempts.prune(from: nil, limit: 1)
            #expect(next == job)
            #expect(try await attempts.prune(from: next) == nil)
            #expect(try await fixture.text("SELECT string_agg(job_id::text, ',') FROM job_attempt") == "\(letter)")
        }
    }

    @Test("Open jobs and parked attributes are listed page by page")
    func backlog() async throws {
        try await StorageFixture.run { fixture in
            let backlog = fixture.database.operators.backlog
            var jobs: [JobID] = []
            for _ in 0..<3 { jobs.append(try await fixture.insertJob(.random())) }
            let failing = ResourceID.random()
            jobs.append(try await fixture.insertJob(failing))
            try await fixture.fail(failing, jobs[3], Self.conflict, counts: true)
            let first = try await backlog.openJobs(BacklogFilter(), onlyFailing: false, limit: 3)
            #expect(first.entries.map(\.id) == Array(jobs[..<3]))
            let second = try await backlog.openJobs(BacklogFilter(), onlyFailing: false, after: first.next, limit: 3)
            #expect(second.entries.map(\.id) == [jobs[3]])
            #expect(second.next == nil)
            #expect(
                try await backlog.openJobs(BacklogFilter(), onlyFailing: true, limit: 3).entries.map(\.id) == [jobs[3]])

            for attribute in ["emails", "title", "members"] {
                try await fixture.park(attribute, of: failing, Self.conflict)
            }
            let parked = try await backlog.parkedAttributes(BacklogFilter(), limit: 2)
            #expect(parked.entries.map(\.attribute) == ["emails", "members"])
            let rest = try await backlog.parkedAttributes(BacklogFilter(), after: parked.next, limit: 2)
            #expect(rest.entries.map(\.attribute) == ["title"])
            var filter = BacklogFilter()
            filter.client = "test"
            #expect(try await backlog.parkedAttributes(filter, limit: 2).entries.isEmpty)
            let figures = try await backlog.figures()
            #expect(figures.parkedAttributes == 3)
            #expect(figures.parkedResources == 1)
            #expect(figures.failingJobs == 1)
            #expect(figures.leader == nil)
            let leadership = fixture.database.leadership(.sync)
            #expect(await leadership.hold())
            #expect(try await backlog.figures().leader != nil)
            await leadership.resign()
        }
    }
}

extension StorageFixture {
    /// A job that failed for good.
    func bury(
        _ id: ResourceID, _ error: String, type: ResourceType = .user, operation: JobOperation = .create,
        revision: Int64 = 1
    ) async throws -> (resource: ResourceID, job: JobID) {
        let job = try await insertJob(id, revision: revision, operation: operation, type: type)
        guard let lease = try await lease(id, type: type) else { throw Unexpected("no lease") }
        _ = try await database.jobs.record([
            JobOutcome(
                lease: lease.handle, result: .dead(job: job, error: Array(error.utf8), isAmbiguous: false),
                endsTurn: true)
        ])
        return (id, job)
    }

    /// A try that is made again at once.
    func fail(_ id: ResourceID, _ job: JobID, _ error: String, counts: Bool) async throws {
        guard let lease = try await lease(id) else { throw Unexpected("no lease") }
        _ = try await database.jobs.record([
            JobOutcome(
                lease: lease.handle,
                result: .retry(
                    job: job, dueIn: .zero, error: Array(error.utf8), countsAttempt: counts, isAmbiguous: false),
                endsTurn: true)
        ])
    }

    func park(_ attribute: String, of id: ResourceID, _ error: String) async throws {
        try await connection.run(
            """
            INSERT INTO sync_failure (resource_id, attribute, tenant, type, revision, job_id, failed_at, error, refused)
            VALUES ('\(id)', '\(attribute)', 'default', 'User', 1, gen_random_uuid(), clock_timestamp(), '\(error)', '"x"')
            """)
    }
}
