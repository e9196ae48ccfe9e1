// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Postgres
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(2))) struct PipelineTests {
    private let echo = PostgresStatement("echo", "SELECT $1::int8")
    private let divide = PostgresStatement("divide", "SELECT 100 / $1::int8")
    private let insert = PostgresStatement("insert", "INSERT INTO t VALUES ($1::int8)")

    private func withTable<Value>(
        _ body: (PostgresPipeline, PostgresConnection) async throws -> Value
    ) async throws -> Value {
        try await withSchema { configuration async throws in
            try await withConnection(configuration) { connection async throws in
                try await connection.run("CREATE TABLE t (id int8 CONSTRAINT t_key PRIMARY KEY)")
                return try await withPipeline(configuration, .writes) { try await body($0, connection) }
            }
        }
    }

    private func withReads<Value>(_ body: (PostgresPipeline) async throws -> Value) async throws -> Value {
        try await withPipeline(PostgresForTests.configuration(), .reads, body)
    }

    @Test("Every caller gets its own answer", arguments: [PostgresPipeline.Mode.reads, .writes])
    func answers(mode: PostgresPipeline.Mode) async throws {
        try await withPipeline(PostgresForTests.configuration(), mode) { pipeline async throws in
            let answers = try await withThrowingTaskGroup(of: (Int64, Int64).self) { group in
                for number in 0..<Int64(1_000) {
                    group.addTask { (number, try await pipeline.execute(echo, [.int(number)])[0].int(0)) }
                }
                return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
            }
            #expect(answers.count == 1_000)
            #expect(answers.allSatisfy { $0.key == $0.value })
        }
    }

    @Test("What arrives while an answer is under way goes together")
    func gathering() async throws {
        try await withReads { pipeline async throws in
            try await withConnection(PostgresForTests.configuration()) { connection async throws in
                let pid = try await pipeline.execute(backendPID)[0].int(0)
                _ = try await connection.ints("SELECT 1 FROM pg_advisory_lock(4711)")
                let before = pipeline.statistics
                try await withThrowingTaskGroup(of: Void.self) { group in
                    let locking = PostgresStatement(unnamed: "SELECT 1 FROM pg_advisory_xact_lock(4711)")
                    group.addTask { _ = try await pipeline.execute(locking) }
                    try await connection.waitUntilBlocked(pid)
                    for number in 0..<Int64(200) {
                        group.addTask { _ = try await pipeline.execute(echo, [.int(number)]) }
                    }
                    try await wait(until: "all have asked") { pipeline.statistics.waiting == 200 }
                    _ = try await connection.ints("SELECT 1 FROM pg_advisory_unlock(4711)")
                    try await group.waitForAll()
                }
                let after = pipeline.statistics
                #expect(after.commands - before.commands == 201)
                #expect(after.segments - before.segments == 2)
            }
        }
    }

    @Test("A statement is prepared once")
    func preparedOnce() async throws {
        try await withReads { pipeline async throws in
            for number in 0..<Int64(20) { _ = try await pipeline.execute(echo, [.int(number)]) }
            let count = PostgresStatement(
                unnamed: "SELECT count(*) FROM pg_prepared_statements WHERE statement = $1::text")
            #expect(try await pipeline.execute(count, [.text(echo.sql)])[0].int(0) == 1)
        }
    }

    @Test("Two texts under one name are two statements")
    func sameName() async throws {
        try await withReads { pipeline async throws in
            for _ in 0..<3 {
                let one = try await pipeline.execute(PostgresStatement("number", "SELECT 1::int8"))
                let two = try await pipeline.execute(PostgresStatement("number", "SELECT 2::int8"))
                #expect(try one[0].int(0) == 1)
                #expect(try two[0].int(0) == 2)
            }
        }
    }

    @Test("A read that fails leaves its neighbours alone", arguments: [1, 3, 50, 300])
    func failingReads(failures: Int) async throws {
        try await withReads { pipeline async throws in
            let errors = try await withThrowingTaskGroup(of: PostgresError?.self) { group in
                for number in 0..<400 {
                    group.addTask {
                        do throws(PostgresError) {
                            let result = try await pipeline.execute(divide, [.int(number < failures ? 0 : 5)])
                            let quotient = try result[0].int(0)
                            #expect(quotient == 20)
                            return nil
                        } catch {
                            return error
                        }
                    }
                }
                return try await group.reduce(into: [PostgresError]()) { if let error = $1 { $0.append(error) } }
            }
            #expect(errors.count == failures)
            #expect(errors.allSatisfy { $0.kind == .server && $0.sqlState == "22012" && !$0.canRetry })
            // Repeating one by one is linear, not quadratic.
            #expect(pipeline.statistics.commands <= 800)
        }
    }

    @Test("A statement that cannot be prepared fails its own callers only")
    func failingPrepare() async throws {
        try await withReads { pipeline async throws in
            let broken = PostgresStatement("broken", "SELECT nothing FROM nowhere")
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<Int64(100) {
                    group.addTask { () async throws in
                        if number % 10 == 0 {
                            let error = await postgresError { try await pipeline.execute(broken) }
                            #expect(error.sqlState == "42P01")
                        } else {
                            #expect(try await pipeline.execute(echo, [.int(number)])[0].int(0) == number)
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test("A write that fails leaves its neighbours alone, and names the constraint")
    func failingWrites() async throws {
        try await withTable { pipeline, connection async throws in
            _ = try await pipeline.execute(insert, [.int(0)])
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 1...Int64(200) {
                    group.addTask { () async throws in
                        if number % 20 == 0 {
                            let error = await postgresError { try await pipeline.execute(insert, [.int(0)]) }
                            #expect(error.isUniqueViolation)
                            #expect(error.constraint == "t_key")
                            #expect(error.detail?.contains("(0)") == true)
                            #expect(!error.mayHaveCommitted && !error.canRetry)
                        } else {
                            #expect(try await pipeline.execute(insert, [.int(number)]).affectedRows == 1)
                        }
                    }
                }
                try await group.waitForAll()
            }
            let expected = (0...Int64(200)).filter { $0 == 0 || $0 % 20 != 0 }
            #expect(try await connection.ints("SELECT id FROM t ORDER BY id") == expected)
        }
    }

    @Test("Of equal writes at the same moment exactly one succeeds")
    func clashingWrites() async throws {
        try await withTable { pipeline, connection async throws in
            let successes = await withTaskGroup(of: Bool.self) { group in
                for number in 0..<Int64(200) {
                    group.addTask { (try? await pipeline.execute(insert, [.int(number / 4)])) != nil }
                }
                return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
            }
            #expect(successes == 50)
            #expect(try await connection.ints("SELECT count(*) FROM t") == [50])
        }
    }

    @Test("A transaction is all or nothing, whatever runs beside it")
    func transactions() async throws {
        try await withTable { pipeline, connection async throws in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<Int64(50) {
                    group.addTask { () async throws in
                        let base = number * 10
                        let commands = [base, base + 1, number % 5 == 0 ? base : base + 2].map {
                            PostgresCommand(insert, [.int($0)])
                        }
                        if number % 5 == 0 {
                            let error = await postgresError { try await pipeline.transaction(commands) }
                            #expect(error.isUniqueViolation && !error.mayHaveCommitted)
                        } else {
                            #expect(try await pipeline.transaction(commands).map(\.affectedRows) == [1, 1, 1])
                        }
                    }
                    group.addTask { _ = try await pipeline.execute(insert, [.int(number * 10 + 9)]) }
                }
                try await group.waitForAll()
            }
            let expected = (0..<Int64(50)).flatMap { number -> [Int64] in
                (number % 5 == 0 ? [9] : [0, 1, 2, 9]).map { number * 10 + $0 }
            }
            #expect(try await connection.ints("SELECT id FROM t ORDER BY id") == expected)
            #expect(try await pipeline.transaction([]).isEmpty)
        }
    }

    @Test("A transaction sees its own earlier commands, and may be larger than a segment")
    func largeTransaction() async throws {
        try await withTable { pipeline, connection async throws in
            let inserts = (0..<Int64(600)).map { PostgresCommand(insert, [.int($0)]) }
            let count = PostgresCommand(PostgresStatement("count", "SELECT count(*) FROM t"))
            let results = try await pipeline.transaction(inserts + [count])
            #expect(results.count == 601)
            #expect(try results[600][0].int(0) == 600)
            #expect(try await connection.ints("SELECT count(*) FROM t") == [600])
        }
    }

    @Test("A constraint that is checked at the commit fails its own writer only")
    func deferredConstraint() async throws {
        try await withTable { pipeline, connection async throws in
            try await connection.run(
                """
                CREATE TABLE child (
                    id int8 CONSTRAINT child_parent REFERENCES t DEFERRABLE INITIALLY DEFERRED)
                """)
            let child = PostgresStatement("child", "INSERT INTO child VALUES ($1::int8)")
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<Int64(40) {
                    group.addTask { _ = try await pipeline.execute(insert, [.int(number)]) }
                    if number % 10 == 0 {
                        group.addTask { () async throws in
                            let error = await postgresError { try await pipeline.execute(child, [.int(-1)]) }
                            #expect(error.constraint == "child_parent" && error.sqlState == "23503")
                        }
                    }
                }
                try await group.waitForAll()
            }
            let alone = await postgresError { try await pipeline.transaction([PostgresCommand(child, [.int(-1)])]) }
            #expect(alone.constraint == "child_parent")
            #expect(try await connection.ints("SELECT count(*) FROM t") == [40])
            #expect(try await connection.ints("SELECT count(*) FROM child") == [0])
        }
    }

    @Test("A reading pipeline cannot write")
    func readOnly() async throws {
        try await withSchema { configuration async throws in
            try await withConnection(configuration) { try await $0.run("CREATE TABLE t (id int8)") }
            try await withPipeline(configuration, .reads) { pipeline async throws in
                let error = await postgresError { try await pipeline.execute(insert, [.int(1)]) }
                #expect(error.sqlState == "25006")
            }
        }
    }

    @Test("A statement that takes too long is a timeout for its caller alone")
    func statementTimeout() async throws {
        var configuration = try await PostgresForTests.configuration()
        configuration.statementTimeout = .milliseconds(200)
        try await withPipeline(configuration, .reads) { pipeline async throws in
            let sleep = PostgresStatement("sleep", "SELECT 1 FROM pg_sleep($1::float8)")
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { () async throws in
                    let error = await postgresError { try await pipeline.execute(sleep, [.double(30)]) }
                    #expect(error.kind == .timeout && error.sqlState == "57014" && error.canRetry)
                }
                for number in 0..<Int64(20) {
                    group.addTask { () async throws in
                        #expect(try await pipeline.execute(echo, [.int(number)])[0].int(0) == number)
                    }
                }
                try await group.waitForAll()
            }
            #expect(pipeline.statistics.connects == 1)
        }
    }

    @Test("Large values in both directions at once do not block each other")
    func largeValues() async throws {
        let value = [UInt8](repeating: 7, count: 2 << 20)
        try await withReads { pipeline async throws in
            let large = PostgresStatement("large", "SELECT $1::bytea, $2::int8")
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<Int64(24) {
                    group.addTask { () async throws in
                        let row = try await pipeline.execute(large, [.bytes(value), .int(number)])[0]
                        #expect(try row.bytes(0) == value)
                        #expect(try row.int(1) == number)
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test("A plan that a changed table has made invalid is made anew")
    func changedTable() async throws {
        try await withTable { pipeline, connection async throws in
            let all = PostgresStatement("all", "SELECT * FROM t")
            _ = try await pipeline.execute(all)
            try await connection.run("ALTER TABLE t ADD COLUMN name text")
            let results = try await withThrowingTaskGroup(of: [String].self) { group in
                for _ in 0..<10 { group.addTask { try await pipeline.execute(all).columnNames } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(results == Array(repeating: ["id", "name"], count: 10))
        }
    }

    @Test("A prepared statement that the server has dropped is prepared again")
    func droppedStatement() async throws {
        try await withReads { pipeline async throws in
            _ = try await pipeline.execute(echo, [.int(1)])
            _ = try await pipeline.execute(PostgresStatement(unnamed: "DEALLOCATE ALL"))
            #expect(try await pipeline.execute(echo, [.int(2)])[0].int(0) == 2)
            _ = try await pipeline.execute(PostgresStatement(unnamed: "DEALLOCATE ALL"))
            #expect(try await pipeline.transaction([PostgresCommand(echo, [.int(3)])])[0][0].int(0) == 3)
        }
    }

    @Test("COPY is refused, and the pipeline goes on with a new connection")
    func copy() async throws {
        try await withReads { pipeline async throws in
            let error = await postgresError {
                try await pipeline.execute(PostgresStatement(unnamed: "COPY (SELECT 1) TO STDOUT"))
            }
            #expect(error.kind == .connectionLost)
            #expect(try await pipeline.execute(echo, [.int(1)])[0].int(0) == 1)
        }
    }

    @Test("Who waits for too long behind others is told so, and nothing of it was sent")
    func busy() async throws {
        try await withTable { _, connection async throws in
            let configuration = try await PostgresForTests.configuration()
            let pipeline = PostgresPipeline(
                configuration: configuration, label: "test.busy", mode: .writes, waitTimeout: .milliseconds(200),
                logger: PostgresForTests.logger)
            let pid = try await pipeline.execute(backendPID)[0].int(0)
            _ = try await connection.ints("SELECT 1 FROM pg_advisory_lock(4713)")
            let lock = PostgresStatement("lock", "SELECT 1::int8 FROM pg_advisory_xact_lock(4713)")
            let sent = Task { try await pipeline.execute(lock)[0].int(0) }
            try await connection.waitUntilBlocked(pid)
            let error = await postgresError { try await pipeline.execute(backendPID) }
            #expect(error.kind == .poolTimeout && error.canRetry && !error.mayHaveCommitted)
            _ = try await connection.ints("SELECT 1 FROM pg_advisory_unlock(4713)")
            // What was sent is not given up, and the pipeline goes on.
            #expect(try await sent.value == 1)
            #expect(try await pipeline.execute(backendPID)[0].int(0) == pid)
            await pipeline.close()
        }
    }

    @Test("A caller whose task is cancelled leaves at once, and nobody else notices")
    func cancellation() async throws {
        try await withTable { pipeline, connection async throws in
            let pid = try await pipeline.execute(backendPID)[0].int(0)
            let blocked = PostgresStatement(
                "blocked", "INSERT INTO t SELECT $1::int8 FROM pg_advisory_xact_lock($2::int8)")
            _ = try await connection.ints("SELECT 1 FROM pg_advisory_lock(4712)")
            let sent = Task { await postgresError { try await pipeline.execute(blocked, [.int(1), .int(4712)]) } }
            try await connection.waitUntilBlocked(pid)
            let waiting = Task { await postgresError { try await pipeline.execute(insert, [.int(2)]) } }
            let neighbour = Task { try await pipeline.execute(insert, [.int(3)]) }
            waiting.cancel()
            sent.cancel()
            let (sentError, waitingError) = await (sent.value, waiting.value)
            #expect(sentError.kind == .cancelled && sentError.mayHaveCommitted)
            #expect(waitingError.kind == .cancelled && !waitingError.mayHaveCommitted)
            _ = try await connection.ints("SELECT 1 FROM pg_advisory_unlock(4712)")
            _ = try await neighbour.value
            #expect(try await connection.ints("SELECT id FROM t ORDER BY id") == [1, 3])
        }
    }

    @Test("After close every call is refused, and what was under way has ended")
    func closing() async throws {
        let pipeline = PostgresPipeline(
            configuration: try await PostgresForTests.configuration(), label: "test", mode: .reads,
            logger: PostgresForTests.logger)
        let running = Task {
            try await pipeline.execute(PostgresStatement(unnamed: "SELECT 1::int8 FROM pg_sleep(0.2)"))[0].int(0)
        }
        try await wait(until: "the statement has been sent") { pipeline.statistics.commands == 1 }
        await pipeline.close()
        #expect(try await running.value == 1)
        #expect(await postgresError { try await pipeline.execute(echo, [.int(1)]) }.kind == .shutDown)
        #expect(!pipeline.statistics.isConnected)
        await pipeline.close()
    }
}
