// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import NIOCore
import Testing

@testable import scim_bench

@Suite struct EngineReportTests {
    private func value(_ key: String, in entries: [FigureReport.Entry]) -> Double? {
        entries.first { $0.key == key }?.value
    }

    private func verdict(_ key: String, in entries: [FigureReport.Entry]) -> String? {
        entries.first { $0.key == key }?.verdict
    }

    // MARK: - Goals

    @Test("a figure with a goal tells the bound and the verdict, one without tells nothing")
    func verdicts() {
        #expect(FigureReport.Entry(key: "a", title: "a", value: 3, goal: .atMost(2)).verdict == "<= 2: missed")
        #expect(FigureReport.Entry(key: "a", title: "a", value: 2, goal: .atMost(2)).verdict == "<= 2: met")
        #expect(FigureReport.Entry(key: "a", title: "a", value: 2).verdict == "")
    }

    @Test("the time of an import is compared with that which UDM takes, the start included")
    func timeRatio() throws {
        var found = SyncScenario.Found(
            drained: JobTable.Drained(
                finished: 1000, done: 1000, dead: 0, failedAttempts: 0, seconds: 3.1, secondsFromLease: 3.25),
            events: JobTable.Events(recorded: 1000, jobs: 1000),
            evidence: UDMDoubleControl.Evidence(isSound: true, users: 1000, writes: 1000, mostAtOnce: 32),
            usersBefore: 0, count: 1000, inFlight: 32, pace: .fixed(milliseconds: 100),
            bare: (rate: 320, problems: []))
        // 1,000 creates of 0.1 s, 32 at once.
        #expect(value("idealSeconds", in: found.entries) == 3.125)
        #expect(try abs(#require(value("timeRatio", in: found.entries)) - 1.04) < 0.0001)
        #expect(verdict("timeRatio", in: found.entries) == "<= 1.05: met")
        #expect(found.name == "sync-100ms-32")
        found.isStrict = true
        found.pace = .fixed(milliseconds: 0)
        #expect(found.name == "sync-0ms-32-strict")
        #expect(verdict("jobsPerSecond", in: found.entries) == ">= 1000: missed")
        found.isStrict = false
        #expect(verdict("jobsPerSecond", in: found.entries) == ">= 3000: missed")
    }

    // MARK: - Rebuild

    private func rebuilt() -> RebuildScenario.Found {
        RebuildScenario.Found(
            resources: 1000, fillSeconds: 2, seconds: 61, rebuildSeconds: 60, queued: 900, redisBytes: 315_000,
            finishedMeanwhile: 100, scrapes: [.init(name: "worker", milliseconds: [4, 60, 5])],
            load: LoadResult(connections: 0), workerMemory: MemoryPeak(during: 90, sinceStart: 95), apiMemory: nil,
            queuedAtEnd: 800, openAtEnd: 800, drained: JobTable.Drained(finished: 200, done: 200), usersInUDM: 201,
            isSound: true, problems: [])
    }

    @Test("Redis' bytes are told for each resource that it holds, and the scrape by its median")
    func rebuild() {
        let found = rebuilt()
        #expect(value("redisBytes", in: found.entries) == 350)
        #expect(verdict("redisBytes", in: found.entries) == "<= 400: met")
        #expect(verdict("seconds", in: found.entries) == "<= 60: missed")
        #expect(value("workerScrapeMilliseconds", in: found.entries) == 5)
        #expect(value("workerScrapeMost", in: found.entries) == 60)
        #expect(value("workerMiB", in: found.entries) == 95)
        #expect(value("apiMiB", in: found.entries) == nil)
        #expect(found.voidTexts.isEmpty)
    }

    @Test("a resource that Redis lacks, or a job that is nowhere, makes the run void")
    func rebuildVoid() {
        var found = rebuilt()
        found.queuedAtEnd = 799
        #expect(found.voidTexts == ["800 resources have open jobs, but Redis holds 799"])
        found = rebuilt()
        found.openAtEnd = 799
        #expect(found.voidTexts.count == 1)
        found = rebuilt()
        found.usersInUDM = 199
        #expect(found.voidTexts.count == 1)
        found = rebuilt()
        found.drained.done = 199
        #expect(found.voidTexts.count == 1)
    }

    // MARK: - Pickup

    private func picked(_ moments: [PickupScenario.Moment]) -> PickupScenario.Found {
        PickupScenario.Found(moments: moments, drained: JobTable.Drained(done: 2), usersInUDM: 2, accepted: 2)
    }

    @Test("the delay counts from the commit where PostgreSQL has recorded it, otherwise from before the write")
    func pickup() {
        var moments = [
            PickupScenario.Moment(accepted: 1000, committed: 3000, answered: 4000, called: 5000),
            PickupScenario.Moment(accepted: 1000, committed: 2000, answered: 4000, called: 14_000),
        ]
        #expect(value("p50", in: picked(moments).entries) == 2)
        #expect(value("p95", in: picked(moments).entries) == 12)
        #expect(verdict("p50", in: picked(moments).entries) == "<= 5: met")
        #expect(verdict("p95", in: picked(moments).entries) == "<= 10: missed")
        #expect(value("fromAnswerP50", in: picked(moments).entries) == 1)
        moments[0].committed = nil
        #expect(value("p50", in: picked(moments).entries) == 4)
        var found = picked(moments)
        #expect(found.problems.isEmpty)
        found.usersInUDM = 1
        #expect(found.problems.count == 1)
    }

    // MARK: - Joins

    private func joined(_ count: Int, writes: Int) -> JoinsScenario.Found {
        JoinsScenario.Found(
            count: count, latency: 1000, writes: writes, reads: 1000, acceptSeconds: 3,
            accept: LatencySummary(p50: 2, p99: 9),
            seconds: 4.5, drained: JobTable.Drained(finished: count, done: count),
            events: JobTable.Events(recorded: count, jobs: count), members: count, isSound: true)
    }

