// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import scim_bench

@Suite struct AgreementTests {
    private static func report(
        ratio: (Double, Double, Double), pickup: Double?, isVoid: Bool = false
    ) throws -> SummaryReport {
        var files = [
            "a": """
            {"scenario": "accept", "isVoid": \(isVoid), "rows": [{"connections": 32,
                "perSecond": {"median": 2854, "minimum": 2700, "maximum": 2900},
                "ratio": {"median": \(ratio.1), "minimum": \(ratio.0), "maximum": \(ratio.2)}}]}
            """
        ]
        var lines: [RunList.Line] = [.result("a")]
        if let pickup {
            files["p"] = #"{"scenario": "pickup", "isVoid": false, "figures": {"p50": \#(pickup)}}"#
            lines.append(.result("p"))
        }
        return try SummaryReport(lines) { path in files[path].map { Array($0.utf8) } }
    }

    @Test("figures agree when their spreads touch, or when the medians are near each other")
    func verdicts() throws {
        func verdict(_ first: [Double], _ second: [Double]) throws -> Agreement.Line.Verdict {
            Agreement.verdict(try #require(Spread(first)), try #require(Spread(second)))
        }
        #expect(try verdict([1, 2, 3], [3, 9, 10]) == .within)
        #expect(try verdict([3, 9, 10], [1, 2, 3]) == .within)
        #expect(try verdict([1, 1.1, 1.2], [1.21, 1.3, 1.4]) == .near)
        #expect(try verdict([4], [5]) == .near)
        #expect(try verdict([4], [5.1]) == .apart)
        #expect(try verdict([5.1], [4]) == .apart)
        #expect(try verdict([0], [0]) == .within)
        #expect(try verdict([0], [1]) == .apart)
    }

    @Test("two runs are set beside each other by the ratio, where a figure has one; what one of them lacks is named")
    func runs() throws {
        let agreement = Agreement(
            try Self.report(ratio: (0.6, 0.7, 0.8), pickup: 4), try Self.report(ratio: (0.5, 0.55, 0.65), pickup: 6))
        #expect(
            agreement.lines.map(\.title) == [
                "accept, durable, to pgbench, 32 connections", "commit to UDM call, idle, p50",
            ])
        #expect(agreement.lines.map(\.verdict) == [.within, .apart])
        #expect(agreement.lines.last?.factor == 1.5)
        #expect(agreement.missing.isEmpty)
        #expect(agreement.markdown.contains("| 0.7 (0.6-0.8) | 0.55 (0.5-0.65) | 1.27 | agrees |"))
        #expect(agreement.text.contains("1 agree within the spreads of the runs"))
        #expect(agreement.text.contains("1 differ."))

        let partial = Agreement(
            try Self.report(ratio: (0.6, 0.7, 0.8), pickup: nil),
            try Self.report(ratio: (0.6, 0.7, 0.8), pickup: 4, isVoid: true))
        #expect(partial.lines.isEmpty)
        #expect(
            partial.missing == ["accept, durable, to pgbench, 32 connections", "commit to UDM call, idle, p50"])
    }
}
