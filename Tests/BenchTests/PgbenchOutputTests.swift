// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import scim_bench

@Suite struct PgbenchOutputTests {
    private typealias Progress = PgbenchOutput.Progress

    @Test("a line of progress is read")
    func line() {
        #expect(
            Progress("progress: 2.0 s, 9816.4 tps, lat 0.815 ms stddev 0.312, 0 failed")
                == Progress(elapsed: 2, rate: 9816.4, latency: 0.815))
        #expect(
            Progress("progress: 1.0 s, 3542.0 tps, lat 0.282 ms stddev 0.051")
                == Progress(elapsed: 1, rate: 3542, latency: 0.282))
    }

    @Test(
        "other lines are no progress",
        arguments: [
            "", "pgbench (15.18 (Debian 15.18-0+deb12u1))", "progress: x s, 1 tps, lat 1 ms stddev 0",
            "progress: 1.0 s, -nan tps, lat 0 ms stddev 0", "progress: 1.0 s", "pgbench: error: client 0 aborted",
        ])
    func other(text: String) { #expect(Progress(text) == nil) }

    @Test("the warm-up does not count, lines weigh by their length")
    func measured() throws {
        let lines = [
            Progress(elapsed: 1, rate: 10, latency: 100), Progress(elapsed: 2, rate: 1000, latency: 1),
            Progress(elapsed: 4, rate: 2000, latency: 2),
        ]
        let measured = try #require(PgbenchOutput.measured(lines, warmUp: 1))
        #expect(abs(measured.rate - 5000 / 3.0) < 1e-9)
        #expect(abs(measured.latency - (1000.0 * 1 + 4000 * 2) / 5000) < 1e-9)
        #expect(PgbenchOutput.transactions(lines) == 10 + 1000 + 4000)
        #expect(PgbenchOutput.measured(Array(lines.prefix(1)), warmUp: 1) == nil)
        #expect(PgbenchOutput.measured([], warmUp: 1) == nil)
    }

    @Test("a line a little late is still of the warm-up")
    func late() {
        let lines = [Progress(elapsed: 1.01, rate: 10, latency: 1), Progress(elapsed: 2.01, rate: 500, latency: 1)]
        #expect(PgbenchOutput.measured(lines, warmUp: 1)?.rate == 500)
    }

    @Test("numbers of the summary are read")
    func summary() {
        let text = """
            number of clients: 32
            number of transactions actually processed: 50123
            number of failed transactions: 3 (0.006%)
            """
        #expect(PgbenchOutput.number("number of transactions actually processed", in: text) == 50123)
        #expect(PgbenchOutput.number("number of failed transactions", in: text) == 3)
        #expect(PgbenchOutput.number("tps", in: text) == nil)
        #expect(PgbenchOutput.scriptTransactions(in: text) == [])
    }

    @Test("a last second without a line is told by the summary")
    func rest() {
        let lines = [Progress(elapsed: 1, rate: 400, latency: 1)]
        let summary = "latency average = 2.500 ms\ninitial connection time = 1.2 ms\n"
        let rest = PgbenchOutput.rest(after: lines, of: summary, processed: 1000, seconds: 2)
        #expect(rest?.rate == 300)
        #expect(rest?.latency == 2.5)
        #expect(PgbenchOutput.rest(after: [], of: summary, processed: 1000, seconds: 2) == nil)
        #expect(PgbenchOutput.rest(after: lines, of: "", processed: 1000, seconds: 2) == nil)
        #expect(PgbenchOutput.rest(after: lines, of: summary, processed: 400, seconds: 2) == nil)
    }

    @Test("of several scripts each has its number")
    func scripts() {
        let text = """
            number of transactions actually processed: 5012
            SQL script 1: /tmp/0.sql
             - weight: 4 (targets 80.0% of total)
             - 4010 transactions (80.0% of total, tps = 4010.000000)
             - number of failed transactions: 0 (0.000%)
             - latency average = 0.210 ms
            SQL script 2: /tmp/1.sql
             - weight: 1 (targets 20.0% of total)
             - 1002 transactions (20.0% of total, tps = 1002.000000)
            """
        #expect(PgbenchOutput.scriptTransactions(in: text) == [4010, 1002])
    }
}
