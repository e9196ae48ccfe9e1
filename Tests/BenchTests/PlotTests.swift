// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import NIOCore
import Testing

@testable import scim_bench

/// The elements of a page, by their name.
private enum Elements {
    /// - Returns: Nil when one of them does not end, or ends another.
    static func of(_ html: String) -> [String: Int]? {
        let text = html.replacing("<!doctype html>", with: "").replacing(/<meta [^>]*>/, with: "")
        var counts: [String: Int] = [:]
        var open: [Substring] = []
        var tags = 0
        for tag in text.matches(of: /<(\/?)([a-z0-9]+)((?:[^<>"]|"[^<>"]*")*?)(\/?)>/) {
            tags += 1
            if !tag.1.isEmpty {
                guard open.popLast() == tag.2 else { return nil }
            } else {
                counts[String(tag.2), default: 0] += 1
                if tag.4.isEmpty { open.append(tag.2) }
            }
        }
        return open.isEmpty && tags == text.count { $0 == "<" } ? counts : nil
    }
}

@Suite struct PlotTests {
    @Test(
        "the axis has round numbers, and three to six of them",
        arguments: [(0.0, 1.0), (0.9, 0.5), (1, 0.5), (7, 2), (41_000, 20_000), (3.2e6, 1e6)])
    func steps(most: Double, step: Double) {
        #expect(abs(PlotArea.step(for: most) - step) < step / 1000)
        #expect((2...7).contains(PlotArea(most: most).ticks.count))
    }

    @Test("the greatest value is on the paper, zero is its lower end")
    func area() {
        let area = PlotArea(xRange: 10...20, most: 95)
        #expect(area.y(0) == PlotArea.height - PlotArea.bottom)
        #expect(area.y(95) >= PlotArea.top)
        #expect(area.x(10) == PlotArea.left)
        #expect(area.x(20) == PlotArea.width - PlotArea.right)
    }

    @Test("a plot is well-formed, whatever its names are, and needs nothing from elsewhere")
    func wellFormed() throws {
        let line = LineChart(
            title: "<a & \"b\">", xTitle: "seconds",
            lines: [
                LineChart.Line(name: "p<50", points: [(0, 1), (1, 2), (2, 50)]),
                LineChart.Line(name: "none", points: []),
            ], bands: [LineChart.Band(from: 0.5, to: 1.5, label: "a & b")])
        let bars = BarChart(
            title: "bars",
            groups: [
                ("1", [.init(name: "accept", value: Spread([1, 2, 3])), .init(name: "limit", value: nil)]),
                ("32", [.init(name: "accept", value: Spread([5])), .init(name: "limit", value: Spread([7]))]),
            ])
        let page = Page.text(title: "<x>", body: SVG.text(line) + SVG.text(bars))
        let elements = try #require(Elements.of(page))
        #expect(elements["svg"] == 2)
        #expect(elements["polyline"] == 2)
        #expect(elements["script"] == nil)
        // Three bars and a band.
        #expect(elements["rect"] == 4)
        #expect(!page.contains("http"))
        #expect(!page.contains("url("))
    }

    @Test("plots without a value are no failure")
    func empty() {
        #expect(Elements.of(Page.text(title: "", body: SVG.text(LineChart(title: "", xTitle: "", lines: [])))) != nil)
        #expect(Elements.of(Page.text(title: "", body: SVG.text(BarChart(title: "", groups: [])))) != nil)
    }
}

@Suite struct TrendTests {
    private func withFolder(_ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.path + "/trend-\(UInt64.random(in: .min ... .max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try body(folder)
    }

    private func report(_ commit: String, began: Double, value: Double, problems: [String] = []) -> FigureReport {
        FigureReport(
            scenario: "sync", summary: "So & so.", began: Date(timeIntervalSince1970: began), seed: 1,
            entries: [.init(key: "jobsPerSecond", title: "jobs/s", value: value)], problems: problems,
            charts: [
                LineChart(
                    title: "open jobs", xTitle: "seconds", lines: [.init(name: "open", points: [(0, 1), (1, 0)])])
            ],
            provenance: Provenance(
                commit: commit, target: "http://127.0.0.1/", machine: .current(), loadAverageBefore: "0 0 0",
                loadAverageAfter: "1 1 1", notes: [("a", "<b>")], durability: []))
    }

    @Test("results are in the order of their time; void ones are listed, not plotted; what is no result is told")
    func trend() throws {
        try withFolder { folder in
            let files = ResultFiles(folder: folder)
            _ = try files.write(report("ccc", began: 300_000, value: 30))
            _ = try files.write(report("aaa", began: 100_000, value: 10))
            _ = try files.write(report("bbb", began: 200_000, value: 20, problems: ["one write is missing"]))
            try Data("[]".utf8).write(to: URL(fileURLWithPath: folder + "/else.json"))
            let trend = try Trend(folder: folder)
            #expect(trend.results.map(\.commit) == ["aaa", "bbb", "ccc"])
            #expect(trend.results.map(\.isVoid) == [false, true, false])
            #expect(trend.unreadable == ["else.json"])
            #expect(trend.results[0].figures == [Trend.Figure(name: "jobsPerSecond", value: 10)])
            let charts = Trend.charts(trend.results)
            #expect(charts.map(\.title) == ["jobsPerSecond"])
            #expect(charts[0].lines[0].points.map(\.y) == [10, 30])
            let elements = try #require(Elements.of(trend.html))
            #expect(elements["svg"] == 1)
            #expect(trend.html.contains("else.json"))
        }
    }

    @Test("every result has a page of its own, with its plots and why it is void")
    func page() throws {
        try withFolder { folder in
            let path = try ResultFiles(folder: folder).write(
                report("bbb", began: 200_000, value: 20, problems: ["one write is missing"]))
            let html = try String(contentsOfFile: path.replacing(".json", with: ".html"), encoding: .utf8)
            let elements = try #require(Elements.of(html))
            #expect(elements["svg"] == 1)
            #expect(html.contains("one write is missing"))
            #expect(html.contains("&lt;b&gt;"))
        }
    }

    @Test("a folder without results is a page that says so")
    func nothing() throws {
        try withFolder { folder in
            let page = try Trend(folder: folder).html
            #expect(page.contains("no results yet"))
        }
    }
}

@Suite(.timeLimit(.minutes(1))) struct TroubleTests {
    @Test("a command that leaves a server behind has ended when it says so")
    func leavesServer() async throws {
        let folder = FileManager.default.temporaryDirectory.path + "/trouble-\(UInt64.random(in: .min ... .max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let trouble = CommandTrouble(
            name: "away", stop: "kill $(cat '\(folder)/pid')",
            start: "setsid sleep 300 </dev/null >/dev/null 2>&1 & echo $! > '\(folder)/pid'")
        try await trouble.end()
        try await trouble.begin()
    }

    @Test("a command that fails stops the bench, with what it said")
    func fails() async throws {
        let trouble = CommandTrouble(name: "away", stop: "echo no such thing >&2; exit 3", start: "true")
        _ = await #expect(throws: BenchFailure.self) { try await trouble.begin() }
        try await trouble.end()
    }
}

@Suite struct OutageFoundTests {
    private let begin = NIODeadline.uptimeNanoseconds(1_000_000_000_000)

