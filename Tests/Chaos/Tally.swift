// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Foundation

enum Report {
    /// A line, at once: a run takes an hour, and whoever watches it may read a file.
    static func write(_ line: String) { FileHandle.standardOutput.write(Data((line + "\n").utf8)) }
}

/// What all rounds of a run have come to.
struct Tally {
    /// What one round has come to.
    struct Round {
        let plan: Plan
        let storm: Storm
        let workload: Workload
        let evidence: Evidence
        let judged: Judgement.Figures
        let recovery: RecoveryWatch.Figures
        /// Pauses of which it was looked whether they were kept.
        let pauses: Int
        let violations: [String]
        let duration: Duration
    }

    private var rounds: [Verdict.Round] = []
    private var killed: [String: Int] = [:]
    private var disturbed: [String: Int] = [:]
    private var jobs: [String: Int] = [:]
    /// By sink, repetitions included.
    private var events: [String: Int] = [:]
    private var judged: [String: Int] = [:]
    private var recovery = RecoveryWatch.Figures()
    private(set) var violations: [String] = []

    var kills: Int { rounds.reduce(0) { $0 + $1.kills } }

    func verdict(wanted: Int, least: Int) -> Verdict {
        Verdict(violations: violations.count, rounds: rounds, wanted: wanted, least: least)
    }

    mutating func add(_ round: Round) {
        rounds.append(
            Verdict.Round(
                seed: round.plan.seed, kills: round.storm.kills, writes: round.workload.accepted,
                isCutShort: round.storm.isCutShort))
        killed.merge(round.storm.killed, uniquingKeysWith: +)
        disturbed.merge(round.storm.disturbed, uniquingKeysWith: +)
        for job in round.evidence.jobs { jobs[job.state, default: 0] += 1 }
        let events = round.evidence.events.mapValues(\.count)
        self.events.merge(events, uniquingKeysWith: +)
        let judged = [
            "attributes parked": round.judged.parked, "resources failed": round.judged.failed,
            "passwords compared": round.judged.passwords, "If-Match refused": round.judged.refusedConditions,
            "If-Match held": round.judged.heldConditions, "pauses looked at": round.pauses,
            "refusals undone": round.judged.undone,
        ]
        self.judged.merge(judged, uniquingKeysWith: +)
        recovery.add(round.recovery)
        violations += round.violations.map { "seed \(round.plan.seed): \($0)" }
        let answers = round.workload.answers.sorted { $0.key < $1.key }.map { "\($0.key):\($0.value)" }
        Report.write(
            """
              \(round.storm.kills) kills, \(round.workload.accepted) writes accepted, \(round.evidence.jobs.count) jobs, \
            events \(Self.list(events)), \(round.violations.count) violations, \(round.duration.wholeSeconds) s
              \(Self.list(judged))
              \(round.recovery.description)
              answers \(answers.joined(separator: " "))
            """)
        for violation in round.violations { Report.write("  VIOLATION \(violation)") }
    }

    func summary(seeds: Range<UInt64>, _ verdict: Verdict) -> String {
        let cut = disturbed.map { (String($0.key.dropFirst()), $0.value) }
        return """
            Killed: \(Self.list(killed))
            Disturbed: \(Self.list(Dictionary(uniqueKeysWithValues: cut)))
            Jobs: \(Self.list(jobs)); events received: \(Self.list(events))
            Judged: \(Self.list(judged))
            Recovery: \(recovery.description)
            chaos: seeds \(seeds.lowerBound) to \(seeds.upperBound - 1), \(verdict.kills) of \(verdict.wanted) kills, \
            \(verdict.writes) accepted writes, \(violations.count) violations; go on with --seed \(seeds.upperBound)
            """
    }

    static func list(_ counts: [String: Int]) -> String {
        counts.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
    }
}

extension RecoveryWatch.Figures {
    mutating func add(_ other: RecoveryWatch.Figures) {
        deaths += other.deaths
        leases += other.leases
        undisturbed += other.undisturbed
        longest = max(longest, other.longest)
        excused.merge(other.excused, uniquingKeysWith: +)
        violations += other.violations
    }

    var description: String {
        let apart = excused.isEmpty ? "" : "; later because of something else: \(Tally.list(excused))"
        return """
            \(leases) leases of \(deaths) killed workers taken again or settled within \
            \(Double(RecoveryWatch.limit.milliseconds) / 1000) s, \(undisturbed) of them with nothing in their way within \
            \(Double(longest.milliseconds) / 1000) s\(apart)
            """
    }
}

extension Duration {
    fileprivate var wholeSeconds: Int64 { components.seconds }
    fileprivate var milliseconds: Int64 { microseconds / 1000 }
}
