// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Executors
import Postgres
import SCIM
import Storage
import Testing

@testable import Sync

@Suite(.serialized) struct OutcomeRecorderTests {
    @Test("The first connection is taken first, but one that has failed when no other is idle")
    func idleConnections() {
        var idle = IdleConnections(count: 3)
        #expect([idle.take(), idle.take(), idle.take(), idle.take()] == [0, 1, 2, nil])
        for connection in [2, 0, 1] { idle.put(connection, isSound: true) }
        #expect(idle.areAll)
        #expect(idle.take() == 0)
        #expect(!idle.areAll)
        idle.put(0, isSound: false)
        for _ in 0..<3 {
            #expect(idle.take() == 1)
            idle.put(1, isSound: true)
        }
        #expect([idle.take(), idle.take(), idle.take(), idle.take()] == [1, 2, 0, nil])
        idle.put(1, isSound: true)
        idle.put(0, isSound: true)
        #expect(idle.take() == 0)
    }

    @Test("One outcome a transaction: while one waits, others are stored")
    func besideEachOther() async throws {
        try await SyncFixture.run { fixture in
            let outcomes = try await Self.outcomes(4, fixture)
            let recorder = Self.recorder(fixture, batch: 1)
            let holder = try await PostgresConnection.open(
                fixture.configuration, label: "holder", logger: fixture.logger)
            try await holder.run("BEGIN")
            try await holder.run(
                "SELECT FROM resource_sync WHERE resource_id = '\(outcomes[0].lease.resourceID)' FOR UPDATE")
            let isAnswered = Locked(false)
            let first = Task {
                // PostgreSQL lets nobody wait for a row for longer than a second: as the worker does, again.
                while true {
                    defer { isAnswered.withLock { $0 = true } }
                    if let stored = try? await recorder.record(outcomes[0]) { return stored }
                }
            }
            try await fixture.until {
                try await fixture.number("SELECT count(*) FROM pg_locks WHERE NOT granted") > 0
            }
            for outcome in outcomes.dropFirst() { #expect(try await recorder.record(outcome)) }
            #expect(isAnswered.withLock { !$0 }, "the others have not waited for it")
            try await holder.run("COMMIT")
            await holder.close()
            #expect(await first.value)
            #expect(try await fixture.number("SELECT count(*) FROM job_history WHERE state = 'cancelled'") == 4)
        }
    }

    @Test("Small transactions use all connections, and all that is given is stored", arguments: [1, 3, 64])
    func all(batch: Int) async throws {
        try await SyncFixture.run { fixture in
            let outcomes = try await Self.outcomes(40, fixture)
            let recorder = Self.recorder(fixture, batch: batch)
            let stored = try await withThrowingTaskGroup(of: Bool.self) { tasks in
                for outcome in outcomes { tasks.addTask { try await recorder.record(outcome) } }
                return try await tasks.reduce(into: 0) { $0 += $1 ? 1 : 0 }
            }
            #expect(stored == 40)
            #expect(try await fixture.number("SELECT count(*) FROM job_history") == 40)
            let used = fixture.database.statistics.pipelines.filter {
                $0.name == "turns" || $0.name.hasPrefix("turns.") && $0.name != "turns.reader"
            }
            #expect(used.count == fixture.database.jobs.outcomeConnections)
            let busy = used.filter { $0.statistics.segments > 0 }
            #expect(batch == 64 || busy.count == used.count)
        }
    }

    private static func recorder(_ fixture: SyncFixture, batch: Int) -> OutcomeRecorder {
        OutcomeRecorder(
            jobs: fixture.database.jobs, batchLimit: batch, logger: fixture.logger, wake: { _ in }, told: {})
    }

    /// The ends of so many turns.
    private static func outcomes(_ count: Int, _ fixture: SyncFixture) async throws -> [JobOutcome] {
        try await fixture.insertCreates(count)
        let look = try await PostgresConnection.open(fixture.configuration, label: "look", logger: fixture.logger)
        let open = try await look.execute(PostgresStatement(unnamed: "SELECT resource_id::text FROM job"), [])
        await look.close()
        let ids = try open.compactMap { ResourceID(try $0.string(0)) }
        let confirmations = try await fixture.database.jobs.confirm(
            ids.map { LeaseRequest(resourceID: $0, tenant: "default", type: .user) }, worker: "test",
            length: .seconds(60))
        return confirmations.compactMap { confirmation in
            guard case .leased(let lease) = confirmation, let job = lease.jobs.first else { return nil }
            return JobOutcome(lease: lease.handle, result: .cancelled(job: job.id), endsTurn: true)
        }
    }
}
