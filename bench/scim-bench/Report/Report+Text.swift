// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

extension Report {
    var text: String {
        var lines = ["", summary, ""]
        lines += tables.flatMap { [$0.text, ""] }
        lines += conditions.map { "\($0.name): \($0.value)" }
        if isVoid { lines += ["", "VOID: " + voidSentence] + voidTexts.map { "  - \($0)" } }
        return lines.joined(separator: "\n")
    }

    var markdown: String {
        var lines = ["# scim-bench \(scenario), \(day), \(provenance.commit)", "", summary, ""]
        if isVoid { lines += ["**Void.** " + voidSentence, ""] + voidTexts.map { "- \($0)" } + [""] }
        lines += tables.flatMap { [$0.markdown, ""] } + ["| | |", "|---|---|"]
        lines += conditions.map { "| \(Self.cell($0.name)) | \(Self.cell($0.value)) |" }
        return lines.joined(separator: "\n") + "\n"
    }

    var tables: [Table] { [figureTable] + (seriesNames.isEmpty ? [] : [seriesTable]) + [timeTable] }

    var summary: String {
        let seconds = plan.window.measured.components.seconds
        let warmUp = plan.window.warmUp.components.seconds
        var text = "Medians (least-greatest) of \(plan.repeats) runs of \(seconds) s after \(warmUp) s of warm-up."
        guard let limitName else { return text }
        text += " Limit: \(limitName), in turn with the runs"
        switch measure {
        case .rate: text += ", as many clients. Ratio: of the two rates of a round."
        case .p50, .p95: text += ". Ratio: of the two \(measure.rawValue) of a round."
        }
        return text
    }

    private var voidSentence: String {
        "The figures count for nothing: requests failed, or accepted writes are missing."
    }

    var voidTexts: [String] { rows.flatMap(\.voided) }

    private var hasSubjects: Bool { rounds.contains { $0.subject != nil } }

    /// The first columns of every table.
    private func label(_ row: ReportRow) -> [String] {
        hasSubjects ? [row.subject ?? "-", "\(row.connections)"] : ["\(row.connections)"]
    }

    private var labelTitles: [String] { hasSubjects ? ["", "connections"] : ["connections"] }

    private var figureTable: Table {
        let rateTitle = operation == .write ? "accepted/s" : "requests/s"
        var titles = labelTitles + [rateTitle, "p50 ms", "p95 ms", "p99 ms"]
        if limitName != nil {
            titles +=
                measure == .rate
                ? ["limit/s", "ratio"] : ["limit p50 ms", "limit p95 ms", "\(measure.rawValue) ratio"]
            if let goal { titles.append("goal \(goal.text)") } else if !goals.isEmpty { titles.append("goal") }
        }
        var table = Table(titles: titles + ["good runs"])
        for row in rows {
            var cells = label(row)
            cells += [
                Figure.counts(row.rate), Figure.median(row.p50, places: 2), Figure.median(row.p95, places: 2),
                Figure.median(row.p99, places: 2),
            ]
            if limitName != nil {
                switch measure {
                case .rate: cells.append(Figure.counts(row.limitRate))
                case .p50, .p95:
                    cells += [Figure.median(row.limitP50, places: 2), Figure.median(row.limitP95, places: 2)]
                }
                cells.append(Figure.ratios(row.ratio))
                if let goal {
                    cells.append(goal.verdict(row.ratio?.median) ?? "-")
                } else if !goals.isEmpty {
                    cells.append(
                        goals[row.connections].map { "\($0.text): \($0.verdict(row.ratio?.median) ?? "-")" } ?? "-")
                }
            }
            table.add(cells + ["\(row.goodRounds) of \(plan.repeats)"])
        }
        return table
    }

    private var seriesTable: Table {
        var table = Table(titles: ["request"] + labelTitles + ["p50 ms", "p95 ms", "p99 ms"])
        for row in rows {
            for (name, latency) in zip(seriesNames, row.series) {
                table.add(
                    [name] + label(row)
                        + [latency.p50, latency.p95, latency.p99].map { Figure.median($0, places: 2) })
            }
        }
        return table
    }

    private var timeTable: Table {
        let hasLimit = rows.contains { $0.limitGeneratorTime != nil }
        var titles = labelTitles
        titles[titles.count - 1] = "CPU us per \(operation.rawValue)"
        titles += ["server"] + (timeGoals.isEmpty ? [] : ["server, goal"]) + ["PostgreSQL", "generator"]
        if hasLimit { titles += ["limit: server", "limit: PostgreSQL", "limit: generator"] }
        var table = Table(titles: titles)
        for row in rows {
            var times = [row.serverTime, row.postgresTime, row.generatorTime]
            if hasLimit { times += [row.limitServerTime, row.limitPostgresTime, row.limitGeneratorTime] }
            var cells = times.map { Figure.median($0, places: 0) }
            if !timeGoals.isEmpty {
                let goal = timeGoals[row.connections]
                cells.insert(
                    goal.map { "\($0.text): \($0.verdict(row.serverTime?.median) ?? "-")" } ?? "-", at: 1)
            }
            table.add(label(row) + cells)
        }
        return table
    }

    var conditions: [(name: String, value: String)] {
        [("began", time), ("seed", "\(seed)")] + provenance.conditions
    }
}
