// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Postgres
internal import SCIM

/// One write in a transaction of its own, which may wait for locks: groups with members, and what a batch had to leave out.
struct ExclusiveWriter: Sendable {
    static let lockTimeout: Duration = .seconds(5)
    private static let tries = 3

    let pool: PostgresPool
    /// nil: events come with the outcomes of the jobs.
    let announcement: Announcement?

    func write(_ operation: WriteOperation) async throws -> WriteOutcome {
        do {
            return try await transaction { connection in
                let outcome = try await Self.write(operation, on: connection)
                try await announce([operation.jobID], on: connection)
                return outcome
            }
        } catch let error as PostgresError where error.isUniqueViolation {
            return .collision
        }
    }

    /// Runs `body`; again when it and another transaction waited for each other.
    func transaction<Value: Sendable>(
        _ body: @escaping @Sendable (PostgresConnection) async throws -> Value
    ) async throws -> Value {
        var tries = 1
        while true {
            do {
                return try await pool.withTransaction { connection in
                    _ = try await connection.execute(Self.settings)
                    return try await body(connection)
                }
            } catch let error as PostgresError where error.isLockTrouble && tries < Self.tries {
                tries += 1
            }
        }
    }

    /// Last in the transaction of a write: the event tells the members of its group.
    func announce(_ jobs: [JobID], on connection: PostgresConnection) async throws {
        guard let command = announcement?.command(jobs) else { return }
        _ = try await connection.execute(command.statement, command.parameters)
    }

    static func write(_ operation: WriteOperation, on connection: PostgresConnection) async throws -> WriteOutcome {
        let batch = WriteBatch([operation], locking: .waits, generation: 0)
        var results: [PostgresResult] = []
        for command in batch.commands {
            results.append(try await connection.execute(command.statement, command.parameters))
        }
        return try batch.outcomes(results)[0]
    }

    // One member or a hundred thousand, a new database or a full one: each transaction is planned for what it is. Compiling its statements would take
    // longer than executing them.
    private static let settings = PostgresStatement(
        "exclusive_settings",
        """
        SELECT set_config('lock_timeout', '\(lockTimeout.microseconds / 1000)ms', true),
            set_config('plan_cache_mode', 'force_custom_plan', true), set_config('jit', 'off', true)
        """)
}
