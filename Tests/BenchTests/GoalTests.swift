// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import JSON
import Testing

@testable import scim_bench

@Suite struct GoalTests {
    private static let machine = Machine(processor: "AMD", cores: 2, memoryGiB: 23.4, system: "Debian", kernel: "6.1")

    private static func provenance(memory: MemoryPeak? = nil) -> Provenance {
        Provenance(
            commit: "0123abc", target: "http://127.0.0.1:8080/scim/v2", machine: machine, loadAverageBefore: "0 0 0",
            loadAverageAfter: "1 1 1", notes: [], durability: [], memory: memory)
    }

    private static func round(_ subject: String, _ repetition: Int, p95: Double, limit: Double?) -> Round {
        Round(
            subject: subject, connections: 8, repetition: repetition,
            load: LoadResult(
                connections: 8, accepted: 10, measured: 10, measuredSeconds: 1,
                latencies: [LatencySummary(count: 10, mean: 1, p50: 1, p95: p95, p99: 9, maximum: 9)]),
            missing: [],
            limit: limit.map {
                LimitResult(
                    rate: 5, latency: 1, processorUse: nil, problems: [],
                    percentiles: LatencySummary(count: 5, mean: 1, p50: 0.5, p95: $0, p99: 9, maximum: 9))
            }, loadAverage: "0 0 0", measure: .p95)
    }

    private static func report(_ rounds: [Round]) throws -> Report {
        Report(
            scenario: "lists", operation: .request, limitName: "SELECT", measure: .p95, goal: .atMost(3),
            began: Date(timeIntervalSince1970: 1_795_322_760), seed: 7,
            plan: try BenchPlan(
                connections: [8], repeats: 2, warmUp: 1, seconds: 1, budget: 60, maximumRequests: 1000, sides: 2),
            rounds: rounds, provenance: provenance(memory: MemoryPeak(during: 80.25, sinceStart: 151)))
    }

    @Test("a goal is met on its own side, its bound included")
    func verdicts() {
        #expect(Goal.atMost(3).isMet(by: 3))
        #expect(!Goal.atMost(3).isMet(by: 3.01))
        #expect(Goal.atLeast(0.45).isMet(by: 0.45))
        #expect(!Goal.atLeast(0.45).isMet(by: 0.44))
        #expect(Goal.atMost(1.3).text == "<= 1.3")
        #expect(Goal.atLeast(0.45).text == ">= 0.45")
        #expect(Goal.atMost(150).text == "<= 150")
        #expect(Goal.atMost(3).verdict(nil) == nil)
        #expect(Goal.atMost(3).verdict(4) == "missed")
    }

    @Test("the ratio is of the figure that the bench is about")
    func measures() {
        var round = Self.round("a", 1, p95: 6, limit: 2)
        #expect(round.ratio == 3)
        round.measure = .p50
        #expect(round.ratio == 2)
        round.measure = .rate
        #expect(round.ratio == 2)
        round.limit = nil
        #expect(round.ratio == nil)
        // A limit that knows its rate only has no percentiles to compare with.
        round.limit = LimitResult(rate: 5, latency: 1, processorUse: nil, problems: [])
        round.measure = .p95
        #expect(round.ratio == nil)
    }

