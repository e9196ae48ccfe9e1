// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// The same requests, answered by a handler that does nothing but hand out the same bytes.
struct BareHandlerLimit: Limit {
    let generator: LoadGenerator
    let requests: GetRequests
    /// Of the handler.
    let pid: Int32

    var name: String { "a bare Hummingbird handler with the same bytes" }

    func run(
        clients: Int, window: LoadWindow, meter: ProcessorMeter, progress: @escaping @Sendable (Double) -> Void
    ) async throws -> LimitResult {
        let watch = RateWatch()
        let result = try await generator.run(
            requests, connections: clients, window: window, meter: ProcessorMeter(server: pid)
        ) { counters in
            progress(watch.rate(counters.accepted))
        }
        var problems = result.failures.sorted { $0.key < $1.key }.map { "limit: \($0.value) x \($0.key)" }
        if result.measured == 0 { problems.append("the bare handler answered nothing within the measured time") }
        return LimitResult(
            rate: result.rate, latency: result.latency.mean, processorUse: result.processorUse, problems: problems,
            percentiles: result.latency)
    }
}
