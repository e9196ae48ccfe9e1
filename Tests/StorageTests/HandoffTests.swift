// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Postgres
import Synchronization
import TestSupport
import Testing

@testable import Storage

private final class Counter: Sendable {
    private let value = Mutex(0)

    var count: Int { value.withLock { $0 } }

    func increment() { value.withLock { $0 += 1 } }
}

private struct Broken: Error {}

@Suite("Passing pieces from task to task", .timeLimit(.minutes(2))) struct HandoffTests {
    @Test("Everything arrives once and in order, whoever is faster", arguments: [0, 1, 2])
    func order(slow: Int) async throws {
        let handoff = Handoff<Int>()
        let giver = Task {
            for number in 0..<1000 {
                if slow == 1 { await Task.yield() }
                try await handoff.give(number, within: .seconds(60))
            }
            handoff.end(.success(()))
        }
        var taken: [Int] = []
        while let number = try await handoff.take() {
            taken.append(number)
            if slow == 2 { await Task.yield() }
        }
        #expect(taken == Array(0..<1000))
        #expect(try await handoff.take() == nil)
        try await giver.value
    }

    @Test("Whoever gives is never more than one piece ahead of the one it waits with")
    func backPressure() async throws {
        let handoff = Handoff<Int>()
        let given = Counter()
        let giver = Task {
            for number in 0..<200 {
                try await handoff.give(number, within: .seconds(60))
                given.increment()
            }
            handoff.end(.success(()))
        }
        var taken = 0
        while try await handoff.take() != nil {
            taken += 1
            // The one in reserve, and the one that was just let go.
            #expect(given.count <= taken + 1)
        }
        #expect(taken == 200)
        try await giver.value
    }

    @Test("An error comes after what was given before it")
    func error() async throws {
        let handoff = Handoff<Int>()
        try await handoff.give(1, within: .seconds(60))
        handoff.end(.failure(Broken()))
        #expect(try await handoff.take() == 1)
        await #expect(throws: Broken.self) { try await handoff.take() }
    }

    @Test("What is closed takes nothing more, and lets go who waits to give")
    func close() async throws {
        let handoff = Handoff<Int>()
        try await handoff.give(1, within: .seconds(60))
        let giver = Task { try await handoff.give(2, within: .seconds(60)) }
        handoff.close()
        await #expect(throws: CancellationError.self) { try await giver.value }
        await #expect(throws: CancellationError.self) { try await handoff.give(3, within: .seconds(60)) }
        await #expect(throws: CancellationError.self) { try await handoff.take() }
    }

    @Test("Whoever takes nothing for too long is given nothing more")
    func stalled() async throws {
        let handoff = Handoff<Int>()
        try await handoff.give(1, within: .milliseconds(1))
        await #expect(throws: Handoff<Int>.Stalled.self) { try await handoff.give(2, within: .milliseconds(1)) }
        #expect(try await handoff.take() == 1)
        try await handoff.give(3, within: .milliseconds(1))
        #expect(try await handoff.take() == 3)
    }

    @Test("A cancelled giver does not wait, a cancelled taker closes")
    func cancellation() async throws {
        let handoff = Handoff<Int>()
        try await handoff.give(1, within: .seconds(60))
        let giver = Task { try await handoff.give(2, within: .seconds(60)) }
        giver.cancel()
        await #expect(throws: CancellationError.self) { try await giver.value }
        let empty = Handoff<Int>()
        let taker = Task { try await empty.take() }
        taker.cancel()
        await #expect(throws: CancellationError.self) { try await taker.value }
        await #expect(throws: CancellationError.self) { try await empty.give(1, within: .seconds(60)) }
    }
}

