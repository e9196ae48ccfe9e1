// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Dispatch
import FuzzSupport
import Logging
import Postgres
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(2))) struct ConnectionTests {
    private let one = PostgresStatement("one", "SELECT 1::int8")
    private let sleep = PostgresStatement("sleep", "SELECT 1 FROM pg_sleep($1::float8)")

    @Test("Several statements in one text are one transaction")
    func run() async throws {
        try await withConnection { connection async throws in
            try await connection.run("CREATE TABLE a (id int8); CREATE TABLE b (id int8); INSERT INTO a VALUES (1)")
            #expect(try await connection.ints("SELECT count(*) FROM a, b") == [0])
            let error = await postgresError {
                try await connection.run("INSERT INTO a VALUES (2); SELECT 1 / 0; INSERT INTO a VALUES (3)")
            }
            #expect(error.sqlState == "22012" && !error.mayHaveCommitted)
            #expect(try await connection.ints("SELECT id FROM a") == [1])
            try await connection.run("")
            try await connection.run("-- nothing but a comment")
        }
    }

    @Test("No answer is missed, whenever the connection's dispatch queue turns to it")
    func interleaved() async throws {
        var configuration = try await PostgresForTests.configuration()
        configuration.statementTimeout = .seconds(2)
        try await withConnection(configuration) { connection async throws in
            // A task that prefers an executor leaves the queue of the connection at every `await`.
            try await withTaskExecutorPreference(QueueTaskExecutor()) {
                for _ in 0..<5000 { _ = try await connection.execute(one) }
                // The server is done with an answer before all of it has been read.
                for _ in 0..<20 {
                    let rows = try await connection.copyOut(
                        "COPY (SELECT repeat('x', 1000) FROM generate_series(1, 2000)) TO STDOUT"
                    ) { _ in }
                    #expect(rows == 2000)
                }
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<20 {
                        group.addTask { for _ in 0..<100 { _ = try await connection.execute(one) } }
                    }
                    try await group.waitForAll()
                }
            }
        }
    }

    private final class QueueTaskExecutor: TaskExecutor {
        private let queue = DispatchQueue(label: "test.executor")

        func enqueue(_ job: consuming ExecutorJob) {
            let job = UnownedJob(job)
            queue.async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
        }
    }

    @Test("Errors carry what a caller acts on")
    func errors() async throws {
        try await withConnection { connection async throws in
            try await connection.run(
                """
                CREATE TABLE t (id int8 CONSTRAINT t_key PRIMARY KEY, name text NOT NULL,
                    size int8 CONSTRAINT t_size CHECK (size > 0));
                INSERT INTO t VALUES (1, 'a', 1)
                """)
            func error(_ sql: String) async -> PostgresError {
                await postgresError { try await connection.execute(PostgresStatement(unnamed: sql)) }
            }
            let unique = await error("INSERT INTO t VALUES (1, 'b', 1)")
            #expect(unique.kind == .server && unique.isUniqueViolation && unique.constraint == "t_key")
            #expect(unique.detail?.contains("already exists") == true)
            #expect("\(unique)".contains("23505") && !"\(unique)".contains("already exists"))
            #expect(await error("INSERT INTO t VALUES (2, 'b', 0)").constraint == "t_size")
            #expect(await error("INSERT INTO t VALUES (2, NULL, 1)").sqlState == "23502")
            #expect(await error("SELEC 1").sqlState == "42601")
            #expect(await error("SELECT * FROM nowhere").sqlState == "42P01")
            #expect(await error("SELECT 'x'::uuid").sqlState == "22P02")
            #expect(try await connection.ints("SELECT count(*) FROM t") == [1])
        }
    }

    @Test("What passes by itself can be retried, what is wrong cannot")
    func retries() async throws {
        try await withConnection(PostgresForTests.configuration()) { connection async throws in
            let states = [
                "40001": true, "40P01": true, "55P03": true, "53300": true, "08006": true, "58030": true,
                "23505": false, "42601": false, "22P02": false, "0A000": false,
            ]
            for (state, canRetry) in states {
                let raise = PostgresStatement(
                    unnamed: "DO $$ BEGIN RAISE EXCEPTION 'on purpose' USING ERRCODE = '\(state)'; END $$")
                let error = await postgresError { try await connection.execute(raise) }
                #expect(error.sqlState == state && error.canRetry == canRetry && error.message == "on purpose")
            }
        }
    }

    @Test("The session has the limits and the path of its configuration")
    func settings() async throws {
        var configuration = try await PostgresForTests.configuration()
        configuration.applicationName = "a name with spaces"
        configuration.statementTimeout = .milliseconds(12_345)
        configuration.lockTimeout = .microseconds(1)
        configuration.idleInTransactionTimeout = .seconds(61)
        configuration.searchPath = #"odd\name, "quoted schema", public"#
        configuration.url += configuration.url.contains("?") ? "&" : "?"
        configuration.url += "options=-c%20work_mem%3D5MB&application_name=other"
        try await withConnection(configuration) { connection async throws in
            let expected = [
                "application_name": "a name with spaces", "statement_timeout": "12345ms", "lock_timeout": "1ms",
                "idle_in_transaction_session_timeout": "61s", "search_path": #"odd\name, "quoted schema", public"#,
                "work_mem": "5MB", "TimeZone": "UTC", "client_encoding": "UTF8",
            ]
            for (name, value) in expected {
                let row = try await connection.execute(PostgresStatement(unnamed: "SHOW \(name)"))[0]
                #expect(try row.string(0) == value, "\(name)")
            }
            #expect(try await connection.serverVersion() >= 150_000)
        }
    }

    @Test("A statement that takes too long, or waits too long for a lock, ends")
    func timeouts() async throws {
        try await withSchema { configuration async throws in
            var configuration = configuration
            configuration.statementTimeout = .milliseconds(200)
            configuration.lockTimeout = .milliseconds(50)
            try await withConnection(configuration) { connection async throws in
                let slow = await postgresError { try await connection.execute(sleep, [.double(30)]) }
                #expect(slow.kind == .timeout && slow.canRetry && !slow.mayHaveCommitted)
                try await connection.run("CREATE TABLE t (id int8)")
                try await connection.run("BEGIN; LOCK TABLE t")
                try await withConnection(configuration) { other async throws in
                    let locked = await postgresError { try await other.run("INSERT INTO t VALUES (1)") }
                    #expect(locked.isLockNotAvailable && locked.canRetry)
                }
                try await connection.run("ROLLBACK")
            }
        }
    }

    @Test("A cancelled statement ends on the server too, and the connection goes on", arguments: [true, false])
    func cancellation(byTask: Bool) async throws {
        try await withConnection(PostgresForTests.configuration()) { connection async throws in
            for _ in 0..<5 {
                let pid = try await connection.execute(backendPID)[0].int(0)
                let task = Task { await postgresError { try await connection.execute(sleep, [.double(30)]) } }
                try await withConnection(PostgresForTests.configuration()) { other async throws in
                    let active = PostgresStatement(
                        unnamed: "SELECT 1 FROM pg_stat_activity WHERE pid = $1::int8 AND wait_event = 'PgSleep'")
                    try await wait(until: "the statement runs") {
                        try await !other.execute(active, [.int(pid)]).isEmpty
                    }
                }
                if byTask { task.cancel() } else { connection.cancel() }
                let error = await task.value
                #expect(error.kind == .cancelled && !error.mayHaveCommitted)
                #expect(try await connection.execute(one)[0].int(0) == 1)
            }
        }
    }

    @Test("Cancelling when nothing runs does nothing; a cancelled task sends nothing")
    func idleCancellation() async throws {
        try await withConnection { connection async throws in
            connection.cancel()
            #expect(try await connection.execute(one)[0].int(0) == 1)
            try await connection.run("CREATE TABLE t (id int8)")
            let task = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                return await postgresError { try await connection.run("INSERT INTO t VALUES (1)") }
            }
            #expect(await task.value.kind == .cancelled)
            #expect(try await connection.ints("SELECT count(*) FROM t") == [0])
        }
    }

    @Test("Who is cancelled while it waits for its turn leaves at once", .timeLimit(.minutes(1)))
    func cancelledTurn() async throws {
        try await withConnection(PostgresForTests.configuration()) { connection async throws in
            let running = Task { await postgresError { try await connection.execute(sleep, [.double(3600)]) } }
            let waiting = (0..<3).map { _ in Task { await postgresError { try await connection.execute(one) } } }
            for task in waiting { task.cancel() }
            for task in waiting { #expect(await task.value.kind == .cancelled) }
            // It still runs: nobody has asked it to end.
            running.cancel()
            #expect(await running.value.kind == .cancelled)
            #expect(try await connection.execute(one)[0].int(0) == 1)
        }
    }

    @Test("A statement cancelled while it is being sent ends; the connection stays", .timeLimit(.minutes(1)))
    func cancelledAtStart() async throws {
        let seed = SeededGenerator.seedOffset
        var random = SeededGenerator(seed: seed)
        try await withConnection(PostgresForTests.configuration()) { connection async throws in
            let unprepared = PostgresStatement(unnamed: "SELECT pg_sleep($1::float8)")
            for _ in 0..<60 {
                let statement = Bool.random(using: &random) ? sleep : unprepared
                let running = Task {
                    await postgresError { try await connection.execute(statement, [.double(3600)]) }
                }
                let end = ContinuousClock.now + .microseconds(Int.random(in: 0...1_500, using: &random))
                while ContinuousClock.now < end { await Task.yield() }
                running.cancel()
                let error = await running.value
                #expect(error.kind == .cancelled && !error.mayHaveCommitted, "seed \(seed)")
                #expect(try await connection.execute(one)[0].int(0) == 1)
            }
        }
    }

    @Test("Concurrent callers of one connection take turns")
    func turns() async throws {
        try await withConnection(PostgresForTests.configuration()) { connection async throws in
            let echo = PostgresStatement("echo", "SELECT $1::int8")
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<Int64(50) {
                    group.addTask {
                        let answer = try await connection.execute(echo, [.int(number)])[0].int(0)
                        #expect(answer == number)
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test("A stale plan is made anew outside a transaction, and named as retriable within one")
    func stalePlan() async throws {
        try await withConnection { connection async throws in
            let all = PostgresStatement("all", "SELECT * FROM t")
            try await connection.run("CREATE TABLE t (id int8)")
            _ = try await connection.execute(all)
            try await connection.run("ALTER TABLE t ADD COLUMN name text")
            #expect(try await connection.execute(all).columnNames == ["id", "name"])
            try await connection.run("ALTER TABLE t ADD COLUMN more text")
            try await connection.run("BEGIN")
            #expect(await postgresError { try await connection.execute(all) }.canRetry)
            try await connection.run("ROLLBACK")
            #expect(try await connection.execute(all).columnNames == ["id", "name", "more"])
        }
    }

    @Test("A connection that has ended is closed, and says how it ended", arguments: ["terminate", "close"])
    func end(how: String) async throws {
        try await withConnection(PostgresForTests.configuration()) { connection async throws in
            let pid = try await connection.execute(backendPID)[0].int(0)
            if how == "terminate" {
                try await withConnection(PostgresForTests.configuration()) {
                    _ = try await $0.ints("SELECT 1 FROM pg_terminate_backend(\(pid))")
                }
                try await wait(until: "the connection has ended") { !connection.isOpen }
            } else {
                await connection.close()
                #expect(!connection.isOpen)
            }
            let error = await postgresError { try await connection.execute(one) }
            #expect(error.kind == (how == "terminate" ? .connectionLost : .shutDown))
        }
    }

    @Test("Notices go to the log, as debug messages")
    func notices() async throws {
        let log = RecordedLog([])
        var logger = Logger(label: "test") { _ in RecordingHandler(log: log) }
        logger.logLevel = .debug
        let connection = try await PostgresConnection.open(
            PostgresForTests.configuration(), label: "test", logger: logger)
        try await connection.run("DO $$ BEGIN RAISE WARNING 'look here'; END $$")
        await connection.close()
        #expect(log.value.contains { $0.level == .debug && $0.message.contains("look here") })
    }
}

typealias RecordedLog = Shared<[(level: Logger.Level, message: String)]>

struct RecordingHandler: LogHandler {
    let log: RecordedLog
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.debug

    init(log: RecordedLog) { self.log = log }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) { log.update { $0.append((event.level, "\(event.message)")) } }
}
