// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import SCIM
import Storage
import Testing
import UDMDouble

@testable import Sync

/// Unique values that pass from one resource to another.
@Suite(.serialized) struct ValueWaitTests {
    private func waits(_ fixture: SyncFixture) async throws -> Int {
        try await fixture.number("SELECT count(*) FROM waits_for WHERE reason = 'value'")
    }

    private func user(_ name: String, mail: String? = nil, enqueues: Bool = true) -> JSONValue {
        var body: JSONObject = ["userName": .string(name), "name": ["familyName": "Roe"]]
        if let mail { body["emails"] = [["value": .string(mail), "type": "mailbox"]] }
        return .object(body)
    }

    /// Only the lost wake-up's safety net would come this late.
    private func patient(_ configuration: inout SyncConfiguration) {
        configuration.backoff = Backoff(base: .seconds(1000), cap: .seconds(1000))
    }

    @Test("A name whose holder is about to be deleted is waited for, without an attempt, and taken at once")
    func recreated() async throws {
        try await SyncFixture.run { fixture in
            let old = try await fixture.createUser("jo")
            try await fixture.withWorker { try await fixture.drain() }
            try await fixture.delete(.user, old, enqueues: false)
            let new = try await fixture.createUser("jo")
            try await fixture.withWorker(patient) {
                try await fixture.until { try await waits(fixture) == 1 }
                #expect(try await fixture.status(new) != .failed)
                try await fixture.enqueue(.user, old)
                try await fixture.drain(limit: .seconds(30))
            }
            #expect(fixture.object(old) == nil)
            #expect(fixture.object(new)?.properties["username"] == "jo")
            #expect(try await fixture.states() == ["done": 3])
            #expect(try await fixture.number("SELECT sum(attempts) FROM job_history") == 0)
            #expect(try await fixture.number("SELECT count(*) FROM waits_for") == 0)
            #expect(try await fixture.status(new) == .synced)
        }
    }

    @Test("A mail address that moves to another user, and a name that moves from a user to a group")
    func moved() async throws {
        try await SyncFixture.run { fixture in
            let first = try await fixture.create(.user, user("first", mail: "jo@example.org"))
            let second = try await fixture.create(.user, user("second"))
            try await fixture.withWorker { try await fixture.drain() }
            try await fixture.replace(.user, first, user("third"), enqueues: false)
            try await fixture.replace(.user, second, user("second", mail: "jo@example.org"))
            let group = try await fixture.createGroup("first", members: [])
            try await fixture.withWorker(patient) {
                try await fixture.until { try await waits(fixture) == 2 }
                try await fixture.enqueue(.user, first)
                try await fixture.drain(limit: .seconds(30))
            }
            #expect(fixture.object(second)?.properties["mailPrimaryAddress"] == "jo@example.org")
            #expect(fixture.object(group)?.properties["name"] == "first")
            #expect(try await fixture.states() == ["done": 5])
            #expect(try await fixture.number("SELECT count(*) FROM waits_for") == 0)
            #expect(try await fixture.number("SELECT count(*) FROM sync_failure") == 0)
        }
    }

    @Test("Two that swap their names through a third one do not wait for each other for ever")
    func swap() async throws {
        try await SyncFixture.run { fixture in
            let first = try await fixture.createUser("a")
            let second = try await fixture.createUser("b")
            try await fixture.withWorker { try await fixture.drain() }
            try await fixture.replaceUser(first, "passing") { _ in }
            try await fixture.replaceUser(second, "a") { _ in }
            try await fixture.replaceUser(first, "b") { _ in }
            try await fixture.withWorker { try await fixture.drain(limit: .seconds(30)) }
            #expect(fixture.object(first)?.properties["username"] == "b")
            #expect(fixture.object(second)?.properties["username"] == "a")
            #expect(try await fixture.states()["dead"] == nil)
            #expect(try await fixture.status(first) == .synced)
            #expect(try await fixture.status(second) == .synced)
        }
    }

