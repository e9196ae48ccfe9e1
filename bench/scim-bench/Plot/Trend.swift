// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Foundation
internal import JSON

/// All kept results as one page: how the figures went from commit to commit.
struct Trend: Sendable {
    /// One kept result.
    struct Result: Sendable {
        /// Without its folder and ending.
        let name: String
        let scenario: String
        let began: String
        let commit: String
        let machine: String
        let isVoid: Bool
        let figures: [Figure]
    }

    /// One figure of a result, by which results of one scenario are compared.
    struct Figure: Sendable, Equatable {
        /// Such as `32 connections, ratio`.
        let name: String
        let value: Double
    }

    /// In the order of their time.
    let results: [Result]
    /// Files that are no results.
    let unreadable: [String]

    /// - Parameter folder: Of the JSON files.
    init(folder: String) throws {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        var results: [Result] = []
        var unreadable: [String] = []
        for name in names.filter({ $0.hasSuffix(".json") }).sorted() {
            guard let text = try? Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)")),
                let result = Result(name: String(name.dropLast(5)), bytes: Array(text))
            else {
                unreadable.append(name)
                continue
            }
            results.append(result)
        }
        self.results = results.sorted { ($0.began, $0.name) < ($1.began, $1.name) }
        self.unreadable = unreadable
    }

    var html: String {
        guard !results.isEmpty else {
            return Page.text(title: "scim-bench", body: Page.paragraph("There are no results yet."))
        }
        var body = Page.paragraph(
            "A ratio is that to the machine's own limit, measured in turn in the same run; absolute figures of different machines, or of "
                + "one at different hours, do not compare. Void results are listed and not plotted.")
        var scenarios: [String] = []
        for result in results where !scenarios.contains(result.scenario) { scenarios.append(result.scenario) }
        for scenario in scenarios.sorted() {
            let own = results.filter { $0.scenario == scenario }
            body += "<h2>\(SVG.escaped(scenario))</h2>" + Self.charts(own).map { SVG.text($0) }.joined()
            body += Self.table(own)
        }
        if !unreadable.isEmpty {
            body += Page.paragraph("No results: \(unreadable.joined(separator: ", "))")
        }
        return Page.text(title: "scim-bench: all results", body: body)
    }

    /// Ratios in one plot, everything else by itself; a figure that only one result has is not plotted.
    static func charts(_ results: [Result]) -> [LineChart] {
        let good = results.filter { !$0.isVoid }
        var names: [String] = []
        for figure in good.flatMap(\.figures) where !names.contains(figure.name) { names.append(figure.name) }
        let lines = names.map { name in
            LineChart.Line(
                name: name,
                points: good.enumerated().compactMap { place, result in
                    result.figures.first { $0.name == name }.map { (Double(place), $0.value) }
                })
        }.filter { $0.points.count > 1 }
        let labels = good.map { "\($0.began.prefix(10)) \($0.commit.prefix(7))" }
        func chart(_ title: String, _ lines: [LineChart.Line]) -> LineChart {
            LineChart(title: title, xTitle: "", lines: lines, labels: labels)
        }
        let ratios = lines.filter { $0.name.hasSuffix("ratio") }
        let others = lines.filter { !$0.name.hasSuffix("ratio") }
        return (ratios.isEmpty ? [] : [chart("Ratio to the limit", ratios)]) + others.map { chart($0.name, [$0]) }
    }

    private static func table(_ results: [Result]) -> String {
        let rows = results.reversed().map { result -> String in
            let figures = result.figures.map { "\($0.name) \(PlotArea.label($0.value))" }.joined(separator: "; ")
            let name = SVG.escaped(result.name)
            return "<tr><td>\(SVG.escaped(result.began))</td>"
                + "<td><a href=\"\(name).html\">\(SVG.escaped(result.commit))</a> <a href=\"\(name).json\">JSON</a></td>"
                + "<td class=\"wide\">\(result.isVoid ? "<strong>void</strong>" : SVG.escaped(figures))</td>"
                + "<td class=\"wide\">\(SVG.escaped(result.machine))</td></tr>"
        }
        return "<table><tr><th>began</th><th>commit</th><th>figures</th><th>machine</th></tr>\(rows.joined())</table>"
    }
}

extension Trend.Result {
    /// Nil for what is no result.
    init?(name: String, bytes: [UInt8]) {
        guard let json = try? JSONValue(parsing: bytes, limits: JSONLimits(maximumBytes: 64 << 20)),
            let scenario = json["scenario"]?.stringValue, let began = json["began"]?.stringValue,
            let isVoid = json["isVoid"]?.boolValue
        else { return nil }
        self.name = name
        self.scenario = scenario
        self.began = began
        self.isVoid = isVoid
        commit = json["commit"]?.stringValue ?? "unknown"
        let machine = json["machine"]
        let cores = machine?["cores"]?.integerValue.map { ", \($0) cores" } ?? ""
        let load = machine?["loadAverageBefore"]?.stringValue.map { ", load \($0)" } ?? ""
        self.machine = (machine?["processor"]?.stringValue ?? "unknown") + cores + load
        figures = Self.figures(of: json)
    }

    private static func figures(of json: JSONValue) -> [Trend.Figure] {
        if let figures = json["figures"]?.objectValue {
            return figures.compactMap { member in
                member.value.doubleValue.map { Trend.Figure(name: member.key, value: $0) }
            }
        }
        return (json["rows"]?.arrayValue ?? []).flatMap { row -> [Trend.Figure] in
            let subject = row["subject"]?.stringValue.map { "\($0), " } ?? ""
            let place = "\(subject)\(row["connections"]?.integerValue ?? 0) connections"
            return [("perSecond", "a second"), ("p99", "p99 ms"), ("ratio", "ratio")].compactMap { key, words in
                row[key]?["median"]?.doubleValue.map { Trend.Figure(name: "\(place), \(words)", value: $0) }
            }
        }
    }
}
