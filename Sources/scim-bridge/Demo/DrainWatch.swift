// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Operations
import Postgres
import Storage
import Synchronization

/// The live line of accepted, pending, synced and failed writes, until nothing is pending.
final class DrainWatch: Sendable {
    private let jobs: JobStore
    private let registry: PrometheusRegistry
    private let lastLine = Mutex("")

    private static let interval = Duration.milliseconds(200)
    /// Between two looks at a database that is away.
    private static let outageInterval = Duration.milliseconds(500)

    init(jobs: JobStore, registry: PrometheusRegistry) {
        self.jobs = jobs
        self.registry = registry
    }

    /// Shows the line while `work` is under way and until nothing is pending, then the summary. PostgreSQL may be away meanwhile.
    /// - Parameter work: Returns how many of its writes UDM is expected to refuse.
    /// - Returns: Whether no more than those were refused.
    func untilDrained(after work: @escaping @Sendable () async throws -> Int) async throws -> Bool {
        let deadLettersBefore = try await statistics().deadLetters
        let refusalsExpected = try await withThrowingTaskGroup(of: Int?.self) { group in
            group.addTask { try await work() }
            group.addTask {
                while !Task.isCancelled {
                    self.show(try await self.statistics())
                    try await Task.sleep(for: Self.interval)
                }
                return nil
            }
            defer { group.cancelAll() }
            return try await group.next().flatMap { $0 } ?? 0
        }
        while true {
            let statistics = try await statistics()
            show(statistics)
            if statistics.openJobs == 0 && statistics.unsentEvents == 0 {
                Progress.write("\n")
                summarize(statistics)
                return statistics.deadLetters - deadLettersBefore <= refusalsExpected
            }
            try await Task.sleep(for: Self.interval)
        }
    }

    /// Waits for as long as the database is away.
    private func statistics() async throws -> QueueStatistics {
        while true {
            do {
                return try await jobs.statistics()
            } catch let error as PostgresError where error.canRetry {
                show("  PostgreSQL is away")
                try await Task.sleep(for: Self.outageInterval)
            }
        }
    }

    private func show(_ statistics: QueueStatistics) {
        let accepted = Int(registry.total("scim_writes_accepted_total"))
        show(
            "  accepted \(accepted)  pending \(statistics.openJobs)  synced \(synced)"
                + "  failed \(finished("dead"))  events to send \(statistics.unsentEvents)")
    }

    private func show(_ line: String) {
        // On a terminal the line is rewritten in place; in a log every state is a line of its own.
        if isatty(STDOUT_FILENO) == 1 {
            Progress.write("\r\(line)\u{1B}[K")
        } else if line != lastLine.withLock({ $0 }) {
            Progress.write("\(line)\n")
        }
        lastLine.withLock { $0 = line }
    }

    private func summarize(_ statistics: QueueStatistics) {
        Progress.write(
            """
            Summary
              accepted   \(Int(registry.total("scim_writes_accepted_total")))
              pending    \(statistics.openJobs)
              synced     \(synced)
              failed     \(finished("dead")) (dead letters: \(statistics.deadLetters))
              events     \(Int(registry.total("scim_events_sent_total"))) sent, \(statistics.unsentEvents) to send


            """)
    }

    /// Writes that wait together are carried by the last of them: UDM has what all of them wanted.
    private var synced: Int { finished("done") + finished("superseded") }

    private func finished(_ state: String) -> Int {
        ["create", "modify", "delete"].reduce(0) {
            $0 + Int(registry.value("scim_jobs_finished_total", [("operation", $1), ("state", state)]))
        }
    }
}
