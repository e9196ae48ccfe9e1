// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Postgres
import SCIM
import Testing

@testable import Storage

/// What sweeps, the sampler, and workers without Redis look at.
@Suite struct OpenWorkTests {
    @Test("A resource with several jobs is told once, with the fastest lane")
    func lanes() async throws {
        try await StorageFixture.run { fixture in
            let id = ResourceID.random()
            try await fixture.insertJob(id)
            try await fixture.insertJob(id, revision: 2, operation: .modify)
            try await fixture.connection.run("UPDATE job SET lane = 'bulk' WHERE revision = 1")
            let page = try await fixture.database.jobs.openWork(from: nil, limit: 10, olderThan: .zero)
            #expect(page.entries.map(\.lane) == ["interactive"])
        }
    }

    @Test("Nothing open: no job, no member to settle, nobody waited for")
    func idle() async throws {
        try await StorageFixture.run { fixture in
            let (open, none, group) = (ResourceID.random(), ResourceID.random(), ResourceID.random())
            try await fixture.insertJob(open)
            try await fixture.insertMember(none, of: group)
            #expect(try await fixture.database.jobs.idle([open, none, group]) == [none])
            #expect(try await fixture.database.jobs.idle([]).isEmpty)
        }
    }

    @Test("Who is leased is told by PostgreSQL's clock")
    func leased() async throws {
        try await StorageFixture.run { fixture in
            let ids = [ResourceID.random(), ResourceID.random()]
            for id in ids { try await fixture.insertJob(id) }
            _ = try await fixture.lease(ids[0])
            #expect(try await fixture.database.jobs.leased(ids) == [ids[0]])
            try await fixture.expireLeases()
            #expect(try await fixture.database.jobs.leased(ids).isEmpty)
        }
    }

    @Test("Work without Redis: what is due and free, a few resources at a look, each once in it, until the end")
    func dueWork() async throws {
        try await StorageFixture.run { fixture in
            let ids = (0..<5).map { _ in ResourceID.random() }
            for id in ids { try await fixture.insertJob(id) }
            try await fixture.insertJob(ids[0], revision: 2, operation: .modify)
            try await fixture.connection.run(
                "UPDATE job SET due_at = clock_timestamp() + interval '1 hour' WHERE resource_id = '\(ids[1])'")
            _ = try await fixture.lease(ids[2])
            let first = try await fixture.database.jobs.dueWork(after: nil, limit: 2)
            #expect(first.entries.count == 2)
            var (found, next) = (Set(first.entries.map(\.resourceID)), first.next)
            while let after = next {
                let work = try await fixture.database.jobs.dueWork(after: after, limit: 2)
                #expect(Set(work.entries.map(\.resourceID)).count == work.entries.count)
                found.formUnion(work.entries.map(\.resourceID))
                next = work.next
            }
            // Not the one that waits for its time, and not the leased one.
            #expect(found == [ids[0], ids[3], ids[4]])
        }
    }

    @Test("Work without Redis keeps to the pauses", arguments: ["all", "lane:interactive", "tenant:default"])
    func pausedWork(scope: String) async throws {
        try await StorageFixture.run { fixture in
            try await fixture.insertJob(.random())
            #expect(try await fixture.database.jobs.dueWork(after: nil, limit: 2).entries.count == 1)
            _ = try await fixture.database.operators.pauses.pause(scope, reason: nil, by: "test")
            #expect(try await fixture.database.jobs.dueWork(after: nil, limit: 2).entries.isEmpty)
        }
    }

    @Test("Resources with open jobs and parked attributes are counted, each once")
    func openResources() async throws {
        try await StorageFixture.run { fixture in
            let jobs = fixture.database.jobs
            #expect(try await jobs.openResources() == OpenResources(withJobs: 0, parkedAttributes: 0))
            let id = ResourceID.random()
            for _ in 0..<2 { try await fixture.insertJob(.random()) }
            try await fixture.connection.run("UPDATE job SET resource_id = '\(id)'")
            try await fixture.insertJob(.random())
            for attribute in ["title", "emails", ""] {
                try await fixture.connection.run(
                    """
                    INSERT INTO sync_failure (resource_id, attribute, tenant, type, revision, job_id, failed_at, error)
                    VALUES ('\(id)', '\(attribute)', 'default', 'User', 1, '\(id)', now(), '{}')
                    """)
            }
            // The empty attribute is a dead letter.
            #expect(try await jobs.openResources() == OpenResources(withJobs: 2, parkedAttributes: 2))
            #expect(try await jobs.endedJobs() >= 0)
        }
    }

    @Test("Millions of resources are estimated, and fewer are counted")
    func estimatedResources() async throws {
        try await StorageFixture.run { fixture in
            let jobs = fixture.database.jobs
            #expect(try await jobs.resourceCounts().isEmpty)
            try await fixture.connection.run(
                """
                INSERT INTO resource (tenant, id, type, revision, "order", attributes, created_at, modified_at)
                SELECT 'default', gen_random_uuid(), CASE WHEN n % 4 = 0 THEN 'Group' ELSE 'User' END, 1, n, '{}', now(), now()
                FROM generate_series(1, 400) n
                """)
            #expect(try await jobs.resourceCounts() == [.user: 300, .group: 100])
            // As an analysis of a large table leaves it.
            try await fixture.connection.run("ANALYZE resource")
            try await fixture.connection.run(
                "UPDATE pg_class SET reltuples = 4000000 WHERE oid = 'resource'::regclass")
            #expect(try await jobs.resourceCounts() == [.user: 3_000_000, .group: 1_000_000])
        }
    }

    @Test("Jobs are counted by lane and tenant in one look, and what is published is what the API reads")
    func loads() async throws {
        try await StorageFixture.run { fixture in
            for _ in 0..<3 { try await fixture.insertJob(.random()) }
            try await fixture.connection.run(
                "UPDATE job SET tenant = 'other', lane = 'bulk' WHERE id = (SELECT id FROM job LIMIT 1)")
            let statistics = try await fixture.database.jobs.statistics()
            #expect(statistics.tenants.mapValues(\.openJobs) == ["default": 2, "other": 1])
            #expect(statistics.lanes.mapValues(\.openJobs) == ["interactive": 2, "bulk": 1])
            #expect(statistics.openJobs == 3)
            let oldest = Timestamp(microsecondsSinceEpoch: 1_700_000_000_123_456)
            var loads = [
                "default": TenantLoad(openJobs: 2, oldestAcceptedAt: oldest, drainTime: .milliseconds(2_500)),
                "other": TenantLoad(openJobs: 1, oldestAcceptedAt: oldest),
            ]
            try await fixture.database.jobs.store(loads)
            #expect(try await fixture.database.resources.tenantLoads() == loads)
            loads["other"] = nil
            loads["default"]?.openJobs = 7
            try await fixture.database.jobs.store(loads)
            #expect(try await fixture.database.resources.tenantLoads() == loads)
            try await fixture.database.jobs.store([:])
            #expect(try await fixture.database.resources.tenantLoads().isEmpty)
        }
    }
}
