// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Logging
import Postgres
import TestSupport

/// Lends a pipeline and closes it afterwards.
func withPipeline<Value>(
    _ configuration: PostgresConfiguration, _ mode: PostgresPipeline.Mode,
    _ body: (PostgresPipeline) async throws -> Value
) async throws -> Value {
    let pipeline = PostgresPipeline(
        configuration: configuration, label: "test.pipeline", mode: mode, logger: PostgresForTests.logger)
    do {
        let value = try await body(pipeline)
        await pipeline.close()
        return value
    } catch {
        await pipeline.close()
        throw error
    }
}

func withPool<Value>(
    _ configuration: PostgresConfiguration, size: Int = 4, waitTimeout: Duration = .seconds(20),
    _ body: (PostgresPool) async throws -> Value
) async throws -> Value {
    let pool = PostgresPool(
        configuration: configuration, size: size, label: "test.pool", waitTimeout: waitTimeout,
        logger: PostgresForTests.logger)
    do {
        let value = try await body(pool)
        await pool.close()
        return value
    } catch {
        await pool.close()
        throw error
    }
}

/// Lends a connection of its own, in a new schema unless a configuration is given.
func withConnection<Value>(
    _ configuration: PostgresConfiguration? = nil, _ body: (PostgresConnection) async throws -> Value
) async throws -> Value {
    guard let configuration else {
        return try await withSchema { try await withConnection($0, body) }
    }
    let connection = try await PostgresConnection.open(
        configuration, label: "test.connection", logger: PostgresForTests.logger)
    do {
        let value = try await body(connection)
        await connection.close()
        return value
    } catch {
        await connection.close()
        throw error
    }
}

extension PostgresConnection {
    /// The numbers in the first column.
    func ints(_ sql: String) async throws -> [Int64] {
        try await execute(PostgresStatement(unnamed: sql)).map { try $0.int(0) }
    }

    func waitUntilBlocked(_ pid: Int64) async throws {
        let statement = PostgresStatement(
            unnamed: "SELECT count(*) FROM pg_stat_activity WHERE pid = $1::int8 AND wait_event_type = 'Lock'")
        try await wait(until: "backend \(pid) waits for a lock") {
            try await self.execute(statement, [.int(pid)])[0].int(0) == 1
        }
    }
}

let backendPID = PostgresStatement("backend_pid", "SELECT pg_backend_pid()")

/// The error that `body` throws; records an issue when it throws none, or another type.
func postgresError<Value>(_ body: () async throws -> Value) async -> PostgresError {
    do {
        _ = try await body()
        return PostgresError(kind: .decoding, message: "nothing was thrown")
    } catch let error as PostgresError {
        return error
    } catch {
        return PostgresError(kind: .decoding, message: "thrown: \(error)")
    }
}

/// A value that tasks share. `@unchecked Sendable`: the lock guards it.
final class Shared<Value: Sendable>: @unchecked Sendable {
    private let lock = NSLock()
    private var current: Value

    init(_ value: Value) { current = value }

    var value: Value { lock.withLock { current } }

    func update<Result: Sendable>(_ body: (inout Value) -> Result) -> Result { lock.withLock { body(&current) } }
}

/// The error of opening a connection, nil when it opens.
func openingError(_ configuration: PostgresConfiguration) async -> PostgresError? {
    do throws(PostgresError) {
        let connection = try await PostgresConnection.open(
            configuration, label: "test.opening", logger: PostgresForTests.logger)
        await connection.close()
        return nil
    } catch {
        return error
    }
}
