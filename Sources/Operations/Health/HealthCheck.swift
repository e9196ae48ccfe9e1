// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON
internal import Synchronization

/// One dependency whose state decides whether this process is of use.
package struct HealthCheck: Sendable {
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

    package init(_ name: String, _ weight: Weight, check: @escaping @Sendable () async throws -> Void) {
        self.name = name
        self.weight = weight
        self.check = check
    }

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

    /// Does not wait for a check that is overdue, even one that cannot be cancelled.
    private static func entry(_ check: HealthCheck) async -> Entry {
        let begin = ContinuousClock.now
        let limit = check.limit
        var running: Task<Void, Never>?
        var timer: Task<Void, Never>?
        let error: String? = await withCheckedContinuation { continuation in
            let answer = FirstAnswer(continuation)
            running = Task {
                do {
                    try await check.check()
                    answer.give(nil)
                } catch {
                    answer.give("\(error)")
                }
            }
            timer = Task {
                do {
                    try await Task.sleep(for: limit)
                    answer.give("no answer within \(limit)")
                } catch {
                    // Cancelled: the check has answered.
                }
            }
        }
        running?.cancel()
        timer?.cancel()
        return Entry(name: check.name, error: error, weight: check.weight, took: begin.duration(to: .now))
    }
}

/// Passes on the first of several answers.
private final class FirstAnswer: Sendable {
    private let continuation: Mutex<CheckedContinuation<String?, Never>?>

    init(_ continuation: CheckedContinuation<String?, Never>) { self.continuation = Mutex(continuation) }

    func give(_ error: String?) {
        let waiting = continuation.withLock { continuation in
            defer { continuation = nil }
            return continuation
        }
        waiting?.resume(returning: error)
    }
}
