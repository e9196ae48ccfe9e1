// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Postgres
import Testing

@testable import scim_bench

@Suite struct PgbenchLogTests {
    private func log(_ texts: String..., script: Int = 1, warmUp: Int64 = 0) -> PgbenchLog {
        PgbenchLog(texts.map { Array($0.utf8) }, script: script, warmUp: warmUp)
    }

    @Test("only the transactions of the script count, of all files")
    func script() {
        let first = "0 1 100 0 1700000000 100\n0 2 250 1 1700000000 400\n"
        let second = "1 1 300 1 1700000000 900\n"
        let found = log(first, second)
        #expect(found.latencies == [250, 300])
        #expect(abs(found.seconds - 0.0009) < 1e-9)
        #expect(log(first, second, script: 0).latencies == [100])
        #expect(log(first, second, script: 2).latencies == [])
    }

    @Test("what ended in the warm-up does not count")
    func warmUp() {
        let found = log(
            """
            0 1 500000 1 1700000000 500000
            0 2 499999 1 1700000000 999999
            0 3 10 1 1700000001 0
            0 4 20 1 1700000002 500000
            """, warmUp: 1_000_000)
        #expect(found.latencies == [10, 20])
        #expect(abs(found.seconds - 1.5) < 1e-9)
    }

    @Test(
        "lines that tell no latency are left out",
        arguments: [
            "0 1 failed 1 1700000000 5", "0 1 skipped 1 1700000000 5", "0 1 5 1", "", "0 1 -5 1 1700000000 5",
            "0 1 99999999999999999999 1 1700000000 5", "progress: 1.0 s",
        ])
    func other(line: String) {
        #expect(log("\(line)\n0 2 7 1 1700000000 9 0 1\n").latencies == [7])
        #expect(log(line).latencies == [])
    }

    @Test("percentiles are by nearest rank")
    func percentiles() {
        let summary = LatencySummary(microseconds: (1...100).map { Int64($0) * 1000 }.reversed())
        #expect(summary.count == 100)
        #expect(summary.mean == 50.5)
        #expect(summary.p50 == 50)
        #expect(summary.p95 == 95)
        #expect(summary.p99 == 99)
        #expect(summary.maximum == 100)
        #expect(
            LatencySummary(microseconds: [1500])
                == LatencySummary(count: 1, mean: 1.5, p50: 1.5, p95: 1.5, p99: 1.5, maximum: 1.5))
        #expect(LatencySummary(microseconds: []) == LatencySummary())
        // Of three the median is the second, and everything above the greatest.
        let three = LatencySummary(microseconds: [3000, 1000, 2000])
        #expect(three.p50 == 2)
        #expect(three.p95 == 3)
    }

    @Test("the draw fills the variables that the SELECT uses", arguments: ListQuery.allCases)
    func scripts(query: ListQuery) {
        let select = ListSelect(query: query, client: "bench")
        let limit = PgbenchSelect(
            program: Program(path: "/bin/false"), configuration: .init(url: "", applicationName: "test"), threads: 1,
            select: select,
            samples: [ListSample(parameters: [], value: "a"), ListSample(parameters: [], value: "b")], seed: 1)
        #expect(limit.drawScript.contains("random(1, 2)"))
        #expect(limit.drawScript.contains("query = '\(query.rawValue)'"))
        #expect(limit.drawScript.hasSuffix("\\gset\n"))
        #expect(limit.selectScript.contains(":value ") == (select.valueCount > 0))
        #expect(limit.selectScript.contains(":value_end") == (select.valueCount == 2))
        #expect(limit.selectScript.hasSuffix(";\n"))
        #expect(limit.selectScript.filter { $0 == ";" }.count == 1)
    }
}
