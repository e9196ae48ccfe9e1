// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import JSON
import Testing

@testable import scim_bench

@Suite struct ReportTests {
    private static func round(
        connections: Int, _ repetition: Int, rate: Double, limit: Double?, failures: [String: Int] = [:],
        missing: [String] = []
    ) -> Round {
        Round(
            connections: connections, repetition: repetition,
            load: LoadResult(
                connections: connections, accepted: Int(rate), measured: Int(rate), measuredSeconds: 1,
                latencies: [LatencySummary(p50: 1.5, p95: 3.25, p99: 4, maximum: 9)], failures: failures,
                firstFailure: failures.isEmpty ? nil : "status 503: busy",
                processorUse: ProcessorUse(server: 60, postgres: 50, generator: 20)),
            missing: missing,
            limit: limit.map {
                LimitResult(
                    rate: $0, latency: 3, processorUse: ProcessorUse(postgres: 150, generator: 12), problems: [])
            }, loadAverage: "0.10 0.20 0.30")
    }

    private static func report(_ rounds: [Round], limitName: String? = "pgbench") throws -> Report {
        Report(
            scenario: "accept", limitName: limitName, began: Date(timeIntervalSince1970: 1_795_322_760), seed: 7,
            plan: try BenchPlan(
                connections: [1, 32], repeats: 3, warmUp: 1, seconds: 1, budget: 60, maximumRequests: 1000, sides: 2),
            rounds: rounds,
            provenance: Provenance(
                commit: "0123abc", target: "http://127.0.0.1:8080/scim/v2",
                machine: Machine(processor: "AMD", cores: 2, memoryGiB: 23.4, system: "Debian", kernel: "6.1"),
                loadAverageBefore: "0 0 0", loadAverageAfter: "1 1 1", notes: [("a|b", "c|d")],
                durability: [("fsync", "on")]))
    }

    private static let good = [
        round(connections: 1, 1, rate: 1000, limit: 2000), round(connections: 1, 2, rate: 1200, limit: 2000),
        round(connections: 1, 3, rate: 1100, limit: 2200), round(connections: 32, 1, rate: 12_345, limit: 10_000),
    ]

    @Test("medians are of the rates, the ratio is of the rates of one round")
    func rows() throws {
        let row = try #require(try Self.report(Self.good).rows.first)
        #expect(row.rate == Spread([1000, 1200, 1100]))
        #expect(row.ratio == Spread([0.5, 0.6, 0.5]))
        #expect(row.limitPostgresTime?.median == 150)
        #expect(row.goodRounds == 3)
    }

    @Test("the text has one aligned line for each number of connections")
    func text() throws {
        let report = try Self.report(Self.good)
        let lines = report.text.split(separator: "\n").map { String($0) }
        #expect(!report.isVoid)
        #expect(lines.contains { $0.contains("1,100 (1,000-1,200)") && $0.contains("0.50 (0.50-0.60)") })
        #expect(lines.contains { $0.contains("12,345 (12,345-12,345)") && $0.contains("1 of 3") })
        #expect(lines.contains("PostgreSQL settings: fsync=on"))
        #expect(!report.text.contains("VOID"))
    }

    @Test("failed requests and missing writes make the bench void, and both forms say so with the reason")
    func void() throws {
        let report = try Self.report(
            Self.good + [
                Self.round(connections: 32, 2, rate: 99_000, limit: 10_000, failures: ["status 503": 4]),
                Self.round(connections: 32, 3, rate: 99_000, limit: 10_000, missing: ["5 accepted, but 4 resources"]),
            ])
        #expect(report.isVoid)
        // The figures of void rounds are nowhere.
        #expect(report.rows[1].rate == Spread([12_345]))
        for text in [report.text, report.markdown] {
            #expect(text.contains("32 connections, run 2: 4 x status 503 (first: status 503: busy)"))
            #expect(text.contains("32 connections, run 3: 5 accepted, but 4 resources"))
            #expect(!text.contains("99,000"))
        }
        #expect(report.text.contains("VOID"))
        #expect(report.markdown.contains("**Void.**"))
    }

    @Test("a run that measured nothing is void, and so is a bench without runs")
    func empty() throws {
        let report = try Self.report([Self.round(connections: 1, 1, rate: 0, limit: 5)])
        #expect(report.isVoid)
        #expect(report.rows[0].voided == ["1 connections, run 1: nothing was accepted within the measured time"])
        #expect(try Self.report([]).isVoid)
    }

    @Test("without a limit there is no word of it")
    func withoutLimit() throws {
        let report = try Self.report([Self.round(connections: 1, 1, rate: 10, limit: nil)], limitName: nil)
        #expect(!report.text.contains("limit"))
        #expect(!report.text.contains("ratio"))
        #expect(report.json["limit"]?.isNull == true)
        #expect(report.json["rows"]?[0]?["ratio"]?.isNull == true)
    }

    @Test("Markdown tables have the same number of cells in every line, whatever a remark holds")
    func markdown() throws {
        let report = try Self.report(Self.good)
        #expect(report.markdown.contains("# scim-bench accept, 2026-11-22, 0123abc"))
        #expect(report.markdown.contains("| a\\|b | c\\|d |"))
        #expect(
            report.markdown.contains(
                "| 1 | 1,100 (1,000-1,200) | 1.50 | 3.25 | 4.00 | 2,000 (2,000-2,200) | 0.50 (0.50-0.60) | 3 of 3 |"))
    }

    @Test("the files are kept, never overwritten, and hold the same as the report")
    func files() throws {
        let folder = FileManager.default.temporaryDirectory.path + "/bench-\(UInt64.random(in: .min ... .max))"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let report = try Self.report(Self.good)
        let first = try ResultFiles(folder: folder).write(report)
        let second = try ResultFiles(folder: folder).write(report)
        #expect(first == folder + "/2026-11-22-0123abc-accept.json")
        #expect(second == folder + "/2026-11-22-0123abc-accept-2.json")
        let text = try String(contentsOfFile: first, encoding: .utf8)
        #expect(try JSONValue(parsing: text) == report.json)
        #expect(text.split(separator: "\n").count > 20)
        #expect(
            try String(contentsOfFile: folder + "/2026-11-22-0123abc-accept.md", encoding: .utf8) == report.markdown)
        #expect(report.json["rows"]?[0]?["ratio"]?["median"]?.doubleValue == 0.5)
        #expect(report.json["rounds"]?[3]?["ratio"]?.doubleValue == 1.2345)
    }

    @Test(
        "numbers are grouped by thousands",
        arguments: [(0.0, "0"), (999.4, "999"), (999.5, "1,000"), (1_234_567, "1,234,567"), (-1234, "-1,234")])
    func grouped(value: Double, text: String) { #expect(Figure.count(value) == text) }

    @Test(
        "the bar is as full as the work", arguments: [(-1.0, "[----]"), (0, "[----]"), (0.5, "[##--]"), (2, "[####]")])
    func bar(fraction: Double, text: String) { #expect(ProgressBar.bar(fraction: fraction, width: 4) == text) }
}
