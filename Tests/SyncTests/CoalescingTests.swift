// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import Queue
import SCIM
import Storage
import Testing
import UDMDouble

@testable import Sync

/// Several writes of one resource in one lease turn.
@Suite(.serialized) struct CoalescingTests {
    private func writes(_ fixture: SyncFixture) -> [String] {
        fixture.double.requests().map(\.method).filter { $0 != "GET" }
    }

    @Test("A create and its changes are one create of the newest state, each with its own event in order")
    func createAndChanges() async throws {
        try await SyncFixture.run { fixture in
            let id = try await fixture.createUser("jo", password: "a-Passw0rd!", enqueues: false)
            try await fixture.replaceUser(id, "jo") { $0["title"] = "Lead" }
            try await fixture.replaceUser(id, "joanna") { $0["title"] = "Head" }
            try await fixture.withWorker { try await fixture.drain() }
            #expect(writes(fixture) == ["POST"])
            #expect(fixture.object(id)?.properties["username"] == "joanna")
            #expect(fixture.object(id)?.properties["title"] == "Head")
            #expect(try await fixture.states() == ["done": 1, "superseded": 2])
            #expect(try await fixture.status(id) == .synced)
            let events = try await fixture.database.events.unsent(limit: 10, now: .now())
            #expect(events.map(\.operation) == [.create, .modify, .modify])
            #expect(events.map(\.order) == events.map(\.order).sorted())
            #expect(events.allSatisfy { $0.kind == .change })
            // The password was the first job's, and nobody else's overrides are sent with it.
            let body = fixture.double.requests().first { $0.method == "POST" }?.body ?? ""
            #expect(body.contains("\"password\"") && !body.contains("overridePWHistory"))
        }
    }

    @Test("Changes of a known object are one change; a change that is taken back is none")
    func changes() async throws {
        try await SyncFixture.run { fixture in
            let id = try await fixture.createUser("jo")
            try await fixture.withWorker { try await fixture.drain() }
            for title in ["a", "b", "c"] {
                try await fixture.replaceUser(id, "jo") { $0["title"] = .string(title) }
            }
            try await fixture.withWorker { try await fixture.drain() }
            #expect(writes(fixture) == ["POST", "PATCH"])
            try await fixture.replaceUser(id, "jo") { $0["title"] = "d" }
            try await fixture.replaceUser(id, "jo") { $0["title"] = "c" }
            try await fixture.withWorker { try await fixture.drain() }
            #expect(writes(fixture) == ["POST", "PATCH"])
            #expect(fixture.object(id)?.properties["title"] == "c")
            #expect(try await fixture.states() == ["done": 3, "superseded": 3])
        }
    }

    @Test("Whatever ends in a delete is one delete, also when more is open than a turn reads", arguments: [3, 130])
    func changesAndDelete(count: Int) async throws {
        try await SyncFixture.run { fixture in
            let id = try await fixture.createUser("jo")
            try await fixture.withWorker { try await fixture.drain() }
            for number in 0..<count {
                try await fixture.replaceUser(id, "jo") { $0["title"] = .string("\(number)") }
            }
            try await fixture.delete(.user, id)
            try await fixture.withWorker { try await fixture.drain() }
            #expect(writes(fixture) == ["POST", "DELETE"])
            #expect(try await fixture.states() == ["done": 2, "superseded": count])
            let events = try await fixture.database.events.unsent(limit: 1000, now: .now())
            #expect(events.count == count + 2)
            #expect(events.last?.operation == .delete)
        }
    }

    @Test("What never reached UDM is cancelled, however much of it there is", arguments: [1, 130])
    func cancelled(count: Int) async throws {
        try await SyncFixture.run { fixture in
            let id = try await fixture.createUser("jo", password: "a-Passw0rd!", enqueues: false)
            for number in 0..<count {
                try await fixture.replaceUser(id, "jo") { $0["title"] = .string("\(number)") }
            }
            try await fixture.delete(.user, id)
            try await fixture.withWorker { try await fixture.drain() }
            #expect(fixture.double.requests().isEmpty)
            #expect(try await fixture.states() == ["cancelled": count + 2])
            #expect(try await fixture.database.events.unsent(limit: 10, now: .now()).isEmpty)
            #expect(try await fixture.number("SELECT count(*) FROM resource_sync") == 0)
        }
    }

    @Test("A carrier that is refused is taken apart: only the guilty write dies")
    func refusedCarrier() async throws {
        try await SyncFixture.run { fixture in
            _ = try await fixture.foreignUser("taken")
            let id = try await fixture.createUser("jo", enqueues: false)
            try await fixture.replaceUser(id, "jo") { $0["title"] = "Lead" }
            try await fixture.replaceUser(id, "taken") { $0["title"] = "Head" }
            try await fixture.withWorker { try await fixture.drain() }
            #expect(try await fixture.states() == ["done": 2, "dead": 1])
            #expect(fixture.object(id)?.properties["username"] == "jo")
            #expect(fixture.object(id)?.properties["title"] == "Lead")
            #expect(try await fixture.status(id) == .failed)
            let events = try await fixture.database.events.unsent(limit: 10, now: .now())
            #expect(events.map(\.kind) == [.change, .change, .error])
        }
    }

