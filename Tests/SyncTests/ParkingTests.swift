// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import SCIM
import Storage
import Testing
import UDMDouble

@testable import Sync

/// Attributes that UDM refuses: parked, while the rest of the write and all later ones go through.
@Suite(.serialized) struct ParkingTests {
    private func refusing(_ property: String, _ methods: Set<String> = ["POST", "PATCH"]) -> UDMDouble.Fault {
        UDMDouble.Fault(.refuseProperty(name: property, message: "\(property) is bad"), methods: methods)
    }

    private func parked(_ fixture: SyncFixture, _ id: ResourceID) async throws -> [SyncStatus.ParkedAttribute] {
        try await fixture.database.resources.syncStatus(of: [id], tenant: "default")[id]?.parked ?? []
    }

    private func drained(_ fixture: SyncFixture) async throws {
        try await fixture.withWorker { try await fixture.drain() }
    }

    private func patches(_ fixture: SyncFixture) -> [String] {
        fixture.double.requests().filter { $0.method == "PATCH" }.compactMap(\.body)
    }

    @Test("The refused attribute is parked, everything else of the write is in UDM at once, and an event names it")
    func parks() async throws {
        try await SyncFixture.run { fixture in
            _ = fixture.double.add(refusing("title"))
            let id = try await fixture.createUser("jo", enqueues: false)
            try await fixture.replaceUser(id, "jo") {
                $0["title"] = "Lead"
                $0["userType"] = "staff"
            }
            try await drained(fixture)
            let object = try #require(fixture.object(id))
            #expect(object.properties["employeeType"] == "staff")
            #expect(object.properties["title"]?.stringValue ?? "" == "")
            #expect(try await fixture.states() == ["done": 1, "superseded": 1])
            #expect(try await fixture.status(id) == .partial)
            let parked = try #require(try await parked(fixture, id).first)
            #expect(parked.attribute == "title")
            #expect(parked.reason?.contains("title is bad") == true)
            #expect(parked.since > Timestamp.now().advanced(by: .seconds(-60)))

            let events = try await fixture.database.events.unsent(limit: 10, now: .now())
            let errors = events.filter { $0.kind == .error }
            #expect(events.count == 3 && errors.count == 1)
            let change = try #require(events.last { $0.kind == .change })
            #expect(errors[0].order == change.order && errors[0].id != change.id && errors[0].jobID == change.jobID)
            let error = try JSONValue(parsing: try #require(errors[0].error))
            #expect(error["attributes"] == ["title"])
            #expect(error["scimType"] == "invalidValue")
            #expect(error["retryable"] == false)
        }
    }

    @Test("Later writes leave it out; one that changes it tries again, and what went through is no longer parked")
    func unparks() async throws {
        try await SyncFixture.run { fixture in
            let fault = fixture.double.add(refusing("title"))
            let id = try await fixture.createUser("jo")
            try await drained(fixture)
            try await fixture.replaceUser(id, "jo") { $0["title"] = "Lead" }
            try await drained(fixture)
            let since = try #require(try await parked(fixture, id).first?.since)
            try await fixture.replaceUser(id, "jo") {
                $0["title"] = "Lead"
                $0["userType"] = "staff"
            }
            try await drained(fixture)
            #expect(fixture.object(id)?.properties["employeeType"] == "staff")
            // Refused once, tried once: the later write did not send it.
            #expect(patches(fixture).filter { $0.contains("\"title\"") }.count == 1)
            #expect(try await parked(fixture, id).map(\.since) == [since])

            // Another value that is refused is parked anew.
            try await fixture.replaceUser(id, "jo") { $0["title"] = "Head" }
            try await drained(fixture)
            #expect(patches(fixture).filter { $0.contains("\"title\"") }.count == 2)
            #expect(try #require(try await parked(fixture, id).first).since > since)
            let events = try await fixture.database.events.unsent(limit: 20, now: .now())
            let orders = events.filter { $0.kind == .error }.map(\.order)
            #expect(orders.count == 2 && Set(orders).count == 2)

            _ = fixture.double.remove(fault)
            try await fixture.replaceUser(id, "jo") { $0["title"] = "Boss" }
            try await drained(fixture)
            #expect(fixture.object(id)?.properties["title"] == "Boss")
            #expect(try await fixture.status(id) == .synced)
        }
    }

    @Test("A write that takes the bad value back, and an operator's replay, end it as well", arguments: [true, false])
    func endsOtherwise(takesBack: Bool) async throws {
        try await SyncFixture.run { fixture in
            let fault = fixture.double.add(refusing("title"))
            let id = try await fixture.createUser("jo")
            try await drained(fixture)
            try await fixture.replaceUser(id, "jo") { $0["title"] = "Lead" }
            try await drained(fixture)
            #expect(try await fixture.status(id) == .partial)
            if takesBack {
                try await fixture.replaceUser(id, "jo") { _ in }
            } else {
                _ = fixture.double.remove(fault)
                try await fixture.run("UPDATE sync_failure SET refused = NULL")
                try await fixture.replaceUser(id, "jo") {
                    $0["title"] = "Lead"
                    $0["nickName"] = "J"
                }
            }
            try await drained(fixture)
            #expect(try await fixture.status(id) == .synced)
            #expect(fixture.object(id)?.properties["title"]?.stringValue ?? "" == (takesBack ? "" : "Lead"))
        }
    }

    @Test("Several bad attributes of one write are several rows and one event")
    func several() async throws {
        try await SyncFixture.run { fixture in
            _ = fixture.double.add(refusing("title"))
            _ = fixture.double.add(refusing("employeeType"))
            let id = try await fixture.create(
                .user, ["userName": "jo", "name": ["familyName": "Roe"], "title": "Lead", "userType": "staff"])
            try await drained(fixture)
            #expect(fixture.object(id) != nil)
            #expect(try await parked(fixture, id).map(\.attribute) == ["title", "userType"])
            let events = try await fixture.database.events.unsent(limit: 10, now: .now())
            let error = try #require(events.first { $0.kind == .error }?.error)
            #expect(events.count == 2)
            #expect(Set(try JSONValue(parsing: error)["attributes"]?.arrayValue ?? []) == ["title", "userType"])
        }
    }

    @Test("Without the name and the family name there is no create: the job is dead")
    func required() async throws {
        try await SyncFixture.run { fixture in
            _ = fixture.double.add(refusing("lastname"))
            let id = try await fixture.createUser("jo")
            try await drained(fixture)
            #expect(fixture.object(id) == nil)
            #expect(try await fixture.status(id) == .failed)
            #expect(try await fixture.states() == ["dead": 1])
        }
    }

    @Test("A rename that UDM refuses by name is parked: the old name stays, the rest arrives")
    func rename() async throws {
        try await SyncFixture.run { fixture in
            let id = try await fixture.createUser("jo")
            try await drained(fixture)
            _ = fixture.double.add(refusing("username"))
            try await fixture.replaceUser(id, "joanna") { $0["title"] = "Lead" }
            try await drained(fixture)
            #expect(fixture.object(id)?.properties["username"] == "jo")
            #expect(fixture.object(id)?.properties["title"] == "Lead")
            #expect(try await parked(fixture, id).map(\.attribute) == ["userName"])
        }
    }

    @Test("Of one attribute that is several properties only the refused one stays out")
    func mailDomain() async throws {
        var settings = UDMDouble.Settings()
        settings.mailDomains = ["example.org"]
        try await SyncFixture.run(settings: settings) { fixture in
            let id = try await fixture.create(
                .user,
                [
                    "userName": "jo", "name": ["familyName": "Roe"],
                    "emails": [
                        ["value": "jo@elsewhere.test", "type": "mailbox"],
                        ["value": "alias@example.org", "type": "alias"], ["value": "jo@home.test", "type": "home"],
                    ],
                ])
            try await drained(fixture)
            let object = try #require(fixture.object(id))
            #expect(object.properties["mailPrimaryAddress"]?.stringValue == nil)
            #expect(object.properties["mailAlternativeAddress"] == ["alias@example.org"])
            #expect(object.properties["e-mail"] == ["jo@home.test"])
            #expect(try await parked(fixture, id).map(\.attribute) == ["emails"])
        }
    }

    @Test("A password that UDM refuses: a random one for a create, later writes go through, the next password counts")
    func password() async throws {
        try await SyncFixture.run { fixture in
            let id = try await fixture.createUser("jo", password: "short")
            try await drained(fixture)
            let posts = fixture.double.requests().filter { $0.method == "POST" }.compactMap(\.body)
            #expect(posts.count == 2 && posts[1].contains("overridePWHistory"))
            #expect(try await parked(fixture, id).map(\.attribute) == ["password"])
            #expect(try await fixture.number("SELECT count(*) FROM sync_failure WHERE refused = '{}'") == 1)
            #expect(
                try await fixture.number("SELECT count(*) FROM sync_failure WHERE error::text LIKE '%short\"%'") == 0)
            try await fixture.replaceUser(id, "jo") { $0["title"] = "Lead" }
            try await drained(fixture)
            #expect(fixture.object(id)?.properties["title"] == "Lead")
            #expect(try await fixture.status(id) == .partial)
            try await fixture.replace(
                .user, id, ["userName": "jo", "name": ["familyName": "Roe"], "password": "a-better-Passw0rd"])
            try await drained(fixture)
            #expect(try await fixture.status(id) == .synced)
        }
    }

    @Test("Members that UDM refuses do not hold up the group; the next write tries them again")
    func members() async throws {
        try await SyncFixture.run { fixture in
            let user = try await fixture.createUser("jo")
            try await drained(fixture)
            let fault = fixture.double.add(refusing("users"))
            let group = try await fixture.createGroup("crew", members: [user])
            try await drained(fixture)
            #expect(fixture.object(group) != nil)
            #expect(fixture.members(of: group).isEmpty)
            #expect(try await fixture.status(group) == .partial)
            #expect(try await parked(fixture, group).map(\.attribute) == ["members"])
            _ = fixture.double.remove(fault)
            try await fixture.replaceGroup(group, "crew-2", members: [user])
            try await drained(fixture)
            #expect(fixture.members(of: group).count == 1)
            #expect(try await fixture.status(group) == .synced)
        }
    }
}
