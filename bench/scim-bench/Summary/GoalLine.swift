// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON

/// One line of the table of goals: where its figure is found among the results of a run, and what it is to reach.
struct GoalLine: Sendable {
    /// What a result says of it.
    struct Finding: Sendable, Equatable {
        /// What the goal is about.
        var value: Double
        /// As it was measured, with its unit, such as `2,854/s (2,700-2,900)`.
        var text: String
        /// The machine's own limit, where there is one.
        var limit: String = ""
        /// To the limit.
        var ratio: String = ""
        /// Of the value, where it was measured more than once.
        var spread: Spread?
    }

    let title: String
    /// Nil for a figure that belongs beside the goals and has none.
    let goal: Goal?
    /// `make` target or option that measures it when a run has not.
    let otherwise: String
    /// Of a kept result; nil when it has no such figure.
    let find: @Sendable (KeptResult) -> Finding?

    init(
        _ title: String, _ goal: Goal?, otherwise: String = "", find: @escaping @Sendable (KeptResult) -> Finding?
    ) {
        self.title = title
        self.goal = goal
        self.otherwise = otherwise
        self.find = find
    }
}

/// A result of a command, as it was kept.
struct KeptResult: Sendable {
    /// Of its JSON file.
    let path: String
    let json: JSONValue

    var scenario: String { json["scenario"]?.stringValue ?? "" }
    var isVoid: Bool { json["isVoid"]?.boolValue ?? true }

    func figure(_ key: String) -> Double? { json["figures"]?[key]?.doubleValue }

    /// Of a figure that differs from run to run.
    func spread(_ key: String) -> Spread? { Self.spread(json["spreads"]?[key]) }

    /// As it is shown: a figure, and how far the runs spread; nil without the figure.
    func text(_ key: String, places: Int) -> String? {
        figure(key).map { value in
            spread(key).map { Figure.spread($0, places: places) } ?? Figure.text(value, places: places)
        }
    }

    /// Of what was worked on, such as `users`; 0 when the result does not tell.
    func size(_ name: String) -> Int { Int(json["sizes"]?[name]?.integerValue ?? 0) }

    /// Of a report of rounds: the row of so many connections, whatever its subject.
    func row(_ connections: Int, subject: String? = nil) -> JSONValue? {
        json["rows"]?.arrayValue?.first {
            $0["connections"]?.integerValue == Int64(connections)
                && (subject == nil || $0["subject"]?.stringValue == subject)
        }
    }

    static func spread(_ value: JSONValue?) -> Spread? {
        guard let value, let median = value["median"]?.doubleValue, let minimum = value["minimum"]?.doubleValue,
            let maximum = value["maximum"]?.doubleValue
        else { return nil }
        return Spread([minimum, median, maximum])
    }
}

extension GoalLine {
    // MARK: - Kinds of lines

    /// The ratio of a rate to its limit.
    static func ratio(
        _ title: String, _ scenario: String, connections: Int, _ goal: Goal, otherwise: String = ""
    ) -> GoalLine {
        GoalLine("\(title), \(connections) connection\(connections == 1 ? "" : "s")", goal, otherwise: otherwise) {
            kept in
            guard kept.scenario == scenario, let row = kept.row(connections),
                let ratio = KeptResult.spread(row["ratio"])
            else { return nil }
            return Finding(
                value: ratio.median, text: "\(Figure.counts(KeptResult.spread(row["perSecond"])))/s",
                limit: KeptResult.spread(row["limitPerSecond"]).map { "\(Figure.count($0.median))/s" } ?? "",
                ratio: Figure.ratios(ratio), spread: ratio)
        }
    }

    /// A median of a row that is no ratio.
    static func row(
        _ title: String, _ scenario: String, connections: Int?, _ key: String, unit: String, _ goal: Goal
    ) -> GoalLine {
        GoalLine(title, goal) { kept in
            guard kept.scenario == scenario,
                let row = connections.map({ kept.row($0) }) ?? kept.json["rows"]?[0],
                let spread = KeptResult.spread(row[key])
            else { return nil }
            let texts = [spread.median, spread.minimum, spread.maximum].map { Figure.shortest($0) }
            return Finding(value: spread.median, text: "\(texts[0]) (\(texts[1])-\(texts[2])) \(unit)", spread: spread)
        }
    }

