// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Foundation

enum Report {
    /// A line, at once: a run takes an hour, and whoever watches it may read a file.
    static func write(_ line: String) { FileHandle.standardOutput.write(Data((line + "\n").utf8)) }
}

/// What all rounds of a run have come to.
struct Tally {
    private(set) var kills = 0
    private var killed: [String: Int] = [:]
    private var disturbed: [String: Int] = [:]
    private var writes = 0
    private var jobs: [String: Int] = [:]
    private var events = 0
    private var setAside = 0
    private(set) var violations: [String] = []

    mutating func add(
        _ plan: Plan, _ storm: Storm, _ workload: Workload, _ evidence: Evidence, _ found: [String], setAside: Int,
        duration: Duration
    ) {
        kills += storm.kills
        killed.merge(storm.killed, uniquingKeysWith: +)
        disturbed.merge(storm.disturbed, uniquingKeysWith: +)
        writes += workload.accepted.count
        for job in evidence.jobs { jobs[job.state, default: 0] += 1 }
        events += evidence.events.count
        self.setAside += setAside
        violations += found.map { "seed \(plan.seed): \($0)" }
        let answers = workload.answers.sorted { $0.key < $1.key }.map { "\($0.key):\($0.value)" }
        Report.write(
            """
              \(storm.kills) kills, \(workload.accepted.count) writes accepted, \(evidence.jobs.count) jobs, \
            \(evidence.events.count) events, \(found.count) violations, \(duration.wholeSeconds) s
              answers \(answers.joined(separator: " "))
            """)
        for violation in found { Report.write("  VIOLATION \(violation)") }
    }

    func summary(seeds: Range<UInt64>) -> String {
        func list(_ counts: [String: Int]) -> String {
            counts.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
        }
        let cut = disturbed.map { (String($0.key.dropFirst()), $0.value) }
        return """
            Killed: \(list(killed))
            Disturbed: \(list(Dictionary(uniqueKeysWithValues: cut)))
            Jobs: \(list(jobs)); events received \(events); resources set aside \(setAside)
            chaos: seeds \(seeds.lowerBound) to \(seeds.upperBound - 1), \(kills) kills, \(writes) accepted writes, \
            \(violations.count) violations; go on with --seed \(seeds.upperBound)
            """
    }
}

extension Duration {
    fileprivate var wholeSeconds: Int64 { components.seconds }
}