    @Test("the writes of a thousand joins are told beside how many fit into the time; fewer joins have no goal")
    func joins() {
        let found = joined(1000, writes: 20)
        #expect(verdict("writes", in: found.entries) == "<= 20: met")
        #expect(verdict("writes", in: joined(1000, writes: 21).entries) == "<= 20: missed")
        #expect(verdict("writes", in: joined(999, writes: 2).entries) == "")
        #expect(value("fitting", in: found.entries) == 5)
        #expect(value("udmMilliseconds", in: found.entries) == 1000)
        #expect(value("reads", in: found.entries) == 1000)
        #expect(found.problems == [])
    }

    @Test("a member that UDM lacks, a group that is not there, a join without an end or an event make the run void")
    func joinsVoid() {
        var found = joined(1000, writes: 5)
        found.members = 999
        #expect(found.problems == ["1000 users have joined, but the group has 999 members in UDM"])
        found.members = nil
        #expect(found.problems == ["1000 users have joined, but the group has no members in UDM"])
        found = joined(1000, writes: 5)
        found.drained.done = 999
        #expect(found.problems.count == 1)
        found = joined(1000, writes: 5)
        found.events.jobs = 999
        #expect(found.problems.count == 1)
        found = joined(1000, writes: 5)
        found.isSound = false
        #expect(found.problems.count == 1)
    }

    // MARK: - Recovery, start, events

    @Test("of several kills the slowest counts, against the lease and a second")
    func recovery() {
        var found = RecoveryScenario.Found(
            kills: [.init(held: 5, first: 14.8, last: 15.2), .init(held: 7, first: 14.9, last: 16.1)], lease: 15,
            accepted: 10, drained: JobTable.Drained(done: 10), usersInUDM: 10, isSound: true)
        #expect(value("seconds", in: found.entries) == 16.1)
        #expect(value("held", in: found.entries) == 12)
        #expect(verdict("seconds", in: found.entries) == "<= 16: missed")
        #expect(found.problems.isEmpty)
        found.isSound = false
        #expect(!found.problems.isEmpty)
    }

    @Test("starts are told by their roles")
    func start() {
        let found = StartScenario.Found(roles: "api,worker", milliseconds: [100, 301, 120])
        #expect(found.entries.map(\.key) == ["api-workerMilliseconds", "api-workerMost"])
        #expect(found.entries.map(\.value) == [120, 301])
    }

    @Test("events that did not arrive, or came twice, make the run void")
    func events() {
        var found = EventScenario.Found(
            count: 101, seconds: 2, arrived: 101, isSound: true, bare: (rate: 100, problems: []))
        #expect(value("eventsPerSecond", in: found.entries) == 50)
        #expect(value("ratioToBare", in: found.entries) == 0.5)
        #expect(found.problems.isEmpty)
        found.arrived = 100
        #expect(found.problems.count == 1)
        found.isSound = false
        #expect(found.problems.count == 2)
    }

    @Test("a ready process says ok for itself, not only for what it depends on")
    func ready() {
        func answer(_ status: Int, _ body: String) -> LoopbackRequest.Answer {
            LoopbackRequest.Answer(status: status, text: "HTTP/1.1 \(status) x\r\n\r\n\(body)", seconds: 0)
        }
        #expect(answer(200, #"{"status":"ok","version":"0.1.0"}"#).saysReady)
        #expect(
            !answer(200, #"{"status":"degraded","version":"1","checks":{"a":{"status":"ok","required":true}}}"#)
                .saysReady)
        #expect(!answer(503, #"{"status":"ok","version":"0.1.0"}"#).saysReady)
    }

    @Test("a port is read from an address, and nobody listens on a free one")
    func ports() throws {
        #expect(LoopbackPort.port(of: "127.0.0.1:9090") == 9090)
        #expect(LoopbackPort.port(of: "nothing") == nil)
        let port = try LoopbackPort.free()
        #expect(LoopbackRequest.blockingGet(port: port, path: "/") == nil)
    }

    @Test("a field of INFO is found by its whole name")
    func redisInfo() {
        let info = "# Memory\r\nused_memory_human:1M\r\nused_memory:1048576\r\n"
        #expect(RedisServer.field("used_memory", of: info) == "1048576")
        #expect(RedisServer.field("used", of: info) == nil)
    }

    // MARK: - Outage

    @Test("accepting while something is away is compared with before, by rate and latency")
    func outage() throws {
        let second: Int64 = 1_000_000_000
        func points(_ range: Range<Int64>, _ microseconds: Int64) -> [LatencyPoint] {
            range.map { LatencyPoint(due: .uptimeNanoseconds(UInt64($0 * second / 10)), microseconds: microseconds) }
        }
        var load = LoadResult(connections: 1)
        load.points = points(10..<20, 1000) + points(20..<39, 1040)
        let found = OutageFound(
            plan: .init(
                before: .seconds(1), away: .seconds(2), after: .seconds(1), connections: 1, rate: 10,
                drainLimit: .seconds(1)),
            rate: 10, load: load,
            moments: [
                .began: .uptimeNanoseconds(UInt64(second)), .went: .uptimeNanoseconds(UInt64(2 * second)),
                .cameBack: .uptimeNanoseconds(UInt64(4 * second)),
            ], backlog: [], accepted: 29, problems: [])
        #expect(try abs(#require(found.acceptedRatio) - 0.95) < 0.0001)
        #expect(verdict("acceptedRatio", in: found.entries) == ">= 0.95: met")
        #expect(verdict("p99Ratio", in: found.entries) == "<= 1.05: met")
    }
}
