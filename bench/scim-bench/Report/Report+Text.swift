// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

extension Report {
    /// For the terminal.
    var text: String {
        var lines = ["", summary, ""]
        lines += [rateTable.text, "", timeTable.text, ""]
        lines += conditions.map { "\($0.name): \($0.value)" }
        if isVoid { lines += ["", "VOID: " + voidSentence] + voided.map { "  - \($0)" } }
        return lines.joined(separator: "\n")
    }

    /// For a page or a pull request.
    var markdown: String {
        var lines = ["# scim-bench \(scenario), \(day), \(provenance.commit)", "", summary, ""]
        if isVoid { lines += ["**Void.** " + voidSentence, ""] + voided.map { "- \($0)" } + [""] }
        lines += [rateTable.markdown, "", timeTable.markdown, "", "| | |", "|---|---|"]
        lines += conditions.map { "| \(Self.cell($0.name)) | \(Self.cell($0.value)) |" }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func cell(_ text: String) -> String { text.replacing("|", with: "\\|") }

    private var summary: String {
        let seconds = plan.window.measured.components.seconds
        let warmUp = plan.window.warmUp.components.seconds
        var text = "Medians (least-greatest) of \(plan.repeats) runs of \(seconds) s after \(warmUp) s of warm-up."
        if let limitName {
            text += " Limit: \(limitName), in turn with the runs, as many clients. Ratio: of the two rates of a round."
        }
        return text
    }

    private var voidSentence: String {
        "The figures count for nothing: requests failed, or accepted writes are missing."
    }

    private var voided: [String] { rows.flatMap(\.voided) }

    private var rateTable: Table {
        var titles = ["connections", "accepted/s", "p50 ms", "p95 ms", "p99 ms"]
        if limitName != nil { titles += ["limit/s", "ratio"] }
        var table = Table(titles: titles + ["good runs"])
        for row in rows {
            var cells = [
                "\(row.connections)", Figure.counts(row.rate), Figure.median(row.p50, places: 2),
                Figure.median(row.p95, places: 2), Figure.median(row.p99, places: 2),
            ]
            if limitName != nil { cells += [Figure.counts(row.limitRate), Figure.ratios(row.ratio)] }
            table.add(cells + ["\(row.goodRounds) of \(plan.repeats)"])
        }
        return table
    }

    private var timeTable: Table {
        var titles = ["CPU us per write", "server", "PostgreSQL", "generator"]
        if limitName != nil { titles += ["limit: PostgreSQL", "limit: pgbench"] }
        var table = Table(titles: titles)
        for row in rows {
            var times = [row.serverTime, row.postgresTime, row.generatorTime]
            if limitName != nil { times += [row.limitPostgresTime, row.limitGeneratorTime] }
            table.add(["\(row.connections)"] + times.map { Figure.median($0, places: 0) })
        }
        return table
    }

    private var conditions: [(name: String, value: String)] {
        let machine = provenance.machine
        var all = [
            ("began", time), ("commit", provenance.commit), ("target", provenance.target), ("seed", "\(seed)"),
            (
                "machine",
                "\(machine.processor), \(machine.cores) cores, \(Figure.decimal(machine.memoryGiB, places: 0)) GiB"
            ),
            ("system", "\(machine.system), Linux \(machine.kernel)"),
            ("load average", "\(provenance.loadAverageBefore) before, \(provenance.loadAverageAfter) after"),
        ]
        all += provenance.notes.map { ($0.name, $0.value) }
        if !provenance.durability.isEmpty {
            all.append(
                ("PostgreSQL settings", provenance.durability.map { "\($0.name)=\($0.value)" }.joined(separator: " ")))
        }
        return all
    }
}
