// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// What grew while the load went on.
struct SoakFound: Sendable {
    /// Slopes are told for so many writes.
    static let unit = 100_000.0
    /// Caches, pools and statement plans fill up at first: that part of the samples does not count.
    private static let settling = 0.25

    var plan: SoakScenario.Plan
    var load: LoadResult
    var samples: [SoakWatch.Sample]
    /// Users that were made before.
    var pool: Int
    /// From the end of the load until nothing was owed.
    var drainSeconds: Double
    var problems: [String]
    private(set) var events: Int?

    init(
        plan: SoakScenario.Plan, load: LoadResult, samples: [SoakWatch.Sample], pool: Int, drainSeconds: Double,
        problems: [String]
    ) {
        self.plan = plan
        self.load = load
        self.samples = samples
        self.pool = pool
        self.drainSeconds = drainSeconds
        self.problems = problems
    }

    var writes: Int {
        load.accepted(series: SoakRequests.Series.create) + load.accepted(series: SoakRequests.Series.change)
    }

    /// What became of the writes in the end: those of the pool are in it.
    mutating func note(_ drained: JobTable.Drained, usersInUDM: Int, isSound: Bool) {
        if drained.done != writes + pool {
            problems.append(
                "\(writes + pool) writes were accepted, but \(drained.done) jobs are done and \(drained.dead) dead")
        }
        let users = load.accepted(series: SoakRequests.Series.create) + pool
        if usersInUDM != users { problems.append("\(users) users were accepted, but UDM has \(usersInUDM) more") }
        if !isSound { problems.append("the UDM double found overlapping writes or an identifier twice") }
    }

    mutating func note(events arrived: Int, isSound: Bool) {
        events = arrived
        if arrived != writes + pool {
            problems.append("\(writes + pool) writes were accepted, but \(arrived) events have arrived")
        }
        if !isSound { problems.append("the Provisioning double got events twice, or out of order") }
    }

    // MARK: - Slopes

    /// Those that count.
    private var settled: [SoakWatch.Sample] {
        guard let last = samples.last else { return [] }
        return samples.filter { $0.seconds >= last.seconds * Self.settling }
    }

    /// For each ``unit`` of writes; nil where there is too little to tell.
    private func slope(_ value: (SoakWatch.Sample) -> Double?) -> Slope? {
        Slope(settled.compactMap { sample in value(sample).map { (sample.writes / Self.unit, $0) } })
    }

    private var processes: [String] { Set(samples.flatMap(\.memory.keys)).sorted() }

    func memorySlope(of process: String) -> Slope? { slope { $0.memory[process] } }

    /// MiB without indexes.
    func sizeSlope(of table: String) -> Slope? {
        slope { sample in sample.tables[table].map { Double($0.heap) / Double(1 << 20) } }
    }

    func deadSlope(of table: String) -> Slope? { slope { sample in sample.tables[table].map { Double($0.deadRows) } } }

    // MARK: - The report

    var entries: [FigureReport.Entry] {
        typealias Entry = FigureReport.Entry
        let latency = load.latencies
        var entries = [
            Entry(key: "seconds", title: "seconds", value: plan.length / .seconds(1)),
            Entry(key: "requestsPerSecond", title: "requests/s", value: load.rate),
            Entry(key: "writes", title: "writes, all found again", value: Double(writes)),
            Entry(key: "mostOpen", title: "open jobs at most", value: Double(samples.map(\.openJobs).max() ?? 0)),
            Entry(key: "drainSeconds", title: "seconds until nothing was owed", value: drainSeconds, places: 1),
        ]
        if let events { entries.append(Entry(key: "events", title: "events that arrived", value: Double(events))) }
        for (series, name) in [(0, "read"), (1, "create"), (2, "change")] where series < latency.count {
            entries.append(
                Entry(key: "\(name)P99", title: "\(name), p99 ms", value: latency[series].p99, places: 2))
        }
        for name in processes {
            guard let slope = memorySlope(of: name) else { continue }
            let key = name.lowercased().split(separator: " ").joined()
            entries += [
                Entry(
                    key: "\(key)MiBPer100000", title: "\(name), MiB per 100,000 writes", value: slope.perUnit, places: 2
                ),
                Entry(
                    key: "\(key)MiB", title: "\(name), most memory MiB",
                    value: samples.compactMap { $0.memory[name] }.max() ?? 0, places: 1, goal: MemoryPeak.goal),
            ]
        }
        for table in SoakScenario.tables {
            guard let size = sizeSlope(of: table), let dead = deadSlope(of: table) else { continue }
            entries += [
                Entry(
                    key: "\(table)MiBPer100000", title: "\(table), MiB per 100,000 writes", value: size.perUnit,
                    places: 2),
                Entry(
                    key: "\(table)DeadPer100000", title: "\(table), dead rows per 100,000 writes", value: dead.perUnit),
                Entry(
                    key: "\(table)MostDead", title: "\(table), dead rows at most",
                    value: samples.compactMap { $0.tables[table].map { Double($0.deadRows) } }.max() ?? 0),
            ]
        }
        return entries
    }

    var charts: [LineChart] {
        func line(_ name: String, _ value: (SoakWatch.Sample) -> Double?) -> LineChart.Line {
            LineChart.Line(
                name: name, points: samples.compactMap { sample in value(sample).map { (sample.seconds, $0) } })
        }
        return [
            LineChart(
                title: "Memory, MiB", xTitle: "seconds",
                lines: processes.map { name in line(name) { $0.memory[name] } }),
            LineChart(
                title: "Tables that take rows in and give them up, MiB without indexes", xTitle: "seconds",
                lines: SoakScenario.tables.prefix(4).map { table in
                    line(table) { $0.tables[table].map { Double($0.heap) / Double(1 << 20) } }
                }),
            LineChart(
                title: "Dead rows", xTitle: "seconds",
                lines: SoakScenario.tables.prefix(6).map { table in
                    line(table) { $0.tables[table].map { Double($0.deadRows) } }
                }),
            LineChart(
                title: "Open jobs", xTitle: "seconds", lines: [line("open jobs") { Double($0.openJobs) }]),
        ]
    }
}
