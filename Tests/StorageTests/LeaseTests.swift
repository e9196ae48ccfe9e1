// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Postgres
import SCIM
import Storage
import Testing

@Suite struct LeaseTests {
    private let id = ResourceID.random()

    @Test("A confirmation draws the next epoch and brings the open jobs in revision order")
    func confirm() async throws {
        try await StorageFixture.run { fixture in
            let second = try await fixture.insertJob(id, revision: 2, operation: .modify)
            let first = try await fixture.insertJob(id, revision: 1)
            let lease = try #require(try await fixture.lease(id))
            #expect(lease.epoch == 1)
            #expect(lease.jobs.map(\.id) == [first, second])
            #expect(lease.jobs.allSatisfy { $0.attempts == 0 && $0.crashes == 0 })
            #expect(lease.udmObject == nil)
            #expect(lease.ambiguousSince == nil)
            try await fixture.database.jobs.giveBack([lease.handle], callMayHaveStarted: false)
            #expect(try await fixture.lease(id)?.epoch == 2)
        }
    }

    @Test("A lease that is not over is nobody else's, not even ours")
    func heldElsewhere() async throws {
        try await StorageFixture.run { fixture in
            try await fixture.insertJob(id)
            #expect(try await fixture.lease(id) != nil)
            let request = LeaseRequest(resourceID: id, tenant: "default", type: .user)
            let answer = try await fixture.database.jobs.confirm([request], worker: "test", length: .seconds(1))
            guard case .heldElsewhere(let held, let remaining) = answer[0] else {
                Issue.record("confirmed twice")
                return
            }
            #expect(held == id)
            #expect(remaining > .seconds(30) && remaining <= .seconds(60))
        }
    }

    @Test("Of many that confirm at once exactly one gets the lease")
    func race() async throws {
        try await StorageFixture.run { fixture in
            try await fixture.insertJob(id)
            let other = fixture.anotherDatabase()
            let request = LeaseRequest(resourceID: id, tenant: "default", type: .user)
            let won = try await withThrowingTaskGroup(of: Int.self) { group in
                for number in 0..<20 {
                    let jobs = number % 2 == 0 ? fixture.database.jobs : other.jobs
                    group.addTask {
                        let answer = try await jobs.confirm([request], worker: "\(number)", length: .seconds(60))
                        if case .leased = answer[0] { return 1 } else { return 0 }
                    }
                }
                return try await group.reduce(0, +)
            }
            #expect(won == 1)
            await other.close()
        }
    }

    @Test("Without open work there is nothing to do, and no lease stays behind")
    func nothing() async throws {
        try await StorageFixture.run { fixture in
            let request = LeaseRequest(resourceID: id, tenant: "default", type: .user)
            let answer = try await fixture.database.jobs.confirm([request], worker: "test", length: .seconds(60))
            guard case .nothingToDo(id) = answer[0] else {
                Issue.record("expected nothing to do")
                return
            }
            #expect(try await fixture.number("SELECT count(*) FROM resource_sync WHERE leased_until IS NOT NULL") == 0)
        }
    }

    @Test("A lease that ran out counts a crash and makes the next holder careful")
    func crash() async throws {
        try await StorageFixture.run { fixture in
            try await fixture.insertJob(id)
            _ = try await fixture.lease(id)
            try await fixture.expireLeases()
            let second = try #require(try await fixture.lease(id))
            #expect(second.jobs[0].crashes == 1)
            let since = try #require(second.ambiguousSince)
            try await fixture.expireLeases()
            let third = try #require(try await fixture.lease(id))
            #expect(third.jobs[0].crashes == 2)
            // The earliest call is the one that may still be running.
            #expect(third.ambiguousSince == since)
        }
    }

    @Test("The last crash counts only when the turn is known to have begun, and no more when that has ended")
    func lastTry() async throws {
        try await StorageFixture.run { fixture in
            try await fixture.insertJob(id)
            let jobs = fixture.database.jobs
            let lease = { (crashes: Int) in
                let lease = try #require(try await fixture.lease(id, maximumCrashes: 3))
                #expect(lease.jobs[0].crashes == crashes)
                return lease
            }
            for crashes in [0, 1, 2, 2] {
                _ = try await lease(crashes)
                try await fixture.expireLeases()
            }
            let ended = try await lease(2)
            #expect(try await jobs.noteLastTry(of: ended.jobs[0], under: ended.handle, maximumCrashes: 3))
            #expect(try await fixture.number("SELECT crashes FROM job") == 3)
            try await jobs.giveBack([ended.handle], callMayHaveStarted: true)
            let crashed = try await lease(2)
            #expect(try await !jobs.noteLastTry(of: ended.jobs[0], under: ended.handle, maximumCrashes: 3))
            #expect(try await jobs.noteLastTry(of: crashed.jobs[0], under: crashed.handle, maximumCrashes: 3))
            for _ in 0..<2 {
                try await fixture.expireLeases()
                _ = try await lease(3)
            }
        }
    }

