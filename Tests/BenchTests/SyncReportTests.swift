// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import scim_bench

@Suite("Sync report")
struct SyncReportTests {
    private func found(
        done: Int = 1000, users: Int = 1010, isSound: Bool = true, latency: Double = 50
    ) -> SyncScenario.Found {
        SyncScenario.Found(
            drained: JobTable.Drained(finished: 1000, done: done, dead: 1000 - done, failedAttempts: 0, seconds: 0.999),
            evidence: UDMDoubleControl.Evidence(isSound: isSound, users: users, writes: 1000, mostAtOnce: 64),
            usersBefore: 10, count: 1000, inFlight: 64, latency: latency, bare: (rate: 1250, problems: []), memory: nil,
            processor: nil)
    }

    private func value(_ key: String, in found: SyncScenario.Found) -> Double? {
        found.entries.first { $0.key == key }?.value
    }

    @Test("The rate is that between the first and the last outcome, beside the bare client and the ideal")
    func ratios() throws {
        let found = found()
        #expect(try #require(value("jobsPerSecond", in: found)).rounded() == 1000)
        #expect(try abs(#require(value("ratioToBare", in: found)) - 0.8) < 0.001)
        #expect(value("idealPerSecond", in: found) == 1280)
        #expect(try abs(#require(value("ratioToIdeal", in: found)) - 1000 / 1280) < 0.001)
        #expect(found.problems.isEmpty)
    }

    @Test("Without latency there is no ideal")
    func noIdeal() {
        #expect(value("ratioToIdeal", in: found(latency: 0)) == nil)
    }

    @Test(
        "A write that is not found again makes the run void",
        arguments: [(999, 1010, true), (1000, 1009, true), (1000, 1010, false)])
    func void(done: Int, users: Int, isSound: Bool) {
        #expect(!found(done: done, users: users, isSound: isSound).problems.isEmpty)
    }

    @Test("One job, or none, has no rate")
    func noRate() {
        #expect(JobTable.Drained(finished: 1, done: 1, seconds: 0).rate == 0)
        #expect(JobTable.Drained().rate == 0)
    }
}
