// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import NIOCore

/// What an outage did to the clients and to the backlog.
struct OutageFound: Sendable {
    enum Phase: CaseIterable { case before, away, after }

    var plan: OutageScenario.Plan
    /// Accepted a second at most; nil when the rate was given.
    var maximum: Double?
    /// Of the load, requests a second.
    var rate: Double
    var load: LoadResult
    var moments: [OutageMoments.Event: NIODeadline]
    var backlog: [BacklogSample]
    /// All writes of the bench.
    var accepted: Int
    var problems: [String]

    /// Latencies of the requests that were due in each phase.
    var phases: [Phase: LatencySummary] {
        let went = moments[.went] ?? .distantFuture
        let cameBack = moments[.cameBack] ?? .distantFuture
        let groups = Dictionary(grouping: load.points) { point -> Phase in
            point.due < went ? .before : point.due < cameBack ? .away : .after
        }
        return groups.mapValues { LatencySummary(microseconds: $0.map(\.microseconds)) }
    }

    /// Nobody may notice that something is away: within 5 % of what is normal.
    private static let latencyGoal = Goal.atMost(1.05)

    /// Accepted a second of what was due while it was away, in units of what was due before; nil when either had no time.
    var acceptedRatio: Double? {
        let (before, away) = (seconds(from: .began, to: .went), seconds(from: .went, to: .cameBack))
        guard before > 0, away > 0, let first = phases[.before]?.count, first > 0 else { return nil }
        return Double(phases[.away]?.count ?? 0) / away / (Double(first) / before)
    }

    /// From the end of the trouble until nothing was owed.
    var drainSeconds: Double { seconds(from: .cameBack, to: .drained) }

    private func seconds(from begin: OutageMoments.Event, to end: OutageMoments.Event) -> Double {
        guard let begin = moments[begin], let end = moments[end] else { return 0 }
        return Double((end - begin).nanoseconds) / 1e9
    }

    private var largestBacklog: Int { backlog.map(\.open).max() ?? 0 }
    private var oldest: Double { backlog.map(\.oldestSeconds).max() ?? 0 }
    /// Just before the trouble.
    private var lagBefore: Double {
        guard let went = moments[.went] else { return 0 }
        return backlog.last { $0.at < went }?.oldestSeconds ?? 0
    }

    var entries: [FigureReport.Entry] {
        var entries: [FigureReport.Entry] = []
        if let maximum {
            entries.append(FigureReport.Entry(key: "maximumPerSecond", title: "accepted/s at most", value: maximum))
        }
        entries.append(FigureReport.Entry(key: "ratePerSecond", title: "load, requests/s", value: rate))
        let phases = phases
        for (phase, key, words) in [
            (Phase.before, "before", "before"), (.away, "away", "while it is away"), (.after, "after", "after"),
        ] {
            let latency = phases[phase] ?? LatencySummary()
            entries += [
                FigureReport.Entry(key: "\(key)P50", title: "accept p50 ms, \(words)", value: latency.p50, places: 2),
                FigureReport.Entry(key: "\(key)P99", title: "accept p99 ms, \(words)", value: latency.p99, places: 2),
                FigureReport.Entry(
                    key: "\(key)Maximum", title: "accept maximum ms, \(words)", value: latency.maximum, places: 1),
            ]
        }
        if let before = phases[.before], let away = phases[.away], before.p50 > 0, before.p99 > 0 {
            entries += [
                FigureReport.Entry(
                    key: "p50Ratio", title: "p50 while it is away / before", value: away.p50 / before.p50, places: 2,
                    goal: Self.latencyGoal),
                FigureReport.Entry(
                    key: "p99Ratio", title: "p99 while it is away / before", value: away.p99 / before.p99, places: 2,
                    goal: Self.latencyGoal),
            ]
        }
        if let ratio = acceptedRatio {
            entries.append(
                FigureReport.Entry(
                    key: "acceptedRatio", title: "accepted/s while it is away / before", value: ratio, places: 3,
                    goal: .atLeast(0.95)))
        }
        return entries + [
            FigureReport.Entry(
                key: "lagBefore", title: "oldest open job before, seconds", value: lagBefore, places: 1),
            FigureReport.Entry(key: "lagMost", title: "oldest open job at most, seconds", value: oldest, places: 1),
            FigureReport.Entry(key: "backlogMost", title: "open jobs at most", value: Double(largestBacklog)),
            FigureReport.Entry(
                key: "drainSeconds", title: "seconds until nothing was owed, from its return", value: drainSeconds,
                places: 1),
            FigureReport.Entry(key: "accepted", title: "writes, all found in UDM once", value: Double(accepted)),
        ]
    }

    // MARK: - Plots

    var charts: [LineChart] {
        guard let began = moments[.began] else { return [] }
        func seconds(_ moment: NIODeadline) -> Double { Double((moment - began).nanoseconds) / 1e9 }
        var bands: [LineChart.Band] = []
        if let went = moments[.went], let cameBack = moments[.cameBack] {
            bands.append(LineChart.Band(from: seconds(went), to: seconds(cameBack), label: "away"))
        }
        let latencies = Dictionary(grouping: load.points) { Int(seconds($0.due)) }
            .mapValues { LatencySummary(microseconds: $0.map(\.microseconds)) }
            .sorted { $0.key < $1.key }
        func line(_ name: String, _ value: (LatencySummary) -> Double) -> LineChart.Line {
            LineChart.Line(name: name, points: latencies.map { (Double($0.key), value($0.value)) })
        }
        return [
            LineChart(
                title: "Accept latency by the second in which a request was due, ms", xTitle: "seconds",
                lines: [line("p50", \.p50), line("p99", \.p99)], bands: bands),
            LineChart(
                title: "Open jobs", xTitle: "seconds",
                lines: [
                    LineChart.Line(name: "open jobs", points: backlog.map { (seconds($0.at), Double($0.open)) })
                ], bands: bands),
            LineChart(
                title: "Age of the oldest open job, seconds", xTitle: "seconds",
                lines: [
                    LineChart.Line(name: "age", points: backlog.map { (seconds($0.at), $0.oldestSeconds) })
                ], bands: bands),
        ]
    }
}
