// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import Queue
import SCIM
import Storage
import Testing
import UDMDouble

@testable import Sync

/// Writes on their way to the double, through real PostgreSQL and Redis.
@Suite(.serialized) struct SyncWorkerTests {
    @Test("A created user is in UDM under our identifier, and its event is written")
    func create() async throws {
        try await SyncFixture.run { fixture in
            let id = try await fixture.createUser("jo")
            try await fixture.withWorker { try await fixture.drain() }
            let object = try #require(fixture.object(id))
            #expect(object.properties["username"] == "jo")
            #expect(object.properties["lastname"] == "Roe jo")
            #expect(try await fixture.status(id) == .synced)
            let event = try #require(try await fixture.database.events.unsent(limit: 10, now: .now()).first)
            #expect(event.operation == .create)
            #expect(event.udmDN == object.dn)
        }
    }

    @Test("Whoever sends events hears of an outcome at once, in whichever process; a failed try tells nothing")
    func announces() async throws {
        try await SyncFixture.run { fixture in
            let news = Task { try await fixture.queue.waitForEvents(upTo: .seconds(60)) }
            try await fixture.createUser("jo")
            try await fixture.withWorker {
                #expect(try await news.value)
                try await fixture.drain()
            }
            let retry = JobOutcome.Result.retry(
                job: .random(), dueIn: .seconds(1), error: nil, countsAttempt: true, isAmbiguous: false)
            #expect(!retry.mayTell)
        }
    }

    @Test("Changes, a rename and a delete arrive in revision order, one at a time")
    func lifecycle() async throws {
        try await SyncFixture.run { fixture in
            let id = try await fixture.createUser("jo", enqueues: false)
            try await fixture.replaceUser(id, "jo") { $0["title"] = "Lead" }
            try await fixture.replaceUser(id, "joanna") { $0["title"] = "Lead" }
            try await fixture.withWorker { try await fixture.drain() }
            let object = try #require(fixture.object(id))
            #expect(object.properties["username"] == "joanna")
            #expect(object.properties["title"] == "Lead")
            try await fixture.delete(.user, id)
            try await fixture.withWorker { try await fixture.drain() }
            #expect(fixture.object(id) == nil)
            #expect(fixture.double.check().isSound)
            let events = try await fixture.database.events.unsent(limit: 10, now: .now())
            #expect(events.map(\.operation) == [.create, .modify, .modify, .delete])
            #expect(events.map(\.order) == events.map(\.order).sorted())
        }
    }

    @Test("A resource deleted before it was ever tried concerns nobody")
    func cancelled() async throws {
        try await SyncFixture.run { fixture in
            let id = try await fixture.createUser("jo", enqueues: false)
            try await fixture.delete(.user, id)
            try await fixture.withWorker { try await fixture.drain() }
            #expect(try await fixture.states() == ["cancelled": 2])
            #expect(fixture.double.requests().isEmpty)
            #expect(try await fixture.database.events.unsent(limit: 10, now: .now()).isEmpty)
        }
    }

    @Test("However many writes lie between its create and its delete, UDM never hears of it")
    func cancelledBeyondThePage() async throws {
        try await SyncFixture.run { fixture in
            let id = try await fixture.createUser("jo", enqueues: false)
            for number in 0..<JobStore.turnLimit + 10 {
                try await fixture.replaceUser(id, "jo") { $0["title"] = .string("\(number)") }
            }
            try await fixture.delete(.user, id)
            try await fixture.withWorker { try await fixture.drain() }
            #expect(try await fixture.states() == ["cancelled": JobStore.turnLimit + 12])
            #expect(fixture.double.requests().isEmpty)
        }
    }

