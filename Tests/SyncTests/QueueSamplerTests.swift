// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import MetricsTestKit
import Queue
import SCIM
import Storage
import Testing
import UDM

@testable import Sync

@Suite(.serialized) struct QueueSamplerTests {
    @Test("The longer a count takes, the later is the next: a twentieth of the time, and at least one a minute")
    func pace() {
        #expect(QueueSampler.pause(after: .milliseconds(2)) == .milliseconds(40))
        #expect(QueueSampler.pause(after: .milliseconds(300)) == .seconds(6))
        #expect(QueueSampler.pause(after: .seconds(20)) == .seconds(60))
    }

    @Test("Depths of both stores and their difference; who no longer leads shows 0")
    func difference() async throws {
        try await SyncFixture.run { fixture in
            let id = try await fixture.createUser("known")
            _ = try await fixture.createUser("unknown", enqueues: false)
            try await fixture.until { try await fixture.queue.depth().resources == 1 }
            let metrics = TestMetrics()
            var sampler = QueueSampler(queue: fixture.queue, jobs: fixture.database.jobs, factory: metrics)
            func value(_ label: String, _ dimensions: [(String, String)] = []) throws -> Double? {
                try metrics.expectGauge(label, dimensions).lastValue
            }
            let now = ContinuousClock.now
            try await sampler.sample(now: now)
            #expect(try value("scim_queue_resources", [("store", "postgresql")]) == 2)
            #expect(try value("scim_queue_resources", [("store", "redis")]) == 1)
            #expect(try value("scim_queue_difference") == 1)
            #expect(try value("scim_jobs_open", [("lane", "interactive")]) == 2)
            #expect(try value("scim_parked_attributes") == 0)
            #expect(try value("scim_queue_lease_overdue_seconds") == 0)

            // At the same moment nothing is counted again, and what Redis says is new all the same.
            let key = SyncFixture.key(id)
            _ = try await fixture.queue.forget([key])
            try await fixture.run("DELETE FROM job")
            try await sampler.sample(now: now)
            #expect(try value("scim_jobs_open", [("lane", "interactive")]) == 2)
            #expect(try value("scim_queue_resources", [("store", "redis")]) == 0)
            #expect(try value("scim_queue_difference") == 1)
            try await sampler.sample(now: now + .seconds(60))
            #expect(try value("scim_jobs_open", [("lane", "interactive")]) == 0)
            #expect(try value("scim_queue_difference") == 0)

            try await sampler.sampleResources(now: now)
            #expect(try value("scim_objects", [("resource", "User")]) == 2)
            sampler.retire()
            #expect(try value("scim_objects", [("resource", "User")]) == 0)
        }
    }

    @Test("The worker's series are there before their first count, and made only once")
    func madeOnce() throws {
        let factory = TestMetrics()
        let metrics = SyncMetrics(factory: factory)
        for outcome in ["done", "superseded", "cancelled", "dead"] {
            for operation in ["create", "modify", "delete"] {
                _ = try factory.expectCounter(
                    "scim_jobs_finished_total", [("operation", operation), ("state", outcome)])
            }
        }
        let counter = try factory.expectCounter("scim_queue_leases_total", [("result", "lost")])
        #expect(counter.totalValue == 0)
        metrics.leased("lost")
        metrics.leased("lost", 2)
        #expect(counter.totalValue == 3)
        metrics.waited(lane: "bulk", for: .seconds(-1))
        metrics.waited(lane: "bulk", for: .seconds(2))
        #expect(try factory.expectTimer("scim_queue_wait_seconds", [("lane", "bulk")]).values == [0, 2_000_000_000])
        metrics.verified("problem")
        #expect(try factory.expectCounter("scim_sync_verifications_total", [("result", "problem")]).totalValue == 1)
    }
}
