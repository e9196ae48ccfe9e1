// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Logging
internal import Postgres

/// How long a migration waits for tables that others use.
package struct MigrationPatience: Sendable {
    /// Of one try: whoever wants the table meanwhile queues up behind the migration.
    package var lockTimeout = Duration.milliseconds(300)
    /// Of a try where a vacuum is in the way: PostgreSQL ends that one for whoever has waited for `deadlock_timeout`, which is a second.
    package var vacuumLockTimeout = Duration.milliseconds(1500)
    /// Between two tries, in which the others go on.
    package var pause = Duration.seconds(2)
    /// After this there is no other try. Six runs of it fit in the half hour that the chart gives to a migration.
    package var total = Duration.seconds(240)

    package init() {}
}

/// Locks of tables, taken without a queue behind them.
extension Migrator {
    /// Runs `body` in a transaction of its own that never waits for long for a lock, as often as needed. What takes long once it has its locks
    /// takes its time.
    ///
    /// - Parameters:
    ///   - name: Of the migration.
    ///   - sql: What it is about to do; the tables that it names are the first to be looked at when it cannot.
    /// - Throws: ``MigrationError/inUse(name:by:seconds:)`` when the patience is over; nothing of `body` is left then.
    func patiently<Value>(
        _ name: String, _ sql: String, on connection: PostgresConnection,
        _ body: () async throws(PostgresError) -> Value
    ) async throws -> Value {
        let began = ContinuousClock.now
        var nextWord = began
        var limit = patience.lockTimeout
        while true {
            do throws(PostgresError) {
                try await connection.run("BEGIN; SET LOCAL lock_timeout = '\(limit.microseconds / 1000)ms'")
                let value = try await body()
                try await connection.run("COMMIT")
                return value
            } catch {
                guard error.isLockNotAvailable || error.sqlState == Self.deadlock else { throw error }
                try await connection.run("ROLLBACK")
            }
            let holders = try await holders(sql, on: connection)
            let by = holders.isEmpty ? "a transaction that has ended" : holders.map(\.text).joined(separator: "; ")
            let now = ContinuousClock.now
            let seconds = Int(began.duration(to: now).components.seconds)
            guard began.duration(to: now) < patience.total else {
                throw MigrationError.inUse(name: name, by: by, seconds: seconds)
            }
            if now >= nextWord {
                nextWord = now.advanced(by: Self.wordInterval)
                logger.warning(
                    "A migration waits for what others use; it is tried again",
                    metadata: ["migration": "\(name)", "usedBy": "\(by)", "waited": "\(seconds) s"])
            }
            limit = holders.first?.mayBeVacuum == true ? patience.vacuumLockTimeout : patience.lockTimeout
            try await Task.sleep(for: patience.pause)
        }
    }

    private static let deadlock = "40P01"
    private static let wordInterval = Duration.seconds(10)

    /// Somebody who has used a table since before the try.
    private struct Holder {
        let text: String
        let mayBeVacuum: Bool
    }

    private func holders(_ sql: String, on connection: PostgresConnection) async throws -> [Holder] {
        let result = try await connection.execute(
            PostgresStatement(unnamed: Self.holding), [.text(sql), .int(patience.lockTimeout.microseconds)])
        return try result.map { row in
            let (table, mode) = (try row.string(0), try row.string(1))
            var parts = [try row.optionalString(2), try row.optionalInt(3).map { "pid \($0)" }].compactMap { $0 }
            parts.append(mode)
            if let seconds = try row.optionalInt(4) { parts.append("for \(seconds) s") }
            // A user of the bridge's rights does not see of every session what it is.
            return Holder(
                text: "\(table), used by \(parts.joined(separator: ", "))",
                mayBeVacuum: mode == "ShareUpdateExclusiveLock")
        }
    }

    private static let holding = """
        SELECT c.relname::text, l.mode,
            nullif(concat_ws(' ', nullif(a.application_name, ''), 'of ' || a.usename), ''), l.pid::int8,
            extract(epoch FROM clock_timestamp() - a.xact_start)::int8
        FROM pg_locks l
        JOIN pg_class c ON c.oid = l.relation AND c.relkind IN ('r', 'p')
        JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = current_schema()
        LEFT JOIN pg_stat_activity a ON a.pid = l.pid
        WHERE l.locktype = 'relation' AND l.granted AND l.pid IS DISTINCT FROM pg_backend_pid()
            AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
            AND (a.xact_start IS NULL OR a.xact_start < clock_timestamp() - $2::int8 * interval '1 microsecond')
        ORDER BY $1::text ~ ('\\m' || c.relname || '\\M') DESC, a.xact_start NULLS LAST, c.relname
        LIMIT 3
        """
}
