// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Foundation

/// What a bench of rounds found, and what it depends on.
struct Report: BenchResult {
    /// What is counted.
    enum Operation: String, Sendable {
        case write, request
    }

    var scenario: String
    var operation = Operation.write
    var limitName: String?
    var measure = Measure.rate
    /// Of the ratio.
    var goal: Goal?
    /// Of the ratio by the number of connections, where they differ.
    var goals: [Int: Goal] = [:]
    /// Of the server's processor time for an operation, in microseconds, by the number of connections.
    var timeGoals: [Int: Goal] = [:]
    /// Of the kinds of requests, where a scenario has several; each has a latency of its own.
    var seriesNames: [String] = []
    /// Of what was worked on, such as `users`, where goals depend on it.
    var sizes: [(name: String, count: Int)] = []
    var began: Date
    var seed: UInt64
    var plan: BenchPlan
    var rounds: [Round]
    var provenance: Provenance

    func goal(of row: ReportRow) -> Goal? { goal ?? goals[row.connections] }

    /// In the order in which they were measured.
    var rows: [ReportRow] {
        var groups: [[Round]] = []
        for round in rounds {
            let own = groups.firstIndex {
                $0.first?.subject == round.subject && $0.first?.connections == round.connections
            }
            if let own { groups[own].append(round) } else { groups.append([round]) }
        }
        return groups.compactMap { ReportRow($0) }
    }

    /// Any void round makes the bench a failure: its other figures may come from the same trouble.
    var isVoid: Bool { rounds.isEmpty || rounds.contains(where: \.isVoid) }
}
