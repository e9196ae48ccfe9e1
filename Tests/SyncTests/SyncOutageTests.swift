// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import Queue
import Redis
import SCIM
import Storage
import TestSupport
import Testing
import UDM
import UDMDouble

@testable import Sync

/// UDM or Redis away, with several workers.
@Suite(.serialized) struct SyncOutageTests {
    @Test("Workers share the breaker: while UDM is out of order a few probes reach it, and then everything arrives")
    func sharedBreaker() async throws {
        try await SyncFixture.run { fixture in
            let outage = fixture.double.add(UDMDouble.Fault(.gatewayStarting))
            for number in 0..<40 { try await fixture.createUser("user-\(number)") }
            let change: (inout SyncConfiguration) -> Void = {
                $0.leaseLength = .seconds(2)
                $0.heartbeat = .milliseconds(400)
            }
            try await fixture.withWorker(change) {
                try await fixture.withWorker(change) {
                    try await fixture.until { try await fixture.limitField("era") >= 1 }
                    let before = fixture.double.requests().count
                    try await fixture.until { try await fixture.limitField("era") >= 3 }
                    let probes = fixture.double.requests().count - before
                    // What was under way when it opened, and two probes of a lease each.
                    #expect(probes <= 8 + 2 * 2)
                    #expect(try await fixture.number("SELECT count(*) FROM job WHERE attempts > 4") == 0)
                    _ = fixture.double.remove(outage)
                    try await fixture.drain()
                }
            }
            #expect(fixture.double.check().isSound)
            #expect(try await fixture.states() == ["done": 40])
            #expect(try await fixture.limitField("breaker") == 0)
        }
    }

    @Test("All workers together push no more resources at once than the limit")
    func sharedLimit() async throws {
        var settings = UDMDouble.Settings()
        settings.latency = ["*": .fixed(milliseconds: 40)]
        try await SyncFixture.run(settings: settings) { fixture in
            for number in 0..<40 { try await fixture.createUser("user-\(number)") }
            try await fixture.withWorker({ $0.concurrency = 6 }) {
                try await fixture.withWorker({ $0.concurrency = 6 }) { try await fixture.drain() }
            }
            #expect(fixture.double.check().isSound)
            #expect(fixture.mostAtOnce() <= 6)
        }
    }

    @Test("While Redis is away, work is taken from PostgreSQL alone, slowly and under the same leases")
    func withoutRedis() async throws {
        let server = try await RedisServer.start()
        try await withRedis(server.url, configure: { $0.commandTimeout = .milliseconds(300) }) { redis in
            server.stop()
            try await SyncFixture.run { fixture in
                let queue = WorkQueue(client: redis, name: fixture.queueName)
                var ids: [ResourceID] = []
                for number in 0..<12 { ids.append(try await fixture.createUser("user-\(number)", enqueues: false)) }
                try await fixture.replaceUser(ids[0], "user-0") { $0["title"] = "Lead" }
                let change: (inout SyncConfiguration) -> Void = { $0.leaseLength = .seconds(3) }
                try await fixture.withWorker(change, queue: queue) {
                    try await fixture.withWorker(change, queue: queue) { try await fixture.drain() }
                }
                for id in ids { #expect(fixture.object(id) != nil) }
                #expect(fixture.object(ids[0])?.properties["title"] == "Lead")
                let report = fixture.double.check()
                #expect(report.isSound)
                #expect(report.recreatedIdentifiers.isEmpty)
                #expect(try await fixture.states() == ["done": 12, "superseded": 1])
            }
        }
    }

    @Test("A worker that is cancelled hands back what it holds")
    func cancelled() async throws {
        var settings = UDMDouble.Settings()
        settings.latency = ["*": .fixed(milliseconds: 3_000)]
        try await SyncFixture.run(settings: settings) { fixture in
            let id = try await fixture.createUser("jo")
            let worker = SyncWorker(
                configuration: SyncConfiguration(concurrency: 2), queue: fixture.queue, jobs: fixture.database.jobs,
                client: fixture.client, mapping: .init(rules: DirectoryRules(), schema: fixture.schema), sealer: nil,
                logger: fixture.logger)
            let running = Task { try await worker.run() }
            try await fixture.until { fixture.double.check().inProgress > 0 }
            running.cancel()
            try await running.value
            #expect(
                try await fixture.leases() == 0)
            fixture.double.settings.latency = [:]
            try await fixture.withWorker { try await fixture.drain() }
            #expect(fixture.object(id) != nil)
            #expect(fixture.double.check().isSound)
        }
    }
}

extension SyncFixture {
    /// Most requests that UDM had at one time.
    fileprivate func mostAtOnce() -> Int {
        // An end comes before a beginning in the same microsecond.
        let steps = double.requests().flatMap { [($0.started, 1), ($0.ended ?? .max, -1)] }.sorted { $0 < $1 }
        var (running, most) = (0, 0)
        for (_, step) in steps {
            running += step
            most = max(most, running)
        }
        return most
    }

    /// A field of what the workers know of UDM.
    fileprivate func limitField(_ field: String) async throws -> Int {
        let limit = SyncConfiguration().callLimit(of: client.configuration.baseURL)
        let reply = try await redis.send(RedisCommand("HGET", "{scim:\(queueName)}:limit:\(limit.endpoint)", field))
        return Int(reply.integer ?? 0)
    }
}
