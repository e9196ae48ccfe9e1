// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Foundation

/// Everything that one bench found, and what it depends on.
struct Report: Sendable {
    var scenario: String
    var limitName: String?
    var began: Date
    var seed: UInt64
    var plan: BenchPlan
    var rounds: [Round]
    var provenance: Provenance

    var rows: [ReportRow] {
        plan.connections.compactMap { connections in
            let own = rounds.filter { $0.connections == connections }
            return own.isEmpty ? nil : ReportRow(connections: connections, rounds: own)
        }
    }

    /// Any void round makes the bench a failure: its other figures may come from the same trouble.
    var isVoid: Bool { rounds.isEmpty || rounds.contains(where: \.isVoid) }

    /// `2026-11-21`, in UTC.
    var day: String { String(time.prefix(10)) }

    /// `2026-11-21T04:46:00Z`
    var time: String { began.formatted(.iso8601) }
}

/// Where the figures come from.
struct Provenance: Sendable {
    /// Short, with `-dirty` when the tree was changed since; `unknown` outside a repository.
    var commit: String
    var target: String
    var machine: Machine
    var loadAverageBefore: String
    var loadAverageAfter: String
    /// Versions and other remarks, in the order of the report.
    var notes: [(name: String, value: String)]
    /// Settings of PostgreSQL; empty without a database.
    var durability: [(name: String, value: String)]

    static func commit() async -> String {
        guard let git = Program.find("git"),
            let head = try? await git.run(["rev-parse", "--short=12", "HEAD"]), head.status == 0
        else { return "unknown" }
        let commit = head.output.trimmingCharacters(in: .whitespacesAndNewlines)
        let changes = try? await git.run(["status", "--porcelain"])
        return changes?.status == 0 && changes?.output.isEmpty == true ? commit : "\(commit)-dirty"
    }
}
