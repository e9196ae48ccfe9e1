// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// The rounds of one subject and number of connections, put together. Void rounds count for nothing but their reasons.
struct ReportRow: Sendable {
    let subject: String?
    let connections: Int
    let goodRounds: Int
    /// Expected answers a second.
    let rate: Spread?
    /// Milliseconds.
    let p50: Spread?
    let p95: Spread?
    let p99: Spread?
    /// The same of each kind of requests, in their order.
    let series: [(p50: Spread?, p95: Spread?, p99: Spread?)]
    /// Of the limit, operations a second.
    let limitRate: Spread?
    let limitP50: Spread?
    let limitP95: Spread?
    /// Of the two figures of each round: what else the machine did meets both.
    let ratio: Spread?
    /// Microseconds of processor time per expected answer.
    let serverTime: Spread?
    let postgresTime: Spread?
    let generatorTime: Spread?
    let limitServerTime: Spread?
    let limitPostgresTime: Spread?
    let limitGeneratorTime: Spread?
    /// A text for every void round.
    let voided: [String]

    /// - Parameter rounds: At least one; all of one subject and number of connections.
    init?(_ rounds: [Round]) {
        guard let first = rounds.first else { return nil }
        let good = rounds.filter { !$0.isVoid }
        subject = first.subject
        connections = first.connections
        goodRounds = good.count
        rate = Spread(good.map(\.load.rate))
        p50 = Spread(good.map(\.load.latency.p50))
        p95 = Spread(good.map(\.load.latency.p95))
        p99 = Spread(good.map(\.load.latency.p99))
        series = (0..<(good.map(\.load.latencies.count).max() ?? 0)).map { number in
            let latencies = good.compactMap { round in
                number < round.load.latencies.count ? round.load.latencies[number] : nil
            }
            return (Spread(latencies.map(\.p50)), Spread(latencies.map(\.p95)), Spread(latencies.map(\.p99)))
        }
        limitRate = Spread(good.map { $0.limit?.rate })
        limitP50 = Spread(good.map { $0.limit?.percentiles?.p50 })
        limitP95 = Spread(good.map { $0.limit?.percentiles?.p95 })
        ratio = Spread(good.map(\.ratio))
        serverTime = Spread(good.map { $0.load.processorUse?.server })
        postgresTime = Spread(good.map { $0.load.processorUse?.postgres })
        generatorTime = Spread(good.map { $0.load.processorUse?.generator })
        limitServerTime = Spread(good.map { $0.limit?.processorUse?.server })
        limitPostgresTime = Spread(good.map { $0.limit?.processorUse?.postgres })
        limitGeneratorTime = Spread(good.map { $0.limit?.processorUse?.generator })
        let place = (first.subject.map { "\($0), " } ?? "") + "\(first.connections) connections"
        voided = rounds.filter(\.isVoid).map { round in
            let first = round.load.firstFailure.map { " (first: \($0))" } ?? ""
            return "\(place), run \(round.repetition): " + round.voidReasons.joined(separator: "; ") + first
        }
    }
}
