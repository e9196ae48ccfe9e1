// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// What several processes reached, the law fitted to it, and what follows for directories of any size.
struct ScalingFound: Sendable {
    /// What is measured of a setup.
    enum Work: CaseIterable, Sendable {
        case accept, sync

        var title: String { self == .accept ? "accepted/s" : "jobs/s" }
        var key: String { self == .accept ? "accepted" : "synced" }
        func rate(_ run: ScalingScenario.Run) -> Double { self == .accept ? run.accepted : run.synced }
    }

    /// How the processes are spread.
    enum Spreading: CaseIterable, Sendable {
        case oneQueue, queueEach

        var title: String { self == .oneQueue ? "one queue" : "a queue and a database for each" }
        var key: String { self == .oneQueue ? "" : "Queues" }

        /// One process with one queue is the begin of both.
        func contains(_ setup: ScalingScenario.Setup) -> Bool {
            setup.processes == 1 || (self == .oneQueue ? setup.queues == 1 : setup.queues == setup.processes)
        }
    }

    var runs: [ScalingScenario.Run]
    var size: DirectorySize?
    var cores: Int
    var connections: Int

    /// In the order in which they were first measured.
    var setups: [ScalingScenario.Setup] {
        var setups: [ScalingScenario.Setup] = []
        for run in runs where !setups.contains(run.setup) { setups.append(run.setup) }
        return setups
    }

    func rate(_ work: Work, of setup: ScalingScenario.Setup) -> Spread? {
        Spread(runs.filter { $0.setup == setup }.map { work.rate($0) })
    }

    private func busy(_ work: Work, of setup: ScalingScenario.Setup) -> Spread? {
        Spread(
            runs.filter { $0.setup == setup }.map { work == .accept ? $0.busyAccepting : $0.busySyncing })
    }

    func law(_ work: Work, _ spreading: Spreading) -> ScalabilityLaw? {
        ScalabilityLaw(
            runs.filter { spreading.contains($0.setup) }.map {
                ScalabilityLaw.Point(processes: $0.setup.processes, rate: work.rate($0))
            })
    }

    var problems: [String] {
        runs.flatMap { run in
            run.problems.map { "\(run.setup.processes) processes, \(run.setup.queues) queues: \($0)" }
        }
    }

    // MARK: - Figures

    var entries: [FigureReport.Entry] {
        typealias Entry = FigureReport.Entry
        var entries: [Entry] = []
        for work in Work.allCases {
            for setup in setups {
                guard let rate = rate(work, of: setup) else { continue }
                let queues = setup.queues > 1 ? "Queues\(setup.queues)" : ""
                entries.append(
                    Entry(
                        key: "\(work.key)\(setup.processes)\(queues)",
                        title: "\(work.title), \(Self.text(setup))", value: rate.median))
            }
            for spreading in Spreading.allCases {
                guard let law = law(work, spreading) else { continue }
                let name = "\(work.title), \(spreading.title)"
                entries += [
                    Entry(
                        key: "\(work.key)\(spreading.key)Sigma", title: "\(name): fit, sigma", value: law.contention,
                        places: 3),
                    Entry(
                        key: "\(work.key)\(spreading.key)Kappa", title: "\(name): fit, kappa", value: law.coherency,
                        places: 4),
                    Entry(
                        key: "\(work.key)\(spreading.key)R2", title: "\(name): fit, R2", value: law.determination,
                        places: 3),
                ]
            }
        }
        if let size {
            entries += [
                Entry(key: "bytesPerUser", title: "database, bytes a user", value: size.bytesOfUser),
                Entry(key: "bytesPerWrite", title: "history, bytes a write", value: size.bytesOfWrite),
            ]
        }
        return entries
    }

    private static func text(_ setup: ScalingScenario.Setup) -> String {
        "\(setup.processes) process\(setup.processes == 1 ? "" : "es")"
            + (setup.queues > 1 ? ", \(setup.queues) queues" : "")
    }

    var charts: [LineChart] {
        Work.allCases.map { work in
            var lines: [LineChart.Line] = []
            for spreading in Spreading.allCases {
                let own = setups.filter { spreading.contains($0) }.sorted { $0.processes < $1.processes }
                lines.append(
                    LineChart.Line(
                        name: spreading.title,
                        points: own.compactMap { setup in
                            rate(work, of: setup).map { (Double(setup.processes), $0.median) }
                        }))
                guard let law = law(work, spreading), let last = own.last else { continue }
                lines.append(
                    LineChart.Line(
                        name: "\(spreading.title), fit",
                        points: stride(from: 1.0, through: Double(last.processes), by: 0.25).map {
                            ($0, law.rate(of: $0))
                        }))
            }
            return LineChart(title: work.title, xTitle: "processes of each role", lines: lines)
        }
    }

    // MARK: - The section of docs/scaling.md

    /// Users for whom sizes are worked out.
    private static let directories = [100_000, 1_000_000, 10_000_000, 100_000_000]

