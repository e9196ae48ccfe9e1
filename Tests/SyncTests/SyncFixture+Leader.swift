// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import Queue
import Redis
import SCIM
import Storage
import UDM

@testable import Sync

/// The leader's turns, what they look at, and steps of a worker that a test takes one by one.
extension SyncFixture {
    var rebuild: QueueRebuild { QueueRebuild(queue: queue, jobs: database.jobs, logger: logger) }

    /// It remembers what it has done, as long as its process leads.
    func makeSweep() -> QueueSweep { QueueSweep(queue: queue, jobs: database.jobs, logger: logger) }

    func sweepAll(_ sweep: QueueSweep) async throws {
        var position: OpenWorkPage.Position? = .start
        while let next = position { position = try await sweep.page(from: next) }
    }

    // MARK: Redis

    static func key(_ id: ResourceID, _ type: ResourceType = .user) -> ResourceKey {
        ResourceKey(tenant: "default", type: type.rawValue, id: id.description)
    }

    /// As after FLUSHALL, for this queue only.
    func emptyQueue() async throws {
        let keys = try await redis.send(RedisCommand("KEYS", "*"))
        let own = (keys.array ?? []).compactMap(\.string).filter { $0.hasPrefix("{scim:\(queueName)}") }
        if !own.isEmpty { _ = try await redis.send(RedisCommand(["DEL"] + own)) }
    }

    /// Redis has all open work of the database, and nothing else.
    func refillQueue() async throws {
        try await emptyQueue()
        try await rebuild.runIfLost()
    }

    // MARK: PostgreSQL

    /// Accepted creates of users, as one statement.
    func insertCreates(_ count: Int) async throws {
        try await run(
            """
            INSERT INTO job (id, tenant, type, resource_id, revision, "order", operation, lane, client, request_id,
                accepted_at, due_at, new_state)
            SELECT gen_random_uuid(), 'default', 'User', gen_random_uuid(), 1, nextval('write_order'), 'create', 'bulk',
                'test', gen_random_uuid()::text, clock_timestamp(), clock_timestamp(),
                jsonb_build_object('resource', jsonb_build_object(
                    'userName', 'user-' || n, 'name', jsonb_build_object('familyName', 'Roe ' || n), 'active', true))
            FROM generate_series(1, \(count)) AS n;
            ANALYZE job
            """)
    }

    /// Makes the jobs of a resource look as if they had been accepted some time ago.
    func age(_ id: ResourceID, seconds: Int) async throws {
        try await run(
            "UPDATE job SET accepted_at = accepted_at - interval '\(seconds) seconds' WHERE resource_id = '\(id)'")
    }

    /// What a worker is given for a resource that Redis has leased to it; nil while another one has it, and when there is nothing to do.
    func confirm(
        _ id: ResourceID, _ type: ResourceType = .user, worker: String, for length: Duration = .seconds(60),
        maximumCrashes: Int = .max
    ) async throws -> ConfirmedLease? {
        let request = LeaseRequest(resourceID: id, tenant: "default", type: type)
        let answer = try await database.jobs.confirm(
            [request], worker: worker, length: length, maximumCrashes: maximumCrashes)
        guard case .leased(let lease)? = answer.first else { return nil }
        return lease
    }

    /// Leases that PostgreSQL knows.
    func leases() async throws -> Int {
        try await number("SELECT count(*) FROM resource_sync WHERE leased_until IS NOT NULL")
    }

    /// Members that UDM lacks, and such that it has still to lose.
    func differingMembers() async throws -> Int {
        try await number("SELECT count(*) FROM group_member WHERE synced = (removed_revision IS NOT NULL)")
    }

    // MARK: A worker

    /// What a worker does for the create of a user, up to the commit of its outcome; then it is gone.
    func pushWithoutWaking(_ id: ResourceID, _ name: String) async throws {
        let written = try await client.create(
            .user,
            properties: [
                "username": .string(name), "lastname": .string(name), "password": "a-Passw0rd!",
                "univentionObjectIdentifier": .string(id.description),
            ], requestID: LowercaseUUID.random().description)
        guard let lease = try await confirm(id, worker: "gone"), let job = lease.jobs.first else {
            throw UnexpectedResult()
        }
        let record = UDMObjectRecord(dn: written.dn, properties: Array("{}".utf8))
        _ = try await database.jobs.record([
            JobOutcome(
                lease: lease.handle, result: .done(job: job.id, udm: record, members: AppliedMembers()), endsTurn: true)
        ])
    }
}
