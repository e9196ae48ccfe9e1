// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Foundation
internal import JSON

/// What a bench found that does something once: a list of figures.
struct FigureReport: BenchResult {
    struct Entry: Sendable, Equatable {
        /// In the JSON file, such as `usersPerSecond`.
        let key: String
        /// For people, with the unit.
        let title: String
        let value: Double
        var places = 0
        var goal: Goal?
        /// Of several runs that differ; `value` is its median.
        var spread: Spread?

        var text: String { spread.map { Figure.spread($0, places: places) } ?? Figure.text(value, places: places) }
        var verdict: String { goal.map { "\($0.text): \($0.isMet(by: value) ? "met" : "missed")" } ?? "" }
    }

    var scenario: String
    /// What was done, in one sentence.
    var summary: String
    var began: Date
    var seed: UInt64
    var entries: [Entry]
    /// Why the figures count for nothing; empty when they count.
    var problems: [String]
    var charts: [LineChart] = []
    /// Markdown that follows the figures.
    var appendix = ""
    var provenance: Provenance

    var isVoid: Bool { !problems.isEmpty }

    var text: String {
        var lines = ["", summary, "", table.text, ""]
        if !appendix.isEmpty { lines += [appendix, ""] }
        lines += conditions.map { "\($0.name): \($0.value)" }
        if isVoid { lines += ["", "VOID:"] + problems.map { "  - \($0)" } }
        return lines.joined(separator: "\n")
    }

    var markdown: String {
        var lines = ["# scim-bench \(scenario), \(day), \(provenance.commit)", "", summary, ""]
        if isVoid { lines += ["**Void.**", ""] + problems.map { "- \($0)" } + [""] }
        lines += [table.markdown, ""]
        if !appendix.isEmpty { lines += [appendix, ""] }
        lines += ["| | |", "|---|---|"]
        lines += conditions.map { "| \(Self.cell($0.name)) | \(Self.cell($0.value)) |" }
        return lines.joined(separator: "\n") + "\n"
    }

    var json: JSONValue {
        var figures = JSONObject()
        var spreads = JSONObject()
        var goals = JSONObject()
        for entry in entries {
            spreads[entry.key] = entry.spread.map { .spread($0, places: max(3, entry.places)) }
            figures[entry.key] = .number(entry.value, places: entry.places)
            if let goal = entry.goal { goals[entry.key] = .string(goal.text) }
        }
        var members = JSONObject(uniqueMembers: [
            ("format", 2), ("scenario", .string(scenario)), ("began", .string(time)), ("seed", .string("\(seed)")),
            ("isVoid", .bool(isVoid)), ("summary", .string(summary)), ("figures", .object(figures)),
            ("spreads", .object(spreads)), ("goals", .object(goals)),
            ("void", .array(problems.map { .string($0) })), ("charts", .array(charts.map(\.json))),
        ])
        members.append(provenance)
        return .object(members)
    }

    var voidTexts: [String] { problems }
    var tables: [Table] { [table] }
    var plots: [String] { charts.map { SVG.text($0) } }

    private var table: Table {
        let hasGoals = entries.contains { $0.goal != nil }
        var table = Table(titles: ["figure", "value"] + (hasGoals ? ["goal"] : []))
        for entry in entries { table.add([entry.title, entry.text] + (hasGoals ? [entry.verdict] : [])) }
        return table
    }

    var conditions: [(name: String, value: String)] {
        [("began", time), ("seed", "\(seed)")] + provenance.conditions
    }
}

extension [FigureReport.Entry] {
    /// Of several runs that tell the same: medians, with the least and the greatest of what differs.
    static func medians(of runs: [Self]) -> Self {
        var keys: [String] = []
        for entry in runs.joined() where !keys.contains(entry.key) { keys.append(entry.key) }
        return keys.compactMap { key in
            let own = runs.compactMap { run in run.first { $0.key == key } }
            guard let first = own.first, let spread = Spread(own.map(\.value)) else { return nil }
            return FigureReport.Entry(
                key: key, title: first.title, value: spread.median, places: first.places, goal: first.goal,
                spread: spread.minimum < spread.maximum ? spread : nil)
        }
    }
}
