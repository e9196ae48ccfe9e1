// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// What a run has shown. One that killed less than it was to, or in which nothing was written that could be lost, has shown nothing.
struct Verdict: Sendable, Equatable {
    /// A round that was played to its end, so far as it matters here.
    struct Round: Sendable, Equatable {
        let seed: UInt64
        let kills: Int
        /// Accepted ones.
        let writes: Int
        /// The minutes were over before its kills were reached.
        let isCutShort: Bool
    }

    let violations: Int
    let kills: Int
    let writes: Int
    /// `--kills`.
    let wanted: Int
    /// `--least-kills`.
    let least: Int
    private let idle: [Round]

    static let violated: Int32 = 1
    static let provesTooLittle: Int32 = 2

    init(violations: Int, rounds: [Round], wanted: Int, least: Int) {
        self.violations = violations
        self.wanted = wanted
        self.least = least
        kills = rounds.reduce(0) { $0 + $1.kills }
        writes = rounds.reduce(0) { $0 + $1.writes }
        // Even the slowest rounds have several writes for each kill. One that has just begun when the time is over has none yet.
        idle = rounds.filter { $0.writes < $0.kills && !$0.isCutShort }
    }

    /// Why the run has shown too little, a sentence each.
    var shortcomings: [String] {
        var sentences: [String] = []
        if kills < least {
            sentences.append("the time was over after \(kills) of \(wanted) kills, and \(least) are needed")
        }
        sentences += idle.map { "seed \($0.seed): \($0.writes) writes were accepted around \($0.kills) kills" }
        if idle.isEmpty, writes < kills { sentences.append("\(writes) writes were accepted around \(kills) kills") }
        return sentences
    }

    /// The exit status: a violation is more than a shortcoming.
    var status: Int32 { violations > 0 ? Self.violated : shortcomings.isEmpty ? 0 : Self.provesTooLittle }
}
