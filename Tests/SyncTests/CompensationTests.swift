// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import SCIM
import Storage
import Testing
import UDMDouble

@testable import Sync

/// What is undone in SCIM after a refusal for good, where an operator wants that.
@Suite(.serialized) struct CompensationTests {
    private func run(_ fixture: SyncFixture) async throws {
        try await fixture.withWorker({ $0.revertsRefusals = true }) { try await fixture.drain() }
        try await compensate(fixture)
        try await fixture.withWorker({ $0.revertsRefusals = true }) { try await fixture.drain() }
    }

    private func compensate(_ fixture: SyncFixture) async throws {
        try await Compensation(
            jobs: fixture.database.jobs, resources: fixture.database.resources, queue: fixture.queue,
            logger: fixture.logger
        ).run()
    }

    private func resource(_ fixture: SyncFixture, _ id: ResourceID) async throws -> JSONObject? {
        try await fixture.database.resources.read(.user, id, tenant: "default", client: "test")?.parsedAttributes()
    }

    private func audit(_ fixture: SyncFixture, _ action: CompensationEnd) async throws -> Int {
        try await fixture.number("SELECT count(*) FROM audit_log WHERE action = '\(action.rawValue)'")
    }

    @Test("Only what later writes did not touch is undone")
    func reverted() {
        let enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
        let former: JSONObject = ["userName": "a", "title": "Old", .init(enterprise): ["department": "X"]]
        let refused: JSONObject = [
            "userName": "b", "nickName": "N", .init(enterprise): ["department": "Y", "organization": "O"],
        ]
        var present = refused
        present["title"] = "Later"
        #expect(
            Compensation.reverted(present, refused: refused, former: former) == [
                "userName": "a", "title": "Later", .init(enterprise): ["department": "X"],
            ])
        present["userName"] = "c"
        let some = Compensation.reverted(
            present, refused: refused, former: former, only: ["nickName", "\(enterprise):department"])
        #expect(some["userName"] == "c" && some["nickName"] == nil)
        #expect(some[enterprise] == ["department": "X", "organization": "O"])
    }

    @Test("Of an attribute with parts only the refused one is undone", arguments: [false, true])
    func partReverted(isCreate: Bool) {
        let former: JSONObject = isCreate ? [:] : ["name": ["givenName": "Jo", "familyName": "Roe"]]
        let refused: JSONObject = ["name": ["givenName": "??", "familyName": "New"]]
        let reverted = Compensation.reverted(refused, refused: refused, former: former, only: ["name.givenName"])
        let wanted: JSONValue = isCreate ? ["familyName": "New"] : ["givenName": "Jo", "familyName": "New"]
        #expect(reverted == ["name": wanted])
    }

    @Test("A change that is refused is undone by a revision of our own, told by its own event, and the failure is over")
    func change() async throws {
        try await SyncFixture.run { fixture in
            _ = try await fixture.foreignUser("taken")
            let id = try await fixture.createUser("jo")
            try await fixture.withWorker { try await fixture.drain() }
            try await fixture.replaceUser(id, "taken") { $0["title"] = "Lead" }
            try await run(fixture)
            #expect(try await resource(fixture, id)?["userName"] == "jo")
            #expect(try await resource(fixture, id)?["title"] == nil)
            #expect(try await fixture.status(id) == .synced)
            #expect(try await audit(fixture, .reverted) == 1)
            let events = try await fixture.database.events.unsent(limit: 10, now: .now())
            #expect(events.map(\.kind) == [.change, .error, .change])
            #expect(events.last?.client == Compensation.client)
            #expect(try await fixture.number("SELECT count(*) FROM compensation") == 0)
        }
    }

    @Test("A create that never reached UDM is removed, with its memberships")
    func create() async throws {
        try await SyncFixture.run { fixture in
            _ = try await fixture.foreignUser("taken")
            let id = try await fixture.createUser("taken")
            let group = try await fixture.createGroup("crew", members: [id])
            try await run(fixture)
            #expect(try await resource(fixture, id) == nil)
            #expect(try await audit(fixture, .removed) == 1)
            #expect(
                try await fixture.number(
                    "SELECT count(*) FROM group_member WHERE group_id = '\(group)' AND removed_revision IS NULL") == 0)
        }
    }

    @Test("A parked attribute goes back to what UDM has")
    func parked() async throws {
        try await SyncFixture.run { fixture in
            let id = try await fixture.createUser("jo")
            try await fixture.withWorker { try await fixture.drain() }
            _ = fixture.double.add(UDMDouble.Fault(.refuseProperty(name: "title", message: "no"), methods: ["PATCH"]))
            try await fixture.replaceUser(id, "jo") { $0["title"] = "Lead" }
            try await fixture.replaceUser(id, "jo") {
                $0["title"] = "Lead"
                $0["userType"] = "staff"
            }
            try await run(fixture)
            #expect(try await resource(fixture, id)?["title"] == nil)
            #expect(try await resource(fixture, id)?["userType"] == "staff")
            #expect(try await fixture.status(id) == .synced)
        }
    }

    @Test("What a client wrote and UDM refused is undone also when a compensation has carried it")
    func carried() async throws {
        try await SyncFixture.run { fixture in
            let id = try await fixture.createUser("jo")
            try await fixture.withWorker { try await fixture.drain() }
            for name in ["title", "organisation"] {
                _ = fixture.double.add(UDMDouble.Fault(.refuseProperty(name: name, message: "no"), methods: ["PATCH"]))
            }
            try await fixture.replaceUser(id, "jo") { $0["title"] = "Lead" }
            try await fixture.withWorker({ $0.revertsRefusals = true }) { try await fixture.drain() }
            let enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
            try await fixture.replaceUser(id, "jo") {
                $0["title"] = "Lead"
                $0[enterprise] = ["organization": "O"]
            }
            // Two open jobs: the client's, and the one that takes the title back.
            try await compensate(fixture)
            #expect(try await fixture.number("SELECT count(*) FROM job") == 2)
            try await run(fixture)
            #expect(try await resource(fixture, id)?["title"] == nil)
            #expect(try await resource(fixture, id)?[enterprise] == nil)
            #expect(try await fixture.status(id) == .synced)
            #expect(try await fixture.number("SELECT count(*) FROM compensation") == 0)
        }
    }

    @Test("Behind a create whose answer was lost a refused name goes back to the one that it brought")
    func lostCreate() async throws {
        try await SyncFixture.run(settings: UDMDouble.Settings(reservedNames: ["admin"])) { fixture in
            let id = try await fixture.createUser("jo")
            fixture.double.add(UDMDouble.Fault(.dropAfterCommit, count: 1, methods: ["POST"]))
            try await fixture.withWorker({ $0.backoff = Backoff(base: .seconds(600), cap: .seconds(600)) }) {
                try await fixture.until { try await fixture.number("SELECT count(*) FROM job WHERE attempts = 1") == 1 }
            }
            try await fixture.replaceUser(id, "admin") { $0["title"] = "Lead" }
            try await run(fixture)
            #expect(try await resource(fixture, id)?["userName"] == "jo")
            #expect(try await resource(fixture, id)?["title"] == "Lead")
            #expect(fixture.object(id)?.properties["username"] == "jo")
            #expect(try await fixture.status(id) == .synced)
        }
    }

    @Test("What is meanwhile another resource's stays, and an event says so")
    func kept() async throws {
        try await SyncFixture.run { fixture in
            _ = try await fixture.foreignUser("taken")
            let id = try await fixture.createUser("jo")
            try await fixture.withWorker { try await fixture.drain() }
            try await fixture.replaceUser(id, "taken") { _ in }
            let other = try await fixture.createUser("jo", enqueues: false)
            try await fixture.withWorker({ $0.revertsRefusals = true }) {
                try await fixture.until { try await fixture.status(id) == .failed }
            }
            try await fixture.enqueue(.user, other)
            try await run(fixture)
            #expect(try await resource(fixture, id)?["userName"] == "taken")
            #expect(try await audit(fixture, .kept) == 1)
            let events = try await fixture.database.events.unsent(limit: 20, now: .now())
            #expect(events.filter { $0.kind == .error && $0.resourceID == id }.count == 2)
        }
    }

    @Test("Without the wish nothing is owed")
    func keep() async throws {
        try await SyncFixture.run { fixture in
            _ = try await fixture.foreignUser("taken")
            _ = try await fixture.createUser("taken")
            try await fixture.withWorker { try await fixture.drain() }
            #expect(try await fixture.states() == ["dead": 1])
            #expect(try await fixture.number("SELECT count(*) FROM compensation") == 0)
        }
    }
}
