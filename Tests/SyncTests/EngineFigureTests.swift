// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Queue
import Redis
import SCIM
import Storage
import Testing
import UDMDouble

@testable import Sync

/// Figures of the engine against the double in the same process, printed and not judged: `TEST_FIGURES=1`.
@Suite(.serialized, .enabled(if: ProcessInfo.processInfo.environment["TEST_FIGURES"] != nil))
struct EngineFigureTests {
    private static let environment = ProcessInfo.processInfo.environment

    private static func number(_ name: String, _ standard: Int) -> Int {
        environment[name].flatMap { Int($0) } ?? standard
    }

    @Test("Delay from the commit to the call of UDM, on an idle queue")
    func delay() async throws {
        try await SyncFixture.run { fixture in
            let rounds = Self.number("FIGURES_ROUNDS", 200)
            var delays: [Double] = []
            try await fixture.withWorker {
                for round in 0..<rounds {
                    let id = try await fixture.createUser("user-\(round)", enqueues: false)
                    let committed = Timestamp.now().microsecondsSinceEpoch
                    fixture.queue.enqueueDetached([
                        Enqueue(
                            SyncFixture.key(id), lane: .interactive)
                    ])
                    try await fixture.until { try await fixture.database.jobs.statistics().openJobs == 0 }
                    let call = fixture.double.requests().first { $0.identifier == id.description }
                    delays.append(Double((call?.started ?? 0) - committed) / 1_000)
                }
            }
            delays.sort()
            print(
                "commit to call: p50 \(delays[delays.count / 2]) ms, p95 \(delays[delays.count * 95 / 100]) ms, "
                    + "most \(delays[delays.count - 1]) ms of \(rounds)")
        }
    }

    @Test("Rate of creates", arguments: [(0, 64, 64), (0, 64, 1), (50, 64, 64), (100, 32, 64)])
    func rate(milliseconds: Int, calls: Int, batch: Int) async throws {
        var settings = UDMDouble.Settings()
        if milliseconds > 0 { settings.latency = ["*": .fixed(milliseconds: Double(milliseconds))] }
        try await SyncFixture.run(settings: settings) { fixture in
            let jobs = Self.number("FIGURES_JOBS", 6_000)
            try await fixture.insertCreates(jobs)
            try await fixture.refillQueue()
            let started = ContinuousClock.now
            try await fixture.withWorker({
                $0.concurrency = calls
                $0.outcomeBatch = batch
            }) {
                try await fixture.until(limit: .seconds(600)) {
                    try await Task.sleep(for: .milliseconds(50))
                    return try await fixture.number("SELECT count(*) FROM job") == 0
                }
            }
            let seconds = started.duration(to: .now).inSeconds
            let ideal = milliseconds > 0 ? " of ideal \(calls * 1_000 / milliseconds)" : ""
            print(
                "UDM \(milliseconds) ms, \(calls) calls at once, batches of \(batch): \(Int(Double(jobs) / seconds)) jobs/s\(ideal)"
            )
            #expect(fixture.double.check().isSound)
        }
    }

    @Test("Rebuild of many resources into an empty Redis, while a worker goes on")
    func rebuild() async throws {
        var settings = UDMDouble.Settings()
        settings.latency = ["*": .fixed(milliseconds: 200)]
        try await SyncFixture.run(settings: settings) { fixture in
            let jobs = Self.number("FIGURES_RESOURCES", 100_000)
            try await fixture.insertCreates(jobs)
            try await fixture.emptyQueue()
            let rebuild = fixture.rebuild
            let before = try await fixture.usedMemory()
            try await fixture.withWorker {
                let started = ContinuousClock.now
                try await rebuild.runIfLost()
                let seconds = started.duration(to: .now).inSeconds
                let bytes = (try await fixture.usedMemory() - before) / jobs
                print("rebuild of \(jobs): \(seconds) s, \(bytes) bytes a resource in Redis")
            }
        }
    }
}

extension SyncFixture {
    fileprivate func usedMemory() async throws -> Int {
        let info = try await redis.send(RedisCommand("INFO", "memory")).string ?? ""
        let line = info.split(whereSeparator: \.isNewline).first { $0.hasPrefix("used_memory:") }
        return line.flatMap { Int($0.dropFirst("used_memory:".count)) } ?? 0
    }
}
