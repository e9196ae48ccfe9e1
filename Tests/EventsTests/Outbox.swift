// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Events
import Foundation
import Logging
import Postgres
import Redis
import SCIM
import ServiceLifecycle
import Storage
import Synchronization
import TestSupport

/// The outbox in a real PostgreSQL, as workers fill it and the sender empties it.
struct Outbox: Sendable {
    /// An event that a sink has not taken.
    struct Left: Equatable {
        let id: EventID
        let sink: String
        let sendAttempts: Int64
        let isParked: Bool
        let lastError: String?
    }

    let connection: PostgresConnection
    let database: Database

    /// - Parameter due: Of events that failed once already, at every sink.
    func put(_ events: [OutboxEvent], due: Timestamp? = nil) async throws {
        for event in events {
            func micros(_ time: Timestamp?) -> PostgresParameter {
                time.map { .timestamp($0.microsecondsSinceEpoch) } ?? .null
            }
            func json(_ text: [UInt8]?) -> PostgresParameter { text.map { .json($0) } ?? .null }
            func uuid(_ id: LowercaseUUID) -> PostgresParameter { .uuid(high: id.high, low: id.low) }
            _ = try await connection.execute(
                Self.insert,
                [
                    uuid(event.id), .int(event.order), .text(event.type.rawValue), uuid(event.resourceID),
                    .int(event.revision), .text(event.kind.rawValue), .text(event.operation.rawValue),
                    uuid(event.jobID), .text(event.client), .text(event.requestID), micros(event.acceptedAt),
                    micros(event.recordedAt), micros(event.firstAttemptAt), .int(Int64(event.attempts)),
                    json(event.oldState), json(event.newState), json(event.oldMembers), json(event.newMembers),
                    json(event.membersDelta), event.udmDN.map { .text($0) } ?? .null, json(event.error),
                ])
            if let due { _ = try await connection.execute(Self.delay, [uuid(event.id), micros(due)]) }
        }
    }

    func left() async throws -> [Left] {
        try await connection.execute(
            PostgresStatement(
                "left",
                """
                SELECT event_id, attempts::int8, parked_at IS NOT NULL, last_error, sink
                FROM event_delivery ORDER BY sink, "order", event_id
                """)
        ).map { row in
            let id = try row.uuid(0)
            return Left(
                id: EventID(high: id.high, low: id.low), sink: try row.string(4), sendAttempts: try row.int(1),
                isParked: try row.bool(2), lastError: try row.optionalString(3))
        }
    }

    /// Events there are, taken or not.
    func count() async throws -> Int {
        Int(
            try await connection.execute(PostgresStatement(unnamed: "SELECT count(*) FROM event_outbox"))[0].int(0))
    }

