// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Failpoints
import Testing

@Suite struct FailpointPlanTests {
    @Test("actions and moments are read")
    func reading() throws {
        let plan = try #require(FailpointPlan("a=kill@3;b.c=error@0.25;d=pause:200ms;e=pause:1.5s@2"))
        #expect(plan.rules["a"] == .init(action: .kill, when: .hit(3)))
        #expect(plan.rules["b.c"] == .init(action: .error, when: .probability(0.25)))
        #expect(plan.rules["d"] == .init(action: .pause(.milliseconds(200)), when: .always))
        #expect(plan.rules["e"] == .init(action: .pause(.milliseconds(1500)), when: .hit(2)))
    }

    @Test(
        "what cannot be meant is refused",
        arguments: ["a", "a=", "a=stop", "a=kill@0", "a=kill@x", "a=error@1.5", "a=pause", "a=pause:5"])
    func refusal(text: String) { #expect(FailpointPlan(text) == nil) }

    @Test("a numbered hit is the only one")
    func number() throws {
        let plan = try #require(FailpointPlan("a=kill@3"))
        let rule = try #require(plan.rules["a"])
        #expect((1...5).filter { plan.isDue(rule, name: "a", hit: $0) } == [3])
    }

    @Test("the same seed draws the same hits, about as many as asked for")
    func probability() throws {
        func hits(_ seed: UInt64) throws -> [Int] {
            let plan = try #require(FailpointPlan("a=error@0.1", seed: seed))
            let rule = try #require(plan.rules["a"])
            return (1...10_000).filter { plan.isDue(rule, name: "a", hit: $0) }
        }
        #expect(try hits(1) == hits(1))
        #expect(try hits(1) != hits(2))
        #expect((800...1200).contains(try hits(3).count))
    }
}