    @Test("a report of several subjects has a line for each, with the goal's verdict on its median")
    func subjects() throws {
        let report = try Self.report([
            Self.round("userName eq", 1, p95: 4, limit: 2), Self.round("userName eq", 2, p95: 6, limit: 2),
            Self.round("id eq", 1, p95: 8, limit: 2),
        ])
        #expect(report.rows.map(\.subject) == ["userName eq", "id eq"])
        #expect(report.rows[0].ratio == Spread([2, 3]))
        #expect(report.rows[0].limitP95 == Spread([2, 2]))
        #expect(
            report.markdown.contains(
                "| userName eq | 8 | 10 (10-10) | 1.00 | 5.00 | 9.00 | 0.50 | 2.00 | 2.50 (2.00-3.00) | met | 2 of 2 |")
        )
        #expect(report.text.contains("missed"))
        #expect(report.text.contains("goal <= 3"))
        #expect(
            report.text.contains(
                "memory of the server: 80.2 MiB at most, 151.0 MiB since its start (goal <= 150: missed)"))
        #expect(!report.isVoid)
        #expect(report.json["rows"]?[1]?["goal"]?.stringValue == "missed")
        #expect(report.json["rounds"]?[0]?["limit"]?["latency"]?["p95"]?.doubleValue == 2)
        #expect(report.json["serverMemoryMiB"]?["isMet"]?.boolValue == false)
        #expect(report.json["serverMemoryMiB"]?["sinceStart"]?.doubleValue == 151)
    }

    @Test("goals by the number of connections are told in the line of each, with their bound")
    func byConnections() throws {
        var report = try Self.report([Self.round("a", 1, p95: 6, limit: 2)])
        report.goal = nil
        report.goals = [8: .atMost(2), 32: .atMost(1)]
        #expect(report.text.contains("<= 2: missed"))
        #expect(report.json["rows"]?[0]?["goal"]?.stringValue == "missed")
        #expect(report.json["goals"]?["32"]?.stringValue == "<= 1")
        report.goals = [32: .atMost(1)]
        #expect(report.json["rows"]?[0]?["goal"]?.isNull == true)
        let lines = report.markdown.split(separator: "\n").filter { $0.hasPrefix("| ") }.prefix(3)
        #expect(Set(lines.map { line in line.count { $0 == "|" } }).count == 1)
    }

    @Test("every line of a Markdown table has as many cells as its titles")
    func cells() throws {
        let report = try Self.report([Self.round("emails[type eq \"work\"]", 1, p95: 4, limit: 2)])
        let tables = report.markdown.split(separator: "\n\n").filter { $0.hasPrefix("| ") }
        #expect(tables.count == 3)
        for table in tables {
            let counts = Set(table.split(separator: "\n").map { $0.count { $0 == "|" } })
            #expect(counts.count == 1)
        }
    }

    @Test("a void round of a subject says which")
    func void() throws {
        var round = Self.round("id eq", 2, p95: 1, limit: 1)
        round.load.failures = ["status 503": 3]
        let report = try Self.report([round])
        #expect(report.isVoid)
        #expect(report.text.contains("id eq, 8 connections, run 2: 3 x status 503"))
    }

    @Test("figures of something that is done once are listed with their units, and kept by their keys")
    func figures() {
        var report = FigureReport(
            scenario: "load", summary: "What was done.", began: Date(timeIntervalSince1970: 1_795_322_760), seed: 7,
            entries: [
                .init(key: "users", title: "users", value: 1_000_000),
                .init(key: "seconds", title: "seconds", value: 12.345, places: 2),
            ], problems: [], provenance: Self.provenance())
        #expect(report.text.contains("1,000,000"))
        #expect(report.markdown.contains("| seconds | 12.35 |") || report.markdown.contains("| seconds | 12.34 |"))
        #expect(report.json["figures"]?["users"]?.integerValue == 1_000_000)
        #expect(report.json["commit"]?.stringValue == "0123abc")
        #expect(!report.isVoid)
        report.problems = ["nothing was loaded"]
        #expect(report.isVoid)
        #expect(report.text.contains("nothing was loaded"))
        #expect(report.markdown.contains("**Void.**"))
    }

    @Test("what a load found is told: nothing of what it did not do")
    func loadEntries() {
        let present = LoadCommand.entries(
            DirectoryLoader.Outcome(present: 20), GroupLoader.Outcome(id: "g", readSeconds: 1, readBytes: 5),
            connections: "4")
        #expect(present.map(\.key) == ["usersCreated", "usersPresent", "groupReadSeconds", "groupReadBytes"])
        let created = LoadCommand.entries(
            DirectoryLoader.Outcome(created: 3000, requests: 3, seconds: 1.5, latency: LatencySummary(p50: 2, p95: 3)),
            GroupLoader.Outcome(id: "g", creation: .init(seconds: 2, bytes: 7)), connections: "4")
        #expect(created.first { $0.key == "usersPerSecond" }?.value == 2000)
        #expect(created.first { $0.key == "groupCreateBytes" }?.value == 7)
    }

    @Test("a count shows its rate and the time that is left, without what was there before")
    func countLine() {
        #expect(
            CountBar.line("users", done: 250, of: 1000, since: 50, after: .seconds(2))
                == "[######------------------] 250 of 1,000 users, 100/s, 8 s left")
        #expect(
            CountBar.line("users", done: 5, of: 5, since: 5, after: .zero)
                == "[########################] 5 of 5 users")
        #expect(CountBar.line("users", done: 0, of: 0, since: 0, after: .zero).hasPrefix("[####"))
    }

    @Test("decimals are shown as far as they go", arguments: [(3.0, "3"), (0.45, "0.45"), (1.3, "1.3"), (100, "100")])
    func shortest(value: Double, text: String) { #expect(Figure.shortest(value) == text) }
}

@Suite(.timeLimit(.minutes(1))) struct MemoryTests {
    @Test("resident memory and its peak are read from the kernel's table")
    func status() throws {
        let memory = try #require(
            ProcessMemory(
                status: "Name:\tscim-bridge\nVmPeak:\t  900000 kB\nVmHWM:\t  153600 kB\nVmRSS:\t   51200 kB\n"))
        #expect(memory.resident == 51_200)
        #expect(memory.peak == 153_600)
    }

    @Test(
        "a process without memory of its own, or none at all, is not known",
        arguments: ["", "Name:\tkthreadd\n", "VmRSS:\t1 kB"])
    func unknown(text: String) { #expect(ProcessMemory(status: text) == nil) }

    @Test("the peak is at least what was held while it was watched, and what is held at the end")
    func watch() throws {
        let watch = try #require(MemoryWatch(process: getpid()))
        let before = try #require(ProcessMemory(of: getpid()))
        var bytes = [UInt8](repeating: 1, count: 32 << 20)
        for index in stride(from: 0, to: bytes.count, by: 4096) { bytes[index] = UInt8(truncatingIfNeeded: index) }
        let peak = try #require(watch.end())
        #expect(bytes[4096] == 0)
        #expect(peak.during * 1024 >= Double(before.resident))
        #expect(peak.sinceStart >= peak.during)
    }

    @Test("a process that is not there cannot be watched")
    func none() { #expect(MemoryWatch(process: 0) == nil) }
}
