// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import FuzzSupport
import Glibc
import Postgres
import TestSupport
import Testing

/// One private cluster for everything that stops or harms a server; the tests run one after the other.
@Suite(.serialized, .timeLimit(.minutes(3))) struct RecoveryTests {
    let secret = "Geh31m&nis"
    static let server = Task { try await PostgresServer.start() }

    let insert = PostgresStatement("insert", "INSERT INTO t VALUES ($1::int8)")
    let blocked = PostgresStatement(
        "blocked", "INSERT INTO t SELECT $1::int8 FROM pg_advisory_xact_lock($2::int8)")
    let one = PostgresStatement("one", "SELECT 1::int8")

    func withTable<Value>(
        _ body: (PostgresServer, PostgresConfiguration, PostgresConnection) async throws -> Value
    ) async throws -> Value {
        let server = try await Self.server.value
        return try await withSchema(on: server) { configuration async throws in
            try await withConnection(configuration) { connection async throws in
                try await connection.run("CREATE TABLE t (id int8 PRIMARY KEY)")
                return try await body(server, configuration, connection)
            }
        }
    }

    func through(_ proxy: PostgresProxy, _ configuration: PostgresConfiguration) -> PostgresConfiguration {
        var configuration = configuration
        configuration.url = "postgresql://postgres@127.0.0.1:\(proxy.port)/postgres"
        return configuration
    }

    @Test("A backend that is killed within a segment fails exactly the callers of that segment")
    func killedBackend() async throws {
        try await withTable { _, configuration, connection async throws in
            try await withPipeline(configuration, .writes) { pipeline async throws in
                let pid = try await pipeline.execute(backendPID)[0].int(0)
                try await connection.run("SELECT pg_advisory_lock(1), pg_advisory_lock(2)")
                // The first segment waits for lock 1, and the second one gathers behind it.
                let first = Task { try await pipeline.execute(blocked, [.int(1), .int(1)]) }
                try await connection.waitUntilBlocked(pid)
                let affected = [2, 3, 4].map { number in
                    Task { await postgresError { try await pipeline.execute(blocked, [.int(number), .int(2)]) } }
                }
                try await wait(until: "three more have asked") { pipeline.statistics.waiting == 3 }
                _ = try await connection.ints("SELECT 1 FROM pg_advisory_unlock(1)")
                _ = try await first.value
                try await connection.waitUntilBlocked(pid)
                let later = (5...10).map { number in Task { try await pipeline.execute(insert, [.int(number)]) } }
                try await wait(until: "six more have asked") { pipeline.statistics.waiting == 6 }
                _ = try await connection.ints("SELECT 1 FROM pg_terminate_backend(\(pid))")
                for task in affected {
                    let error = await task.value
                    #expect(error.kind == .connectionLost && error.canRetry)
                    #expect(!error.mayHaveCommitted)
                    #expect(error.sqlState == "57P01")
                }
                for task in later { #expect(try await task.value.affectedRows == 1) }
                #expect(pipeline.statistics.connects == 2)
                #expect(try await connection.ints("SELECT id FROM t ORDER BY id") == [1, 5, 6, 7, 8, 9, 10])
            }
        }
    }

    @Test("An answer that never came leaves it open whether the write is there, and nothing is repeated")
    func lostAnswer() async throws {
        try await withTable { server, configuration, connection async throws in
            let proxy = try PostgresProxy(to: server.port)
            try await withPipeline(through(proxy, configuration), .writes) { pipeline async throws in
                _ = try await pipeline.execute(insert, [.int(1)])
                proxy.holdAnswers()
                let task = Task { await postgresError { try await pipeline.execute(insert, [.int(2)]) } }
                try await wait(until: "the row is committed") {
                    try await connection.ints("SELECT count(*) FROM t WHERE id = 2") == [1]
                }
                let transaction = Task {
                    await postgresError { try await pipeline.transaction([PostgresCommand(insert, [.int(3)])]) }
                }
                // Not sent yet: it waits for the answer before it, and goes to the new connection.
                try await wait(until: "it has asked") { pipeline.statistics.waiting == 1 }
                transaction.cancel()
                proxy.cut()
                proxy.release()
                let error = await task.value
                #expect(error.kind == .connectionLost && error.mayHaveCommitted)
                #expect(await transaction.value.kind == .cancelled)
                #expect(try await pipeline.execute(insert, [.int(4)]).affectedRows == 1)
                #expect(try await connection.ints("SELECT id FROM t ORDER BY id") == [1, 2, 4])
            }
        }
    }

    @Test("A write that may have reached the server is not repeated, even if it never did")
    func lostRequest() async throws {
        try await withTable { server, configuration, connection async throws in
            let proxy = try PostgresProxy(to: server.port)
            try await withPipeline(through(proxy, configuration), .writes) { pipeline async throws in
                _ = try await pipeline.execute(insert, [.int(1)])
                let before = pipeline.statistics.commands
                proxy.holdRequests()
                let task = Task { await postgresError { try await pipeline.execute(insert, [.int(2)]) } }
                try await wait(until: "the write has been sent") { pipeline.statistics.commands > before }
                proxy.cut()
                proxy.release()
                let error = await task.value
                #expect(error.kind == .connectionLost && error.mayHaveCommitted && error.canRetry)
                #expect(try await pipeline.execute(insert, [.int(3)]).affectedRows == 1)
                #expect(try await connection.ints("SELECT id FROM t ORDER BY id") == [1, 3])
            }
        }
    }

    @Test("A lost read has changed nothing")
    func lostRead() async throws {
        try await withTable { server, configuration, _ async throws in
            let proxy = try PostgresProxy(to: server.port)
            try await withPipeline(through(proxy, configuration), .reads) { pipeline async throws in
                _ = try await pipeline.execute(one)
                let before = pipeline.statistics.commands
                proxy.holdAnswers()
                let task = Task { await postgresError { try await pipeline.execute(one) } }
                try await wait(until: "the read has been sent") { pipeline.statistics.commands > before }
                proxy.cut()
                proxy.release()
                let error = await task.value
                #expect(error.kind == .connectionLost && !error.mayHaveCommitted && error.canRetry)
            }
        }
    }

    @Test("A connection that ends while idle is replaced before the next call, and statements are prepared again")
    func killedWhileIdle() async throws {
        try await withTable { _, configuration, connection async throws in
            try await withPipeline(configuration, .writes) { pipeline async throws in
                for number in 1...Int64(5) {
                    let pid = try await pipeline.execute(backendPID)[0].int(0)
                    _ = try await pipeline.execute(insert, [.int(number)])
                    _ = try await connection.ints("SELECT 1 FROM pg_terminate_backend(\(pid))")
                    try await wait(until: "the pipeline has a new connection") {
                        pipeline.statistics.connects == number + 1
                    }
                }
                #expect(try await connection.ints("SELECT count(*) FROM t") == [5])
            }
        }
    }

    @Test("A backend that stands still is given up after the response timeout", arguments: [true, false])
    func silentBackend(isPipeline: Bool) async throws {
        try await withTable { _, configuration, connection async throws in
            var configuration = configuration
            configuration.responseTimeout = .milliseconds(300)
            if isPipeline {
                try await withPipeline(configuration, .writes) { pipeline async throws in
                    let pid = try await pipeline.execute(backendPID)[0].int(0)
                    kill(pid_t(pid), SIGSTOP)
                    let error = await postgresError { try await pipeline.execute(insert, [.int(1)]) }
                    #expect(error.kind == .timeout && error.mayHaveCommitted && error.canRetry)
                    #expect(try await pipeline.execute(insert, [.int(2)]).affectedRows == 1)
                    kill(pid_t(pid), SIGCONT)
                    // The truth: standing still, it had the write, and it commits when it goes on.
                    try await wait(until: "the write is there") {
                        try await connection.ints("SELECT id FROM t ORDER BY id") == [1, 2]
                    }
                }
            } else {
                try await withConnection(configuration) { other async throws in
                    let pid = try await other.execute(backendPID)[0].int(0)
                    _ = try await other.execute(insert, [.int(0)])
                    kill(pid_t(pid), SIGSTOP)
                    let error = await postgresError { try await other.execute(insert, [.int(1)]) }
                    #expect(error.kind == .timeout && error.mayHaveCommitted && error.canRetry)
                    kill(pid_t(pid), SIGCONT)
                    let later = await postgresError { try await other.execute(one) }
                    #expect(later.kind == .connectionLost && !later.mayHaveCommitted)
                    #expect(!other.isOpen)
                }
            }
        }
    }

    @Test("A long answer that keeps coming is no silence")
    func slowAnswer() async throws {
        try await withTable { _, configuration, _ async throws in
            var configuration = configuration
            configuration.responseTimeout = .seconds(2)
            try await withPipeline(configuration, .reads) { pipeline async throws in
                let slow = PostgresStatement("slow", "SELECT 1 FROM pg_sleep(0.03)")
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<160 { group.addTask { _ = try await pipeline.execute(slow) } }
                    try await group.waitForAll()
                }
                #expect(pipeline.statistics.connects == 1)
            }
        }
    }

    @Test(
        "With backends killed all the time, every answer is true",
        arguments: [0, 1, 2].map { $0 + SeededGenerator.seedOffset })
    func killedUnderLoad(seed: UInt64) async throws {
        var generator = SeededGenerator(seed: seed)
        let pauses = (0..<12).map { _ in Int.random(in: 1...40, using: &generator) }
        try await withTable { _, configuration, connection async throws in
            try await withPipeline(configuration, .writes) { pipeline async throws in
                let killer = Task {
                    for pause in pauses {
                        try await Task.sleep(for: .milliseconds(pause))
                        _ = try await connection.ints(
                            """
                            SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                            WHERE pid <> pg_backend_pid() AND application_name = 'scim-bridge-tests'
                            """)
                    }
                }
                let outcomes = await withTaskGroup(of: [(Int64, PostgresError?)].self) { group in
                    for lane in 0..<Int64(16) {
                        group.addTask {
                            var outcomes: [(Int64, PostgresError?)] = []
                            for step in 0..<Int64(60) {
                                let number = lane * 1_000 + step
                                do throws(PostgresError) {
                                    if step % 7 == 3 {
                                        _ = try await pipeline.transaction([PostgresCommand(insert, [.int(number)])])
                                    } else {
                                        _ = try await pipeline.execute(insert, [.int(number)])
                                    }
                                    outcomes.append((number, nil))
                                } catch {
                                    outcomes.append((number, error))
                                }
                            }
                            return outcomes
                        }
                    }
                    return await group.reduce(into: []) { $0 += $1 }
                }
                try await killer.value
                let rows = Set(try await connection.ints("SELECT id FROM t"))
                for (number, error) in outcomes {
                    guard let error else {
                        #expect(rows.contains(number), "seed \(seed): \(number) was confirmed")
                        continue
                    }
                    #expect([.connectionLost, .connectionFailed].contains(error.kind), "seed \(seed): \(error)")
                    if !error.mayHaveCommitted {
                        #expect(!rows.contains(number), "seed \(seed): \(number) was denied")
                    }
                }
                #expect(outcomes.count == 960)
            }
        }
    }
}