    @Test("What an unanswered carrier left in UDM is undone when the newest write does not want it")
    func lostCarrier() async throws {
        try await SyncFixture.run { fixture in
            let id = try await fixture.createUser("jo")
            try await fixture.withWorker { try await fixture.drain() }
            _ = fixture.double.add(UDMDouble.Fault(.gatewayTimeout(afterCommit: true), count: 1, methods: ["PATCH"]))
            try await fixture.replaceUser(id, "jo") { $0["nickName"] = "J" }
            try await fixture.replaceUser(id, "jo") { $0["title"] = "Lead" }
            try await fixture.withWorker({ $0.backoff = Backoff(base: .seconds(30), cap: .seconds(30)) }) {
                try await fixture.until { try await fixture.number("SELECT max(attempts) FROM job") == 1 }
            }
            #expect(fixture.object(id)?.properties["title"] == "Lead")
            try await fixture.replaceUser(id, "jo") { _ in }
            try await fixture.withWorker { try await fixture.drain() }
            #expect(fixture.object(id)?.properties["title"]?.stringValue ?? "" == "")
            #expect(try await fixture.states() == ["done": 2, "superseded": 2])
        }
    }

    @Test("A display name stays although UDM derives it anew from a name part that changes")
    func displayName() async throws {
        try await SyncFixture.run { fixture in
            let id = try await fixture.createUser("jo")
            try await fixture.replaceUser(id, "jo") {
                $0["name"] = ["givenName": "Jo", "familyName": "Roe"]
                $0["displayName"] = "Jo Roe"
            }
            try await fixture.withWorker { try await fixture.drain() }
            try await fixture.replaceUser(id, "jo") {
                $0["name"] = ["givenName": "Jo", "familyName": "Smith"]
                $0["displayName"] = "Jo Roe"
            }
            try await fixture.withWorker { try await fixture.drain() }
            #expect(fixture.object(id)?.properties["lastname"] == "Smith")
            #expect(fixture.object(id)?.properties["displayName"] == "Jo Roe")
            #expect(writes(fixture) == ["POST", "PATCH", "PATCH"])
            // What others have set is no default: one look, and nothing to set again.
            try await fixture.replaceUser(id, "jo") {
                $0["name"] = ["givenName": "Al", "familyName": "Smith"]
                $0["displayName"] = "Jo Roe"
            }
            try await fixture.withWorker { try await fixture.drain() }
            #expect(fixture.object(id)?.properties["displayName"] == "Jo Roe")
            #expect(writes(fixture) == ["POST", "PATCH", "PATCH", "PATCH"])
        }
    }

    @Test("Trouble that passes is the first job's: it alone counts the attempt and waits")
    func passingTrouble() async throws {
        try await SyncFixture.run { fixture in
            _ = fixture.double.add(UDMDouble.Fault(.internalError, count: 1, methods: ["POST"]))
            let id = try await fixture.createUser("jo", enqueues: false)
            try await fixture.replaceUser(id, "jo") { $0["title"] = "Lead" }
            try await fixture.withWorker { try await fixture.drain() }
            #expect(fixture.object(id)?.properties["title"] == "Lead")
            #expect(
                try await fixture.number("SELECT attempts FROM job_history WHERE operation = 'create'") == 1)
            #expect(try await fixture.number("SELECT attempts FROM job_history WHERE operation = 'modify'") == 0)
        }
    }

    @Test("A thousand members that join one by one while UDM is slow cost a handful of writes")
    func manyMembers() async throws {
        try await SyncFixture.run { fixture in
            // Users that UDM has already.
            let users = try await fixture.syncedUsers(1000)
            let group = try await fixture.createGroup("crew", members: [])
            try await fixture.withWorker { try await fixture.drain() }
            let before = fixture.double.requests().last?.sequence ?? 0
            fixture.double.settings.latency = ["PATCH": .fixed(milliseconds: 300)]
            try await fixture.withWorker {
                for user in users { try await fixture.addMember(user, to: group) }
                try await fixture.drain(limit: .seconds(300))
            }
            let patches = fixture.double.requests(after: before).filter { $0.method == "PATCH" }
            #expect(patches.count <= 20, "\(patches.count) writes")
            #expect(fixture.members(of: group).count == 1000)
            let events = try await fixture.number(
                "SELECT count(*) FROM event_outbox WHERE resource_id = '\(group)' AND members_delta IS NOT NULL")
            #expect(events == 1000)
        }
    }
}
