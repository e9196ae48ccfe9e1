// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import JSON
import Testing

@testable import scim_bench

@Suite struct SummaryTests {
    private static let machine = #"""
        "commit": "0123abc", "machine": {"processor": "AMD", "cores": 2, "memoryGiB": 23.4, "system": "Debian", "kernel": "6.1",
        "loadAverageBefore": "0.5 1 1", "loadAverageAfter": "2 1 1"}, "notes": {"PostgreSQL": "15.18", "users": "7"},
        "postgres": {"fsync": "on"}
        """#

    private static func rounds(
        _ scenario: String, ratio: Double, isVoid: Bool = false, began: String = "2026-11-30T10:00:00Z"
    ) -> String {
        """
        {"scenario": "\(scenario)", "began": "\(began)", "isVoid": \(isVoid), \(machine), "rows": [
            {"connections": 32, "perSecond": {"median": 2854, "minimum": 2700, "maximum": 2900},
             "limitPerSecond": {"median": 4191, "minimum": 4000, "maximum": 4300},
             "ratio": {"median": \(ratio), "minimum": \(ratio - 0.1), "maximum": \(ratio + 0.1)}}]}
        """
    }

    private static func figures(_ scenario: String, _ figures: String, isVoid: Bool = false) -> String {
        #"{"scenario": "\#(scenario)", "began": "2026-11-30T10:05:00Z", "isVoid": \#(isVoid), \#(machine), "figures": {\#(figures)}}"#
    }

    private static func report(_ files: [String: String], _ lines: [RunList.Line]) throws -> SummaryReport {
        try SummaryReport(lines) { path in files[path].map { Array($0.utf8) } }
    }

    private func line(_ title: String, in report: SummaryReport) throws -> SummaryReport.Line {
        try #require(report.lines.first { $0.title == title })
    }

    @Test("a line of the list is read as it was written; what is none is left out")
    func list() throws {
        let lines: [RunList.Line] = [
            .result("bench/results/a b.json"), .part(name: "accept", status: 1, seconds: 182),
        ]
        for line in lines { #expect(RunList.Line(line.text) == line) }
        for text in ["", "result", "part accept", "part accept x 1", "something else"] {
            #expect(RunList.Line(text) == nil)
        }
        let path = FileManager.default.temporaryDirectory.path + "/bench-\(UInt64.random(in: 0 ... .max)).run"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let list = RunList(path: path)
        #expect(throws: BenchFailure.self) { try list.lines() }
        for line in lines { try list.add(line) }
        #expect(try list.lines() == lines)
    }

    @Test("a goal is met or missed by what a run has found, with the limit beside it")
    func goals() throws {
        let report = try Self.report(
            [
                "a": Self.rounds("accept", ratio: 0.68), "r": Self.rounds("read", ratio: 0.5),
                "d": Self.figures("rebuild", #""resources": 1000000, "seconds": 59.5, "workerMiB": 151"#),
            ], [.result("a"), .result("r"), .result("d")])
        let accept = try line("accept, durable, to pgbench, 32 connections", in: report)
        #expect(accept.verdict == .missed)
        #expect(accept.finding?.text == "2,854 (2,700-2,900)/s")
        #expect(accept.finding?.limit == "4,191/s")
        #expect(accept.finding?.ratio == "0.68 (0.58-0.78)")
        #expect(try line("read by id, to a bare handler, 32 connections", in: report).verdict == .met)
        #expect(try line("an empty Redis filled again, 1,000,000 open jobs", in: report).verdict == .met)
        #expect(try line("memory of the worker, 1,000,000 open jobs", in: report).verdict == .missed)
        #expect(try line("accept, durable, to pgbench, 1 connection", in: report).verdict == .notMeasured)
        let shallow = try Self.report(
            ["d": Self.figures("rebuild", #""resources": 5000, "seconds": 0.5"#)], [.result("d")])
        #expect(try line("an empty Redis filled again, 1,000,000 open jobs", in: shallow).verdict == .notMeasured)
        #expect(!report.isVoid)
        #expect(report.markdown.contains("| 2,854 (2,700-2,900)/s | 4,191/s | 0.68 (0.58-0.78) | ≥ 1.1 | missed |"))
        #expect(report.conditions.contains { $0.name == "PostgreSQL" && $0.value == "15.18" })
        #expect(!report.conditions.contains { $0.name == "users" })
        #expect(report.time == "2026-11-30T10:00:00Z")
    }

    @Test("every line of a table has as many cells as its titles, and each goal stands once")
    func tables() throws {
        let report = try Self.report(["a": Self.rounds("accept", ratio: 1)], [.result("a")])
        #expect(Set(report.lines.map(\.title)).count == report.lines.count)
        for table in report.markdown.split(separator: "\n\n").filter({ $0.hasPrefix("| ") }) {
            #expect(Set(table.split(separator: "\n").map { line in line.count { $0 == "|" } }).count == 1)
        }
        #expect(report.json["lines"]?.arrayValue?.count == report.lines.count)
        #expect(report.html.contains("</html>"))
    }

    @Test("a part that failed, a void result and a lost file are named, and the others count")
    func failures() throws {
        let report = try Self.report(
            ["a": Self.rounds("accept", ratio: 2, isVoid: true), "r": Self.rounds("read", ratio: 0.5)],
            [
                .result("a"), .part(name: "accept", status: 1, seconds: 10), .result("r"), .result("gone"),
                .part(name: "scim", status: 0, seconds: 20),
            ])
        #expect(report.isVoid)
        #expect(report.voidTexts == ["the part accept ended with status 1", "a is void", "gone cannot be read"])
        #expect(try line("accept, durable, to pgbench, 32 connections", in: report).verdict == .void)
        #expect(try line("read by id, to a bare handler, 32 connections", in: report).verdict == .met)
    }

    @Test("of a part that was run again, and of a scenario that was measured again, the last counts")
    func again() throws {
        let report = try Self.report(
            ["a": Self.rounds("accept", ratio: 0.5, isVoid: true), "b": Self.rounds("accept", ratio: 1.2)],
            [
                .result("a"), .part(name: "accept", status: 1, seconds: 10), .result("b"),
                .part(name: "accept", status: 0, seconds: 12),
            ])
        #expect(!report.isVoid)
        #expect(report.parts.map(\.status) == [0])
        #expect(try line("accept, durable, to pgbench, 32 connections", in: report).verdict == .met)
    }

    @Test("an import is one of 100,000 creates; what was not measured says how to")
    func importing() throws {
        let title = "100,000 creates, UDM takes 100 ms, 32 at once: time, to the ideal"
        let small = #""jobs": 20000, "timeRatio": 1.01, "secondsFromLease": 63, "idealSeconds": 62.5"#
        let report = try Self.report(["s": Self.figures("sync-100ms-32", small)], [.result("s")])
        #expect(try line(title, in: report).verdict == .notMeasured)
        #expect(report.markdown.contains("not measured (make bench-import)"))
        let large = small.replacing("20000", with: "100000")
        let whole = try Self.report(["s": Self.figures("sync-100ms-32", large)], [.result("s")])
        #expect(try line(title, in: whole).verdict == .met)
    }

    // MARK: - Sizes

    private static func sized(_ scenario: String, _ sizes: String, ratio: Double) -> String {
        """
        {"scenario": "\(scenario)", "began": "2026-11-30T10:00:00Z", "isVoid": false, \(machine), "sizes": {\(sizes)}, "rows": [
            {"subject": "id eq", "connections": 1, "p50": {"median": 2, "minimum": 2, "maximum": 2},
             "limitP50": {"median": 1, "minimum": 1, "maximum": 1},
             "ratio": {"median": \(ratio), "minimum": \(ratio), "maximum": \(ratio)}}]}
        """
    }

    private static let listTitle =
        "lists at 1,000,000 users, p95 to the SELECT by hand, the slowest at 1 connection"
    private static let smallListTitle =
        "lists of fewer users, p95 to the SELECT by hand, the slowest at 1 connection"
    private static let groupTitle = "one member more: a group of 100,000 to a group of ten, p50"

    @Test("what is asked of a million users is told of a million, and of fewer as a figure without a goal")
    func lists() throws {
        let large = try Self.report(
            ["l": Self.sized("lists", #""users": 1000000"#, ratio: 3.5)], [.result("l")])
        #expect(try line(Self.listTitle, in: large).verdict == .missed)
        #expect(!large.lines.contains { $0.title == Self.smallListTitle })
        for sizes in [#""users": 999999"#, ""] {
            let small = try Self.report(["l": Self.sized("lists", sizes, ratio: 2)], [.result("l")])
            #expect(try line(Self.listTitle, in: small).verdict == .notMeasured)
            let told = try line(Self.smallListTitle, in: small)
            #expect(told.verdict == .told)
            #expect(told.goal == "")
            #expect(told.finding?.ratio == "2.00 (2.00-2.00)")
            #expect(small.markdown.contains("not measured (make bench-scim)"))
            // Figures without a goal are no goals.
            #expect(small.summary.hasPrefix("\(small.lines.count { !$0.goal.isEmpty }) goals: "))
        }
    }

    @Test(
        "what is asked of a group of 100,000 is told of no smaller one", arguments: [(100_000, true), (99_999, false)])
    func group(members: Int, isMeasured: Bool) throws {
        let report = try Self.report(
            ["g": Self.sized("groups", #""members": \#(members)"#, ratio: 1.2)], [.result("g")])
        #expect(try line(Self.groupTitle, in: report).verdict == (isMeasured ? .met : .notMeasured))
        #expect(report.markdown.contains("not measured (make bench-scim)"))
    }

    @Test("a report of rounds keeps how large what it measured was")
    func keptSizes() throws {
        let report = Report(
            scenario: "lists", sizes: [("users", 101_000)], began: Date(timeIntervalSince1970: 0), seed: 1,
            plan: try BenchPlan(
                connections: [1], repeats: 1, warmUp: 1, seconds: 1, budget: 60, maximumRequests: 10, sides: 1),
            rounds: [],
            provenance: Provenance(
                commit: "c", target: "t",
                machine: Machine(processor: "p", cores: 1, memoryGiB: 1, system: "s", kernel: "k"),
                loadAverageBefore: "0", loadAverageAfter: "0", notes: [], durability: []))
        #expect(KeptResult(path: "", json: report.json).size("users") == 101_000)
        #expect(KeptResult(path: "", json: report.json).size("members") == 0)
    }

    // MARK: - Runs of jobs to UDM

    @Test("a figure of several runs is told with the least and the greatest of them")
    func spreads() throws {
        let kept = """
            {"scenario": "sync-0ms-64", "began": "2026-11-30T10:00:00Z", "isVoid": false, \(Self.machine),
             "figures": {"jobsPerSecond": 2500, "barePerSecond": 10000, "ratioToBare": 0.25},
             "spreads": {"jobsPerSecond": {"median": 2500, "minimum": 2400, "maximum": 2600},
                         "ratioToBare": {"median": 0.25, "minimum": 0.24, "maximum": 0.26}}}
            """
        let report = try Self.report(["s": kept], [.result("s")])
        let found = try #require(try line("jobs to UDM, UDM takes 0 ms", in: report).finding)
        #expect(found.text == "2,500 (2,400-2,600)/s")
        #expect(found.limit == "10,000/s")
        #expect(found.ratio == "0.25 (0.24-0.26)")
    }

    @Test("UDM as the real server has no goal, and stands beside the bare client")
    func real() throws {
        let title = "jobs to UDM, UDM as the real server, to the bare client"
        let figures = #""jobsPerSecond": 27.4, "barePerSecond": 28.9, "ratioToBare": 0.948"#
        let report = try Self.report(["s": Self.figures("sync-real-8", figures)], [.result("s")])
        let found = try line(title, in: report)
        #expect(found.verdict == .told)
        #expect(found.finding == .init(value: 27.4, text: "27.4/s", limit: "28.9/s", ratio: "0.95"))
        #expect(report.json["lines"]?.arrayValue?.contains { $0["verdict"]?.stringValue == "no goal" } == true)
        let none = try Self.report(["a": Self.rounds("accept", ratio: 1)], [.result("a")])
        #expect(try line(title, in: none).verdict == .notMeasured)
        #expect(none.markdown.contains("not measured (BENCH_SYNC=real:8:400 make bench-sync)"))
    }

    @Test(
        "the writes of joins have a goal for a thousand of them, while UDM takes a second",
        arguments: [
            (1000, 1000, 20, SummaryReport.Line.Verdict.met), (1000, 1000, 21, .missed), (999, 1000, 2, .notMeasured),
            (1000, 0, 2, .notMeasured),
        ])
    func joins(joins: Int, milliseconds: Int, writes: Int, verdict: SummaryReport.Line.Verdict) throws {
        let figures = #""joins": \#(joins), "udmMilliseconds": \#(milliseconds), "writes": \#(writes)"#
        let report = try Self.report(["j": Self.figures("joins", figures)], [.result("j")])
        #expect(
            try line("1,000 users join a group one by one, a change of UDM takes 1 s: writes to UDM", in: report)
                .verdict == verdict
        )
    }

    @Test("a list without any result is told")
    func nothing() {
        #expect(throws: BenchFailure.self) { try Self.report([:], [.part(name: "accept", status: 1, seconds: 1)]) }
    }

    @Test("the figures that goals ask for are those that commands keep")
    func keys() {
        var found = SyncScenario.Found(
            drained: JobTable.Drained(finished: 10, done: 10, seconds: 1, secondsFromLease: 1),
            events: JobTable.Events(recorded: 10, jobs: 10),
            evidence: .init(isSound: true, users: 10, writes: 10, mostAtOnce: 1), usersBefore: 0, count: 10,
            inFlight: 64, pace: .fixed(milliseconds: 50), bare: (rate: 1, problems: []))
        func keys(_ entries: [FigureReport.Entry]) -> Set<String> { Set(entries.map(\.key)) }
        #expect(
            keys(found.entries).isSuperset(of: ["ratioToIdeal", "jobsPerSecond", "idealPerSecond", "timeRatio", "jobs"])
        )
        #expect(found.name == "sync-50ms-64")
        found.pace = .real
        found.inFlight = 8
        #expect(found.name == "sync-real-8")
        found.inFlight = 64
        found.pace = .fixed(milliseconds: 0)
        #expect(found.name == "sync-0ms-64")
        #expect(keys(found.entries).isSuperset(of: ["barePerSecond", "ratioToBare"]))
        let joins = JoinsScenario.Found(
            count: 1000, latency: 1000, writes: 5, reads: 1000, acceptSeconds: 1, accept: LatencySummary(), seconds: 1,
            drained: JobTable.Drained(), events: JobTable.Events(), isSound: true)
        #expect(keys(joins.entries).isSuperset(of: ["joins", "writes", "udmMilliseconds"]))
        let starts = ["api", "worker", "api,worker,events"].flatMap {
            StartScenario.Found(roles: $0, milliseconds: [1]).entries
        }
        #expect(
            keys(starts).isSuperset(
                of: ["apiMilliseconds", "workerMilliseconds", "api-worker-eventsMilliseconds"]))
    }
}
