// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

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
}

/// What `/health/ready` answers: 200 with status `ok` or `degraded`, 503 with `unavailable` (requirement R-34).
struct HealthReport: Sendable {
    struct Entry: Sendable {
        let name: String
        let error: String?
        let weight: HealthCheck.Weight
    }

    let entries: [Entry]

    var isReady: Bool { entries.allSatisfy { $0.error == nil || $0.weight == .degrading } }
    var status: String { entries.allSatisfy { $0.error == nil } ? "ok" : isReady ? "degraded" : "unavailable" }

    /// Runs all checks at once, each at most `limit`.
    static func run(_ checks: [HealthCheck], limit: Duration) async -> HealthReport {
        await withTaskGroup(of: Entry.self) { group in
            for check in checks {
                group.addTask { await entry(check, limit: limit) }
            }
            var entries: [Entry] = []
            for await entry in group { entries.append(entry) }
            return HealthReport(entries: entries.sorted { $0.name < $1.name })
        }
    }

    private static func entry(_ check: HealthCheck, limit: Duration) async -> Entry {
        let error: String? = await withTaskGroup(of: String?.self) { group in
            group.addTask {
                do {
                    try await check.check()
                    return nil
                } catch {
                    return "\(error)"
                }
            }
            group.addTask {
                do {
                    try await Task.sleep(for: limit)
                    return "no answer within \(limit)"
                } catch {
                    // Cancelled: the check has answered.
                    return nil
                }
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            return first
        }
        return Entry(name: check.name, error: error, weight: check.weight)
    }
}
