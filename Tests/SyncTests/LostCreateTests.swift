// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import SCIM
import Storage
import Testing
import UDMDouble

@testable import Sync

/// Refusals behind a create whose answer was lost: the object is there, although no outcome says so.
@Suite(.serialized) struct LostCreateTests {
    @Test("A refused name of an object that a lost create has made is parked; older states do not come again")
    func refusedName() async throws {
        try await SyncFixture.run(settings: UDMDouble.Settings(reservedNames: ["admin"])) { fixture in
            let id = try await fixture.createUser("jo")
            try await fixture.replaceUser(id, "jo") { $0["title"] = "Lead" }
            fixture.double.add(UDMDouble.Fault(.dropAfterCommit, count: 1, methods: ["POST"]))
            try await fixture.withWorker({ $0.backoff = Backoff(base: .seconds(600), cap: .seconds(600)) }) {
                try await fixture.until { try await fixture.number("SELECT count(*) FROM job WHERE attempts = 1") == 1 }
            }
            #expect(fixture.object(id)?.properties["title"] == "Lead")
            try await fixture.replaceUser(id, "admin") { $0["title"] = "Lead" }
            try await fixture.withWorker { try await fixture.drain() }
            let changes = fixture.double.requests().filter { $0.method == "PATCH" && $0.isCommitted }
            // Of the third write, without the name.
            #expect(changes.count == 1, "\(changes)")
            #expect(fixture.object(id)?.properties["title"] == "Lead")
            #expect(try await fixture.status(id) == .partial)
            #expect(try await fixture.number("SELECT count(*) FROM sync_failure WHERE attribute = 'userName'") == 1)
            #expect(try await fixture.number("SELECT count(*) FROM dead_letter") == 0)
        }
    }

    /// A create that carries three writes reaches UDM, its answer is lost, and no try follows.
    private static func loseCreate(of fixture: SyncFixture, first: String) async throws -> ResourceID {
        let id = try await fixture.createUser(first, enqueues: false)
        try await fixture.replaceUser(id, "jo") { $0["title"] = "Lead" }
        let third: JSONValue = [
            "userName": "jo", "name": ["familyName": "Roe"], "title": "Head", "password": "a-new-Passw0rd",
        ]
        try await fixture.replace(.user, id, third)
        fixture.double.add(UDMDouble.Fault(.dropAfterCommit, count: 1, methods: ["POST"]))
        try await fixture.withWorker({ $0.backoff = Backoff(base: .seconds(600), cap: .seconds(600)) }) {
            try await fixture.until { try await fixture.number("SELECT count(*) FROM job WHERE attempts = 1") == 1 }
        }
        #expect(fixture.object(id)?.properties["title"] == "Head")
        return id
    }

    @Test(
        "A later write with a taken name dies alone: UDM does not go back behind what the lost create has brought",
        arguments: ["admin", "jo"])
    func takenName(first: String) async throws {
        try await SyncFixture.run(settings: UDMDouble.Settings(reservedNames: ["admin"])) { fixture in
            _ = try await fixture.foreignUser("taken")
            let id = try await Self.loseCreate(of: fixture, first: first)
            try await fixture.replaceUser(id, "taken") { $0["title"] = "Boss" }
            try await fixture.withWorker { try await fixture.drain() }
            let changes = fixture.double.requests().filter { $0.method == "PATCH" && $0.isCommitted }
            #expect(changes.isEmpty, "\(changes)")
            #expect(fixture.object(id)?.properties["title"] == "Head")
            #expect(fixture.object(id)?.properties["username"] == "jo")
            #expect(try await fixture.states() == ["superseded": 2, "done": 1, "dead": 1])
            #expect(try await fixture.number("SELECT count(*) FROM sync_failure WHERE attribute <> ''") == 0)
        }
    }

    @Test("A lost change that left out a refused value is known again by the rest of its state")
    func leftOutValue() async throws {
        try await SyncFixture.run(settings: UDMDouble.Settings(mailDomains: ["example.org"])) { fixture in
            _ = try await fixture.foreignUser("taken")
            let id = try await fixture.createUser("jo")
            try await fixture.withWorker { try await fixture.drain() }
            let refused: JSONValue = [["value": "jo@elsewhere.test", "type": "mailbox"]]
            try await fixture.replaceUser(id, "jo") { $0["emails"] = refused }
            try await fixture.withWorker { try await fixture.drain() }
            for title in ["Lead", "Head"] {
                try await fixture.replaceUser(id, "jo") {
                    $0["title"] = .string(title)
                    $0["emails"] = refused
                }
            }
            fixture.double.add(UDMDouble.Fault(.dropAfterCommit, count: 1, methods: ["PATCH"]))
            try await fixture.withWorker({ $0.backoff = Backoff(base: .seconds(600), cap: .seconds(600)) }) {
                try await fixture.until { try await fixture.number("SELECT count(*) FROM job WHERE attempts = 1") == 1 }
            }
            #expect(fixture.object(id)?.properties["title"] == "Head")
            try await fixture.replaceUser(id, "taken") { $0["title"] = "Boss" }
            try await fixture.withWorker { try await fixture.drain() }
            let titles = fixture.double.requests().filter { $0.method == "PATCH" && $0.isCommitted }
                .compactMap { $0.body }.filter { $0.contains("Lead") }
            #expect(titles.isEmpty)
            #expect(fixture.object(id)?.properties["title"] == "Head")
            #expect(try await fixture.number("SELECT count(*) FROM dead_letter") == 1)
        }
    }

    @Test("UDM fails behind a write and then each time: it does not go back to an earlier one of those merged")
    func failsBehindTheWrite() async throws {
        try await SyncFixture.run { fixture in
            let id = try await fixture.createUser("jo")
            try await fixture.withWorker { try await fixture.drain() }
            for title in ["Lead", "Head"] {
                try await fixture.replaceUser(id, "jo") { $0["title"] = .string(title) }
            }
            fixture.double.add(UDMDouble.Fault(.failAfterCommit, count: 1, methods: ["PATCH"]))
            try await fixture.withWorker({ $0.backoff = Backoff(base: .seconds(600), cap: .seconds(600)) }) {
                try await fixture.until { try await fixture.number("SELECT count(*) FROM job WHERE attempts = 1") == 1 }
            }
            #expect(fixture.object(id)?.properties["title"] == "Head")
            fixture.double.add(UDMDouble.Fault(.internalError, methods: ["PATCH"]))
            try await fixture.replaceUser(id, "jo") {
                $0["title"] = "Head"
                $0["nickName"] = "J"
            }
            try await fixture.withWorker { try await fixture.drain() }
            let bodies = fixture.double.requests().filter { $0.method == "PATCH" }.compactMap(\.body)
            #expect(!bodies.contains { $0.contains("Lead") }, "\(bodies)")
            #expect(fixture.object(id)?.properties["title"] == "Head")
            #expect(try await fixture.states() == ["done": 1, "dead": 3])
        }
    }
}
