// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Postgres
import SCIM
import Synchronization
import TestSupport
import Testing

@testable import Storage

/// Each sink has its own position in the outbox.
@Suite struct EventStoreTests {
    /// Records an event as an outcome does.
    @discardableResult
    private func record(
        _ fixture: StorageFixture, _ resource: ResourceID = .random(), kind: String = "change",
        on connection: PostgresConnection? = nil, padding: Int = 0
    ) async throws -> EventID {
        let id = EventID.random()
        try await (connection ?? fixture.connection).run(
            """
            INSERT INTO event_outbox (id, "order", tenant, type, resource_id, revision, kind, operation, job_id, client,
                request_id, accepted_at, recorded_at, attempts, due_at, new_state)
            VALUES ('\(id)', nextval('write_order'), 'default', 'User', '\(resource)', 1, '\(kind)', 'create',
                gen_random_uuid(), 'test', 'request', now(), now(), 1, now(), jsonb_build_object('resource', jsonb_build_object(
                    'userName', 'jo', 'pad', (SELECT string_agg(md5(n::text), '') FROM generate_series(1, \(padding / 32)) n))))
            """)
        return id
    }

    private func unsent(_ fixture: StorageFixture, _ sink: SinkName, limit: Int = 100) async throws -> [EventID] {
        try await fixture.database.events.unsent(limit: limit, now: .now(), sink: sink).map(\.id)
    }

