// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Postgres
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(2))) struct CopyTests {
    private struct OnPurpose: Error {}

    private func withTable<Value>(_ body: (PostgresConnection) async throws -> Value) async throws -> Value {
        try await withConnection { connection async throws in
            try await connection.run("CREATE TABLE t (id int8 PRIMARY KEY, name text)")
            return try await body(connection)
        }
    }

    private func isUsable(_ connection: PostgresConnection) async throws -> Bool {
        try await connection.ints("SELECT 1::int8") == [1]
    }

    @Test("Rows go in and come out, whatever the chunks", arguments: [(1, 200), (7, 1_000), (1 << 16, 20_000)])
    func roundTrip(chunkSize: Int, count: Int) async throws {
        let text = Array((0..<count).map { "\($0)\tname \($0) ü\n" }.joined().utf8)
        let chunks = stride(from: 0, to: text.count, by: chunkSize).map {
            Array(text[$0..<min($0 + chunkSize, text.count)])
        }
        try await withTable { connection async throws in
            #expect(try await connection.copyIn("COPY t FROM STDIN", chunks) == count)
            var received: [UInt8] = []
            var pieces = 0
            let rows = try await connection.copyOut("COPY (SELECT * FROM t ORDER BY id) TO STDOUT") { chunk in
                received += chunk
                pieces += 1
                #expect(chunk.last == UInt8(ascii: "\n"))
            }
            #expect(rows == count)
            #expect(received == text)
            #expect(pieces <= count)
            #expect(try await isUsable(connection))
        }
    }

    @Test("An asynchronous source is read at the speed of the server")
    func asynchronousSource() async throws {
        try await withTable { connection async throws in
            let (stream, continuation) = AsyncStream<[UInt8]>.makeStream()
            let producer = Task {
                for number in 0..<1_000 {
                    continuation.yield(Array("\(number)\t\\N\n".utf8))
                    if number % 100 == 0 { await Task.yield() }
                }
                continuation.finish()
            }
            #expect(try await connection.copyIn("COPY t FROM STDIN", stream) == 1_000)
            await producer.value
            #expect(try await connection.ints("SELECT count(*) FROM t WHERE name IS NULL") == [1_000])
        }
    }

    @Test("Nothing at all is no row")
    func empty() async throws {
        try await withTable { connection async throws in
            #expect(try await connection.copyIn("COPY t FROM STDIN", [[UInt8]]()) == 0)
            #expect(try await connection.copyOut("COPY t TO STDOUT") { _ in Issue.record("there is no row") } == 0)
        }
    }

    @Test("A row that does not fit fails the whole COPY, and the connection goes on")
    func badRow() async throws {
        try await withTable { connection async throws in
            let error = await postgresError {
                try await connection.copyIn("COPY t FROM STDIN", [Array("1\ta\nx\tb\n".utf8)])
            }
            #expect(error.sqlState == "22P02" && !error.mayHaveCommitted)
            #expect(try await connection.ints("SELECT count(*) FROM t") == [0])
        }
    }

    @Test("A sender that throws leaves nothing behind")
    func throwingSender() async throws {
        try await withTable { connection async throws in
            let stream = AsyncThrowingStream<[UInt8], any Error> { continuation in
                continuation.yield(Array("1\ta\n".utf8))
                continuation.finish(throwing: OnPurpose())
            }
            await #expect(throws: OnPurpose.self) { try await connection.copyIn("COPY t FROM STDIN", stream) }
            #expect(try await connection.ints("SELECT count(*) FROM t") == [0])
        }
    }

    @Test("A COPY is cancelled while it waits for the server", .timeLimit(.minutes(1)))
    func cancelledWait() async throws {
        try await withTable { connection async throws in
            let pid = try await connection.execute(backendPID)[0].int(0)
            let task = Task {
                await postgresError {
                    try await connection.copyOut("COPY (SELECT 1, pg_sleep(3600)) TO STDOUT") { _ in }
                }
            }
            try await withConnection(PostgresForTests.configuration()) { other async throws in
                let active = PostgresStatement(
                    unnamed: "SELECT 1 FROM pg_stat_activity WHERE pid = $1::int8 AND wait_event = 'PgSleep'")
                try await wait(until: "the statement runs") { try await !other.execute(active, [.int(pid)]).isEmpty }
            }
            task.cancel()
            #expect(await task.value.kind == .cancelled)
            #expect(try await isUsable(connection))
        }
    }

    @Test("A receiver that throws, or is cancelled, ends a COPY that would take long", arguments: [true, false])
    func leavingReceiver(byThrowing: Bool) async throws {
        try await withTable { connection async throws in
            let endless = """
                COPY (SELECT repeat('x', 1000) FROM generate_series(1, 9999) a, generate_series(1, 9999) b) TO STDOUT
                """
            if byThrowing {
                await #expect(throws: OnPurpose.self) {
                    try await connection.copyOut(endless) { _ in throw OnPurpose() }
                }
            } else {
                let task = Task {
                    await postgresError {
                        try await connection.copyOut(endless) { _ in withUnsafeCurrentTask { $0?.cancel() } }
                    }
                }
                #expect(await task.value.kind == .cancelled)
            }
            #expect(try await isUsable(connection))
        }
    }

    @Test("COPY takes part in a transaction")
    func transaction() async throws {
        try await withTable { connection async throws in
            try await connection.run("BEGIN")
            #expect(try await connection.copyIn("COPY t FROM STDIN", [Array("1\ta\n".utf8)]) == 1)
            try await connection.run("ROLLBACK")
            #expect(try await connection.ints("SELECT count(*) FROM t") == [0])
        }
    }

    @Test("A statement that fails, or is no COPY, is refused")
    func misuse() async throws {
        try await withTable { connection async throws in
            let missing = await postgresError { try await connection.copyIn("COPY nowhere FROM STDIN", [[UInt8]]()) }
            #expect(missing.sqlState == "42P01")
            #expect(try await isUsable(connection))
            let select = await postgresError { try await connection.copyOut("SELECT 1") { _ in } }
            #expect(select.kind == .connectionLost)
            #expect(!connection.isOpen)
        }
        try await withTable { connection async throws in
            #expect(await postgresError { try await connection.run("COPY t FROM STDIN") }.kind == .connectionLost)
            #expect(!connection.isOpen)
        }
    }
}
