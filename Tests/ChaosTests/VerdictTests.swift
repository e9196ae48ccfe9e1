// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import scim_chaos

/// A run that has not killed, or in which nothing was written, must not pass for a good one.
@Suite struct VerdictTests {
    private func verdict(
        _ rounds: [(kills: Int, writes: Int)], violations: Int = 0, wanted: Int = 30, least: Int = 30,
        isCutShort: Bool = false
    ) -> Verdict {
        let played = rounds.enumerated().map { index, round in
            Verdict.Round(
                seed: UInt64(index), kills: round.kills, writes: round.writes,
                isCutShort: isCutShort && index == rounds.count - 1)
        }
        return Verdict(violations: violations, rounds: played, wanted: wanted, least: least)
    }

    @Test("enough kills among enough writes are well")
    func sound() {
        let verdict = verdict([(15, 200), (16, 300)])
        #expect(verdict.status == 0 && verdict.shortcomings.isEmpty)
        #expect(verdict.kills == 31 && verdict.writes == 500)
    }

    @Test("when the time was over before the kills, the run says of how many, and ends with a status of its own")
    func tooFewKills() {
        let verdict = verdict([(15, 200), (14, 300)])
        #expect(verdict.status == 2)
        #expect(verdict.shortcomings == ["the time was over after 29 of 30 kills, and 30 are needed"])
        #expect(self.verdict([]).status == 2)
    }

    @Test("a lower minimum has to be named")
    func leastKills() {
        #expect(verdict([(15, 200)], least: 15).status == 0)
        #expect(verdict([(14, 200)], least: 15).status == 2)
    }

    @Test("a round in which hardly anything was accepted has shown nothing, however much the others wrote")
    func idle() {
        let verdict = verdict([(15, 900), (15, 14)])
        #expect(verdict.status == 2)
        #expect(verdict.shortcomings == ["seed 1: 14 writes were accepted around 15 kills"])
    }

    @Test("a round that had just begun when the time was over is none of them, unless it is all there was")
    func cutShort() {
        #expect(verdict([(28, 900), (3, 0)], isCutShort: true).status == 0)
        #expect(verdict([(31, 4)], isCutShort: true).status == 2)
    }

    @Test("a violation is more than a shortcoming")
    func violation() {
        #expect(verdict([(3, 0)], violations: 1).status == 1)
        #expect(verdict([(31, 900)], violations: 1).status == 1)
    }
}
