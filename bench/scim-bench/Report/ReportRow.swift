// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// The rounds of one number of connections, put together. Void rounds count for nothing but their reasons.
struct ReportRow: Sendable {
    let connections: Int
    let goodRounds: Int
    /// Accepted a second.
    let rate: Spread?
    /// Milliseconds.
    let p50: Spread?
    let p95: Spread?
    let p99: Spread?
    /// Of the limit, operations a second.
    let limitRate: Spread?
    /// Of the two rates of each round: what else the machine did meets both.
    let ratio: Spread?
    /// Microseconds of processor time per accepted write.
    let serverTime: Spread?
    let postgresTime: Spread?
    let generatorTime: Spread?
    let limitPostgresTime: Spread?
    let limitGeneratorTime: Spread?
    /// A text for every void round.
    let voided: [String]

    init(connections: Int, rounds: [Round]) {
        let good = rounds.filter { !$0.isVoid }
        self.connections = connections
        goodRounds = good.count
        rate = Spread(good.map(\.load.rate))
        p50 = Spread(good.map(\.load.latency.p50))
        p95 = Spread(good.map(\.load.latency.p95))
        p99 = Spread(good.map(\.load.latency.p99))
        limitRate = Spread(good.map { $0.limit?.rate })
        ratio = Spread(good.map(\.ratio))
        serverTime = Spread(good.map { $0.load.processorUse?.server })
        postgresTime = Spread(good.map { $0.load.processorUse?.postgres })
        generatorTime = Spread(good.map { $0.load.processorUse?.generator })
        limitPostgresTime = Spread(good.map { $0.limit?.processorUse?.postgres })
        limitGeneratorTime = Spread(good.map { $0.limit?.processorUse?.generator })
        voided = rounds.filter(\.isVoid).map { round in
            let first = round.load.firstFailure.map { " (first: \($0))" } ?? ""
            return "\(connections) connections, run \(round.repetition): "
                + round.voidReasons.joined(separator: "; ") + first
        }
    }
}