    @Test("An event is kept until every sink has taken it, and each takes it once")
    func severalSinks() async throws {
        try await StorageFixture.run { fixture in
            let events = fixture.database.events
            #expect(
                try await events.useSinks([.provisioning, .webhook, .redisStream]).added == ["redis-stream", "webhook"])
            let ids = [try await record(fixture), try await record(fixture)]
            try await events.sent(ids, to: .webhook)
            #expect(try await unsent(fixture, .webhook).isEmpty)
            #expect(try await unsent(fixture, .provisioning) == ids)
            try await events.sent([ids[1]], to: .provisioning)
            try await events.sent(ids, to: .redisStream)
            #expect(try await unsent(fixture, .provisioning) == [ids[0]])
            #expect(try await fixture.number("SELECT count(*) FROM event_outbox") == 1)
            try await events.sent([ids[0]], to: .provisioning)
            #expect(try await fixture.number("SELECT count(*) FROM event_outbox") == 0)
            #expect(try await fixture.number("SELECT count(*) FROM event_delivery") == 0)
        }
    }

    @Test("What fails at one sink holds back its resource there, and nothing at another")
    func failures() async throws {
        try await StorageFixture.run { fixture in
            let events = fixture.database.events
            _ = try await events.useSinks([.provisioning, .webhook])
            let resource = ResourceID.random()
            let first = try await record(fixture, resource)
            let second = try await record(fixture, resource)
            let other = try await record(fixture)
            try await events.failed([(first, .seconds(60), "no answer")], at: .webhook)
            #expect(try await unsent(fixture, .webhook) == [other])
            #expect(try await unsent(fixture, .provisioning) == [first, second, other])
            let later = Timestamp.now().advanced(by: .seconds(120))
            let due = try await events.unsent(limit: 10, now: later, sink: .webhook)
            #expect(due.map(\.id) == [first, second, other])
            #expect(due.map(\.sendAttempts) == [1, 0, 0])
            let statistics = try await events.statistics()
            #expect(statistics["webhook"]?.open == 3)
            #expect(statistics["webhook"]?.oldest != nil)
        }
    }

    @Test("The error of a write comes after its change")
    func kinds() async throws {
        try await StorageFixture.run { fixture in
            let resource = ResourceID.random()
            let error = try await record(fixture, resource, kind: "error")
            let change = try await record(fixture, resource)
            try await fixture.connection.run(
                "UPDATE event_delivery SET \"order\" = 1; UPDATE event_outbox SET \"order\" = 1")
            #expect(try await unsent(fixture, .provisioning) == [change, error])
        }
    }

    @Test("A new sink gets what the outbox holds, also what is being recorded without it at the moment")
    func newSink() async throws {
        try await StorageFixture.run { fixture in
            let events = fixture.database.events
            let old = try await record(fixture)
            let worker = try await PostgresConnection.open(
                fixture.configuration, label: "test.worker", logger: StorageFixture.logger)
            try await worker.run("BEGIN")
            let open = try await record(fixture, on: worker)
            let change = Task { try await events.useSinks([.provisioning, .webhook]) }
            try await wait(until: "the change of sinks waits") {
                try await fixture.number("SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'relation'")
                    > 0
            }
            try await worker.run("COMMIT")
            #expect(try await change.value == SinkChange(added: ["webhook"], backlog: 2))
            let new = try await record(fixture)
            #expect(try await unsent(fixture, .webhook) == [old, open, new])
            #expect(try await unsent(fixture, .provisioning) == [old, open, new])
            #expect(try await events.useSinks([.provisioning, .webhook]) == SinkChange())
            await worker.close()
        }
    }

    @Test("A new sink whose backlog was interrupted gets the rest at the next start")
    func interruptedBacklog() async throws {
        try await StorageFixture.run { fixture in
            let ids = [try await record(fixture), try await record(fixture)]
            try await fixture.connection.run("INSERT INTO event_sink (name, has_backlog) VALUES ('webhook', false)")
            let new = try await record(fixture)
            let change = try await fixture.database.events.useSinks([.provisioning, .webhook])
            #expect(change == SinkChange(added: ["webhook"], backlog: 2))
            #expect(try await unsent(fixture, .webhook) == ids + [new])
            #expect(try await fixture.database.events.useSinks([.provisioning, .webhook]) == SinkChange())
        }
    }

    @Test("A removed sink takes nothing from the others; what only it lacked is gone")
    func removedSink() async throws {
        try await StorageFixture.run { fixture in
            let events = fixture.database.events
            _ = try await events.useSinks([.provisioning, .webhook])
            let taken = try await record(fixture)
            let open = try await record(fixture)
            try await events.sent([taken], to: .provisioning)
            try await events.park(open, "never", at: .webhook)
            #expect(
                try await events.useSinks([.provisioning]) == SinkChange(removed: ["webhook"], abandoned: 2))
            try await events.removeSettled()
            #expect(try await unsent(fixture, .provisioning) == [open])
            #expect(try await fixture.number("SELECT count(*) FROM event_outbox") == 1)
            #expect(try await events.listParked().isEmpty)
            // One in place of the other: nothing is lost on the way.
            #expect(
                try await events.useSinks([.redisStream])
                    == SinkChange(added: ["redis-stream"], backlog: 1, removed: ["provisioning"], abandoned: 1))
            #expect(try await unsent(fixture, .redisStream) == [open])
        }
    }

    @Test("What two senders that did not know of each other leave is removed")
    func leftovers() async throws {
        try await StorageFixture.run { fixture in
            let kept = try await record(fixture)
            let settled = try await record(fixture)
            let gone = try await record(fixture)
            try await fixture.connection.run("DELETE FROM event_delivery WHERE event_id = '\(settled)'")
            try await fixture.connection.run("DELETE FROM event_outbox WHERE id = '\(gone)'")
            try await fixture.database.events.removeSettled()
            #expect(try await unsent(fixture, .provisioning) == [kept])
            #expect(try await fixture.number("SELECT count(*) FROM event_outbox") == 1)
            #expect(try await fixture.number("SELECT count(*) FROM event_delivery") == 1)
        }
    }

    @Test("A read takes no more than so many bytes, and at least one event")
    func bytes() async throws {
        try await StorageFixture.run { fixture in
            var ids: [EventID] = []
            for _ in 1...5 { ids.append(try await record(fixture, padding: 1024)) }
            func read(_ bytes: Int) async throws -> [EventID] {
                try await fixture.database.events.unsent(limit: 10, now: .now(), bytes: bytes).map(\.id)
            }
            #expect(try await read(2500) == Array(ids.prefix(3)))
            #expect(try await read(1) == [ids[0]])
            #expect(try await read(100_000) == ids)
        }
    }

    @Test("An outbox of the version before keeps its place, its failures and what was put aside; and back")
    func migration() async throws {
        try await StorageFixture.run { fixture in
            let migrator = Migrator(
                configuration: fixture.configuration, folder: StorageFixture.schemaFolder,
                logger: StorageFixture.logger)
            _ = try await migrator.migrateDown(to: 11)
            let ids = [try await record(fixture), try await record(fixture), try await record(fixture)]
            try await fixture.connection.run(
                """
                UPDATE event_outbox SET send_attempts = 2, last_error = 'HTTP 500', due_at = now() + interval '1 hour'
                WHERE id = '\(ids[1])';
                UPDATE event_outbox SET send_attempts = 1, last_error = 'HTTP 422', parked_at = now() WHERE id = '\(ids[2])'
                """)
            _ = try await migrator.migrate()
            #expect(try await unsent(fixture, .provisioning) == [ids[0]])
            #expect(try await fixture.database.events.listParked().map(\.id) == [ids[2]])
            let later = Timestamp.now().advanced(by: .seconds(7200))
            let due = try await fixture.database.events.unsent(limit: 10, now: later)
            #expect(due.map(\.sendAttempts) == [0, 2])

            _ = try await fixture.database.events.useSinks([.provisioning, .webhook])
            try await fixture.database.events.sent([ids[0]], to: .provisioning)
            _ = try await migrator.migrateDown(to: 11)
            #expect(
                try await fixture.rows(
                    "SELECT id::text || ' ' || send_attempts || ' ' || (parked_at IS NOT NULL) FROM event_outbox ORDER BY \"order\""
                ).map { try $0.string(0) } == ["\(ids[1]) 2 false", "\(ids[2]) 1 true"])
        }
    }

    @Test("Between the portions of a new sink's backlog, and of what an old one loses, there is a word to the caller")
    func portions() async throws {
        try await StorageFixture.run { fixture in
            let events = fixture.database.events
            _ = try await record(fixture)
            let count = Mutex(0)
            _ = try await events.useSinks([.provisioning, .webhook], between: { count.withLock { $0 += 1 } })
            let added = count.withLock { $0 }
            #expect(added > 0)
            _ = try await events.useSinks([.provisioning], between: { count.withLock { $0 += 1 } })
            #expect(count.withLock { $0 } > added)
        }
    }

    @Test("The word of the caller ends the change; the next one brings the new sink the backlog all the same")
    func endedBetween() async throws {
        try await StorageFixture.run { fixture in
            let events = fixture.database.events
            _ = try await record(fixture)
            struct Ended: Error {}
            await #expect(throws: Ended.self) {
                _ = try await events.useSinks([.provisioning, .webhook]) { throw Ended() }
            }
            #expect(try await events.useSinks([.provisioning, .webhook]).added == ["webhook"])
            #expect(try await fixture.number("SELECT count(*) FROM event_delivery WHERE sink = 'webhook'") == 1)
        }
    }

    @Test("The next try comes when PostgreSQL's clock says so, which has set it")
    func dueByServer() async throws {
        try await StorageFixture.run { fixture in
            let events = fixture.database.events
            let resource = ResourceID.random()
            let first = try await record(fixture, resource)
            let second = try await record(fixture, resource)
            try await events.failed([(first, .seconds(3600), "HTTP 503")], at: .provisioning)
            #expect(try await events.unsent(limit: 10).isEmpty)
            try await fixture.connection.run(
                "UPDATE event_delivery SET due_at = due_at - interval '1 hour' WHERE due_at IS NOT NULL")
            #expect(try await events.unsent(limit: 10).map(\.id) == [first, second])
        }
    }

    // MARK: Parked events

    @Test("Parked events are listed with their reason; later ones of the resource go on")
    func parked() async throws {
        try await StorageFixture.run { fixture in
            let events = fixture.database.events
            _ = try await events.useSinks([.provisioning, .webhook])
            let resource = ResourceID.random()
            let first = try await record(fixture, resource)
            let second = try await record(fixture, resource)
            try await events.park(first, "HTTP 422\0: no", at: .provisioning)
            let parked = try await events.listParked()
            #expect(parked.map(\.id) == [first])
            #expect(parked.first?.sink == "provisioning")
            #expect(parked.first?.reason == "HTTP 422: no")
            #expect(parked.first?.resourceID == resource && parked.first?.attempts == 1)
            #expect(try await events.listParked(ParkedSelection(sink: .webhook)).isEmpty)
            #expect(try await unsent(fixture, .provisioning) == [second])
            let statistics = try await events.statistics()
            #expect(statistics["provisioning"]?.parked == 1 && statistics["provisioning"]?.open == 1)
            #expect(statistics["webhook"]?.parked == 0 && statistics["webhook"]?.open == 2)
            let counts = try await fixture.database.jobs.statistics()
            #expect(counts.unsentEvents == 2 && counts.parkedEvents == 1)
        }
    }

    @Test("A parked event is sent again as if for the first time, or given up; the audit log tells who said so")
    func resendAndDiscard() async throws {
        try await StorageFixture.run { fixture in
            let events = fixture.database.events
            _ = try await events.useSinks([.provisioning, .webhook])
            let ids = [try await record(fixture), try await record(fixture), try await record(fixture)]
            for id in ids {
                for sink in [SinkName.provisioning, .webhook] { try await events.park(id, "no", at: sink) }
            }
            let resent = try await events.resendParked(
                ParkedSelection(sink: .webhook, ids: [ids[0], .random()]), actor: "cli:jo")
            #expect(resent.map(\.id) == [ids[0]])
            #expect(try await unsent(fixture, .webhook) == [ids[0]])
            #expect(try await unsent(fixture, .provisioning).isEmpty)

            let discarded = try await events.discardParked(ParkedSelection(ids: [ids[1]]), actor: "cli:jo")
            #expect(discarded.map(\.sink) == ["provisioning", "webhook"])
            #expect(try await fixture.number("SELECT count(*) FROM event_outbox") == 2)
            #expect(try await events.discardParked(ParkedSelection(sink: .provisioning), actor: "cli:jo").count == 2)
            // The webhook has not taken the first one, and its third one is still parked.
            #expect(try await fixture.number("SELECT count(*) FROM event_outbox") == 2)
            #expect(try await events.listParked().map(\.id) == [ids[2]])
            #expect(
                try await fixture.rows(
                    "SELECT action || ' ' || count(*) || ' ' || min(actor) FROM audit_log GROUP BY action ORDER BY action"
                ).map { try $0.string(0) } == ["event-discard 4 cli:jo", "event-resend 1 cli:jo"])
        }
    }
}