    /// A figure of a scenario.
    ///
    /// - Parameters:
    ///   - places: Decimals.
    ///   - limitKey: The figure that it is set beside, with the ratio's key.
    ///   - condition: Which results of the scenario it is about.
    static func figure(
        _ title: String, _ scenario: String, _ key: String, unit: String, places: Int = 0, _ goal: Goal?,
        limit: (key: String, ratioKey: String)? = nil, otherwise: String = "",
        where condition: @escaping @Sendable (KeptResult) -> Bool = { _ in true }
    ) -> GoalLine {
        GoalLine(title, goal, otherwise: otherwise) { kept in
            guard kept.scenario == scenario, condition(kept), let value = kept.figure(key),
                let text = kept.text(key, places: places)
            else { return nil }
            var finding = Finding(value: value, text: text + unit, spread: kept.spread(key))
            if let limit {
                finding.limit = kept.figure(limit.key).map { Figure.text($0, places: places) + unit } ?? ""
                finding.ratio = kept.text(limit.ratioKey, places: 2) ?? ""
            }
            return finding
        }
    }

    /// A ratio of a scenario, beside the two figures that it is of.
    static func ratio(
        _ title: String, _ scenario: String, _ key: String, of figure: String, to limit: String, unit: String,
        places: Int, _ goal: Goal, otherwise: String = "",
        where condition: @escaping @Sendable (KeptResult) -> Bool = { _ in true }
    ) -> GoalLine {
        GoalLine(title, goal, otherwise: otherwise) { kept in
            guard kept.scenario == scenario, condition(kept), let value = kept.figure(key),
                let ratio = kept.text(key, places: 3), let text = kept.text(figure, places: places),
                let limit = kept.text(limit, places: places)
            else { return nil }
            return Finding(value: value, text: text + unit, limit: limit + unit, ratio: ratio, spread: kept.spread(key))
        }
    }

    // MARK: - The table

    /// What the project has set itself, in the order of the report.
    static let all: [GoalLine] =
        [(1, 0.5), (8, 0.65), (32, 1.1), (128, 1.6)].map {
            ratio("accept, durable, to pgbench", "accept", connections: $0.0, .atLeast($0.1))
        } + [
            row("accept, p99 at half of the highest rate", "pace", connections: nil, "p99", unit: "ms", .atMost(10)),
            row(
                "CPU of the server for an accepted write, 128 connections", "accept", connections: 128, "serverTime",
                unit: "µs", .atMost(80)),
        ] + awayLines("UDM away", "outage") + awayLines("Redis away", "redis-loss") + [
            ratio("read by id, to a bare handler", "read", connections: 32, .atLeast(0.45)),
            ratio("change of one attribute, to pgbench", "patch", connections: 32, .atLeast(1)),
        ] + syncLines + [
            figure("commit to UDM call, idle, p50", "pickup", "p50", unit: " ms", places: 2, .atMost(5)),
            figure("commit to UDM call, idle, p95", "pickup", "p95", unit: " ms", places: 2, .atMost(10)),
            figure(
                "killed worker: all its leases worked on again (lease 15 s)", "recovery", "seconds", unit: " s",
                places: 1,
                .atMost(16)),
            figure("start to ready, API", "start", "apiMilliseconds", unit: " ms", .atMost(300)),
            figure("start to ready, worker", "start", "workerMilliseconds", unit: " ms", .atMost(300)),
            figure("start to ready, all roles", "start", "api-worker-eventsMilliseconds", unit: " ms", .atMost(300)),
        ] + depthLines + sizeLines

    private static func awayLines(_ title: String, _ scenario: String) -> [GoalLine] {
        [
            figure(
                "accept, \(title): accepted a second, to before", scenario, "acceptedRatio", unit: "", places: 3,
                .atLeast(0.95)),
            figure("accept, \(title): p50, to before", scenario, "p50Ratio", unit: "", places: 2, .atMost(1.05)),
            figure("accept, \(title): p99, to before", scenario, "p99Ratio", unit: "", places: 2, .atMost(1.05)),
        ]
    }

