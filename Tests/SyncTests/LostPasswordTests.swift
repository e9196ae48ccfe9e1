// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import SCIM
import Storage
import Testing
import UDMDouble

@testable import Sync

/// Passwords of calls whose answers are lost: the newest one counts, whichever has arrived.
@Suite(.serialized) struct LostPasswordTests {
    private static func user(_ change: (inout JSONObject) -> Void) -> JSONValue {
        var user: JSONObject = ["userName": "jo", "name": ["familyName": "Roe"]]
        change(&user)
        return .object(user)
    }

    /// The next call of `method` is carried out, its answer is lost, and the job waits for longer than the test takes.
    private static func lose(_ method: String, _ fixture: SyncFixture) async throws {
        fixture.double.add(UDMDouble.Fault(.dropAfterCommit, count: 1, methods: [method]))
        try await fixture.withWorker({ $0.backoff = Backoff(base: .seconds(600), cap: .seconds(600)) }) {
            try await fixture.until { try await fixture.number("SELECT count(*) FROM job WHERE attempts = 1") == 1 }
        }
        #expect(fixture.double.requests().last { $0.method == method }?.isCommitted == true)
    }

    @Test("A create whose answer was lost had brought the first password: the second one is set all the same")
    func create() async throws {
        try await SyncFixture.run { fixture in
            let id = try await fixture.createUser("jo", password: "a-first-Passw0rd")
            try await Self.lose("POST", fixture)
            try await fixture.replace(.user, id, Self.user { $0["password"] = "a-second-Passw0rd" })
            try await fixture.withWorker { try await fixture.drain() }
            let changes = fixture.double.requests().filter { $0.method == "PATCH" && $0.isCommitted }
            #expect(changes.contains { $0.body?.contains("\"password\"") == true })
            #expect(fixture.double.check().recreatedIdentifiers.isEmpty)
            #expect(try await fixture.status(id) == .synced)
        }
    }

    @Test("The only password of a lost create is not refused when it is sent again")
    func createAgain() async throws {
        try await SyncFixture.run { fixture in
            let id = try await fixture.createUser("jo", password: "a-first-Passw0rd")
            try await Self.lose("POST", fixture)
            try await fixture.replaceUser(id, "jo") { $0["title"] = "Lead" }
            try await fixture.withWorker { try await fixture.drain() }
            #expect(fixture.object(id)?.properties["title"] == "Lead")
            #expect(try await fixture.status(id) == .synced)
            #expect(try await fixture.number("SELECT count(*) FROM sync_failure") == 0)
        }
    }

    @Test("A password that a call had set before it failed within UDM is not parked")
    func failedAfterCommit() async throws {
        try await SyncFixture.run { fixture in
            let id = try await fixture.createUser("jo")
            try await fixture.withWorker { try await fixture.drain() }
            fixture.double.add(UDMDouble.Fault(.failAfterCommit, count: 1, methods: ["PATCH"]))
            try await fixture.replace(.user, id, Self.user { $0["password"] = "a-first-Passw0rd" })
            try await fixture.withWorker { try await fixture.drain() }
            #expect(fixture.double.requests().filter { $0.method == "PATCH" }.count >= 2)
            #expect(try await fixture.status(id) == .synced)
            #expect(try await fixture.number("SELECT count(*) FROM sync_failure") == 0)
        }
    }

    @Test("A password is not parked when UDM is away after the change that has set it, while a name is looked at")
    func awayBehindTheChange() async throws {
        try await SyncFixture.run { fixture in
            func user(_ family: String, _ password: String?) -> JSONValue {
                Self.user {
                    $0["name"] = ["givenName": "Jo", "familyName": .string(family)]
                    $0["displayName"] = "Jo Roe"
                    if let password { $0["password"] = .string(password) }
                }
            }
            let id = try await fixture.create(.user, user("Roe", nil))
            try await fixture.withWorker { try await fixture.drain() }
            let before = fixture.double.requests().last?.sequence ?? 0
            fixture.double.add(UDMDouble.Fault(.latency(.fixed(milliseconds: 800)), count: 1, methods: ["PATCH"]))
            try await fixture.replace(.user, id, user("Smith", "a-first-Passw0rd"))
            try await fixture.withWorker {
                try await fixture.until {
                    fixture.double.requests(after: before).contains { $0.method == "PATCH" && $0.ended == nil }
                }
                fixture.double.add(UDMDouble.Fault(.directoryDown, count: 1, methods: ["GET"]))
                try await fixture.drain()
            }
            #expect(fixture.object(id)?.properties["displayName"] == "Jo Roe")
            #expect(fixture.object(id)?.properties["lastname"] == "Smith")
            #expect(try await fixture.status(id) == .synced)
            #expect(try await fixture.number("SELECT count(*) FROM sync_failure") == 0)
        }
    }

    @Test("A password that a lost change had set is not parked together with a value that is refused")
    func besideRefusal() async throws {
        try await SyncFixture.run(settings: UDMDouble.Settings(mailDomains: ["example.org"])) { fixture in
            let id = try await fixture.createUser("jo")
            try await fixture.withWorker { try await fixture.drain() }
            try await fixture.replace(.user, id, Self.user { $0["password"] = "a-first-Passw0rd" })
            try await Self.lose("PATCH", fixture)
            let refused: JSONValue = [["value": "jo@elsewhere.test", "type": "mailbox"]]
            try await fixture.replace(.user, id, Self.user { $0["emails"] = refused })
            try await fixture.withWorker { try await fixture.drain() }
            #expect(try await fixture.status(id) == .partial)
            #expect(try await fixture.number("SELECT count(*) FROM sync_failure WHERE attribute = 'emails'") == 1)
            #expect(try await fixture.number("SELECT count(*) FROM sync_failure") == 1)
        }
    }
}
