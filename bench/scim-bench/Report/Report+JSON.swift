// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON

extension Report {
    /// Rates are per second, latencies in milliseconds, processor times in microseconds per operation.
    var json: JSONValue {
        var members = JSONObject(uniqueMembers: [
            ("format", 2), ("scenario", .string(scenario)), ("operation", .string(operation.rawValue)),
            ("limit", .text(limitName)), ("ratioOf", .string(measure.rawValue)), ("goal", .text(goal?.text)),
            ("goals", .goals(goals)), ("timeGoals", .goals(timeGoals)),
            ("sizes", .object(JSONObject(uniqueMembers: sizes.map { ($0.name, .number($0.count)) }))),
            ("began", .string(time)), ("seed", .string("\(seed)")), ("isVoid", .bool(isVoid)),
            (
                "plan",
                [
                    "connections": .array(plan.connections.map { .number($0) }), "repeats": .number(plan.repeats),
                    "warmUpSeconds": .number(Int(plan.window.warmUp.components.seconds)),
                    "measuredSeconds": .number(Int(plan.window.measured.components.seconds)),
                    "maximumRequests": .number(plan.window.maximumRequests),
                ]
            ),
            ("series", .array(seriesNames.map { .string($0) })), ("rows", .array(rows.map { $0.json(goal(of: $0)) })),
            ("rounds", .array(rounds.map(\.json))),
        ])
        members.append(provenance)
        return .object(members)
    }
}

extension JSONObject {
    mutating func append(_ provenance: Provenance) {
        self["commit"] = .string(provenance.commit)
        self["target"] = .string(provenance.target)
        self["machine"] = [
            "processor": .string(provenance.machine.processor), "cores": .number(provenance.machine.cores),
            "memoryGiB": .number(provenance.machine.memoryGiB, places: 1),
            "system": .string(provenance.machine.system), "kernel": .string(provenance.machine.kernel),
            "loadAverageBefore": .string(provenance.loadAverageBefore),
            "loadAverageAfter": .string(provenance.loadAverageAfter),
        ]
        self["serverMemoryMiB"] =
            provenance.memory.map { memory in
                [
                    "during": .number(memory.during, places: 1), "sinceStart": .number(memory.sinceStart, places: 1),
                    "goal": .string(MemoryPeak.goal.text), "isMet": .bool(MemoryPeak.goal.isMet(by: memory.sinceStart)),
                ]
            } ?? .null
        self["notes"] = .texts(provenance.notes)
        self["postgres"] = .texts(provenance.durability)
    }
}

extension ReportRow {
    fileprivate func json(_ goal: Goal?) -> JSONValue {
        [
            "subject": .text(subject), "connections": .number(connections), "goodRounds": .number(goodRounds),
            "perSecond": .spread(rate), "p50": .spread(p50), "p95": .spread(p95), "p99": .spread(p99),
            "limitPerSecond": .spread(limitRate), "limitP50": .spread(limitP50), "limitP95": .spread(limitP95),
            "ratio": .spread(ratio), "goal": .text(goal?.verdict(ratio?.median)), "serverTime": .spread(serverTime),
            "postgresTime": .spread(postgresTime), "generatorTime": .spread(generatorTime),
            "limitServerTime": .spread(limitServerTime), "limitPostgresTime": .spread(limitPostgresTime),
            "limitGeneratorTime": .spread(limitGeneratorTime),
            "series": .array(
                series.map { ["p50": .spread($0.p50), "p95": .spread($0.p95), "p99": .spread($0.p99)] }),
            "void": .array(voided.map { .string($0) }),
        ]
    }
}

extension Round {
    fileprivate var json: JSONValue {
        [
            "subject": .text(subject), "connections": .number(connections), "repetition": .number(repetition),
            "accepted": .number(load.accepted), "measured": .number(load.measured),
            "measuredSeconds": .number(load.measuredSeconds, places: 3), "perSecond": .number(load.rate, places: 1),
            "latency": load.latency.json, "processorTime": .use(load.processorUse),
            "loadAverage": .string(loadAverage), "void": .array(voidReasons.map { .string($0) }),
            "firstFailure": .text(load.firstFailure),
            "limit": limit.map { limit in
                [
                    "perSecond": .number(limit.rate, places: 1), "mean": .number(limit.latency, places: 3),
                    "latency": limit.percentiles?.json ?? .null, "processorTime": .use(limit.processorUse),
                ]
            } ?? nil,
            "ratio": ratio.map { .number($0, places: 4) } ?? nil,
        ]
    }
}

extension LatencySummary {
    var json: JSONValue {
        [
            "count": .number(count), "mean": .number(mean, places: 3), "p50": .number(p50, places: 3),
            "p95": .number(p95, places: 3), "p99": .number(p99, places: 3), "maximum": .number(maximum, places: 3),
        ]
    }
}

extension JSONValue {
    static func number(_ value: Int) -> JSONValue { .number(JSONNumber(Int64(value))) }

    static func number(_ value: Double, places: Int) -> JSONValue {
        JSONNumber(literal: Figure.decimal(value, places: places)).map { .number($0) } ?? .null
    }

    /// By the number of connections.
    fileprivate static func goals(_ goals: [Int: Goal]) -> JSONValue {
        .object(
            JSONObject(uniqueMembers: goals.sorted { $0.key < $1.key }.map { ("\($0.key)", .string($0.value.text)) }))
    }

    fileprivate static func text(_ text: String?) -> JSONValue { text.map { .string($0) } ?? .null }

    static func spread(_ spread: Spread?, places: Int = 3) -> JSONValue {
        guard let spread else { return .null }
        return [
            "median": .number(spread.median, places: places), "minimum": .number(spread.minimum, places: places),
            "maximum": .number(spread.maximum, places: places),
        ]
    }

    fileprivate static func use(_ use: ProcessorUse?) -> JSONValue {
        guard let use else { return .null }
        return [
            "server": use.server.map { .number($0, places: 1) } ?? nil,
            "postgres": use.postgres.map { .number($0, places: 1) } ?? nil,
            "generator": .number(use.generator, places: 1),
        ]
    }

    fileprivate static func texts(_ pairs: [(name: String, value: String)]) -> JSONValue {
        var members = JSONObject()
        for pair in pairs { members[pair.name] = .string(pair.value) }
        return .object(members)
    }
}
