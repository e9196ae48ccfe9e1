// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import JSON
import Queue
import SCIM
import Storage
import Sync

struct QueueStatsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stats", abstract: "Show the queue at a glance.",
        discussion: """
            Example:

              scim-bridge queue stats --json | jq .deadLetters

            Of UDM it shows what the workers know together: whether their breaker is closed, how many calls UDM bears at one
            time, and how many are under way.

            PostgreSQL's figures are counted, so once in a while is better than every second; /metrics has them sampled.
            """)

    @Flag(help: "Print one JSON document.") var json = false

    func run() async throws {
        try await QueueSession.run([.queue]) { session in
            let overview = try await QueueOverview.read(database: session.database, queue: try session.queue())
            print(json ? QueueJSON.document(QueueJSON.overview(overview)) : Self.text(overview))
        }
    }

    static func text(_ overview: QueueOverview) -> String {
        let statistics = overview.statistics
        let figures = overview.figures
        var lines: [String] = []
        for lane in Lane.allCases {
            let open = statistics.lanes[lane.rawValue]
            var line = "\(lane.rawValue): \(open?.openJobs ?? 0) open"
            if let oldest = open?.oldestAcceptedAt {
                line += ", the oldest for \(QueueText.length(oldest.duration(to: overview.at)))"
            }
            if let ready = overview.depth?.lanes[lane]?.ready { line += ", \(ready) ready in Redis" }
            lines.append(line)
        }
        if let depth = overview.depth {
            lines.append(
                "Redis: \(depth.state.word); \(depth.due) due later, \(depth.leased) at work, \(depth.dirty) of them with new work"
            )
        } else {
            lines.append("Redis: does not answer (\(overview.redisProblem ?? "no reason is known"))")
        }
        if let limits = overview.limits { lines += QueueText.limits(limits) }
        lines.append("Failing, to be tried again: \(figures.failingJobs)")
        lines.append("Dead letters: \(statistics.deadLetters)")
        lines.append("Parked attributes: \(figures.parkedAttributes) of \(figures.parkedResources) resources")
        lines.append("Groups that wait for members: \(figures.waitingGroups)")
        lines.append("Events to send: \(statistics.unsentEvents), refused by the receiver: \(statistics.parkedEvents)")
        if let leader = figures.leader {
            lines.append(
                "Leader: \(leader.address ?? "on the database's machine") since \(QueueText.time(leader.since))")
        } else {
            lines.append("Leader: none; no worker is running, or they just started")
        }
        for pause in overview.pauses {
            lines.append("PAUSED \(Self.text(pause))")
        }
        return lines.joined(separator: "\n")
    }

    static func text(_ pause: PauseStore.Pause) -> String {
        let reason = pause.reason.map { ": \(QueueText.oneLine($0))" } ?? ""
        return "\(pause.scope) since \(QueueText.time(pause.since)) by \(QueueText.oneLine(pause.actor))\(reason)"
    }
}
