// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Executors
import Storage
import TestSupport
import Testing
import UDM
import UDMDouble

@testable import Queue
@testable import Sync

/// A busy worker takes many leases at a time: a statement in PostgreSQL costs most of what it costs by itself, not for its rows.
@Suite(.serialized) struct LeasePaceTests {
    @Test(
        "A busy worker asks for no few leases while others are confirmed, and leaves three milliseconds at least between its calls"
    )
    func pace() async throws {
        var settings = UDMDouble.Settings()
        settings.latency = ["*": .fixed(milliseconds: 20)]
        try await SyncFixture.run(settings: settings) { fixture in
            try await fixture.insertCreates(1_000)
            try await fixture.refillQueue()
            let probe = LeaseProbe()
            let queue = WorkQueue(
                client: fixture.redis, name: fixture.queueName,
                now: {
                    probe.look()
                    return nil
                })
            let (worker, client) = try fixture.makeWorker(
                {
                    $0.concurrency = 64
                    $0.startLimit = 64
                    // So that there is no heartbeat, which asks for the time too.
                    $0.leaseLength = .seconds(240)
                    $0.heartbeat = .seconds(64)
                }, queue: queue)
            probe.watch(worker)
            let running = Task { try await worker.run() }
            try await fixture.drain()
            running.cancel()
            try await running.value
            try await client.shutdown()

            let calls = probe.calls
            #expect(calls.count > 20)
            #expect(calls.count { $0.isGathering } == 0)
            let pauses = zip(calls, calls.dropFirst()).filter { $1.isBusy }.map { $0.at.duration(to: $1.at) }
            #expect(pauses.count > 20)
            // The worker counts from a moment before its call.
            let short = pauses.count { $0 < StandbyPace.shortestPause - .milliseconds(1) }
            #expect(short < pauses.count / 20)
        }
    }
}

/// Looks at a worker whenever it makes a lease call: its queue asks for the time then, on the worker's own executor.
private final class LeaseProbe: Sendable {
    struct Call: Sendable {
        let at: ContinuousClock.Instant
        let isGathering: Bool
        let isBusy: Bool
    }

    private let worker = Locked<SyncWorker?>(nil)
    private let seen = Locked<[Call]>([])

    var calls: [Call] { seen.withLock { $0 } }

    func watch(_ worker: SyncWorker) { self.worker.withLock { $0 = worker } }

    func look() {
        guard let worker = worker.withLock({ $0 }) else { return }
        let call = worker.assumeIsolated { Call(at: .now, isGathering: $0.isGathering, isBusy: $0.isBusy) }
        seen.withLock { $0.append(call) }
    }
}
