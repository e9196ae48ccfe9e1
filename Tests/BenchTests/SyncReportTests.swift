// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import scim_bench

@Suite("Sync report")
struct SyncReportTests {
    private func found(
        done: Int = 1000, users: Int = 1010, isSound: Bool = true, pace: UDMPace = .fixed(milliseconds: 50),
        events: JobTable.Events = JobTable.Events(recorded: 1000, jobs: 1000), seconds: Double = 0.999
    ) -> SyncScenario.Found {
        SyncScenario.Found(
            drained: JobTable.Drained(
                finished: 1000, done: done, dead: 1000 - done, failedAttempts: 0, seconds: seconds),
            events: events,
            evidence: UDMDoubleControl.Evidence(isSound: isSound, users: users, writes: 1000, mostAtOnce: 64),
            usersBefore: 10, count: 1000, inFlight: 64, pace: pace,
            bare: (rate: 1250, problems: []), memory: nil,
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
        #expect(value("ratioToIdeal", in: found(pace: .fixed(milliseconds: 0))) == nil)
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

    @Test(
        "A write without an event of its own makes the run void",
        arguments: [JobTable.Events(recorded: 999, jobs: 999), JobTable.Events(recorded: 1000, jobs: 999)])
    func events(events: JobTable.Events) {
        #expect(found(events: events).problems.count == 1)
    }

    @Test("UDM as the real server has an ideal, the mean of its creates one after the other, and no goal")
    func real() throws {
        let found = found(pace: .real)
        #expect(found.name == "sync-real-64")
        let ideal = try #require(value("idealPerSecond", in: found))
        #expect(ideal > 28 && ideal < 30)
        #expect(found.entries.allSatisfy { $0.goal == nil })
        #expect(value("ratioToBare", in: found) != nil)
    }

    @Test("Of several runs the median is told with the least and the greatest, of what is the same only that")
    func repeats() throws {
        let runs = [found(seconds: 0.999), found(seconds: 0.4995), found(seconds: 1.998)]
        let entries = [FigureReport.Entry].medians(of: runs.map(\.entries))
        #expect(entries.map(\.key) == runs[0].entries.map(\.key))
        let rate = try #require(entries.first { $0.key == "jobsPerSecond" })
        #expect(rate.text == "1,000 (500-2,000)")
        #expect(rate.value.rounded() == 1000)
        let ratio = try #require(entries.first { $0.key == "ratioToIdeal" })
        #expect(ratio.text == "0.781 (0.391-1.562)" || ratio.text == "0.781 (0.391-1.563)")
        #expect(ratio.verdict == ">= 0.95: missed")
        let jobs = try #require(entries.first { $0.key == "jobs" })
        #expect(jobs.spread == nil && jobs.text == "1,000")
        #expect([FigureReport.Entry].medians(of: [runs[0].entries]) == runs[0].entries)
    }

    @Test("What one run could not tell is told of the others")
    func missing() {
        let runs: [[FigureReport.Entry]] = [
            [.init(key: "a", title: "a", value: 1)],
            [.init(key: "a", title: "a", value: 3), .init(key: "b", title: "b", value: 7)],
        ]
        let entries = [FigureReport.Entry].medians(of: runs)
        #expect(entries.map(\.key) == ["a", "b"])
        #expect(entries.map(\.value) == [2, 7])
    }

    @Test("A void run says which it was, where there are several")
    func voidRun() {
        #expect(SyncCommand.problems(of: [found(), found(users: 9)]).first?.hasPrefix("run 2: ") == true)
        #expect(SyncCommand.problems(of: [found(users: 9)]).first?.hasPrefix("1000 users") == true)
    }

    @Test("Each run has names of its own, the first one those of the seed")
    func seeds() {
        #expect(SyncScenario.seed(7, run: 1) == 7)
        #expect(Set((1...20).map { SyncScenario.seed(7, run: $0) }).count == 20)
        #expect((2...20).allSatisfy { SyncScenario.seed(7, run: $0) <= UInt64(UInt32.max) })
        #expect(SyncScenario.seed(7, run: 2) != SyncScenario.seed(8, run: 2))
    }
}