    private func found(awayMilliseconds: Int64) -> OutageFound {
        var load = LoadResult(connections: 1, accepted: 30)
        load.points = (0..<30).map { second in
            LatencyPoint(
                due: begin + .seconds(Int64(second)),
                microseconds: (10..<20).contains(second) ? awayMilliseconds * 1000 : 2000)
        }
        return OutageFound(
            plan: .init(
                before: .seconds(10), away: .seconds(10), after: .seconds(10), connections: 1, rate: nil,
                drainLimit: .seconds(60)),
            maximum: 100, rate: 50, load: load,
            moments: [
                .began: begin, .went: begin + .seconds(10), .cameBack: begin + .seconds(20),
                .ended: begin + .seconds(30), .drained: begin + .seconds(45),
            ],
            backlog: [
                BacklogSample(at: begin + .seconds(5), open: 3, oldestSeconds: 0.2),
                BacklogSample(at: begin + .seconds(20), open: 500, oldestSeconds: 10),
                BacklogSample(at: begin + .seconds(44), open: 1, oldestSeconds: 4),
            ], accepted: 30, problems: [])
    }

    private func value(_ key: String, _ found: OutageFound) -> Double? {
        found.entries.first { $0.key == key }?.value
    }

    @Test("a request belongs to the phase in which it was due")
    func phases() {
        let phases = found(awayMilliseconds: 8).phases
        #expect(phases.mapValues(\.count) == [.before: 10, .away: 10, .after: 10])
        #expect(phases[.before]?.p99 == 2)
        #expect(phases[.away]?.p99 == 8)
    }

    @Test("latency, lag and drain are told, and the plots cover all of it")
    func entries() throws {
        let found = found(awayMilliseconds: 8)
        #expect(value("p99Ratio", found) == 4)
        #expect(value("lagBefore", found) == 0.2)
        #expect(value("lagMost", found) == 10)
        #expect(value("backlogMost", found) == 500)
        #expect(value("drainSeconds", found) == 25)
        let charts = found.charts
        #expect(charts.count == 3)
        #expect(charts[0].lines[0].points.count == 30)
        let band = try #require(charts[1].bands.first)
        #expect(band.from == 10)
        #expect(band.to == 20)
    }
}
