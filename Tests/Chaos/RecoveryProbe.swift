// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON
internal import NIOHTTP1

/// One kill that nothing excuses: everything is whole and idle, workers hold leases, and all of them are killed and started again.
struct RecoveryProbe: Sendable {
    let round: Round
    let storm: Storm
    let workload: Workload
    let watch: RecoveryWatch

    /// - Returns: Why nothing was measured.
    func run() async throws -> String? {
        // Long enough to be seen, shorter than the bridge's patience.
        _ = try await round.control(.PATCH, udm: "settings", latency(milliseconds: 700))
        await workload.createUsers(round.plan.slots)
        let end = ContinuousClock.now + .seconds(5)
        while watch.held == 0 {
            guard ContinuousClock.now < end else { return "recovery: nobody took the users of the probe" }
            try await Task.sleep(for: .milliseconds(10))
        }
        try storm.restart(round.processes.filter(\.isWorker))
        _ = try await round.control(.PATCH, udm: "settings", latency(milliseconds: round.plan.latencyMilliseconds))
        return nil
    }

    private func latency(milliseconds: Int) -> JSONValue {
        ["latency": ["*": ["distribution": "fixed", "milliseconds": .number(JSONNumber(Int64(milliseconds)))]]]
    }
}