    @Test("Whoever keeps a name is not waited for: a stranger, or a resource of ours that has nothing to do")
    func kept() async throws {
        try await SyncFixture.run { fixture in
            _ = try await fixture.foreignUser("jo")
            let id = try await fixture.createUser("jo")
            try await fixture.withWorker { try await fixture.drain() }
            #expect(try await fixture.states() == ["dead": 1])
            #expect(try await fixture.status(id) == .failed)
            let kept = try await fixture.create(.user, user("kept", mail: "kept@example.org"))
            try await fixture.withWorker { try await fixture.drain() }
            // As if an administrator had given it another address.
            try await fixture.change(kept, ["mailPrimaryAddress": "other@example.org"])
            let other = try await fixture.create(.user, user("other", mail: "other@example.org"))
            try await fixture.withWorker { try await fixture.drain() }
            // The address alone is parked.
            #expect(fixture.object(other)?.properties["username"] == "other")
            #expect(try await fixture.status(other) == .partial)
            #expect(try await fixture.number("SELECT count(*) FROM waits_for") == 0)
        }
    }

    @Test("A create whose name somebody keeps is no dead letter when the resource was deleted meanwhile")
    func deletedMeanwhile() async throws {
        try await SyncFixture.run { fixture in
            _ = try await fixture.foreignUser("jo")
            let before = fixture.double.requests().last?.sequence ?? 0
            _ = fixture.double.add(
                UDMDouble.Fault(.latency(.fixed(milliseconds: 800)), count: 1, methods: ["POST"], module: "users/user"))
            let id = try await fixture.createUser("jo")
            try await fixture.withWorker {
                try await fixture.until {
                    fixture.double.requests(after: before).contains { $0.method == "POST" && $0.ended == nil }
                }
                try await fixture.delete(.user, id)
                try await fixture.drain(limit: .seconds(30))
            }
            #expect(try await fixture.states() == ["cancelled": 2])
            #expect(try await fixture.number("SELECT count(*) FROM sync_failure") == 0)
        }
    }

    @Test(
        "A name that somebody keeps is no dead letter when the resource was renamed meanwhile",
        arguments: [false, true])
    func renamedMeanwhile(isKnown: Bool) async throws {
        try await SyncFixture.run { fixture in
            _ = try await fixture.foreignUser("jo")
            let id = try await fixture.createUser(isKnown ? "al" : "jo", enqueues: isKnown)
            if isKnown {
                try await fixture.withWorker { try await fixture.drain() }
                try await fixture.replaceUser(id, "jo") { _ in }
            }
            let before = fixture.double.requests().last?.sequence ?? 0
            let method = isKnown ? "PATCH" : "POST"
            _ = fixture.double.add(
                UDMDouble.Fault(.latency(.fixed(milliseconds: 800)), count: 1, methods: [method], module: "users/user"))
            try await fixture.enqueue(.user, id)
            try await fixture.withWorker {
                try await fixture.until {
                    fixture.double.requests(after: before).contains { $0.method == method && $0.ended == nil }
                }
                try await fixture.replaceUser(id, "joanna") { _ in }
                try await fixture.drain(limit: .seconds(30))
            }
            #expect(try await fixture.states() == ["done": isKnown ? 2 : 1, "superseded": 1])
            #expect(fixture.object(id)?.properties["username"] == "joanna")
            #expect(try await fixture.number("SELECT count(*) FROM sync_failure") == 0)
        }
    }

    @Test("Waiting ends with the age of the write")
    func tooOld() async throws {
        try await SyncFixture.run { fixture in
            let old = try await fixture.createUser("jo")
            try await fixture.withWorker { try await fixture.drain() }
            try await fixture.delete(.user, old, enqueues: false)
            let new = try await fixture.createUser("jo")
            try await fixture.withWorker({ $0.maximumAge = .zero }) {
                try await fixture.until { try await fixture.status(new) == .failed }
            }
        }
    }
}
