// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import Queue
import SCIM
import Storage
import Synchronization
import Testing
import UDM
import UDMDouble

@testable import Sync

/// What operators do, on a real database and queue, with workers and UDM's double.
@Suite(.serialized, .timeLimit(.minutes(5))) struct OperatorTests {
    private func replay(_ fixture: SyncFixture) -> DeadLetterReplay {
        DeadLetterReplay(database: fixture.database, queue: fixture.queue)
    }

    private func letters(_ fixture: SyncFixture) async throws -> [JobSummary] {
        try await fixture.database.operators.deadLetters.list(BacklogFilter(), limit: 100).entries
    }

    @Test("Attempts are pruned page by page, and no further when another process leads")
    func prune() async throws {
        try await SyncFixture.run { fixture in
            try await fixture.run(
                """
                INSERT INTO job_attempt (job_id, number, resource_id, lease_epoch, at, outcome, class, error)
                SELECT gen_random_uuid(), 1, gen_random_uuid(), 1, now(), 'retry', 'permanent', '{}'
                FROM generate_series(1, 5000)
                """)
            let questions = Mutex(0)
            func duties(_ isLeader: @escaping @Sendable () async -> Bool) -> OperatorDuties {
                OperatorDuties(
                    stores: fixture.database.operators, queue: fixture.queue, logger: fixture.logger, isLeader: isLeader
                )
            }
            try await duties {
                questions.withLock {
                    $0 += 1
                    return $0 <= 2
                }
            }.prune()
            #expect(try await fixture.number("SELECT count(*) FROM job_attempt") == 1000)
            try await duties { true }.prune()
            #expect(try await fixture.number("SELECT count(*) FROM job_attempt") == 0)
        }
    }

    // MARK: Replay

    @Test(
        "A name that a foreign account held is free again: the replay creates the user, and the dead letter is settled")
    func replayOne() async throws {
        try await SyncFixture.run { fixture in
            let foreigner = try await fixture.foreignUser("jo")
            let id = try await fixture.createUser("jo")
            try await fixture.withWorker { try await fixture.drain() }
            #expect(try await fixture.status(id) == .failed)
            let letter = try #require(try await letters(fixture).first)
            #expect(letter.resourceID == id)

            // Nothing has changed: it dies again, as a new letter that is linked to the first.
            let again = try await replay(fixture).replay(letter.id, by: "jo")
            guard case .queued(_, .create, settled: 1)? = again?.result else {
                Issue.record("\(String(describing: again))")
                return
            }
            #expect(again?.redisProblem == nil)
            try await fixture.withWorker { try await fixture.drain() }
            let second = try await letters(fixture)
            #expect(second.count == 1)
            #expect(second.first?.replayOf == letter.id)

            try await fixture.remove(foreigner)
            _ = try await replay(fixture).replay(id, by: "jo")
            #expect(try await fixture.status(id) == .pending)
            try await fixture.withWorker { try await fixture.drain() }
            #expect(try await fixture.status(id) == .synced)
            #expect(fixture.object(id) != nil)
            #expect(try await letters(fixture).isEmpty)
            #expect(try await replay(fixture).replay(.random(), by: "jo") == nil)
            let report = try await fixture.database.operators.inspection.report(
                on: try #require(try await fixture.database.operators.subjects.find(id)))
            #expect(report.jobs.map(\.summary.state) == ["done", "dead", "dead"])
            #expect(report.audit.count == 2)
        }
    }

    @Test("A replay by filter goes through all resources once each, at its rate, in the lane bulk")
    func replayMany() async throws {
        try await SyncFixture.run { fixture in
            var foreigners: [ResourceID] = []
            for number in 0..<5 { foreigners.append(try await fixture.foreignUser("jo\(number)")) }
            var ids: [ResourceID] = []
            for number in 0..<5 { ids.append(try await fixture.createUser("jo\(number)")) }
            try await fixture.withWorker { try await fixture.drain() }
            try await fixture.replaceUser(ids[0], "jo0") { $0["title"] = "Dr" }
            try await fixture.withWorker { try await fixture.drain() }
            #expect(try await letters(fixture).count == 6)
            for id in foreigners { try await fixture.remove(id) }

            let waits = Waits()
            let paced = DeadLetterReplay(database: fixture.database, queue: fixture.queue) { await waits.note($0) }
            var nobody = BacklogFilter()
            nobody.client = "nobody"
            #expect(try await paced.replay(nobody, rate: nil, by: "jo") == DeadLetterReplay.Progress())
            var steps = 0
            let sum = try await paced.replay(BacklogFilter(), rate: 0.1, by: "jo") { _ in steps += 1 }
            #expect(sum.letters == 6)
            #expect(sum.queued == 5)
            #expect(sum.notEnqueued == 0)
            #expect(steps == 5)
            // The first at once; the test does not wait, so each next one waits for all before it.
            #expect(await waits.all.count == 4)
            #expect(try await fixture.number("SELECT count(*) FROM job WHERE lane = 'bulk'") == 5)
            try await fixture.withWorker { try await fixture.drain() }
            for id in ids { #expect(try await fixture.status(id) == .synced) }
            #expect(fixture.object(ids[0])?.properties["title"] == "Dr")
            #expect(try await letters(fixture).isEmpty)
        }
    }

    @Test("A delete that failed is replayed as a delete")
    func replayDelete() async throws {
        try await SyncFixture.run { fixture in
            let id = try await fixture.createUser("jo")
            try await fixture.withWorker { try await fixture.drain() }
            let fault = fixture.double.add(UDMDouble.Fault(.internalError, methods: ["DELETE"]))
            try await fixture.delete(.user, id)
            try await fixture.withWorker({ $0.maximumAge = .zero }) { try await fixture.drain() }
            #expect(fixture.double.remove(fault))
            #expect(try await letters(fixture).map(\.operation) == [.delete])
            guard case .queued(_, .delete, settled: 1)? = try await replay(fixture).replay(id, by: "jo")?.result else {
                Issue.record("not queued")
                return
            }
            try await fixture.withWorker { try await fixture.drain() }
            #expect(fixture.object(id) == nil)
        }
    }

    // MARK: Edit

    @Test("An edit is validated, pushed, and leaves the values out of the audit log")
    func edit() async throws {
        try await SyncFixture.run { fixture in
            _ = try await fixture.foreignUser("jo")
            let id = try await fixture.createUser("jo")
            try await fixture.withWorker { try await fixture.drain() }
            let letter = try #require(try await letters(fixture).first)
            let subject = try #require(try await fixture.database.operators.subjects.find(letter.id))
            let edit = ResourceEdit(
                database: fixture.database, queue: fixture.queue, validator: ResourceValidator())
            func patch(_ path: String, _ value: JSONValue) -> JSONValue {
                [
                    "schemas": [.string(SchemaURN.patchOp)],
                    "Operations": [["op": "replace", "path": .string(path), "value": value]],
                ]
            }
            await #expect(throws: SCIMError.self) {
                try await edit.edit(subject, patch("active", "perhaps"), by: "op")
            }
            let other = try await fixture.createUser("bo")
            guard case .uniqueness = try await edit.edit(subject, patch("userName", "bo"), by: "op") else {
                Issue.record("not unique")
                return
            }
            guard case .edited(2, _, nil) = try await edit.edit(subject, patch("userName", "joanna"), by: "op") else {
                Issue.record("not edited")
                return
            }
            try await fixture.withWorker { try await fixture.drain() }
            #expect(fixture.object(id)?.properties["username"] == "joanna")
            #expect(try await fixture.status(id) == .synced)
            #expect(try await fixture.status(other) == .synced)
            #expect(try await letters(fixture).isEmpty)
            let audit = try await fixture.database.operators.inspection.report(on: subject).audit
            #expect(audit.map(\.action) == ["edit"])
            let details = String(decoding: audit[0].details, as: UTF8.self)
            #expect(details.contains("replace userName"))
            #expect(!details.contains("joanna"))
        }
    }

    // MARK: Pauses

    @Test("A paused lane hands out nothing, also after Redis was emptied; resumed, it goes on")
    func pauseLane() async throws {
        try await SyncFixture.run { fixture in
            let pauses = QueuePauses(database: fixture.database, queue: fixture.queue)
            let lane = try #require(PauseTarget("lane:interactive"))
            #expect(try await pauses.pause(lane, reason: "test", by: "jo") == .init(isNew: true, redisProblem: nil))
            #expect(try await pauses.pause(lane, reason: "test", by: "jo") == .init(isNew: false, redisProblem: nil))
            try await fixture.createUser("jo")
            try await fixture.emptyQueue()
            #expect(try await fixture.queue.pausedScopes() == [])
            try await QueueRebuild(
                queue: fixture.queue, jobs: fixture.database.jobs, pauses: fixture.database.operators.pauses,
                logger: fixture.logger
            ).runIfLost()
            #expect(try await fixture.queue.pausedScopes() == [.lane(.interactive)])
            let none = try await fixture.queue.lease(upTo: 1, for: .seconds(1), worker: "w")
            #expect(none.leases.isEmpty)

            // Somebody told Redis only: PostgreSQL decides.
            try await fixture.queue.pause(.all)
            try await fixture.queue.resume(.lane(.interactive))
            #expect(try await fixture.database.operators.pauses.apply(to: fixture.queue) == 2)
            #expect(try await fixture.queue.pausedScopes() == [.lane(.interactive)])

            #expect(try await pauses.resume(lane, by: "jo").isNew)
            try await fixture.withWorker { try await fixture.drain() }
        }
    }

    @Test("Of a paused operation nothing is pushed, other resources go on; resumed, it is pushed at once")
    func pauseOperation() async throws {
        try await SyncFixture.run { fixture in
            let pauses = QueuePauses(database: fixture.database, queue: fixture.queue)
            let first = try await fixture.createUser("jo")
            try await fixture.withWorker {
                try await fixture.drain()
                _ = try await pauses.pause(.operation(.modify), reason: nil, by: "jo")
                try await fixture.replaceUser(first, "jo") { $0["title"] = "Dr" }
                let second = try await fixture.createUser("bo")
                try await fixture.until { fixture.object(second) != nil }
                try await fixture.until { try await fixture.queue.depth().due == 1 }
                #expect(fixture.object(first)?.properties["title"] != "Dr")
                #expect(try await fixture.number("SELECT attempts FROM job") == 0)
                _ = try await pauses.resume(.operation(.modify), by: "jo")
                try await fixture.drain()
                #expect(fixture.object(first)?.properties["title"] == "Dr")
            }
        }
    }

    @Test("A create whose answer was lost carried what is paused now: it waits, too, UDM does not go back")
    func pauseBehindLostCreate() async throws {
        try await SyncFixture.run { fixture in
            let pauses = QueuePauses(database: fixture.database, queue: fixture.queue)
            let id = try await fixture.createUser("jo", enqueues: false)
            try await fixture.replaceUser(id, "jo") { $0["title"] = "Dr" }
            fixture.double.add(UDMDouble.Fault(.dropAfterCommit, count: 1, methods: ["POST"]))
            try await fixture.withWorker({ $0.backoff = Backoff(base: .seconds(600), cap: .seconds(600)) }) {
                try await fixture.until { try await fixture.number("SELECT count(*) FROM job WHERE attempts = 1") == 1 }
            }
            _ = try await pauses.pause(.operation(.modify), reason: nil, by: "jo")
            try await fixture.run("UPDATE job SET due_at = now()")
            try await fixture.withWorker {
                try await fixture.enqueue(.user, id)
                try await fixture.until {
                    let depth = try await fixture.queue.depth()
                    return depth.due == 1 && depth.resources == 1
                }
                _ = try await pauses.resume(.operation(.modify), by: "jo")
                try await fixture.drain()
            }
            #expect(fixture.double.requests().filter { $0.method == "PATCH" && $0.isCommitted }.isEmpty)
            #expect(fixture.object(id)?.properties["title"] == "Dr")
            #expect(try await fixture.states() == ["superseded": 1, "done": 1])
        }
    }

    @Test("What is resumed between a worker's look and its giving back goes on at once")
    func resumedMeanwhile() async throws {
        try await SyncFixture.run { fixture in
            let pauses = QueuePauses(database: fixture.database, queue: fixture.queue)
            _ = try await pauses.pause(.operation(.create), reason: nil, by: "jo")
            try await fixture.createUser("jo")
            let (worker, client) = try fixture.makeWorker()
            await worker.prepare()
            let leases = try await fixture.queue.lease(upTo: 1, for: .seconds(30), worker: "w").leases
            await worker.begin(leases, asked: .now)
            try await fixture.until { await !worker.finished.isEmpty }
            _ = try await pauses.resume(.operation(.create), by: "jo")
            let releases = await worker.finished
            let answer = try await fixture.queue.release(releases, leaseNext: 1, for: .seconds(30), worker: "w")
            #expect(answer.leases.map(\.key) == leases.map(\.key))
            try await client.shutdown()
        }
    }

    @Test(
        "Scopes are read as they are written",
        arguments: ["all", "lane:bulk", "tenant:default", "operation:create", "operation:modify", "operation:delete"])
    func scopes(text: String) {
        #expect(PauseTarget(text)?.description == text)
    }

    @Test(
        "What is no scope is refused", arguments: ["", "lane:", "lane:fast", "tenant:", "operation:read", "everything"])
    func noScopes(text: String) {
        #expect(PauseTarget(text) == nil)
    }

    // MARK: Fill

    @Test("What ends while it is on its way to Redis does not wait there until it would have been due")
    func endsMeanwhile() async throws {
        try await SyncFixture.run { fixture in
            let ended = try await fixture.createUser("jo", enqueues: false)
            try await fixture.createUser("bo", enqueues: false)
            try await fixture.run("UPDATE job SET due_at = clock_timestamp() + interval '1 minute'")
            let fill = QueueFill(queue: fixture.queue, jobs: fixture.database.jobs)
            _ = try await fill.run(whileTrue: {
                try? await fixture.run("DELETE FROM job WHERE resource_id = '\(ended)'")
                return true
            })
            #expect(try await fixture.number("SELECT count(*) FROM job") == 1)
            #expect(try await fixture.queue.depth().due == 1)
        }
    }

    @Test("Redis is filled while it is full and while it is empty")
    func fill() async throws {
        try await SyncFixture.run { fixture in
            for number in 0..<3 { try await fixture.createUser("jo\(number)", enqueues: false) }
            let fill = QueueFill(
                queue: fixture.queue, jobs: fixture.database.jobs, pauses: fixture.database.operators.pauses)
            var result = try await fill.rebuild()
            #expect(result.resources == 3)
            #expect(try await fixture.queue.depth().ready == 3)
            try await fixture.emptyQueue()
            result = try await fill.rebuild()
            guard case .ready = result.state else {
                Issue.record("\(result.state)")
                return
            }
            #expect(try await fixture.queue.depth().ready == 3)
            let overview = try await QueueOverview.read(database: fixture.database, queue: fixture.queue)
            #expect(overview.statistics.openJobs == 3)
            #expect(overview.depth?.ready == 3)
            #expect(overview.redisProblem == nil)
        }
    }

    @Test("Steps keep their distance, and a late one is not made up for")
    func pace() {
        var pace = Pace(rate: 10)
        let start = ContinuousClock.now
        #expect(pace.next(now: start) == nil)
        #expect(pace.next(now: start) == .milliseconds(100))
        #expect(pace.next(now: start.advanced(by: .milliseconds(150))) == .milliseconds(50))
        #expect(pace.next(now: start.advanced(by: .seconds(5))) == nil)
        #expect(pace.next(now: start.advanced(by: .seconds(5))) == .milliseconds(100))
        var unbounded = Pace(rate: nil)
        #expect(unbounded.next(now: start) == nil)
    }
}

private actor Waits {
    private(set) var all: [Duration] = []
    func note(_ length: Duration) { all.append(length) }
}

extension SyncFixture {
    /// Takes an object away that is none of ours.
    func remove(_ id: ResourceID, from module: UDMModule = .user) async throws {
        try await client.delete(
            module, dn: object(id)?.dn ?? "", requestID: LowercaseUUID.random().description)
    }
}
