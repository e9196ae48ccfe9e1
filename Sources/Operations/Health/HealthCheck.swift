// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON
internal import Synchronization

/// One dependency whose state decides whether this process is of use.
package struct HealthCheck: Sendable {
    /// What the process is without the dependency.
    package enum Weight: Sendable {
        /// Without it the process cannot do its work: not ready.
        case required
        /// Without it the process works on, later or with less: ready, and said so.
        case degrading
    }

    package let name: String
    package let weight: Weight
    /// - Throws: When the dependency cannot be used; the error's description is shown to the operator.
    package let check: @Sendable () async throws -> Void
    private let runs = CheckRuns()

    package init(_ name: String, _ weight: Weight, check: @escaping @Sendable () async throws -> Void) {
        self.name = name
        self.weight = weight
        self.check = check
    }

    /// Does not wait for a check that is overdue, even one that cannot be cancelled.
    /// - Returns: Why the dependency cannot be used; nil when it can.
    fileprivate func problem() async -> String? { await runs.answer(check, within: limit) }

    /// What nothing depends on must not hold up a probe: the one of Kubernetes waits for a second unless it is told otherwise, and a UDM that
    /// hangs would make all workers unready.
    var limit: Duration { weight == .required ? .seconds(2) : .milliseconds(500) }
}

/// What `/health/ready` answers: 200 with status `ok` or `degraded`, 503 with `unavailable` (requirement R-34).
struct HealthReport: Sendable {
    struct Entry: Sendable {
        let name: String
        let error: String?
        let weight: HealthCheck.Weight
        let took: Duration
    }

    let entries: [Entry]

    var isReady: Bool { entries.allSatisfy { $0.error == nil || $0.weight == .degrading } }
    var status: String { entries.allSatisfy { $0.error == nil } ? "ok" : isReady ? "degraded" : "unavailable" }

    /// `{"postgresql": {"status": "ok", "required": true, "milliseconds": 1}, …}`; with `error` for what failed.
    var details: JSONObject {
        var details = JSONObject()
        for entry in entries {
            var detail: JSONObject = [
                "status": entry.error == nil ? "ok" : "failed",
                "required": .bool(entry.weight == .required),
                "milliseconds": .number(JSONNumber(Int64(entry.took / .milliseconds(1)))),
            ]
            if let error = entry.error { detail["error"] = .string(error) }
            details[entry.name] = .object(detail)
        }
        return details
    }

    /// Runs all checks at once, each within its limit.
    static func run(_ checks: [HealthCheck]) async -> HealthReport {
        await withTaskGroup(of: Entry.self) { group in
            for check in checks {
                group.addTask { await entry(check) }
            }
            var entries: [Entry] = []
            for await entry in group { entries.append(entry) }
            return HealthReport(entries: entries.sorted { $0.name < $1.name })
        }
    }

    private static func entry(_ check: HealthCheck) async -> Entry {
        let begin = ContinuousClock.now
        let error = await check.problem()
        return Entry(name: check.name, error: error, weight: check.weight, took: begin.duration(to: .now))
    }
}

/// The runs of one check, one at a time: a check that ignores its cancellation would otherwise gain company with every probe.
///
/// | state | holds | a probe |
/// |---|---|---|
/// | idle | nothing runs | begins a run |
/// | running | a run is within its limit | waits for what it says |
/// | overdue | a run was cancelled at its limit and has not ended; nobody waits | is told so at once; begins another run after ten limits |
private final class CheckRuns: Sendable {
    private enum Phase {
        case idle, running, overdue
    }

    private struct State {
        var phase = Phase.idle
        var overdueSince = ContinuousClock.now
        /// Of the last run, so that a timer knows its own.
        var number = 0
        var waiting: [CheckedContinuation<String?, Never>] = []
    }

    private let state = Mutex(State())

    func answer(
        _ check: @escaping @Sendable () async throws -> Void, within limit: Duration
    ) async -> String? {
        await withCheckedContinuation { continuation in
            let (phase, number) = state.withLock { state in
                // What it asks may have come back, and the old run be lost for ever.
                if state.phase == .overdue, state.overdueSince.duration(to: .now) > limit * 10 { state.phase = .idle }
                let phase = state.phase
                if phase != .overdue { state.waiting.append(continuation) }
                if phase == .idle {
                    state.phase = .running
                    state.number += 1
                }
                return (phase, state.number)
            }
            switch phase {
            case .idle: begin(number, check, limit)
            case .running: break
            case .overdue: continuation.resume(returning: "no answer within \(limit) to the probe before, nor since")
            }
        }
    }

    private func begin(_ number: Int, _ check: @escaping @Sendable () async throws -> Void, _ limit: Duration) {
        let running = Task {
            do {
                try await check()
                end(number, nil, phase: .idle)
            } catch {
                end(number, "\(error)", phase: .idle)
            }
        }
        Task {
            // Never cancelled, so it does not throw.
            try? await Task.sleep(for: limit)
            end(number, "no answer within \(limit)", phase: .overdue)
            running.cancel()
        }
    }

    private func end(_ number: Int, _ error: String?, phase: Phase) {
        let waiting = state.withLock { state -> [CheckedContinuation<String?, Never>] in
            // A timer whose run has ended changes nothing.
            guard state.number == number, state.phase != .idle else { return [] }
            state.phase = phase
            if phase == .overdue { state.overdueSince = .now }
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume(returning: error) }
    }
}
