// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import Postgres

@Suite("Reads that share a statement", .timeLimit(.minutes(2))) struct GatheredReadTests {
    /// `100 / value` fails for 0.
    fileprivate static let read = PostgresStatement(
        "quotient", "SELECT $2::int8 / value FROM t WHERE id = $1::uuid", key: 1,
        gathered: """
            SELECT $2::int8 / t.value, k.place FROM unnest($1::uuid[]) WITH ORDINALITY AS k(id, place)
            JOIN t ON t.id = k.id
            """)

    private typealias Outcome = Result<[Int64], PostgresError>

    private func withTable(
        _ mode: PostgresPipeline.Mode = .reads, _ body: (Table) async throws -> Void
    ) async throws {
        try await withSchema { configuration async throws in
            try await withConnection(configuration) { connection async throws in
                try await connection.run(
                    "CREATE TABLE t (id uuid PRIMARY KEY, value int8 NOT NULL)")
                try await withPipeline(configuration, mode) { pipeline async throws in
                    let pid = try await pipeline.execute(backendPID)[0].int(0)
                    try await body(Table(pipeline: pipeline, connection: connection, pid: pid))
                }
            }
        }
    }

    /// `t` with the values of ids, and those who read it through a pipeline.
    private struct Table {
        let pipeline: PostgresPipeline
        let connection: PostgresConnection
        let pid: Int64

        func fill(_ values: Range<Int>) async throws {
            let rows = values.map { "('\(Self.text($0))', \($0))" }.joined(separator: ", ")
            try await connection.run("INSERT INTO t VALUES \(rows)")
        }

        static func text(_ id: Int) -> String { "00000000-0000-4000-8000-" + String(100_000_000_000 + id) }

        /// What `dividend / value` is for `id`.
        func read(
            _ id: Int, _ dividend: Int64 = 100, _ statement: PostgresStatement = GatheredReadTests.read
        ) async -> Outcome {
            // The digits of the text are those of the number.
            let low = UInt64(String(100_000_000_000 + id), radix: 16).map { 0x8000 << 48 | $0 } ?? 0
            do throws(PostgresError) {
                let parameters: [PostgresParameter] = [.uuid(high: 0x4000, low: low), .int(dividend)]
                var values: [Int64] = []
                for row in try await pipeline.execute(statement, parameters) { values.append(try row.int(0)) }
                return .success(values)
            } catch {
                return .failure(error)
            }
        }

        /// Keeps the pipeline waiting for an answer until `body` returns.
        func blocking<Value: Sendable>(_ body: () async throws -> Value) async throws -> Value {
            _ = try await connection.ints("SELECT 1 FROM pg_advisory_lock(4712)")
            let locking = PostgresStatement(unnamed: "SELECT 1 FROM pg_advisory_xact_lock(4712)")
            async let blocked = pipeline.execute(locking)
            try await connection.waitUntilLocked(pid)
            let value = try await body()
            _ = try await connection.ints("SELECT 1 FROM pg_advisory_unlock(4712)")
            _ = try await blocked
            return value
        }

        /// Reads all at the same time, while the pipeline waits for another answer.
        /// - Returns: The outcomes in order, and how many statements they took.
        func readTogether(
            _ reads: [(id: Int, dividend: Int64)], _ statement: PostgresStatement = GatheredReadTests.read
        ) async throws -> (outcomes: [Outcome], statements: Int) {
            try await withThrowingTaskGroup(of: (Int, Outcome).self) { group in
                let before = try await blocking {
                    for (number, read) in reads.enumerated() {
                        group.addTask { (number, await self.read(read.id, read.dividend, statement)) }
                    }
                    try await wait(until: "all have asked") { pipeline.statistics.waiting == reads.count }
                    return pipeline.statistics.commands
                }
                let outcomes = try await group.reduce(into: [Int: Outcome]()) { $0[$1.0] = $1.1 }
                return (reads.indices.compactMap { outcomes[$0] }, pipeline.statistics.commands - before)
            }
        }

        func readTogether(
            _ ids: some Sequence<Int>, _ statement: PostgresStatement = GatheredReadTests.read
        ) async throws -> (outcomes: [Outcome], statements: Int) {
            try await readTogether(ids.map { ($0, 100) }, statement)
        }
    }

    @Test(
        "Those that wait together are one statement, up to a bound, and each gets its own row, or none",
        arguments: [1, 2, 64, 65, 200])
    func together(count: Int) async throws {
        try await withTable { table in
            try await table.fill(1..<150)
            let ids = (1...count).map { $0 * 7 % 199 + 1 }
            let (outcomes, statements) = try await table.readTogether(ids)
            for (id, outcome) in zip(ids, outcomes) {
                #expect(try outcome.get() == (id < 150 ? [100 / Int64(id)] : []), "\(id)")
            }
            #expect(statements == (count + 63) / 64)
        }
    }

    @Test("One id may be asked for by many")
    func sameID() async throws {
        try await withTable { table in
            try await table.fill(1..<10)
            let (outcomes, statements) = try await table.readTogether([5, 5, 7, 5, 11, 11])
            #expect(try outcomes.map { try $0.get() } == [[20], [20], [14], [20], [], []])
            #expect(statements == 1)
        }
    }

    @Test("Those that differ in more than the id do not share")
    func different() async throws {
        try await withTable { table in
            try await table.fill(1..<10)
            let (outcomes, statements) = try await table.readTogether([(2, 100), (2, 50), (5, 100), (5, 50), (5, 30)])
            #expect(try outcomes.map { try $0.get() } == [[50], [25], [20], [10], [6]])
            #expect(statements == 3)
        }
    }

    @Test("A lone read is sent as it is")
    func alone() async throws {
        try await withTable { table in
            try await table.fill(1..<10)
            for id in 1..<10 { #expect(try await table.read(id).get() == [100 / Int64(id)]) }
            let prepared = PostgresStatement(
                unnamed: "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%unnest%$1%' AND name <> ''"
            )
            #expect(try await table.pipeline.execute(prepared)[0].int(0) == 0)
        }
    }

    @Test("Only reads share: of writes each is carried out by itself")
    func writes() async throws {
        try await withTable(.writes) { table in
            try await table.fill(1..<10)
            let (outcomes, statements) = try await table.readTogether(1..<10)
            #expect(try outcomes.map { try $0.get() } == (1..<10).map { [100 / $0] })
            #expect(statements == 9)
        }
    }

    @Test("The error of one is its own")
    func failing() async throws {
        try await withTable { table in
            try await table.fill(0..<20)
            let (outcomes, _) = try await table.readTogether(0..<20)
            for (id, outcome) in outcomes.enumerated() {
                if id == 0 {
                    #expect(outcome.failure?.sqlState == "22012")
                } else {
                    #expect(try outcome.get() == [100 / Int64(id)])
                }
            }
            #expect(try await table.readTogether(1..<20).statements == 1)
        }
    }

    @Test(
        "A form for many that cannot be prepared, or gives rows to nobody, hurts nobody", arguments: ["nowhere", "t"])
    func brokenForm(table name: String) async throws {
        let broken = PostgresStatement(
            "broken", Self.read.sql, key: 1,
            gathered: "SELECT $2::int8 / t.value, 7::int8 FROM \(name) t WHERE t.id = ANY($1::uuid[])")
        try await withTable { table in
            try await table.fill(1..<6)
            for _ in 0..<2 {
                let (outcomes, _) = try await table.readTogether(1..<6, broken)
                #expect(try outcomes.map { try $0.get() } == (1..<6).map { [100 / $0] })
            }
        }
    }

    @Test("A plan that has gone stale is made anew")
    func stale() async throws {
        try await withTable { table in
            try await table.fill(1..<10)
            #expect(try await table.read(1).get() == [100])
            #expect(try await table.readTogether(1..<10).statements == 1)
            // The quotient has another type then, for one and for many.
            try await table.connection.run("ALTER TABLE t ALTER COLUMN value TYPE numeric")
            let numeric = try await table.readTogether(1..<10)
            #expect(numeric.outcomes.allSatisfy { $0.failure?.kind == .decoding })
            try await table.connection.run("ALTER TABLE t ALTER COLUMN value TYPE int8")
            let (outcomes, statements) = try await table.readTogether(1..<10)
            #expect(try outcomes.map { try $0.get() } == (1..<10).map { [100 / $0] })
            #expect(statements == 1)
        }
    }

    @Test("Who is cancelled before or after the statement has left disturbs nobody")
    func cancelled() async throws {
        try await withTable { table in
            try await table.fill(1..<30)
            let tasks = try await table.blocking {
                let tasks = (1..<30).map { id in Task { await table.read(id) } }
                try await wait(until: "all have asked") { table.pipeline.statistics.waiting == 29 }
                try await table.connection.run("BEGIN; LOCK TABLE t IN ACCESS EXCLUSIVE MODE")
                for task in tasks[..<5] { task.cancel() }
                for task in tasks[..<5] { #expect(await task.value.failure?.kind == .cancelled) }
                return tasks
            }
            // Its statement now waits for the table.
            try await table.connection.waitUntilLocked(table.pid)
            for task in tasks[5..<10] { task.cancel() }
            for task in tasks[5..<10] { #expect(await task.value.failure?.kind == .cancelled) }
            try await table.connection.run("COMMIT")
            for (id, task) in zip(11..., tasks[10...]) {
                #expect(try await task.value.get() == [100 / Int64(id)])
            }
        }
    }

    @Test("A read that comes when others are under way is sent after them, and sees what was written before it came")
    func readYourWrites() async throws {
        try await withTable { table in
            try await table.fill(1..<10)
            let before = table.pipeline.statistics.commands
            let early = try await table.blocking {
                let early = (1..<10).map { id in Task { await table.read(id) } }
                try await wait(until: "all have asked") { table.pipeline.statistics.waiting == 9 }
                try await table.connection.run("BEGIN; LOCK TABLE t IN ACCESS EXCLUSIVE MODE")
                return early
            }
            try await table.connection.waitUntilLocked(table.pid)
            try await table.connection.run("UPDATE t SET value = 50 WHERE id = '\(Table.text(3))'")
            let late = Task { await table.read(3) }
            try await wait(until: "it has asked") { table.pipeline.statistics.waiting == 1 }
            try await table.connection.run("COMMIT")
            #expect(try await late.value.get() == [2])
            for task in early { #expect(try await task.value.get().count == 1) }
            // What blocked, the early ones, the late one.
            #expect(table.pipeline.statistics.commands - before == 3)
        }
    }

    @Test("A pipeline is held up while an answer takes long, and while it has no connection")
    func heldUp() async throws {
        try await withTable { table in
            try await wait(until: "it sleeps") { !table.pipeline.isHeldUp(in: .seconds(1)) }
            try await table.blocking { #expect(table.pipeline.isHeldUp(in: .milliseconds(11))) }
            try await wait(until: "it sleeps") { !table.pipeline.isHeldUp(in: .seconds(1)) }
        }
        var nowhere = try await PostgresForTests.configuration()
        nowhere.url = "postgresql://127.0.0.1:1/none"
        nowhere.connectTimeout = .seconds(2)
        try await withPipeline(nowhere, .reads) { pipeline in
            #expect(!pipeline.isHeldUp())
            async let vain = postgresError { try await pipeline.execute(backendPID) }
            try await wait(until: "it has asked") { pipeline.isHeldUp() }
            #expect(await vain.kind == .connectionFailed)
        }
    }
}

extension PostgresConnection {
    /// Unlike `pg_stat_activity`, `pg_locks` tells a transaction what is true now.
    fileprivate func waitUntilLocked(_ pid: Int64) async throws {
        let statement = PostgresStatement(
            unnamed: "SELECT count(*) FROM pg_locks WHERE pid = $1::int8 AND NOT granted")
        try await wait(until: "backend \(pid) waits for a lock") {
            try await self.execute(statement, [.int(pid)])[0].int(0) == 1
        }
    }
}

extension Result where Failure == PostgresError {
    fileprivate var failure: PostgresError? {
        if case .failure(let error) = self { error } else { nil }
    }
}
