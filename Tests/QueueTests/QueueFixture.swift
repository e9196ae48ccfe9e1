// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Executors
import Redis
import TestSupport

@testable import Queue

/// Time for the scripts, in milliseconds, moved by the test.
final class TestClock: Sendable {
    private let milliseconds = Locked<Int64>(1_000_000)

    var now: Int64 { milliseconds.withLock { $0 } }

    func advance(_ duration: Duration) { milliseconds.withLock { $0 += duration.milliseconds } }
}

/// A queue of its own whose time stands still until the test moves it.
struct QueueFixture: Sendable {
    let queue: WorkQueue
    let clock: TestClock
    let client: RedisClient
    let name: String
    /// Of the content that the queue began with.
    let generation: Int64?

    static func with(
        isAlive: Bool = true, _ body: (QueueFixture) async throws -> Void
    ) async throws {
        try await withKeyPrefix { client, name async throws in
            let clock = TestClock()
            let queue = WorkQueue(client: client, name: name, now: { clock.now })
            let generation = isAlive ? try await queue.beginRebuild() : nil
            if let generation { try await queue.finishRebuild(generation: generation) }
            try await body(
                QueueFixture(queue: queue, clock: clock, client: client, name: name, generation: generation))
        }
    }

    /// Everything Redis holds of this queue goes away, as after FLUSHALL.
    func lose() async throws {
        let keys = try await client.send(RedisCommand("KEYS", "{scim:\(name)}:*")).array ?? []
        if !keys.isEmpty { _ = try await client.send(RedisCommand(["DEL"] + keys.compactMap(\.string))) }
        // No rebuild begins in the millisecond of the one before.
        clock.advance(.milliseconds(1))
    }

    func lease(_ count: Int = 1, for length: Duration = .seconds(15)) async throws -> [QueueLease] {
        try await queue.lease(upTo: count, for: length, worker: "w").leases
    }

    @discardableResult
    func release(_ lease: QueueLease, _ next: Release.Next = .forget) async throws -> LeaseAnswer {
        try await queue.release([Release(lease, next: next)], leaseNext: 0, for: .seconds(15), worker: "w")
    }

    func enqueue(_ ids: [String], lane: Lane = .interactive, tenant: String = "default") async throws {
        try await queue.enqueue(ids.map { Enqueue(.user($0, tenant: tenant), lane: lane) })
    }

    var wakeTokens: Int {
        get async throws { Int(try await client.send(RedisCommand("LLEN", "{scim:\(name)}:wake")).integer ?? -1) }
    }
}

extension ResourceKey {
    static func user(_ id: String, tenant: String = "default") -> ResourceKey {
        ResourceKey(tenant: tenant, type: "User", id: id)
    }
}
