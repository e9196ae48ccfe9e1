// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Postgres
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(2))) struct PoolTests {
    private struct OnPurpose: Error {}

    private let one = PostgresStatement("one", "SELECT 1::int8")
    private let insert = PostgresStatement("insert", "INSERT INTO t VALUES ($1::int8)")

    private func withTable<Value>(
        size: Int = 2, _ body: (PostgresPool, PostgresConnection) async throws -> Value
    ) async throws -> Value {
        try await withSchema { configuration async throws in
            try await withConnection(configuration) { connection async throws in
                try await connection.run("CREATE TABLE t (id int8 PRIMARY KEY)")
                return try await withPool(configuration, size: size) { try await body($0, connection) }
            }
        }
    }

    @Test("Who waits for a connection is counted, and for how long")
    func waits() async throws {
        try await withPool(PostgresForTests.configuration(), size: 1) { pool async throws in
            try await pool.withConnection { connection async throws in
                _ = try await connection.execute(one)
                #expect(pool.statistics.size - pool.statistics.idle == 1)
                #expect(pool.statistics.limit == 1)
            }
            #expect(pool.statistics.waits == 0)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<4 {
                    group.addTask {
                        try await pool.withConnection { _ = try await $0.execute(one) }
                    }
                }
                try await group.waitForAll()
            }
            #expect(pool.statistics.waits <= 3)
            #expect((pool.statistics.waited > .zero) == (pool.statistics.waits > 0))
            #expect(pool.statistics.timeouts == 0)
        }
    }

    @Test("There are never more connections than the pool is large, and each has one user")
    func size() async throws {
        let inUse = Shared(Set<Int64>())
        let seen = Shared(Set<Int64>())
        try await withPool(PostgresForTests.configuration(), size: 3) { pool async throws in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<60 {
                    group.addTask {
                        try await pool.withConnection { connection async throws in
                            let pid = try await connection.execute(backendPID)[0].int(0)
                            #expect(inUse.update { $0.insert(pid).inserted })
                            _ = seen.update { $0.insert(pid) }
                            _ = try await connection.execute(one)
                            _ = inUse.update { $0.remove(pid) }
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(seen.value.count <= 3)
            #expect(pool.statistics.size <= 3)
            #expect(pool.statistics.idle == pool.statistics.size)
            #expect(pool.statistics.waiting == 0)
        }
    }

    @Test("Who waits too long for a connection is told")
    func waitTimeout() async throws {
        let configuration = try await PostgresForTests.configuration()
        try await withPool(configuration, size: 1, waitTimeout: .milliseconds(100)) { pool async throws in
            try await pool.withConnection { _ async throws in
                let late = await postgresError { try await pool.withConnection { try await $0.execute(one) } }
                #expect(late.kind == .poolTimeout && late.canRetry && !late.mayHaveCommitted)
                #expect(pool.statistics.waiting == 0)
            }
        }
    }

    @Test("Who waits longest is served first")
    func waiting() async throws {
        let order = Shared<[Int]>([])
        try await withPool(PostgresForTests.configuration(), size: 1) { pool async throws in
            let tasks = Shared<[Task<Void, any Error>]>([])
            try await pool.withConnection { _ async throws in
                for number in 0..<10 {
                    let task = Task { try await pool.withConnection { _ in order.update { $0.append(number) } } }
                    tasks.update { $0.append(task) }
                    try await wait(until: "it waits") { pool.statistics.waiting == number + 1 }
                }
            }
            for task in tasks.value { try await task.value }
            #expect(order.value == Array(0..<10))
        }
    }

    @Test("A waiting task that is cancelled leaves the line")
    func cancelledWaiter() async throws {
        try await withPool(PostgresForTests.configuration(), size: 1) { pool async throws in
            try await pool.withConnection { _ async throws in
                let task = Task { await postgresError { try await pool.withConnection { try await $0.execute(one) } } }
                try await wait(until: "it waits") { pool.statistics.waiting == 1 }
                task.cancel()
                #expect(await task.value.kind == .cancelled)
                #expect(pool.statistics.waiting == 0)
            }
            #expect(try await pool.withConnection { try await $0.execute(one)[0].int(0) } == 1)
        }
    }

    @Test("A transaction commits when its body returns and rolls back when it throws")
    func transactions() async throws {
        try await withTable { pool, connection async throws in
            let value = try await pool.withTransaction { inner async throws in
                _ = try await inner.execute(insert, [.int(1)])
                return try await inner.ints("SELECT count(*) FROM t")
            }
            #expect(value == [1])
            await #expect(throws: OnPurpose.self) {
                try await pool.withTransaction { inner async throws in
                    _ = try await inner.execute(insert, [.int(2)])
                    throw OnPurpose()
                }
            }
            let clash = await postgresError {
                try await pool.withTransaction { inner async throws in
                    _ = try await inner.execute(insert, [.int(3)])
                    _ = try await inner.execute(insert, [.int(1)])
                }
            }
            #expect(clash.isUniqueViolation)
            #expect(try await connection.ints("SELECT id FROM t") == [1])
            #expect(pool.statistics.idle == pool.statistics.size)
        }
    }

    @Test("A body that keeps an error to itself does not get a commit")
    func swallowedError() async throws {
        try await withTable { pool, connection async throws in
            let error = await postgresError {
                try await pool.withTransaction { inner async throws in
                    _ = try await inner.execute(insert, [.int(1)])
                    _ = try? await inner.run("SELECT 1 / 0")
                }
            }
            #expect(error.sqlState == "25P02" && !error.mayHaveCommitted)
            #expect(try await connection.ints("SELECT count(*) FROM t") == [0])
            #expect(try await pool.withConnection { try await $0.execute(one)[0].int(0) } == 1)
        }
    }

    @Test("A cancelled transaction is rolled back, and its connection is used again")
    func cancelledTransaction() async throws {
        try await withTable(size: 1) { pool, connection async throws in
            let task = Task {
                await postgresError {
                    try await pool.withTransaction { inner async throws in
                        _ = try await inner.execute(insert, [.int(1)])
                        withUnsafeCurrentTask { $0?.cancel() }
                    }
                }
            }
            #expect(await task.value.kind == .cancelled)
            #expect(try await connection.ints("SELECT count(*) FROM t") == [0])
            #expect(try await pool.withConnection { try await $0.execute(one)[0].int(0) } == 1)
            #expect(pool.statistics.size == 1)
        }
    }

    @Test("A transaction that was left open is rolled back before the next user comes")
    func leftOpen() async throws {
        try await withTable(size: 1) { pool, connection async throws in
            try await pool.withConnection { inner async throws in
                try await inner.run("BEGIN")
                _ = try await inner.execute(insert, [.int(1)])
            }
            _ = try await pool.withConnection { try await $0.execute(insert, [.int(2)]) }
            #expect(try await connection.ints("SELECT id FROM t") == [2])
        }
    }

    @Test("A connection that ends while it is lent is not lent again")
    func endedConnection() async throws {
        try await withTable(size: 1) { pool, connection async throws in
            let error = await postgresError {
                try await pool.withConnection { inner async throws in
                    let pid = try await inner.execute(backendPID)[0].int(0)
                    _ = try await connection.ints("SELECT 1 FROM pg_terminate_backend(\(pid))")
                    try await wait(until: "the end is noticed") { !inner.isOpen }
                    _ = try await inner.execute(one)
                }
            }
            #expect(error.kind == .connectionLost)
            #expect(try await pool.withConnection { try await $0.execute(one)[0].int(0) } == 1)
        }
    }

    @Test("A connection that ends just when it is lent is replaced without anybody noticing")
    func endedWhileIdle() async throws {
        try await withTable(size: 1) { pool, connection async throws in
            for number in 1...Int64(20) {
                let pid = try await pool.withConnection { try await $0.execute(backendPID)[0].int(0) }
                // No waiting: the end arrives before, while, or after the connection is lent again.
                _ = try await connection.ints("SELECT 1 FROM pg_terminate_backend(\(pid))")
                _ = try await pool.withTransaction { try await $0.execute(insert, [.int(number)]) }
            }
            #expect(try await connection.ints("SELECT count(*) FROM t") == [20])
        }
    }

    @Test("Close waits for those who have a connection, and refuses everybody else")
    func closing() async throws {
        let pool = PostgresPool(
            configuration: try await PostgresForTests.configuration(), size: 1, label: "test",
            waitTimeout: .seconds(20), logger: PostgresForTests.logger)
        let holder = Task {
            try await pool.withConnection { try await $0.execute(PostgresStatement(unnamed: "SELECT pg_sleep(0.2)")) }
        }
        try await wait(until: "the connection is lent") { pool.statistics.size == 1 && pool.statistics.idle == 0 }
        let waiter = Task { await postgresError { try await pool.withConnection { try await $0.execute(one) } } }
        try await wait(until: "somebody waits") { pool.statistics.waiting == 1 }
        await pool.close()
        _ = try await holder.value
        #expect(await waiter.value.kind == .shutDown)
        #expect(await postgresError { try await pool.withConnection { try await $0.execute(one) } }.kind == .shutDown)
        #expect([pool.statistics.size, pool.statistics.idle, pool.statistics.waiting] == [0, 0, 0])
    }

    @Test("When no connection can be opened, nobody waits in vain")
    func outage() async throws {
        var configuration = try await PostgresForTests.configuration()
        configuration.url = "postgresql://postgres@127.0.0.1:1/postgres"
        try await withPool(configuration, size: 2) { pool async throws in
            let start = ContinuousClock.now
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<30 {
                    group.addTask {
                        let error = await postgresError { try await pool.withConnection { try await $0.execute(one) } }
                        #expect(error.kind == .connectionFailed && error.canRetry)
                    }
                }
                try await group.waitForAll()
            }
            #expect(ContinuousClock.now - start < .seconds(15))
            #expect([pool.statistics.size, pool.statistics.idle, pool.statistics.waiting] == [0, 0, 0])
        }
    }
}
