// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import Queue
import SCIM
import Storage
import Testing
import UDM
import UDMDouble

@testable import Sync

/// How turns end that did not go through, and what the next one finds.
@Suite(.serialized) struct TurnEndTests {
    @Test("A process that stops hands back what it cannot finish; no crash is counted")
    func handsBack() async throws {
        var settings = UDMDouble.Settings()
        settings.latency = ["*": .fixed(milliseconds: 3000)]
        try await SyncFixture.run(settings: settings) { fixture in
            let id = try await fixture.createUser("jo")
            try await fixture.withWorker({ $0.drainTime = .milliseconds(50) }) {
                try await fixture.until { fixture.double.check().inProgress > 0 }
            }
            #expect(try await fixture.leases() == 0)
            #expect(
                try await fixture.number("SELECT count(*) FROM resource_sync WHERE ambiguous_since IS NOT NULL") == 1)
            #expect(try await fixture.number("SELECT coalesce(sum(crashes), 0) FROM job") == 0)
            fixture.double.settings.latency = [:]
            try await fixture.withWorker { try await fixture.drain() }
            #expect(fixture.object(id) != nil)
            #expect(fixture.double.check().recreatedIdentifiers.isEmpty)
        }
    }

    @Test("A worker that is cancelled hands back what it was at: nobody waits for its lease to run out")
    func handsBackWhenCancelled() async throws {
        var settings = UDMDouble.Settings()
        settings.latency = ["*": .fixed(milliseconds: 30_000)]
        try await SyncFixture.run(settings: settings) { fixture in
            try await fixture.createUser("jo")
            // Neither the lease nor the time to finish ends within the test.
            let (worker, client) = try fixture.makeWorker {
                $0.leaseLength = .seconds(120)
                $0.drainTime = .seconds(120)
            }
            let running = Task { try await worker.run() }
            try await fixture.until { fixture.double.check().inProgress > 0 }
            running.cancel()
            try await running.value
            #expect(try await fixture.leases() == 0)
            #expect(try await fixture.number("SELECT coalesce(sum(crashes), 0) FROM job") == 0)
            // The call was given up, not waited for: nobody knows what it did, and it counts for nothing.
            #expect(try await fixture.number("SELECT coalesce(sum(attempts), 0) FROM job") == 0)
            #expect(
                try await fixture.number("SELECT count(*) FROM resource_sync WHERE ambiguous_since IS NOT NULL") == 1)
            #expect(try await fixture.queue.depth().leased == 0)
            try await client.shutdown()
        }
    }

    @Test("A password whose key this worker lacks waits for one that has it")
    func otherKey() async throws {
        try await SyncFixture.run { fixture in
            let id = try await fixture.createUser("jo", password: "a-Passw0rd!")
            try await fixture.withWorker({ _ in }, hasKey: false) {
                try await fixture.until { try await fixture.number("SELECT max(attempts) FROM job") >= 6 }
            }
            #expect(try await fixture.number("SELECT max(crashes) FROM job") == 0)
            #expect(fixture.double.requests().isEmpty)
            #expect(try await fixture.status(id) == .pending)
            try await fixture.withWorker { try await fixture.drain() }
            #expect(fixture.object(id) != nil)
            #expect(try await fixture.states() == ["done": 1])
        }
    }

    @Test("Without its key for the longest time the write is a dead letter that says so")
    func keyGone() async throws {
        try await SyncFixture.run { fixture in
            let id = try await fixture.createUser("jo", password: "a-Passw0rd!")
            try await fixture.withWorker({ $0.maximumAge = .zero }, hasKey: false) { try await fixture.drain() }
            let error = try await fixture.database.resources.syncStatus(of: [id], tenant: "default")[id]?.error
            let text = String(decoding: error ?? [], as: UTF8.self)
            #expect(text.contains("password"))
        }
    }

    @Test("A state that is longer than a client may send elsewhere is pushed")
    func longState() async throws {
        try await SyncFixture.run { fixture in
            let id = try await fixture.createUser("jo")
            let filling = "repeat('x', 2000000)"
            try await fixture.run(
                "UPDATE job SET new_state = jsonb_set(new_state, '{filling}', to_jsonb(\(filling)))")
            try await fixture.withWorker { try await fixture.drain() }
            #expect(fixture.object(id) != nil)
        }
    }

    @Test("A record of UDM's state that is no object does not stop the turn")
    func unreadableRecord() async throws {
        try await SyncFixture.run { fixture in
            let id = try await fixture.createUser("jo")
            try await fixture.withWorker { try await fixture.drain() }
            try await fixture.run("UPDATE udm_object SET properties = '[1]'")
            try await fixture.replaceUser(id, "jo") { $0["title"] = "Lead" }
            try await fixture.withWorker { try await fixture.drain() }
            #expect(fixture.object(id)?.properties["title"] == "Lead")
        }
    }

    @Test("PostgreSQL's own trouble hands the lease back: no crash, no dead letter")
    func postgresTrouble() async throws {
        try await SyncFixture.run { fixture in
            let user = try await fixture.createUser("jo")
            let group = try await fixture.createGroup("crew", members: [user])
            try await fixture.run("ALTER TABLE group_member RENAME COLUMN member_type TO kind")
            try await fixture.withWorker {
                try await fixture.until {
                    try await fixture.number(
                        "SELECT coalesce(max(lease_epoch), 0) FROM resource_sync WHERE resource_id = '\(group)'") >= 2
                }
                try await fixture.run("ALTER TABLE group_member RENAME COLUMN kind TO member_type")
                try await fixture.drain()
            }
            #expect(try await fixture.number("SELECT max(crashes) FROM job_history") == 0)
            #expect(fixture.members(of: group).count == 1)
        }
    }

    @Test("A server that asked for time is not called earlier because of a new write")
    func retryAfter() async throws {
        try await SyncFixture.run { fixture in
            _ = fixture.double.add(UDMDouble.Fault(.directoryDown, count: 1, methods: ["POST"]))
            let id = try await fixture.createUser("jo")
            try await fixture.withWorker {
                try await fixture.until { try await fixture.number("SELECT max(attempts) FROM job") == 1 }
                try await fixture.enqueue(.user, id)
                try await fixture.until {
                    try await fixture.number(
                        "SELECT count(*) FROM resource_sync WHERE lease_epoch >= 2 AND leased_until IS NULL") == 1
                }
                #expect(fixture.double.requests().filter { $0.method == "POST" }.count == 1)
            }
        }
    }

    @Test("A group does not wait for a member whose own write has failed")
    func deadMember() async throws {
        var settings = UDMDouble.Settings()
        settings.reservedNames = ["taken"]
        try await SyncFixture.run(settings: settings) { fixture in
            let dead = try await fixture.createUser("taken")
            try await fixture.withWorker { try await fixture.drain() }
            let group = try await fixture.createGroup("crew", members: [dead])
            try await fixture.withWorker({ $0.memberWait = .seconds(3600) }) { try await fixture.drain() }
            #expect(fixture.object(group) != nil)
            #expect(try await fixture.status(group) == .partial)
        }
    }

    @Test("Later writes of a group do not wait again for the members that an earlier one has waited for")
    func waitsOnce() async throws {
        try await SyncFixture.run { fixture in
            let late = try await fixture.createUser("late", enqueues: false)
            let group = try await fixture.createGroup("crew", members: [late], enqueues: false)
            for number in 0..<5 { try await fixture.replaceGroup(group, "crew-\(number)", members: [late]) }
            let started = ContinuousClock.now
            try await fixture.withWorker({ $0.memberWait = .seconds(3) }) {
                try await fixture.until { fixture.object(group)?.properties["name"] == "crew-4" }
            }
            // Six jobs, one wait.
            #expect(started.duration(to: .now) < .seconds(12))
        }
    }

    @Test("Late members that UDM does not take are tried again with their error on record, and settled at last")
    func lateMembersLater() async throws {
        try await SyncFixture.run { fixture in
            let late = try await fixture.createUser("late", enqueues: false)
            let group = try await fixture.createGroup("crew", members: [late])
            try await fixture.withWorker({ $0.memberWait = .zero }) {
                try await fixture.until { try await fixture.status(group) == .partial }
                let fault = fixture.double.add(
                    UDMDouble.Fault(.gatewayStarting, methods: ["PATCH"], module: "groups/group"))
                try await fixture.enqueue(.user, late)
                try await fixture.until(limit: .seconds(20)) {
                    try await fixture.number("SELECT count(*) FROM waits_for WHERE last_error IS NOT NULL") == 1
                }
                _ = fixture.double.remove(fault)
                try await fixture.until { try await fixture.status(group) == .synced }
            }
            #expect(fixture.members(of: group).count == 1)
            #expect(try await fixture.number("SELECT count(*) FROM waits_for") == 0)
        }
    }

    @Test("Late members that UDM refuses for good are a parked attribute, told by an event")
    func lateMembersRefused() async throws {
        try await SyncFixture.run { fixture in
            let late = try await fixture.createUser("late", enqueues: false)
            let group = try await fixture.createGroup("crew", members: [late])
            try await fixture.withWorker({ $0.memberWait = .zero }) {
                try await fixture.until { try await fixture.status(group) == .partial }
                _ = fixture.double.add(
                    UDMDouble.Fault(
                        .refuseProperty(name: "users", message: "no"), methods: ["PATCH"], module: "groups/group"))
                try await fixture.enqueue(.user, late)
                try await fixture.until {
                    try await fixture.number("SELECT count(*) FROM sync_failure WHERE attribute = 'members'") == 1
                }
            }
            let events = try await fixture.database.events.unsent(limit: 10, now: .now())
            #expect(events.filter { $0.kind == .error }.map(\.resourceID) == [group])
            #expect(try await fixture.number("SELECT count(*) FROM waits_for") == 0)
        }
    }

    @Test("A resource with more open jobs than a turn takes is worked on to its end")
    func manyJobs() async throws {
        try await SyncFixture.run { fixture in
            let id = try await fixture.createUser("jo", enqueues: false)
            for number in 0..<JobStore.turnLimit + 20 {
                try await fixture.replaceUser(id, "jo") { $0["title"] = .string("\(number)") }
            }
            try await fixture.withWorker { try await fixture.drain() }
            #expect(fixture.object(id)?.properties["title"] == .string("\(JobStore.turnLimit + 19)"))
            #expect(try await fixture.states() == ["done": 2, "superseded": JobStore.turnLimit + 19])
        }
    }

    @Test(
        "A resource whose lease ends in Redis a moment before it does in PostgreSQL is the next one, not the last; one that is held for long is put off",
        arguments: [300, 60_000])
    func leaseThatLingers(milliseconds: Int) async throws {
        try await SyncFixture.run { fixture in
            let id = try await fixture.createUser("jo")
            try await fixture.run(
                """
                INSERT INTO resource_sync (resource_id, tenant, type, lease_epoch, lease_token, leased_until)
                VALUES ('\(id)', 'default', 'User', 7, gen_random_uuid(), clock_timestamp() + interval '\(milliseconds) ms')
                ON CONFLICT (resource_id) DO UPDATE
                    SET lease_epoch = 7, lease_token = excluded.lease_token, leased_until = excluded.leased_until
                """)
            let (worker, client) = try fixture.makeWorker()
            await worker.prepare()
            let leases = try await fixture.queue.lease(upTo: 1, for: .seconds(30), worker: "w").leases
            await worker.begin(leases, asked: .now)
            for name in ["flo", "mo"] { try await fixture.createUser(name) }
            try await fixture.until { await !worker.finished.isEmpty }
            let answer = try await fixture.queue.release(
                await worker.finished, leaseNext: 1, for: .seconds(30), worker: "w")
            let isNext = answer.leases.map(\.key) == leases.map(\.key)
            #expect(isNext == (milliseconds == 300))
            #expect(try await fixture.queue.depth().due == (milliseconds == 300 ? 0 : 1))
            try await client.shutdown()
        }
    }
}