    /// Looks until `isWanted` holds, for 20 s at most; returns what there is then.
    func left(until isWanted: ([Left]) -> Bool) async throws -> [Left] {
        let deadline = ContinuousClock.now + .seconds(20)
        while true {
            let left = try await left()
            if isWanted(left) || ContinuousClock.now > deadline { return left }
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    /// How often the sender of this process has looked for events.
    var looks: Int {
        database.statistics.pipelines.first { $0.name == "events.reader" }?.statistics.segments ?? 0
    }

    /// Waits until it has looked so often, for 20 s at most.
    func waitForLooks(_ count: Int) async throws {
        let deadline = ContinuousClock.now + .seconds(20)
        while looks < count, ContinuousClock.now < deadline { try await Task.sleep(for: .milliseconds(5)) }
    }

    /// When the process that sends was last heard of, as text.
    func leaderAsked() async throws -> String? {
        try await connection.execute(
            PostgresStatement(
                unnamed: """
                    SELECT max(a.query_start)::text FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
                    WHERE l.locktype = 'advisory' AND l.granted AND (l.classid::int8 << 32) + l.objid::int8 = \(0x5343_494D_0002)
                    """)
        )[0].optionalString(0)
    }

    /// Looks until the outbox knows exactly these sinks, for 20 s at most.
    func sinks(until wanted: [String]) async throws -> [String] {
        let deadline = ContinuousClock.now + .seconds(20)
        while true {
            let sinks = try await connection.execute(
                PostgresStatement("sinks", "SELECT name FROM event_sink ORDER BY name")
            ).map { try $0.string(0) }
            if sinks == wanted || ContinuousClock.now > deadline { return sinks }
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    /// Runs `body` while a sender works on this outbox, then stops it gracefully.
    func sending<Value>(
        _ configuration: EventSenderConfiguration, redis: RedisClient? = nil, signal: EventSignal = EventSignal(),
        news: (@Sendable (Duration) async throws -> Bool)? = nil, log: LogCollector = .init(),
        _ body: (ServiceGroup) async throws -> Value
    ) async throws -> Value {
        let sender = EventSender(
            configuration: configuration, events: database.events, leadership: database.leadership(.events),
            redis: redis, signal: signal, news: news, logger: log.logger)
        let group = ServiceGroup(configuration: .init(services: [sender], logger: log.logger))
        let run = Task { try await group.run() }
        let result: Value
        do {
            result = try await body(group)
        } catch {
            await group.triggerGracefulShutdown()
            try await run.value
            throw error
        }
        await group.triggerGracefulShutdown()
        try await run.value
        return result
    }

    private static let insert = PostgresStatement(
        "put",
        """
        INSERT INTO event_outbox (
            id, "order", tenant, type, resource_id, revision, kind, operation, job_id, client, request_id, accepted_at,
            recorded_at, first_attempt_at, attempts, old_state, new_state, old_members, new_members, members_delta,
            udm_dn, error)
        VALUES (
            $1::uuid, $2::int8, 'default', $3::text, $4::uuid, $5::int8, $6::text, $7::text, $8::uuid, $9::text,
            $10::text, $11::timestamptz, $12::timestamptz, $13::timestamptz, $14::int8, $15::jsonb, $16::jsonb,
            $17::jsonb, $18::jsonb, $19::jsonb, $20::text, $21::jsonb)
        """)

    private static let delay = PostgresStatement(
        "delay", "UPDATE event_delivery SET attempts = 1, due_at = $2::timestamptz WHERE event_id = $1::uuid")
}

/// Lends an empty outbox in a schema of its own.
func withOutbox<Value>(_ body: (Outbox) async throws -> Value) async throws -> Value {
    try await withSchema { configuration in
        let connection = try await PostgresConnection.open(
            configuration, label: "test.outbox", logger: PostgresForTests.logger)
        let database = Database(
            configuration: StorageConfiguration(postgres: configuration, sealer: nil, rules: DirectoryRules()),
            logger: PostgresForTests.logger)
        do {
            _ = try await Migrator(
                configuration: configuration, folder: migrations, logger: PostgresForTests.logger
            ).migrate()
            let value = try await body(Outbox(connection: connection, database: database))
            await database.close()
            await connection.close()
            return value
        } catch {
            await database.close()
            await connection.close()
            throw error
        }
    }
}

/// The folder of the program's own migrations.
private var migrations: String {
    URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "schema").path
}

/// Keeps what is logged.
final class LogCollector: Sendable {
    private let kept = Mutex<[(level: Logger.Level, text: String)]>([])

    var logger: Logger {
        Logger(label: "test") { _ in Handler(collector: self) }
    }

    func lines(_ level: Logger.Level) -> [String] { kept.withLock { $0.filter { $0.level == level }.map(\.text) } }

    var all: String { kept.withLock { $0.map(\.text) }.joined(separator: "\n") }

    private struct Handler: LogHandler {
        let collector: LogCollector
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let text = "\(event.message) \(event.metadata ?? [:])"
            collector.kept.withLock { $0.append((event.level, text)) }
        }
    }
}