    @Test("Handing back counts no crash; a call that may have started stays ambiguous", arguments: [true, false])
    func giveBack(callMayHaveStarted: Bool) async throws {
        try await StorageFixture.run { fixture in
            try await fixture.insertJob(id)
            let first = try #require(try await fixture.lease(id))
            try await fixture.database.jobs.giveBack([first.handle], callMayHaveStarted: callMayHaveStarted)
            let second = try #require(try await fixture.lease(id))
            #expect(second.jobs[0].crashes == 0)
            #expect((second.ambiguousSince != nil) == callMayHaveStarted)
        }
    }

    @Test("Only the current holder renews and hands back")
    func guards() async throws {
        try await StorageFixture.run { fixture in
            try await fixture.insertJob(id)
            let first = try #require(try await fixture.lease(id))
            try await fixture.expireLeases()
            let second = try #require(try await fixture.lease(id))
            let jobs = fixture.database.jobs
            #expect(try await jobs.renew([first.handle], worker: "test", length: .seconds(60)).isEmpty)
            try await jobs.giveBack([first.handle], callMayHaveStarted: false)
            #expect(
                try await jobs.renew([second.handle], worker: "test", length: .seconds(60)) == [second.handle.token])
            let forged = LeaseHandle(resourceID: id, epoch: second.epoch, token: .random())
            #expect(try await jobs.renew([forged], worker: "test", length: .seconds(60)).isEmpty)
        }
    }

    @Test("An outcome that commits while a confirmation waits for it leaves no job behind to push again")
    func confirmAfterOutcome() async throws {
        try await StorageFixture.run { fixture in
            let job = try await fixture.insertJob(id)
            let lease = try #require(try await fixture.lease(id))
            // The former holder's outcome is in flight: it holds the row, its lease has run out meanwhile.
            try await fixture.expireLeases()
            try await fixture.connection.run(
                "BEGIN; SELECT FROM resource_sync WHERE resource_id = '\(id)' FOR UPDATE; DELETE FROM job WHERE id = '\(job)'"
            )
            let request = LeaseRequest(resourceID: id, tenant: "default", type: .user)
            let jobs = fixture.database.jobs
            async let answer = jobs.confirm([request], worker: "next", length: .seconds(60))
            try await waitUntilBlocked(fixture)
            try await fixture.connection.run(
                "UPDATE resource_sync SET leased_until = NULL, call_started_at = NULL WHERE resource_id = '\(id)'; COMMIT"
            )
            guard case .nothingToDo = try await answer[0] else {
                Issue.record("a finished job was handed out again")
                return
            }
            #expect(lease.epoch == 1)
        }
    }

    @Test("A turn gets the first jobs of a long queue and knows that there are more")
    func limited() async throws {
        try await StorageFixture.run { fixture in
            for revision in 1...JobStore.turnLimit + 1 {
                try await fixture.insertJob(id, revision: Int64(revision), operation: revision == 1 ? .create : .modify)
            }
            let lease = try #require(try await fixture.lease(id))
            #expect(lease.jobs.map(\.revision) == (1...Int64(JobStore.turnLimit)).map { $0 })
            #expect(lease.hasMoreJobs)
        }
    }

    @Test("What a confirmation took is free again when its answer was lost")
    func lostConfirmation() async throws {
        try await StorageFixture.run { fixture in
            try await fixture.insertJob(id)
            // The commit is delayed beyond the time that the pipeline waits for an answer.
            try await fixture.connection.run(
                """
                CREATE FUNCTION stall() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(3.9); RETURN NULL; END $$;
                CREATE CONSTRAINT TRIGGER stall AFTER INSERT ON resource_sync DEFERRABLE INITIALLY DEFERRED
                    FOR EACH ROW EXECUTE FUNCTION stall()
                """)
            await #expect(throws: PostgresError.self) { try await fixture.lease(id) }
            try await fixture.connection.run("DROP TRIGGER stall ON resource_sync")
            let lease = try #require(try await fixture.lease(id))
            #expect(lease.jobs[0].crashes == 0)
        }
    }

    private func waitUntilBlocked(_ fixture: StorageFixture) async throws {
        let watcher = try await PostgresConnection.open(
            fixture.configuration, label: "watch", logger: StorageFixture.logger)
        let statement = PostgresStatement(
            unnamed:
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%resource_sync%'")
        let deadline = ContinuousClock.now.advanced(by: .seconds(10))
        while try await watcher.execute(statement, [])[0].int(0) == 0, ContinuousClock.now < deadline {
            await Task.yield()
        }
        await watcher.close()
    }
}
