// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// Runs a scenario and its limit in turn, so that whatever else the machine does meets both alike.
struct Comparison: Sendable {
    let scenario: any Scenario
    let limit: (any Limit)?
    let generator: LoadGenerator
    let plan: BenchPlan
    let meter: ProcessorMeter
    let progress: ProgressBar
    /// The first number for ``Scenario/requests(run:)`` that was not used yet.
    let firstRun: Int

    /// - Returns: All rounds; less than planned when the scenario accepts nothing at all.
    func run() async throws -> [Round] {
        var rounds: [Round] = []
        progress.begin(steps: plan.connections.count * plan.repeats * (limit == nil ? 1 : 2), window: plan.window)
        defer { progress.end() }
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
        let title = "\(scenario.name), \(connections) connection\(connections == 1 ? "" : "s")"
        progress.step(title)
        let load = try await generator.run(
            scenario.requests(run: run), connections: connections, window: plan.window, meter: meter
        ) { counters in
            progress.show(rate: watch.rate(counters.accepted), failures: counters.failed)
        }
        let missing = try await scenario.verify(load, run: run)
        guard let limit else {
            return Round(
                connections: connections, repetition: repetition, load: load, missing: missing, limit: nil,
                loadAverage: loadAverage)
        }
        progress.step("limit, \(connections) client\(connections == 1 ? "" : "s")")
        let best = try await limit.run(clients: connections, window: plan.window, meter: meter) { rate in
            progress.show(rate: rate, failures: 0)
        }
        return Round(
            connections: connections, repetition: repetition, load: load, missing: missing, limit: best,
            loadAverage: loadAverage)
    }
}
