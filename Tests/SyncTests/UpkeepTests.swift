// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Logging
import Postgres
import SCIM
import Storage
import Synchronization
import Testing

@testable import Sync

@Suite("Upkeep of indexes and statistics", .timeLimit(.minutes(2))) struct UpkeepTests {
    @Test("One process empties the list of names and analyses tables that grow; when it ends, the next one does")
    func duty() async throws {
        try await SyncFixture.run { fixture in
            try await fixture.keepAutovacuumAway()
            try await fixture.insertUsers(1500)
            try await fixture.insertNames(1500)
            for round in 1...2 {
                let duties = (0..<2).map { _ in
                    UpkeepDuty(
                        store: fixture.database.upkeep, leadership: fixture.database.leadership(.upkeep),
                        logger: fixture.logger)
                }
                let running = duties.map { duty in Task { try await duty.run() } }
                do {
                    try await fixture.until { try await fixture.analyses(of: "resource") == round }
                    try await fixture.until { try await fixture.analyses(of: "unique_claim") == round }
                } catch {
                    running.forEach { $0.cancel() }
                    throw error
                }
                for task in running {
                    task.cancel()
                    try await task.value
                }
                if round == 1 {
                    try await fixture.insertUsers(4000)
                    try await fixture.insertNames(4000, from: 1501)
                }
            }
            // The list is cleaned before anything is analysed: nothing is left of it.
            #expect(try await fixture.database.upkeep.cleanPendingList() == 0)
        }
    }

    @Test("A table that goes on growing rests between two looks")
    func rest() async throws {
        try await SyncFixture.run { fixture in
            try await fixture.keepAutovacuumAway()
            var upkeep = Upkeep(store: fixture.database.upkeep, logger: fixture.logger)
            let start = ContinuousClock.now
            try await fixture.insertUsers(1100)
            try await upkeep.turn(at: start)
            #expect(try await fixture.analyses(of: "resource") == 1)
            try await upkeep.turn(at: start + .seconds(3600))
            #expect(try await fixture.analyses(of: "resource") == 1)
            try await fixture.insertUsers(3000)
            try await upkeep.turn(at: start + .seconds(4))
            #expect(try await fixture.analyses(of: "resource") == 1)
            try await upkeep.turn(at: start + .seconds(3600))
            #expect(try await fixture.analyses(of: "resource") == 2)
        }
    }

    @Test("The list is cleaned before it is full, and not more often")
    func cleaningRest() {
        #expect(Upkeep.rest(after: 20, since: nil) == .seconds(1))
        #expect(Upkeep.rest(after: 0, since: .seconds(1)) == .seconds(1))
        #expect(Upkeep.rest(after: 128, since: .seconds(1)) == .seconds(2))
        // The same pace of writes, looked at after the longer rest.
        #expect(Upkeep.rest(after: 256, since: .seconds(2)) == .seconds(2))
        #expect(Upkeep.rest(after: 5, since: .seconds(1)) == .seconds(4))
        #expect(Upkeep.rest(after: 512, since: .seconds(1)) == .milliseconds(500))
        #expect(Upkeep.rest(after: 5000, since: .seconds(1)) == .milliseconds(500))
        #expect(Upkeep.rest(after: 5, since: .zero) == .milliseconds(500))
        // Writes have ended.
        #expect(Upkeep.rest(after: 0, since: .milliseconds(500)) == .seconds(1))
        // Somebody else has had the duty.
        #expect(Upkeep.rest(after: 256, since: .seconds(3600)) == .seconds(1))
    }

    @Test("Statistics take at most a twentieth of the time")
    func pause() {
        #expect(Upkeep.pause(after: .milliseconds(10)) == .seconds(5))
        #expect(Upkeep.pause(after: .seconds(60)) == .seconds(1200))
    }

    @Test("A role that does not own the tables leaves them alone, and says so once")
    func foreignTables() async throws {
        try await SyncFixture.run { fixture in
            try await fixture.keepAutovacuumAway()
            try await fixture.insertUsers(1500)
            var configuration = fixture.configuration
            configuration.sessionSettings.append(("role", "pg_read_all_data"))
            let database = Database(
                configuration: StorageConfiguration(postgres: configuration, sealer: nil, rules: DirectoryRules()),
                logger: fixture.logger)
            let log = Warnings()
            var upkeep = Upkeep(store: database.upkeep, logger: Logger(label: "test") { _ in log })
            for _ in 0..<3 { try await upkeep.turn() }
            #expect(log.all.count == 1)
            #expect(log.all.first?.hasPrefix("The tables belong to another role") == true)
            #expect(try await fixture.analyses(of: "resource") == 0)
            await database.close()
        }
    }
}

extension SyncFixture {
    fileprivate func keepAutovacuumAway() async throws {
        for table in ["resource", "unique_claim"] {
            try await run("ALTER TABLE \(table) SET (autovacuum_enabled = off)")
        }
    }

    fileprivate func insertUsers(_ count: Int) async throws {
        try await run(
            """
            INSERT INTO resource (tenant, type, id, revision, "order", created_at, modified_at, attributes)
            SELECT 'default', 'User', gen_random_uuid(), 1, nextval('write_order'), now(), now(), '{"displayName": "Roe"}'
            FROM generate_series(1, \(count)) n;
            SELECT pg_stat_force_next_flush()
            """)
    }

    fileprivate func insertNames(_ count: Int, from first: Int = 1) async throws {
        try await run(
            """
            INSERT INTO unique_claim (tenant, kind, value, resource_id)
            SELECT 'default', 'name', 'user-' || n, gen_random_uuid() FROM generate_series(\(first), \(first + count - 1)) n;
            SELECT pg_stat_force_next_flush()
            """)
    }

    fileprivate func analyses(of table: String) async throws -> Int {
        try await number("SELECT pg_stat_get_analyze_count('\(table)'::regclass)")
    }
}

/// Keeps the warnings of a log.
private final class Warnings: LogHandler {
    private let messages = Mutex<[String]>([])

    var all: [String] { messages.withLock { $0 } }

    var metadata: Logger.Metadata {
        get { [:] }
        set {}
    }
    var logLevel: Logger.Level {
        get { .warning }
        set {}
    }

    subscript(metadataKey _: String) -> Logger.Metadata.Value? {
        get { nil }
        set {}
    }

    func log(event: LogEvent) { messages.withLock { $0.append("\(event.message)") } }
}
