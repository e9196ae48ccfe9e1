// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import Postgres

@Suite("Statements of which there are many", .timeLimit(.minutes(2))) struct PreparedStatementTests {
    private static let largest = PreparedStatements.largestCount
    private static let names = "SELECT name, statement, generic_plans FROM pg_prepared_statements ORDER BY name"

    /// A different statement for each number.
    private func statement(_ number: Int) -> PostgresStatement {
        PostgresStatement(oneOfMany: "many", "SELECT $1::int8 + \(number)")
    }

    /// What the server keeps, without the question itself.
    private func kept(_ connection: PostgresConnection) async throws -> [String] {
        try await connection.execute(PostgresStatement(unnamed: Self.names)).map { try $0.string(1) }
    }

    @Test("Those that were used last stay, on both sides; statements with a name of their own always do")
    func bounded() async throws {
        try await withConnection(PostgresForTests.configuration()) { connection async throws in
            let own = PostgresStatement("own", "SELECT 7::int8")
            _ = try await connection.execute(own)
            for number in 0..<(3 * Self.largest) {
                // The first one is used again and again.
                for number in [0, number] {
                    #expect(try await connection.execute(statement(number), [.int(1)])[0].int(0) == Int64(number + 1))
                }
                #expect(try await kept(connection).count <= Self.largest + 1)
            }
            let kept = try await kept(connection)
            let latest = [0] + (2 * Self.largest + 1..<3 * Self.largest)
            #expect(Set(kept) == Set(latest.map { statement($0).sql } + [own.sql]))
            // One that was given up is prepared again.
            #expect(try await connection.execute(statement(5), [.int(1)])[0].int(0) == 6)
        }
    }

    @Test("One that comes again is planned once, where the session asks for that")
    func plannedOnce() async throws {
        var configuration = try await PostgresForTests.configuration()
        configuration.sessionSettings = [("plan_cache_mode", "force_generic_plan")]
        try await withConnection(configuration) { connection async throws in
            for value in 1...Int64(10) { _ = try await connection.execute(statement(1), [.int(value)]) }
            let rows = try await connection.execute(PostgresStatement(unnamed: Self.names))
            #expect(rows.rowCount == 1)
            #expect(try rows[0].int(2) == 10)
        }
    }

    @Test("They are prepared again on a new connection, and in a transaction")
    func reconnected() async throws {
        let configuration = try await PostgresForTests.configuration()
        try await withPool(configuration, size: 1) { pool async throws in
            try await withConnection(configuration) { other async throws in
                for _ in 0..<5 {
                    let pid = try await pool.withConnection { connection async throws in
                        for number in 0...Self.largest {
                            let result = try await connection.execute(statement(number), [.int(1)])
                            #expect(try result[0].int(0) == Int64(number + 1))
                        }
                        return try await connection.execute(backendPID)[0].int(0)
                    }
                    _ = try await other.ints("SELECT 1 FROM pg_terminate_backend(\(pid))")
                }
            }
            try await pool.withTransaction { connection async throws in
                for number in 0..<(2 * Self.largest) {
                    _ = try await connection.execute(statement(number), [.int(1)])
                }
                #expect(try await kept(connection).count == Self.largest)
            }
        }
    }

    @Test("A pipeline keeps none, and nothing keeps a very long one")
    func notKept() async throws {
        let configuration = try await PostgresForTests.configuration()
        try await withPipeline(configuration, .reads) { pipeline async throws in
            for number in 0..<10 {
                #expect(try await pipeline.execute(statement(number), [.int(1)])[0].int(0) == Int64(number + 1))
            }
            let kept = try await pipeline.execute(PostgresStatement(unnamed: Self.names))
            #expect(kept.rowCount == 0)
        }
        try await withConnection(configuration) { connection async throws in
            let long = PostgresStatement(
                oneOfMany: "many", "SELECT $1::text || '\(String(repeating: "x", count: 20_000))'")
            #expect(try await connection.execute(long, [.text("")])[0].string(0).utf8.count == 20_000)
            #expect(try await kept(connection).isEmpty)
        }
    }
}
