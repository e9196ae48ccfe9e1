// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import scim_bench

@Suite struct BenchPlanTests {
    private func plan(
        connections: [Int] = [1, 8, 32, 128], repeats: Int = 3, warmUp: Int = 1, seconds: Int? = nil, budget: Int = 180,
        maximumRequests: Int = 1_000_000, sides: Int = 2
    ) throws -> BenchPlan {
        try BenchPlan(
            connections: connections, repeats: repeats, warmUp: warmUp, seconds: seconds, budget: budget,
            maximumRequests: maximumRequests, sides: sides)
    }

    @Test(
        "the measured time is what the budget leaves",
        arguments: [(180, 2, 5), (180, 1, 13), (70, 2, 1), (3600, 2, 148)])
    func budget(budget: Int, sides: Int, seconds: Int) throws {
        let plan = try plan(budget: budget, sides: sides)
        #expect(plan.window.measured == .seconds(seconds))
        let perRun = plan.window.warmUp + plan.window.measured + BenchPlan.overheadPerRun
        #expect(perRun * (12 * sides) <= .seconds(budget))
    }

    @Test("a budget that is too small for the runs is refused, unless the time was given")
    func tooSmall() throws {
        #expect(throws: BenchFailure.self) { try plan(budget: 60) }
        #expect(try plan(seconds: 4, budget: 60).window.measured == .seconds(4))
    }

    @Test("arguments that make no sense are refused")
    func refused() {
        #expect(throws: BenchFailure.self) { try plan(connections: []) }
        #expect(throws: BenchFailure.self) { try plan(connections: [0]) }
        #expect(throws: BenchFailure.self) { try plan(connections: [2000]) }
        #expect(throws: BenchFailure.self) { try plan(connections: [8, 8]) }
        #expect(throws: BenchFailure.self) { try plan(repeats: 0) }
        #expect(throws: BenchFailure.self) { try plan(warmUp: 0) }
        #expect(throws: BenchFailure.self) { try plan(seconds: 0) }
        #expect(throws: BenchFailure.self) { try plan(maximumRequests: 127) }
        #expect(throws: BenchFailure.self) { try plan(repeats: 100, seconds: 600) }
    }

    @Test("connections are numbers separated by commas")
    func connections() throws {
        #expect(try BenchPlan.connections("1, 8,32") == [1, 8, 32])
        for text in ["", "1,,2", "a", "1;2"] { #expect(throws: BenchFailure.self) { try BenchPlan.connections(text) } }
    }
}
