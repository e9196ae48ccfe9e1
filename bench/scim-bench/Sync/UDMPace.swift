// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Foundation
internal import JSON

/// How long the UDM double takes for what, and for how many requests at once.
struct UDMPace: Sendable, Equatable {
    /// Of the answers to one kind of requests, in milliseconds.
    enum Latency: Sendable, Equatable {
        case fixed(Double)
        /// Half of the answers are faster than `median`; `sigma` is the standard deviation of the logarithm.
        case logNormal(median: Double, sigma: Double)

        var mean: Double {
            switch self {
            case .fixed(let milliseconds): milliseconds
            case .logNormal(let median, let sigma): median * exp(sigma * sigma / 2)
            }
        }

        var json: JSONValue {
            switch self {
            case .fixed(let milliseconds):
                ["distribution": "fixed", "milliseconds": .number(milliseconds, places: 3)]
            case .logNormal(let median, let sigma):
                [
                    "distribution": "logNormal", "medianMilliseconds": .number(median, places: 3),
                    "sigma": .number(sigma, places: 3),
                ]
            }
        }
    }

    /// As in names of results: `50ms`, `real`.
    let name: String
    /// In a sentence that begins with "UDM".
    let text: String
    /// By method; `*` for those that have none of their own.
    let latency: [String: Latency]
    /// What a search takes beyond a GET; nil: nothing.
    let search: Latency?
    /// So many requests are carried out at once, the others wait; nil: all.
    let atOnce: Int?

    /// Every request takes so long.
    static func fixed(milliseconds: Double) -> UDMPace {
        let shortest = Figure.shortest(milliseconds)
        return UDMPace(
            name: "\(shortest)ms", text: "takes \(shortest) ms", latency: ["*": .fixed(milliseconds)], search: nil,
            atOnce: nil)
    }

    /// Every change takes so long, as where UDM has hooks, replication and listeners to wait for; a GET takes 4 ms, as measured.
    static func slowChanges(milliseconds: Double) -> UDMPace {
        let change = Latency.fixed(milliseconds)
        let shortest = Figure.shortest(milliseconds)
        return UDMPace(
            name: "changes-\(shortest)ms", text: "takes \(shortest) ms for a change and 4 ms for a GET",
            latency: ["POST": change, "PUT": change, "PATCH": change, "DELETE": change, "*": .fixed(4)], search: nil,
            atOnce: nil)
    }

    /// Univention's UDM REST server 5.2-2 on slapd with one connection, as it was measured on 2 cores:
    ///
    /// | | measured | here |
    /// |---|---|---|
    /// | create a user | 28/s, p50 33 ms, p95 49 ms | median 33, sigma ln(49/33)/1.645 |
    /// | change a property | 146/s, p50 6.7 ms | median 6.7; sigma so that the mean is 1/146 s |
    /// | GET by DN | 247/s, p50 3.8 ms | median 3.8; sigma so that the mean is 1/247 s |
    /// | search | 17/s, p50 59 ms | 55 beyond a GET |
    ///
    /// A server process carries out about one request at a time. DELETE was not measured and takes what a change takes.
    static let real = UDMPace(
        name: "real", text: "answers as the real server does, one request at a time (create: median 33 ms)",
        latency: [
            "POST": .logNormal(median: 33, sigma: 0.24), "PATCH": .logNormal(median: 6.7, sigma: 0.21),
            "PUT": .logNormal(median: 6.7, sigma: 0.21), "DELETE": .logNormal(median: 6.7, sigma: 0.21),
            "*": .logNormal(median: 3.8, sigma: 0.36),
        ], search: .logNormal(median: 55, sigma: 0.2), atOnce: 1)

    /// Whether all requests of a kind take the same time, so that an ideal is one to the last job.
    var isFixed: Bool { latency.values.allSatisfy { if case .fixed = $0 { true } else { false } } }

    /// Creates a second with so many in flight, if the client cost nothing; nil where UDM takes no time.
    func ideal(inFlight: Int) -> Double? {
        guard let mean = (latency["POST"] ?? latency["*"])?.mean, mean > 0 else { return nil }
        return Double(min(inFlight, atOnce ?? inFlight)) * 1000 / mean
    }

    /// For the double's settings.
    var settings: JSONValue {
        [
            "latency": .object(
                JSONObject(uniqueMembers: latency.sorted { $0.key < $1.key }.map { ($0.key, $0.value.json) })),
            "concurrencyLimit": atOnce.map { .number($0) } ?? .null,
        ]
    }

    /// For the double's switches; nil when searches take what a GET does.
    var searchFault: JSONValue? {
        search.map { ["effect": "latency", "latency": $0.json, "methods": ["GET"], "contains": "filter="] }
    }
}