    @Test("A name that a foreign object has: dead letter, status failed, sync-error event; the resource stays")
    func refused() async throws {
        var settings = UDMDouble.Settings()
        settings.reservedNames = ["taken"]
        try await SyncFixture.run(settings: settings) { fixture in
            let id = try await fixture.createUser("taken")
            try await fixture.withWorker { try await fixture.drain() }
            #expect(try await fixture.states() == ["dead": 1])
            #expect(try await fixture.status(id) == .failed)
            let event = try #require(try await fixture.database.events.unsent(limit: 10, now: .now()).first)
            #expect(event.kind == .error)
            let error = try JSONValue(parsing: try #require(event.error))
            #expect(error["status"] == "400")
            #expect(error["udm"]?["httpStatus"] == 422)
            let stored = try await fixture.database.resources.read(.user, id, tenant: "default", client: "test")
            #expect(stored != nil)
            // The later write of the resource goes through and clears the failure.
            try await fixture.replaceUser(id, "free") { _ in }
            try await fixture.withWorker { try await fixture.drain() }
            #expect(try await fixture.status(id) == .synced)
            #expect(fixture.object(id)?.properties["username"] == "free")
        }
    }

    @Test("A create whose answer is lost is found again and not done twice", arguments: [true, false])
    func lostAnswer(afterCommit: Bool) async throws {
        try await SyncFixture.run { fixture in
            let effect: UDMDouble.Fault.Effect = afterCommit ? .dropAfterCommit : .dropBeforeCommit
            _ = fixture.double.add(UDMDouble.Fault(effect, count: 1, methods: ["POST"]))
            let id = try await fixture.createUser("jo", password: "a-Passw0rd!")
            try await fixture.withWorker { try await fixture.drain() }
            #expect(fixture.object(id) != nil)
            let report = fixture.double.check()
            #expect(report.isSound)
            #expect(report.recreatedIdentifiers.isEmpty)
            #expect(try await fixture.states() == ["done": 1])
            #expect(try await fixture.database.events.unsent(limit: 10, now: .now()).count == 1)
        }
    }

    @Test(
        "Passing trouble is retried until UDM takes the write",
        arguments: [
            UDMDouble.Fault.Effect.directoryError, .internalError, .gatewayStarting, .lockHeld,
            .badGateway(afterCommit: false), .gatewayTimeout(afterCommit: true), .unauthorized,
        ])
    func trouble(effect: UDMDouble.Fault.Effect) async throws {
        try await SyncFixture.run { fixture in
            _ = fixture.double.add(UDMDouble.Fault(effect, count: 2, methods: ["POST", "PATCH"]))
            let id = try await fixture.createUser("jo")
            try await fixture.withWorker { try await fixture.drain() }
            #expect(fixture.object(id) != nil)
            #expect(try await fixture.states() == ["done": 1])
            #expect(fixture.double.check().recreatedIdentifiers.isEmpty)
        }
    }

    @Test("A group gets its members, also those that come to UDM after it, without waiting out its limit")
    func members() async throws {
        try await SyncFixture.run { fixture in
            let first = try await fixture.createUser("first")
            let second = try await fixture.createUser("second", enqueues: false)
            let group = try await fixture.createGroup("crew", members: [first, second])
            try await fixture.withWorker({ $0.memberWait = .seconds(3600) }) {
                try await fixture.until { try await fixture.status(first) == .synced }
                #expect(fixture.object(group) == nil)
                try await fixture.enqueue(.user, second)
                try await fixture.drain()
            }
            let object = try #require(fixture.object(group))
            #expect(
                Set(object.properties["users"]?.arrayValue?.compactMap(\.stringValue) ?? []) == [
                    fixture.object(first)?.dn ?? "", fixture.object(second)?.dn ?? "",
                ])
            #expect(try await fixture.status(group) == .synced)
        }
    }

    @Test("After the wait a group is pushed with the members there are, and settled when the others arrive")
    func lateMembers() async throws {
        try await SyncFixture.run { fixture in
            let first = try await fixture.createUser("first")
            let late = try await fixture.createUser("late", enqueues: false)
            let group = try await fixture.createGroup("crew", members: [first, late])
            try await fixture.withWorker({ $0.memberWait = .milliseconds(300) }) {
                try await fixture.until { fixture.object(group) != nil }
                try await fixture.until { try await fixture.status(group) == .partial }
                try await fixture.enqueue(.user, late)
                try await fixture.until { try await fixture.status(group) == .synced }
            }
            #expect(fixture.object(group)?.properties["users"]?.arrayValue?.count == 2)
        }
    }

