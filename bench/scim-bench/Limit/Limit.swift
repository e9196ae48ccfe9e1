// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// What the machine can do at best, measured in turn with the scenario.
protocol Limit: Sendable {
    /// As in the report.
    var name: String { get }

    /// Measures once.
    /// - Parameter progress: Called now and then with the rate so far.
    func run(
        clients: Int, window: LoadWindow, meter: ProcessorMeter, progress: @escaping @Sendable (Double) -> Void
    ) async throws -> LimitResult
}

/// One run of the limit.
struct LimitResult: Sendable, Equatable {
    /// Operations a second within the measured time.
    var rate: Double
    /// Mean, in milliseconds.
    var latency: Double
    var processorUse: ProcessorUse?
    /// What went wrong; then the run is void.
    var problems: [String]
    /// Where they are known.
    var percentiles: LatencySummary?
}
