// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// Whether two runs of the whole bench have found the same.
struct Agreement: Sendable {
    /// A figure that both have measured.
    struct Line: Sendable, Equatable {
        enum Verdict: String, Sendable, Equatable {
            /// The spreads within the two runs touch each other.
            case within = "agrees"
            /// They do not, and the medians are no further apart than runs are expected to be.
            case near = "agrees, spread from run to run"
            case apart = "differs"
        }

        let title: String
        let first: Spread
        let second: Spread
        let verdict: Verdict

        /// The greater median to the lesser.
        var factor: Double { Agreement.factor(first.median, second.median) }
    }

    /// From one run to the next, beyond what differs within a run: the greater median to the lesser. One machine's disk, memory and neighbours change
    /// by the hour (docs/performance.md).
    static let runToRun = 1.25

    let lines: [Line]
    /// Titles of goals that only one of them has measured, or that count for nothing.
    let missing: [String]

    init(_ first: SummaryReport, _ second: SummaryReport) {
        var lines: [Line] = []
        var missing: [String] = []
        let others = Dictionary(second.lines.map { ($0.title, $0) }) { one, _ in one }
        for line in first.lines {
            guard let other = others[line.title], let one = Self.spread(line), let two = Self.spread(other) else {
                if line.finding != nil || others[line.title]?.finding != nil { missing.append(line.title) }
                continue
            }
            lines.append(Line(title: line.title, first: one, second: two, verdict: Self.verdict(one, two)))
        }
        let firstTitles = Set(first.lines.map(\.title))
        missing += second.lines.filter { $0.finding != nil && !firstTitles.contains($0.title) }.map(\.title)
        self.lines = lines
        self.missing = missing
    }

    /// What was measured once is a spread of one.
    private static func spread(_ line: SummaryReport.Line) -> Spread? {
        guard line.verdict != .void, let finding = line.finding else { return nil }
        return finding.spread ?? Spread([finding.value])
    }

    static func verdict(_ first: Spread, _ second: Spread) -> Line.Verdict {
        if first.minimum <= second.maximum && second.minimum <= first.maximum { return .within }
        return factor(first.median, second.median) <= runToRun ? .near : .apart
    }

    private static func factor(_ first: Double, _ second: Double) -> Double {
        let (less, more) = (min(first, second), max(first, second))
        if less == more { return 1 }
        return less > 0 ? more / less : .infinity
    }

    // MARK: - In words

    var summary: String {
        let counts = Dictionary(grouping: lines, by: \.verdict).mapValues(\.count)
        return
            "\(lines.count) figures of both runs: \(counts[.within, default: 0]) agree within the spreads of the runs, "
            + "\(counts[.near, default: 0]) beyond them within a factor of \(Figure.shortest(Self.runToRun)) from run to run, "
            + "\(counts[.apart, default: 0]) differ."
    }

    var table: Table {
        var table = Table(titles: ["", "one run", "the other", "factor", ""])
        for line in lines {
            table.add([
                line.title, Self.text(line.first), Self.text(line.second), Figure.decimal(line.factor, places: 2),
                line.verdict.rawValue,
            ])
        }
        return table
    }

    private static func text(_ spread: Spread) -> String {
        let texts = [spread.median, spread.minimum, spread.maximum].map { Figure.shortest($0) }
        return spread.minimum == spread.maximum ? texts[0] : "\(texts[0]) (\(texts[1])-\(texts[2]))"
    }

    var text: String {
        var parts = [table.text, summary]
        if !missing.isEmpty { parts.append("Not of both runs: \(missing.joined(separator: "; ")).") }
        return parts.joined(separator: "\n\n")
    }

    var markdown: String {
        var parts = [table.markdown, summary]
        if !missing.isEmpty { parts.append("Not of both runs: \(missing.joined(separator: "; ")).") }
        return parts.joined(separator: "\n\n")
    }
}
