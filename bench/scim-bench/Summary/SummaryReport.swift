// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Foundation
internal import JSON

/// All results of a run in one: every goal with what was found, and what became of each part.
struct SummaryReport: BenchResult {
    /// A goal with what a run says of it.
    struct Line: Sendable, Equatable {
        enum Verdict: String, Sendable, Equatable {
            case met, missed
            /// A figure without a goal.
            case told = "no goal"
            /// Its result counts for nothing.
            case void
            case notMeasured = "not measured"
        }

        var title: String
        /// Empty for a figure without one.
        var goal: String
        var finding: GoalLine.Finding?
        var verdict: Verdict
        /// How to measure it, if it was not.
        var otherwise = ""
    }

    let began: Date
    let provenance: Provenance
    let lines: [Line]
    /// In the order in which they ended.
    let parts: [(name: String, status: Int, seconds: Int)]
    let results: [KeptResult]
    /// Files of the list that cannot be read.
    let unreadable: [String]

    /// - Parameters:
    ///   - lines: Of the list of the run; of a part and of a scenario that were run again the last counts.
    ///   - read: The content of a file; nil when it cannot be read.
    init(_ lines: [RunList.Line], goals: [GoalLine] = GoalLine.all, read: (String) -> [UInt8]?) throws {
        var results: [KeptResult] = []
        var unreadable: [String] = []
        var parts: [(name: String, status: Int, seconds: Int)] = []
        for line in lines {
            switch line {
            case .result(let path):
                let json = read(path).flatMap {
                    try? JSONValue(parsing: $0, limits: JSONLimits(maximumBytes: 64 << 20))
                }
                guard let json else {
                    unreadable.append(path)
                    continue
                }
                let kept = KeptResult(path: path, json: json)
                results.removeAll { $0.scenario == kept.scenario }
                results.append(kept)
            case .part(let name, let status, let seconds):
                parts.removeAll { $0.name == name }
                parts.append((name, status, seconds))
            }
        }
        guard let first = results.first else {
            throw BenchFailure("there is no result yet; the run has measured nothing")
        }
        self.results = results
        self.unreadable = unreadable
        self.parts = parts
        self.lines = goals.compactMap { Self.line($0, results) }
        began = Self.began(of: results) ?? Date()
        provenance = Self.provenance(of: first, results)
    }

    /// Of a run whose results are on the disk.
    init(list: RunList) throws {
        try self.init(try list.lines()) { path in
            (try? Data(contentsOf: URL(fileURLWithPath: path))).map { Array($0) }
        }
    }

    /// Nil for a figure without a goal that nobody has measured and nobody is told how to.
    private static func line(_ line: GoalLine, _ results: [KeptResult]) -> Line? {
        let goal = line.goal?.text ?? ""
        let found = results.reversed().lazy.compactMap { kept in line.find(kept).map { (kept, $0) } }.first
        guard let (kept, finding) = found else {
            guard line.goal != nil || !line.otherwise.isEmpty else { return nil }
            return Line(title: line.title, goal: goal, verdict: .notMeasured, otherwise: line.otherwise)
        }
        let verdict: Line.Verdict =
            kept.isVoid ? .void : line.goal.map { $0.isMet(by: finding.value) ? .met : .missed } ?? .told
        return Line(title: line.title, goal: goal, finding: finding, verdict: verdict)
    }

    private static func began(of results: [KeptResult]) -> Date? {
        results.compactMap { $0.json["began"]?.stringValue }.min().flatMap { try? Date($0, strategy: .iso8601) }
    }

    /// What all have in common is that of the first; load averages are of all.
    private static func provenance(of first: KeptResult, _ results: [KeptResult]) -> Provenance {
        func text(_ value: JSONValue?) -> String { value?.stringValue ?? "unknown" }
        let machine = first.json["machine"]
        let loads = results.compactMap { kept -> Double? in
            kept.json["machine"]?["loadAverageBefore"]?.stringValue?.split(separator: " ").first.flatMap { Double($0) }
        }
        func pairs(_ value: JSONValue?) -> [(name: String, value: String)] {
            (value?.objectValue ?? [:]).compactMap { member in
                member.value.stringValue.map { (name: member.key, value: $0) }
            }
        }
        // Of the first that has one: not every command looks at the database.
        var notes: [(name: String, value: String)] = []
        for note in results.flatMap({ pairs($0.json["notes"]) })
        where versions.contains(note.name) && !notes.contains(where: { $0.name == note.name }) {
            notes.append(note)
        }
        let commits = Set(results.map { text($0.json["commit"]) })
        if commits.count > 1 { notes.append(("commits", commits.sorted().joined(separator: " "))) }
        return Provenance(
            commit: text(first.json["commit"]), target: "servers of the bench on 127.0.0.1",
            machine: Machine(
                processor: text(machine?["processor"]), cores: Int(machine?["cores"]?.integerValue ?? 0),
                memoryGiB: machine?["memoryGiB"]?.doubleValue ?? 0, system: text(machine?["system"]),
                kernel: text(machine?["kernel"])),
            loadAverageBefore: text(machine?["loadAverageBefore"]),
            loadAverageAfter: text(results.last?.json["machine"]?["loadAverageAfter"]),
            notes: notes
                + (Spread(loads).map {
                    [
                        (
                            "load average (1 min) before each part",
                            "\(Figure.shortest($0.minimum)) to \(Figure.shortest($0.maximum)), median \(Figure.shortest($0.median))"
                        )
                    ]
                } ?? []),
            durability: results.lazy.map { pairs($0.json["postgres"]) }.first { !$0.isEmpty } ?? [], memory: nil)
    }

