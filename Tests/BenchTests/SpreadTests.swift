// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import scim_bench

@Suite struct SpreadTests {
    @Test(
        "the median of an odd number is the one in the middle, of an even number the mean of the two",
        arguments: [
            ([5.0], 5.0, 5.0, 5.0), ([3, 1, 2], 2, 1, 3), ([4, 1, 3, 2], 2.5, 1, 4), ([7, 7, 1, 100, 7], 7, 1, 100),
        ])
    func median(values: [Double], median: Double, minimum: Double, maximum: Double) throws {
        let spread = try #require(Spread(values))
        #expect(spread.median == median)
        #expect(spread.minimum == minimum)
        #expect(spread.maximum == maximum)
    }

    @Test("there is no median of nothing; unknown values are left out")
    func unknown() {
        #expect(Spread([Double]()) == nil)
        #expect(Spread([nil, nil] as [Double?]) == nil)
        #expect(Spread([nil, 4, nil, 2] as [Double?]) == Spread([2, 4]))
    }
}
