// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import SCIM
import Storage
import Testing

@testable import Sync

@Suite struct DrainRateTests {
    private let start = ContinuousClock.now
    private let oldest = Timestamp(microsecondsSinceEpoch: 1_700_000_000_000_000)

    private func at(_ seconds: Int) -> ContinuousClock.Instant { start.advanced(by: .seconds(seconds)) }

    @Test("The rate follows the counter, and a counter that begins anew is passed over")
    func rate() {
        var drain = DrainRate()
        drain.note(1_000, at: at(0))
        #expect(drain.perSecond == 0)
        drain.note(1_500, at: at(5))
        #expect(drain.perSecond == 100)
        for round in 2...40 { drain.note(1_500 + Int64(round - 1) * 250, at: at(5 * round)) }
        #expect(abs(drain.perSecond - 50) < 1)
        drain.note(3, at: at(205))
        #expect(abs(drain.perSecond - 50) < 1)
    }

    @Test("Tenants take turns: each waits for its own jobs once for every tenant, and at most for all")
    func loads() {
        var drain = DrainRate()
        let counts = [
            "large": QueueStatistics.Count(openJobs: 900, oldestAcceptedAt: oldest),
            "small": QueueStatistics.Count(openJobs: 100, oldestAcceptedAt: oldest),
        ]
        #expect(drain.loads(counts)["small"] == TenantLoad(openJobs: 100, oldestAcceptedAt: oldest))
        drain.note(0, at: at(0))
        drain.note(500, at: at(5))
        #expect(drain.loads(counts)["small"]?.drainTime == .seconds(2))
        #expect(drain.loads(counts)["large"]?.drainTime == .seconds(10))
    }
}
