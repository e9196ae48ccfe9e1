// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// Runs a scenario and its limit in turn, so that whatever else the machine does meets both alike.
struct Comparison: Sendable {
    /// In the report, where a bench compares several things.
    var subject: String?
    let scenario: any Scenario
    let limit: (any Limit)?
    let generator: LoadGenerator
    let plan: BenchPlan
    var measure = Measure.rate
    /// Requests a second of an open loop; nil: a closed loop.
    var rate: Double?
    let meter: ProcessorMeter
    let progress: ProgressBar
    /// The first number for ``Scenario/requests(run:)`` that was not used yet.
    let firstRun: Int

    /// Of the progress.
    var steps: Int { plan.connections.count * plan.repeats * (limit == nil ? 1 : 2) }

    /// - Returns: All rounds; less than planned when the scenario accepts nothing at all.
    func run() async throws -> [Round] {
        var rounds: [Round] = []
        var run = firstRun
        for connections in plan.connections {
            for repetition in 1...plan.repeats {
                let round = try await round(connections: connections, repetition: repetition, run: run)
                rounds.append(round)
                if round.isVoid { progress.note("run is void: \(round.voidReasons.joined(separator: "; "))") }
                if round.load.accepted == 0 { return rounds }
                run += 1
            }
        }
        return rounds
    }

    private func round(connections: Int, repetition: Int, run: Int) async throws -> Round {
        let loadAverage = Machine.loadAverage
        let watch = RateWatch()
        let progress = progress
        progress.step("\(subject ?? scenario.name), \(connections) connection\(connections == 1 ? "" : "s")")
        let load = try await generator.run(
            scenario.requests(run: run), connections: connections, window: plan.window, rate: rate, meter: meter
        ) { counters in
            progress.show(rate: watch.rate(counters.accepted), failures: counters.failed)
        }
        var round = Round(
            subject: subject, connections: connections, repetition: repetition, load: load,
            missing: try await scenario.verify(load, run: run), limit: scenario.limit(in: load),
            loadAverage: loadAverage, measure: measure)
        if let limit {
            progress.step("limit, \(connections) client\(connections == 1 ? "" : "s")")
            round.limit = try await limit.run(clients: connections, window: plan.window, meter: meter) { rate in
                progress.show(rate: rate, failures: 0)
            }
        }
        return round
    }
}
