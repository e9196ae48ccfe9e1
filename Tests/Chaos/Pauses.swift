// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Postgres
internal import Synchronization
internal import TestSupport

/// Pauses and resumes scopes as an operator does, and looks whether a pause was kept.
final class Pauses: Sendable {
    private struct Pause {
        let scope: String
        /// By PostgreSQL's clock, in microseconds since 1970, when the command had ended.
        let since: Int64
        let began: ContinuousClock.Instant
        let end: ContinuousClock.Instant
        /// On the timeline.
        let entry: Int
        /// Redis has heard of it.
        let isInRedis: Bool
    }

    private let round: Round
    private let current = Mutex<Pause?>(nil)
    private let results = Mutex<(checked: Int, problems: [String])>((0, []))

    private static let scopes: [(weight: Int, String)] = [
        (3, "all"), (1, "lane:interactive"), (1, "lane:bulk"), (1, "tenant:default"), (1, "tenant:second"),
        (1, "operation:create"), (1, "operation:modify"), (1, "operation:delete"),
    ]
    /// What Redis gave out before it heard of the pause may be confirmed after it.
    private static let grace = Duration.seconds(1)

    init(_ round: Round) { self.round = round }

    /// Pauses of which it was looked whether they were kept.
    var checked: Int { results.withLock { $0.checked } }
    var problems: [String] { results.withLock { $0.problems } }

    /// - Returns: The scope; nil while another one is paused.
    func begin(using random: inout Seed) async throws -> String? {
        let scope = random.pick(Self.scopes)
        let length = random.milliseconds(1500...5000)
        guard current.withLock({ $0 == nil }) else { return nil }
        let entry = round.timeline.begin(.pause)
        let began = ContinuousClock.now
        var isInRedis = false
        var since = Int64.max
        if let output = await command(["pause", scope, "--reason", "chaos"]), let now = try? await databaseTime() {
            isInRedis = !output.contains("does not know")
            since = now
        }
        current.withLock {
            $0 = Pause(
                scope: scope, since: since, began: began, end: .now + length, entry: entry, isInRedis: isInRedis)
        }
        return scope
    }

    func endOverdue() async {
        guard let pause = current.withLock({ $0 }), pause.end <= .now else { return }
        await check(pause)
        if await command(["resume", pause.scope]) != nil { forget(pause) }
    }

    /// Whatever is paused goes on; PostgreSQL says when all is.
    func endAll() async throws {
        let end = ContinuousClock.now + .seconds(60)
        while try await paused() > 0 {
            guard ContinuousClock.now < end else { throw ChaosFailure("pauses do not end") }
            _ = await command(["resume", "--everything"])
        }
        if let pause = current.withLock({ $0 }) { forget(pause) }
    }

    private func forget(_ pause: Pause) {
        round.timeline.end(pause.entry)
        current.withLock { $0 = nil }
    }

    // MARK: Was it kept?

    /// No lease of the scope was taken since; of an operation, no write of it that was begun since has ended. A lane is not told by what
    /// PostgreSQL keeps: a resource that is queued in one lane may have writes of another.
    private func check(_ pause: Pause) async {
        guard pause.since < .max, !pause.scope.hasPrefix("lane:") else { return }
        let start = pause.since + Self.grace.microseconds
        let condition: String
        if pause.scope.hasPrefix("operation:") {
            let operation = pause.scope.dropFirst(10)
            condition =
                "job_history WHERE operation = '\(operation)' AND first_attempt_at > \(Self.time(start)) AND state <> 'cancelled'"
        } else {
            // Whoever was stopped in the middle of leasing goes on where it was.
            let kinds = round.timeline.kinds(from: pause.began - .seconds(4), to: pause.began + .seconds(2))
            guard pause.isInRedis, kinds.isDisjoint(with: [.redis, .postgresql, .stall, .standstill]) else { return }
            let tenant = pause.scope.hasPrefix("tenant:") ? " AND tenant = '\(pause.scope.dropFirst(7))'" : ""
            condition = "resource_sync WHERE last_attempt_at > \(Self.time(start))\(tenant)"
        }
        guard let count = try? await number("SELECT count(*) FROM \(condition)") else { return }
        results.withLock { results in
            results.checked += 1
            if count > 0 { results.problems.append("\(pause.scope) was paused, and \(count) were worked on") }
        }
    }

    private static func time(_ microseconds: Int64) -> String {
        "'epoch'::timestamptz + \(microseconds) * interval '1 microsecond'"
    }

    private func databaseTime() async throws -> Int64 {
        try await number("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::int8")
    }

    private func paused() async throws -> Int64 { try await number("SELECT count(*) FROM queue_pause") }

    private func number(_ sql: String) async throws -> Int64 {
        try await round.withDatabase { connection in
            try await connection.execute(PostgresStatement(unnamed: sql), []).first?.int(0) ?? 0
        }
    }

    // MARK: The command

    /// - Returns: What it said; nil when it failed: then nobody knows whether it had its effect.
    private func command(_ words: [String]) async -> String? {
        let environment = [
            "DATABASE_URL": round.servers.databaseURL(round.database, port: Int(round.servers.postgres.port)),
            "REDIS_URL": "redis://127.0.0.1:\(round.servers.redisPort)", "QUEUE_NAME": round.queueName,
            "REDIS_TIMEOUT": "1s", "SWIFT_BACKTRACE": "enable=no",
        ]
        let all = ["/usr/bin/timeout", "10", round.servers.bridge, "queue"] + words + ["--actor", "chaos"]
        return try? await Child.run(all, environment: environment)
    }
}

extension Duration {
    var microseconds: Int64 { components.seconds * 1_000_000 + components.attoseconds / 1_000_000_000_000 }
}