    @Test("Members are added and removed one by one; what others put into the group stays")
    func memberChanges() async throws {
        try await SyncFixture.run { fixture in
            let users = try await [fixture.createUser("a"), fixture.createUser("b"), fixture.createUser("c")]
            let group = try await fixture.createGroup("crew", members: [users[0], users[1]])
            try await fixture.withWorker {
                try await fixture.drain()
                try await fixture.replaceGroup(group, "crew", members: [users[1], users[2]])
                try await fixture.drain()
            }
            let dns = users.map { fixture.object($0)?.dn ?? "" }
            let listed = fixture.object(group)?.properties["users"]?.arrayValue?.compactMap(\.stringValue) ?? []
            #expect(Set(listed) == [dns[1], dns[2]])
        }
    }

    @Test("A group may hold groups")
    func nested() async throws {
        try await SyncFixture.run { fixture in
            let inner = try await fixture.createGroup("inner", members: [])
            let outer = try await fixture.createGroup("outer", members: [inner])
            try await fixture.withWorker { try await fixture.drain() }
            #expect(fixture.object(outer)?.properties["nestedGroup"] == [.string(fixture.object(inner)?.dn ?? "")])
        }
    }

    @Test("A password reaches UDM and is erased with the outcome")
    func password() async throws {
        try await SyncFixture.run { fixture in
            try await fixture.createUser("jo", password: "a-Passw0rd!")
            try await fixture.withWorker { try await fixture.drain() }
            let post = try #require(fixture.double.requests().first { $0.method == "POST" })
            let body = try #require(post.body)
            #expect(body.contains("\"password\":\"***\""))
            // A random password comes with overrides; a client's own does not.
            #expect(!body.contains("overridePWHistory"))
            #expect(try await fixture.states() == ["done": 1])
        }
    }

    @Test("UDM away: jobs wait without attempts; back again: all arrive, none twice")
    func outage() async throws {
        try await SyncFixture.run { fixture in
            try await fixture.withWorker {
                let outage = fixture.double.add(UDMDouble.Fault(.dropBeforeCommit))
                var ids: [ResourceID] = []
                for number in 0..<20 { ids.append(try await fixture.createUser("user-\(number)")) }
                try await fixture.until { fixture.double.requests().count >= 5 }
                #expect(try await fixture.database.jobs.statistics().deadLetters == 0)
                _ = fixture.double.remove(outage)
                try await fixture.drain()
                for id in ids { #expect(fixture.object(id) != nil) }
            }
            let report = fixture.double.check()
            #expect(report.isSound)
            #expect(report.recreatedIdentifiers.isEmpty)
            #expect(try await fixture.states() == ["done": 20])
        }
    }

    @Test("A worker that drains finishes or hands back what it holds, and the next goes on at once")
    func drains() async throws {
        var settings = UDMDouble.Settings()
        settings.latency = ["*": .fixed(milliseconds: 200)]
        try await SyncFixture.run(settings: settings) { fixture in
            for number in 0..<12 { try await fixture.createUser("user-\(number)") }
            try await fixture.withWorker {
                try await fixture.until { !fixture.double.requests().isEmpty || fixture.double.check().inProgress > 0 }
            }
            #expect(try await fixture.database.jobs.statistics().openJobs > 0)
            let started = ContinuousClock.now
            try await fixture.withWorker { try await fixture.drain() }
            // Leases that were left to run out would take 8 s.
            #expect(started.duration(to: .now) < .seconds(8))
            #expect(fixture.double.check().isSound)
            #expect(try await fixture.states() == ["done": 12])
        }
    }

    @Test("Two workers share the work and never act on one resource at a time")
    func twoWorkers() async throws {
        var settings = UDMDouble.Settings()
        settings.latency = ["*": .uniform(fromMilliseconds: 0, toMilliseconds: 20)]
        try await SyncFixture.run(settings: settings) { fixture in
            var ids: [ResourceID] = []
            for number in 0..<15 { ids.append(try await fixture.createUser("user-\(number)")) }
            try await fixture.withWorker {
                try await fixture.withWorker {
                    for round in 0..<4 {
                        for (number, id) in ids.enumerated() {
                            try await fixture.replaceUser(id, "user-\(number)") { $0["title"] = .string("\(round)") }
                        }
                    }
                    try await fixture.drain()
                }
            }
            for id in ids { #expect(fixture.object(id)?.properties["title"] == "3") }
            #expect(fixture.double.check().overlapCount == 0)
            let states = try await fixture.states()
            #expect(states["done", default: 0] + states["superseded", default: 0] == 75)
            #expect(try await fixture.database.events.unsent(limit: 100, now: .now()).count == 75)
        }
    }
}