    /// From the job to UDM.
    private static let syncLines: [GoalLine] = [
        figure(
            "jobs to UDM, UDM takes 0 ms", "sync-0ms-64", "jobsPerSecond", unit: "/s", .atLeast(3000),
            limit: ("barePerSecond", "ratioToBare")),
        figure(
            "the same, one outcome in each transaction", "sync-0ms-64-strict", "jobsPerSecond", unit: "/s",
            .atLeast(1000), limit: ("barePerSecond", "ratioToBare")),
        ratio(
            "jobs to UDM, UDM takes 50 ms, 64 at once, to the ideal", "sync-50ms-64", "ratioToIdeal",
            of: "jobsPerSecond", to: "idealPerSecond", unit: "/s", places: 0, .atLeast(0.95)),
        ratio(
            "100,000 creates, UDM takes 100 ms, 32 at once: time, to the ideal", "sync-100ms-32", "timeRatio",
            of: "secondsFromLease", to: "idealSeconds", unit: " s", places: 1, .atMost(1.05),
            otherwise: "make bench-import"
        ) { $0.figure("jobs") ?? 0 >= 100_000 },
        figure(
            "jobs to UDM, UDM as the real server, to the bare client", "sync-real-8", "jobsPerSecond", unit: "/s",
            places: 1, nil, limit: ("barePerSecond", "ratioToBare"), otherwise: "BENCH_SYNC=real:8:400 make bench-sync"),
        figure(
            "1,000 users join a group one by one, a change of UDM takes 1 s: writes to UDM", "joins", "writes",
            unit: "",
            JoinsScenario.Found.goal.writes, otherwise: "BENCH_STEPS=joins make bench-engine"
        ) {
            $0.figure("joins") ?? 0 >= Double(JoinsScenario.Found.goal.users) && $0.figure("udmMilliseconds") == 1000
        },
    ]

    /// With a million open jobs.
    private static let depthLines: [GoalLine] = [
        depth("memory of the API", "apiMiB", unit: " MiB", .atMost(150)),
        depth("memory of the worker", "workerMiB", unit: " MiB", .atMost(150)),
        depth("an empty Redis filled again", "seconds", unit: " s", .atMost(60)),
        depth("Redis, a resource", "redisBytes", unit: " bytes", .atMost(400)),
        depth("/metrics of the worker", "workerScrapeMilliseconds", unit: " ms", .atMost(50)),
        depth("/metrics of the API", "apiScrapeMilliseconds", unit: " ms", .atMost(50)),
    ]

    /// What is asked of a large directory.
    private static let sizeLines: [GoalLine] = [
        slowestList("lists at 1,000,000 users", ListsCommand.goal.ratio, otherwise: "make bench-scim") {
            $0 >= ListsCommand.goal.users
        },
        slowestList("lists of fewer users", nil) { $0 < ListsCommand.goal.users },
        GoalLine(
            "one member more: a group of 100,000 to a group of ten, p50", GroupsCommand.goal.ratio,
            otherwise: "make bench-scim"
        ) { kept in
            guard kept.scenario == "groups", kept.size("members") >= GroupsCommand.goal.members,
                let row = kept.json["rows"]?[0],
                let ratio = KeptResult.spread(row["ratio"])
            else { return nil }
            return Finding(
                value: ratio.median, text: "\(Figure.median(KeptResult.spread(row["p50"]), places: 2)) ms",
                limit: "\(Figure.median(KeptResult.spread(row["limitP50"]), places: 2)) ms",
                ratio: Figure.ratios(ratio), spread: ratio)
        },
    ]

    private static func slowestList(
        _ title: String, _ goal: Goal?, otherwise: String = "", at isSize: @escaping @Sendable (Int) -> Bool
    ) -> GoalLine {
        GoalLine("\(title), p95 to the SELECT by hand, the slowest at 1 connection", goal, otherwise: otherwise) {
            kept in
            guard kept.scenario == "lists", isSize(kept.size("users")) else { return nil }
            let rows = (kept.json["rows"]?.arrayValue ?? []).filter { $0["connections"]?.integerValue == 1 }
            let ratios = rows.compactMap { row in
                KeptResult.spread(row["ratio"]).map { (row["subject"]?.stringValue ?? "", $0) }
            }
            guard let worst = ratios.max(by: { $0.1.median < $1.1.median }) else { return nil }
            return Finding(
                value: worst.1.median, text: worst.0, ratio: Figure.ratios(worst.1), spread: worst.1)
        }
    }

    private static func depth(_ title: String, _ key: String, unit: String, _ goal: Goal) -> GoalLine {
        // Fewer say nothing of that depth.
        figure(
            "\(title), 1,000,000 open jobs", "rebuild", key, unit: unit, places: 1, goal,
            otherwise: "BENCH_RESOURCES=1000000"
        ) { kept in
            kept.figure("resources") ?? 0 >= 1_000_000
        }
    }
}
