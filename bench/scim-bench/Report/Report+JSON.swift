// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON

extension Report {
    /// Rates are per second, latencies in milliseconds, processor times in microseconds per write.
    var json: JSONValue {
        [
            "format": 1, "scenario": .string(scenario), "limit": limitName.map { .string($0) } ?? nil,
            "began": .string(time), "commit": .string(provenance.commit), "target": .string(provenance.target),
            "seed": .string("\(seed)"), "isVoid": .bool(isVoid),
            "plan": [
                "connections": .array(plan.connections.map { .number($0) }), "repeats": .number(plan.repeats),
                "warmUpSeconds": .number(Int(plan.window.warmUp.components.seconds)),
                "measuredSeconds": .number(Int(plan.window.measured.components.seconds)),
                "maximumRequests": .number(plan.window.maximumRequests),
            ],
            "rows": .array(rows.map(\.json)), "rounds": .array(rounds.map(\.json)),
            "machine": [
                "processor": .string(provenance.machine.processor), "cores": .number(provenance.machine.cores),
                "memoryGiB": .number(provenance.machine.memoryGiB, places: 1),
                "system": .string(provenance.machine.system), "kernel": .string(provenance.machine.kernel),
                "loadAverageBefore": .string(provenance.loadAverageBefore),
                "loadAverageAfter": .string(provenance.loadAverageAfter),
            ],
            "notes": .texts(provenance.notes), "postgres": .texts(provenance.durability),
        ]
    }
}

extension ReportRow {
    fileprivate var json: JSONValue {
        [
            "connections": .number(connections), "goodRounds": .number(goodRounds), "acceptedPerSecond": .spread(rate),
            "p50": .spread(p50), "p95": .spread(p95), "p99": .spread(p99), "limitPerSecond": .spread(limitRate),
            "ratio": .spread(ratio), "serverTime": .spread(serverTime), "postgresTime": .spread(postgresTime),
            "generatorTime": .spread(generatorTime), "limitPostgresTime": .spread(limitPostgresTime),
            "limitGeneratorTime": .spread(limitGeneratorTime), "void": .array(voided.map { .string($0) }),
        ]
    }
}

extension Round {
    fileprivate var json: JSONValue {
        [
            "connections": .number(connections), "repetition": .number(repetition),
            "accepted": .number(load.accepted), "measured": .number(load.measured),
            "measuredSeconds": .number(load.measuredSeconds, places: 3), "perSecond": .number(load.rate, places: 1),
            "p50": .number(load.latency.p50, places: 3), "p95": .number(load.latency.p95, places: 3),
            "p99": .number(load.latency.p99, places: 3), "maximum": .number(load.latency.maximum, places: 3),
            "processorTime": .use(load.processorUse), "loadAverage": .string(loadAverage),
            "void": .array(voidReasons.map { .string($0) }),
            "firstFailure": load.firstFailure.map { .string($0) } ?? nil,
            "limit": limit.map { limit in
                [
                    "perSecond": .number(limit.rate, places: 1), "latency": .number(limit.latency, places: 3),
                    "processorTime": .use(limit.processorUse),
                ]
            } ?? nil,
            "ratio": ratio.map { .number($0, places: 4) } ?? nil,
        ]
    }
}

extension JSONValue {
    fileprivate static func number(_ value: Int) -> JSONValue { .number(JSONNumber(Int64(value))) }

    fileprivate static func number(_ value: Double, places: Int) -> JSONValue {
        JSONNumber(literal: Figure.decimal(value, places: places)).map { .number($0) } ?? .null
    }

    fileprivate static func spread(_ spread: Spread?) -> JSONValue {
        guard let spread else { return .null }
        return [
            "median": .number(spread.median, places: 3), "minimum": .number(spread.minimum, places: 3),
            "maximum": .number(spread.maximum, places: 3),
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
