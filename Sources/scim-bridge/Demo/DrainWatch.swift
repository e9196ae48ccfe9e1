// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Operations
import Storage
import Synchronization

/// The live line of accepted, pending, synced and failed writes, until nothing is pending.
final class DrainWatch: Sendable {
    let jobs: JobStore
    let registry: PrometheusRegistry
    /// Of former runs.
    let deadLettersBefore: Int

    private let lastLine = Mutex("")

    init(jobs: JobStore, registry: PrometheusRegistry, deadLettersBefore: Int) {
        self.jobs = jobs
        self.registry = registry
        self.deadLettersBefore = deadLettersBefore
    }

    private static let interval = Duration.milliseconds(200)

    /// Shows the line until `isDone` says so and nothing is pending, or the task is cancelled.
    func untilDrained(refusalsExpected: Int) async throws -> Bool {
        var last: QueueStatistics?
        while !Task.isCancelled {
            let statistics = try await jobs.statistics()
            show(statistics)
            last = statistics
            if statistics.openJobs == 0 && statistics.unsentEvents == 0 { break }
            try await Task.sleep(for: Self.interval)
        }
        guard let last else { return false }
        Progress.write("\n")
        summarize(last)
        return last.openJobs == 0 && last.deadLetters - deadLettersBefore <= refusalsExpected
    }

    func show(_ statistics: QueueStatistics) {
        let accepted = Int(registry.total("scim_writes_accepted_total"))
        let line =
            "  accepted \(accepted)  pending \(statistics.openJobs)  synced \(finished("done"))"
            + "  failed \(finished("dead"))  events to send \(statistics.unsentEvents)"
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
              synced     \(finished("done"))
              failed     \(finished("dead")) (dead letters: \(statistics.deadLetters))
              events     \(Int(registry.total("scim_events_sent_total"))) sent, \(statistics.unsentEvents) to send


            """)
    }

    private func finished(_ state: String) -> Int {
        ["create", "modify", "delete"].reduce(0) {
            $0 + Int(registry.value("scim_jobs_finished_total", [("operation", $1), ("state", state)]))
        }
    }
}