    /// Markdown: what was measured and what is derived, each labelled as such.
    var section: String {
        var lines = ["### Measured: processes", "", measuredSentence, "", rateTable.markdown, ""]
        lines += ["### Derived: the law", "", Self.lawSentence, "", lawTable.markdown, ""]
        if let size {
            lines += [
                "### Measured: sizes", "",
                "Of \(Figure.count(Double(size.users))) users of 1 KB JSON with two unique values each, after all of them were in UDM and after "
                    + "VACUUM; bytes.", "", sizeTable(size).markdown, "", "### Derived: directories", "",
                "Sizes are those above, times the number of users; times are numbers of users, divided by the rates of one process of each role "
                    + "as measured, where UDM takes no time. UDM is slower than that: see the page.",
                "", directoryTable(size).markdown, "",
            ]
        }
        return lines.joined(separator: "\n")
    }

    private var measuredSentence: String {
        let repeats = runs.count / max(1, setups.count)
        return
            "Medians (least-greatest) of \(repeats) runs on \(cores) cores, which PostgreSQL, Redis, the UDM double and the generator share: "
            + "\(connections) connections over all API processes, then as many workers empty the queue, UDM takes no time. Busy: of all cores. "
            + "Several queues: each has a database of its own in the same PostgreSQL and a name of its own in the same Redis."
    }

    private static let lawSentence =
        "The Universal Scalability Law, `X(N) = X(1) N / (1 + σ (N − 1) + κ N (N − 1))`, fitted by least squares to the rates above, σ and κ not "
        + "below 0. A fit through so few numbers of processes describes this machine; it says nothing of machines with more cores."

    private var rateTable: Table {
        var table = Table(
            titles: [
                "processes of each role", "queues", "accepted/s", "times one", "busy", "jobs/s", "times one", "busy",
            ])
        for setup in setups {
            var cells = ["\(setup.processes)", "\(setup.queues)"]
            for work in Work.allCases {
                let rate = rate(work, of: setup)
                let one = self.rate(work, of: ScalingScenario.Setup(processes: 1, queues: 1))
                let ratio = rate.flatMap { rate in one.map { rate.median / $0.median } }
                cells += [
                    Figure.counts(rate), ratio.map { Figure.decimal($0, places: 2) } ?? "-",
                    busy(work, of: setup).map { "\(Int(($0.median * 100).rounded())) %" } ?? "-",
                ]
            }
            table.add(cells)
        }
        return table
    }

    private var lawTable: Table {
        var table = Table(titles: ["", "X(1)", "σ", "κ", "R²", "most by the law"])
        for work in Work.allCases {
            for spreading in Spreading.allCases {
                guard let law = law(work, spreading) else { continue }
                let most = law.bound.map { bound in
                    let place = law.best.map { " at \(Figure.decimal($0, places: 1)) processes" } ?? ""
                    return "\(Figure.count(bound))/s\(place)"
                }
                table.add([
                    "\(work.title), \(spreading.title)", Figure.count(law.single),
                    Figure.decimal(law.contention, places: 3), Figure.decimal(law.coherency, places: 4),
                    Figure.decimal(law.determination, places: 3), most ?? "no bound",
                ])
            }
        }
        return table
    }

    private func sizeTable(_ size: DirectorySize) -> Table {
        var table = Table(titles: ["table", "rows", "indexes", "together"])
        func add(_ part: DirectorySize.Table, _ unit: String) {
            table.add([
                "`\(part.name)`, \(unit)", Figure.count(part.heap), Figure.count(part.indexes), Figure.count(part.all),
            ])
        }
        for part in size.ofUser { add(part, "a user") }
        table.add(["**a user**", "", "", "**\(Figure.count(size.bytesOfUser))**"])
        for part in size.ofWrite { add(part, "a write") }
        return table
    }

    private func directoryTable(_ size: DirectorySize) -> Table {
        var table = Table(
            titles: [
                "users", "tables and indexes", "history of a write each", "accepting them", "bringing them to UDM",
            ])
        let one = ScalingScenario.Setup(processes: 1, queues: 1)
        for users in Self.directories {
            let count = Double(users)
            func time(_ work: Work) -> String {
                rate(work, of: one).map { $0.median > 0 ? Self.hours(count / $0.median) : "-" } ?? "-"
            }
            table.add([
                Figure.count(count), Self.gibibytes(count * size.bytesOfUser),
                Self.gibibytes(count * size.bytesOfWrite),
                time(.accept), time(.sync),
            ])
        }
        return table
    }

    static func gibibytes(_ bytes: Double) -> String {
        let value = bytes / Double(1 << 30)
        return value < 10 ? "\(Figure.decimal(value, places: 1)) GiB" : "\(Figure.count(value)) GiB"
    }

    static func hours(_ seconds: Double) -> String {
        switch seconds {
        case ..<120: "\(Figure.count(seconds)) s"
        case ..<7200: "\(Figure.count(seconds / 60)) min"
        default: "\(Figure.decimal(seconds / 3600, places: 1)) h"
        }
    }
}

/// The part of a page that a bench writes.
enum ScalingDocument {
    static let begin = "<!-- scim-bench scaling: begin -->"
    static let end = "<!-- scim-bench scaling: end -->"

    /// - Returns: The page with the section between its marks; nil when the marks are not there.
    static func page(_ text: String, with section: String) -> String? {
        guard let first = text.firstRange(of: begin),
            let last = text[first.upperBound...].firstRange(of: end)
        else { return nil }
        return text[..<first.upperBound] + "\n\n" + section + "\n" + text[last.lowerBound...]
    }
}
