// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import FuzzSupport
import Postgres
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(2))) struct PipelinePropertyTests {
    /// The rows that one caller wants to write, as one statement or as one transaction.
    private struct Write: Sendable {
        let number: Int64
        let ids: [Int64]
        let isTransaction: Bool
    }

    private static func writes(seed: UInt64) -> [Write] {
        var generator = SeededGenerator(seed: seed)
        return (0..<Int64(400)).map { number in
            let isTransaction = Int.random(in: 0..<3, using: &generator) == 0
            let count = isTransaction ? Int.random(in: 1...5, using: &generator) : 1
            let ids = (0..<count).map { _ in Int64.random(in: 0..<300, using: &generator) }
            return Write(number: number, ids: ids, isTransaction: isTransaction)
        }
    }

    @Test(
        "Whatever is gathered with whatever, each write is there completely or not at all, and fails for itself only",
        arguments: [0, 1, 2, 3].map { $0 + SeededGenerator.seedOffset })
    func gathering(seed: UInt64) async throws {
        let insert = PostgresStatement("insert", "INSERT INTO t VALUES ($1::int8, $2::int8)")
        try await withSchema { configuration in
            try await withConnection(configuration) { connection async throws in
                try await connection.run("CREATE TABLE t (id int8 PRIMARY KEY, writer int8 NOT NULL)")
                let writes = Self.writes(seed: seed)
                let failures = try await withPipeline(configuration, .writes) { pipeline in
                    await withTaskGroup(of: (Int64, PostgresError?).self) { group in
                        for write in writes {
                            group.addTask {
                                let commands = write.ids.map {
                                    PostgresCommand(insert, [.int($0), .int(write.number)])
                                }
                                do throws(PostgresError) {
                                    if write.isTransaction {
                                        _ = try await pipeline.transaction(commands)
                                    } else {
                                        _ = try await pipeline.execute(insert, commands[0].parameters)
                                    }
                                    return (write.number, nil)
                                } catch {
                                    return (write.number, error)
                                }
                            }
                        }
                        return await group.reduce(into: [Int64: PostgresError]()) { $0[$1.0] = $1.1 }
                    }
                }
                var owners: [Int64: Int64] = [:]
                for row in try await connection.execute(PostgresStatement(unnamed: "SELECT id, writer FROM t")) {
                    owners[try row.int(0)] = try row.int(1)
                }
                for write in writes {
                    let own = Set(write.ids.filter { owners[$0] == write.number })
                    guard let failure = failures[write.number] else {
                        #expect(own == Set(write.ids), "seed \(seed): write \(write.number) was confirmed")
                        continue
                    }
                    #expect(failure.isUniqueViolation && !failure.mayHaveCommitted, "seed \(seed): \(failure)")
                    #expect(own.isEmpty, "seed \(seed): write \(write.number) was refused")
                    let hasRival = write.ids.contains { owners[$0] != nil } || Set(write.ids).count < write.ids.count
                    #expect(hasRival, "seed \(seed): write \(write.number) was refused for nothing")
                }
            }
        }
    }
}