@Suite("Reading in a snapshot", .timeLimit(.minutes(2))) struct SnapshotStreamTests {
    private func withPool<Value>(
        longest: Duration = .seconds(60), pause: Duration = .seconds(60), size: Int = 1,
        _ body: (StreamPool) async throws -> Value
    ) async throws -> Value {
        try await StorageFixture.run { fixture in
            let pool = PostgresPool(
                configuration: fixture.configuration, size: size, label: "test.streams", waitTimeout: .seconds(20),
                logger: StorageFixture.logger)
            do {
                let value = try await body(
                    StreamPool(connections: pool, longest: longest, longestPause: pause))
                await pool.close()
                return value
            } catch {
                await pool.close()
                throw error
            }
        }
    }

    /// With one connection in the pool: another stream works only when it is back, and in no transaction.
    private func expectFree(_ pool: StreamPool) async throws {
        let stream = SnapshotStream<Int64>(pool) { connection, give in
            let result = try await connection.execute(
                PostgresStatement(unnamed: "SELECT count(*) FROM resource"))
            try await give(try result[0].int(0))
        }
        #expect(try await stream.next() == 0)
        #expect(try await stream.next() == nil)
        try await wait(until: "the connection is back") { pool.connections.statistics.idle == 1 }
    }

    private func endless(_ pool: StreamPool) -> SnapshotStream<Int64> {
        SnapshotStream<Int64>(pool) { connection, give in
            while true {
                let result = try await connection.execute(PostgresStatement(unnamed: "SELECT 1::int8"))
                try await give(try result[0].int(0))
            }
        }
    }

    @Test("The session can write nothing, and the error of a statement is that of the stream")
    func readOnly() async throws {
        try await withPool { pool in
            let stream = SnapshotStream<Int>(pool) { connection, give in
                try await give(1)
                _ = try await connection.execute(PostgresStatement(unnamed: "DELETE FROM resource"))
            }
            #expect(try await stream.next() == 1)
            let error = await #expect(throws: PostgresError.self) { try await stream.next() }
            #expect(error?.sqlState == "25006")
            try await expectFree(pool)
        }
    }

    @Test("The connection comes back from a stream that is dropped: unread, at once, in the middle")
    func dropped() async throws {
        try await withPool { pool in
            for number in 0..<12 {
                var stream: SnapshotStream<Int64>? = endless(pool)
                for _ in 0..<(number % 4) { _ = try await stream?.next() }
                stream = nil
                try await expectFree(pool)
            }
        }
    }

    @Test("The connection comes back when the reader's task is cancelled, also while a statement is under way")
    func cancelled() async throws {
        try await withPool { pool in
            for seconds in [0, 100] {
                let task = Task {
                    let stream = SnapshotStream<Int64>(pool) { connection, give in
                        try await give(1)
                        _ = try await connection.execute(
                            PostgresStatement(unnamed: "SELECT pg_sleep(\(seconds))"))
                        while true { try await give(2) }
                    }
                    while try await stream.next() != nil {}
                }
                try await wait(until: "the stream has a connection") {
                    let statistics = pool.connections.statistics
                    return statistics.size == 1 && statistics.idle == 0
                }
                task.cancel()
                await #expect(throws: CancellationError.self) { try await task.value }
                try await expectFree(pool)
            }
        }
    }

    @Test("Whoever takes nothing, or takes too long, loses the stream and not the others their connection")
    func slow() async throws {
        try await withPool(pause: .milliseconds(20)) { pool in
            let stream = endless(pool)
            #expect(try await stream.next() == 1)
            try await wait(until: "the connection is back") { pool.connections.statistics.idle == 1 }
            // What was given before is still there.
            #expect(try await stream.next() == 1)
            let error = await #expect(throws: PostgresError.self) { while try await stream.next() != nil {} }
            #expect(error?.kind == .timeout)
            try await expectFree(pool)
        }
        try await withPool(longest: .zero) { pool in
            let stream = endless(pool)
            let error = await #expect(throws: PostgresError.self) { while try await stream.next() != nil {} }
            #expect(error?.kind == .timeout)
        }
    }
}