    /// Notes that are of the machine and not of a command.
    private static let versions: Set<String> = [
        "PostgreSQL", "file system of the database", "pgbench", "generator", "Redis", "server",
    ]

    // MARK: - In words

    let scenario = "all"

    /// A part that failed, or a result that counts for nothing.
    var isVoid: Bool { !voidTexts.isEmpty }

    var voidTexts: [String] {
        parts.filter { $0.status != 0 }.map { "the part \($0.name) ended with status \($0.status)" }
            + results.filter(\.isVoid).map { "\(Self.name(of: $0)) is void" }
            + unreadable.map { "\($0) cannot be read" }
    }

    private static func name(of kept: KeptResult) -> String {
        String((kept.path.split(separator: "/").last ?? "").split(separator: ".").first ?? "")
    }

    var summary: String {
        let goals = lines.filter { !$0.goal.isEmpty }
        let counts = Dictionary(grouping: goals, by: \.verdict).mapValues(\.count)
        let words = [Line.Verdict.met, .missed, .void, .notMeasured]
            .compactMap { verdict in counts[verdict].map { "\($0) \(verdict.rawValue)" } }
        return
            "\(goals.count) goals: \(words.joined(separator: ", ")). Ratios are to the limit beside them, measured in turn in the same run; "
            + "medians (least-greatest). A goal is told and decides nothing."
    }

    /// To be pasted into a page.
    var goalTable: Table {
        var table = Table(titles: ["", "found", "limit", "ratio", "goal", "verdict"])
        for line in lines {
            let verdict =
                line.verdict == .notMeasured && !line.otherwise.isEmpty
                ? "not measured (\(line.otherwise))" : line.verdict.rawValue
            table.add([
                line.title, line.finding?.text ?? "-", line.finding?.limit ?? "", line.finding?.ratio ?? "",
                line.goal.replacing(">=", with: "≥").replacing("<=", with: "≤"), verdict,
            ])
        }
        return table
    }

    private var partTable: Table {
        var table = Table(titles: ["part", "seconds", "ended"])
        for part in parts {
            table.add([part.name, "\(part.seconds)", part.status == 0 ? "good" : "failed, status \(part.status)"])
        }
        return table
    }

    private var resultTable: Table {
        var table = Table(titles: ["result", "began", "load average before", ""])
        for kept in results {
            table.add([
                Self.name(of: kept), kept.json["began"]?.stringValue ?? "",
                kept.json["machine"]?["loadAverageBefore"]?.stringValue ?? "", kept.isVoid ? "void" : "",
            ])
        }
        return table
    }

    var tables: [Table] { [goalTable, partTable, resultTable] }
    var plots: [String] { [] }

    var conditions: [(name: String, value: String)] { [("began", time)] + provenance.conditions }

    var text: String {
        var lines = ["", summary, ""] + tables.flatMap { [$0.text, ""] }
        lines += conditions.map { "\($0.name): \($0.value)" }
        if isVoid { lines += ["", "FAILED:"] + voidTexts.map { "  - \($0)" } }
        return lines.joined(separator: "\n")
    }

    var markdown: String {
        var lines = ["# scim-bench, all parts, \(day), \(provenance.commit)", "", summary, ""]
        if isVoid { lines += ["**Not everything went well.**", ""] + voidTexts.map { "- \($0)" } + [""] }
        lines += tables.flatMap { [$0.markdown, ""] } + ["| | |", "|---|---|"]
        lines += conditions.map { "| \(Self.cell($0.name)) | \(Self.cell($0.value)) |" }
        return lines.joined(separator: "\n") + "\n"
    }

    var json: JSONValue {
        let goals = lines.map { line -> JSONValue in
            [
                "title": .string(line.title), "goal": .string(line.goal), "verdict": .string(line.verdict.rawValue),
                "value": line.finding.map { .number($0.value, places: 4) } ?? .null,
                "found": line.finding.map { .string($0.text) } ?? .null,
                "limit": line.finding.map { .string($0.limit) } ?? .null,
                "ratio": line.finding.map { .string($0.ratio) } ?? .null,
            ]
        }
        var figures = JSONObject()
        for line in lines {
            if let finding = line.finding { figures[line.title] = .number(finding.value, places: 4) }
        }
        var members = JSONObject(uniqueMembers: [
            ("format", 2), ("scenario", .string(scenario)), ("began", .string(time)), ("isVoid", .bool(isVoid)),
            ("void", .array(voidTexts.map { .string($0) })), ("figures", .object(figures)), ("lines", .array(goals)),
            (
                "parts",
                .array(
                    parts.map {
                        ["name": .string($0.name), "status": .number($0.status), "seconds": .number($0.seconds)]
                    })
            ),
            ("results", .array(results.map { .string(Self.name(of: $0)) })),
        ])
        members.append(provenance)
        return .object(members)
    }
}
