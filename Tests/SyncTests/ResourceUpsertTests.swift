// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import SCIM
import Storage
import Testing
import UDM
import UDMDouble

@testable import Sync

/// What the commands `user` and `group` do, on a real database and queue, with workers and UDM's double.
@Suite(.serialized, .timeLimit(.minutes(5))) struct ResourceUpsertTests {
    private static let origin = ResourceUpsert.Origin(tenant: "default", client: "cli", actor: "op")
    private static let unpushed = ResourceUpsert.Origin(
        tenant: "default", client: "cli", actor: "op", isPushed: false)

    private func upsert(_ fixture: SyncFixture, rules: DirectoryRules = DirectoryRules()) -> ResourceUpsert {
        ResourceUpsert(database: fixture.database, queue: fixture.queue, registry: .standard, rules: rules)
    }

    private static func user(_ name: String, _ more: JSONObject = JSONObject()) -> JSONObject {
        var user: JSONObject = ["userName": .string(name), "name": ["givenName": "Ada", "familyName": "Byron"]]
        for (key, value) in more { user[key] = value }
        return user
    }

    @Test("A user is created, pushed, changed and left alone when nothing differs")
    func user() async throws {
        try await SyncFixture.run { fixture in
            let upsert = upsert(fixture)
            let created = try await upsert.upsert(
                .init(.user, Self.user("ada", ["externalId": "7", "password": "a-Passw0rd!"])), as: Self.origin)
            #expect(created.outcome == .created)
            #expect(created.revision == 1)
            #expect(created.job != nil)
            #expect(created.redisProblem == nil)
            try await fixture.withWorker { try await fixture.drain() }
            #expect(fixture.object(created.id)?.properties["lastname"] == "Byron")

            // The password is no reason to write it again.
            let again = try await upsert.upsert(
                .init(.user, Self.user("ADA", ["externalId": "7", "password": "a-Passw0rd!"])), as: Self.origin)
            #expect(again.outcome == .unchanged)
            #expect(again.id == created.id)
            #expect(again.revision == 1)
            #expect(again.job == nil)
            #expect(try await fixture.database.jobs.statistics().openJobs == 0)

            // What is not given stays, what follows from the name follows.
            let changed = try await upsert.upsert(
                .init(.user, ["userName": "Ada", "name": ["familyName": "Lovelace"]]), as: Self.origin)
            #expect(changed.outcome == .changed)
            #expect(changed.revision == 2)
            try await fixture.withWorker { try await fixture.drain() }
            let object = try #require(fixture.object(created.id))
            #expect(object.properties["username"] == "ada")
            #expect(object.properties["firstname"] == "Ada")
            #expect(object.properties["lastname"] == "Lovelace")
            #expect(object.properties["displayName"] == "Ada Lovelace")

            let other = try await fixture.database.resources.read(
                .user, created.id, tenant: "default", client: "other")
            #expect(other?.externalId == nil)
            let stored = try await fixture.database.resources.read(.user, created.id, tenant: "default", client: "cli")
            #expect(stored?.externalId == "7")
            let report = try await fixture.database.operators.inspection.report(
                on: ResourceSubject(tenant: "default", type: .user, id: created.id))
            #expect(report.audit.map(\.action) == ["edit", "create"])
            #expect(report.audit.allSatisfy { !String(decoding: $0.details, as: UTF8.self).contains("Passw0rd") })
            #expect(report.jobs.map(\.summary.client) == ["cli", "cli"])
        }
    }

    @Test("A password of a user that is there is set when that is wanted, and it is pushed")
    func password() async throws {
        try await SyncFixture.run { fixture in
            let upsert = upsert(fixture)
            let wish = ResourceUpsert.Wish(
                .user, Self.user("ada", ["password": "a-Passw0rd!"]), resetsPassword: true)
            let created = try await upsert.upsert(wish, as: Self.origin)
            #expect(created.outcome == .created)
            #expect(try await upsert.upsert(wish, as: Self.origin).outcome == .changed)
            #expect(try await fixture.number("SELECT count(*) FROM job WHERE secret IS NOT NULL") == 2)
        }
    }

    @Test(
        "What the schemas or the directory refuse is refused by the attribute's name, for a new user and for one that is there",
        arguments: [
            (["active": "perhaps"], "active "), (["emails": [["value": 7]]], "emails[0].value "),
            (["name": ["familyName": JSONValue.null]], "name"), (["password": "short"], "password "),
        ] as [(JSONObject, String)])
    func refused(attributes: JSONObject, path: String) async throws {
        try await SyncFixture.run { fixture in
            let upsert = upsert(fixture)
            let wish = ResourceUpsert.Wish(.user, Self.user("ada", attributes), resetsPassword: true)
            for _ in 0..<2 {
                let error = await #expect(throws: SCIMError.self) { try await upsert.upsert(wish, as: Self.origin) }
                #expect(error?.detail.hasPrefix(path) == true, "\(error?.detail ?? "")")
                _ = try await upsert.upsert(.init(.user, Self.user("ada")), as: Self.origin)
            }
            #expect(try await fixture.database.jobs.statistics().openJobs == 1)
            let rules = DirectoryRules(mailDomains: ["example.org"])
            let hosted = Self.user("bo", ["emails": [["value": "bo@example.com", "type": "mailbox"]]])
            await #expect(throws: SCIMError.self) {
                try await self.upsert(fixture, rules: rules).upsert(.init(.user, hosted), as: Self.origin)
            }
            for name in ["", "a b", "-a"] {
                await #expect(throws: SCIMError.self) {
                    try await upsert.upsert(.init(.user, Self.user(name)), as: Self.origin)
                }
            }
        }
    }

    @Test("Names are shared by users and groups, whoever made them")
    func clash() async throws {
        try await SyncFixture.run { fixture in
            let upsert = upsert(fixture)
            try await fixture.createGroup("ada", members: [])
            await #expect(throws: UpsertRefusal.taken(UniqueClaim(kind: .name, value: "ada"))) {
                try await upsert.upsert(.init(.user, Self.user("Ada")), as: Self.origin)
            }
            let id = try await fixture.createUser("bo")
            await #expect(throws: UpsertRefusal.taken(UniqueClaim(kind: .name, value: "bo"))) {
                try await upsert.upsert(.init(.group, ["displayName": "bo"]), as: Self.origin)
            }
            // A user that an identity provider made is found too.
            let changed = try await upsert.upsert(.init(.user, ["userName": "bo", "title": "Dr"]), as: Self.origin)
            #expect(changed.id == id)
            await #expect(throws: UpsertRefusal.taken(UniqueClaim(kind: .name, value: "ada"))) {
                try await upsert.upsert(.init(.user, ["userName": "ada"], id: id), as: Self.origin)
            }
            let renamed = try await upsert.upsert(.init(.user, ["userName": "carl"], id: id), as: Self.origin)
            #expect(renamed.outcome == .changed)
            #expect(try await upsert.upsert(.init(.user, ["userName": "carl"]), as: Self.origin).id == id)
        }
    }

    @Test("Members come by id or name and stay; they leave when they are removed")
    func members() async throws {
        try await SyncFixture.run { fixture in
            let upsert = upsert(fixture)
            let ada = try await fixture.createUser("ada")
            let bo = try await fixture.createUser("bo")
            let inner = try await fixture.createGroup("inner", members: [])
            let wish = ResourceUpsert.Wish(
                .group, ["displayName": "team", "members": [["value": .string(ada.description)]]],
                members: ["BO", ada.description])
            let created = try await upsert.upsert(wish, as: Self.origin)
            #expect(created.outcome == .created)
            #expect(try await upsert.upsert(wish, as: Self.origin).outcome == .unchanged)
            let team = created.id.description
            #expect(
                try await upsert.upsert(.init(.group, ["displayName": "team"], members: ["inner"]), as: Self.origin)
                    .outcome == .changed)
            #expect(
                try await upsert.changeMembers(of: "Team", ["inner", "ada"], isAddition: true, as: Self.origin).outcome
                    == .unchanged)
            #expect(
                try await upsert.changeMembers(of: team, ["bo"], isAddition: false, as: Self.origin).outcome
                    == .changed)
            #expect(
                try await upsert.changeMembers(of: team, ["bo"], isAddition: false, as: Self.origin).outcome
                    == .unchanged)
            let members = try await fixture.number(
                """
                SELECT count(*) FROM group_member WHERE group_id = '\(team)' AND removed_revision IS NULL
                    AND member_id IN ('\(ada)', '\(inner)')
                """)
            #expect(members == 2)
            #expect(
                try await fixture.number("SELECT revision FROM resource WHERE id = '\(team)'") == 3)

            for name in ["nobody", ResourceID.random().description] {
                await #expect(throws: UpsertRefusal.unknown([name])) {
                    try await upsert.changeMembers(of: "team", ["bo", name], isAddition: true, as: Self.origin)
                }
                await #expect(throws: UpsertRefusal.unknown([name])) {
                    try await upsert.upsert(.init(.group, ["displayName": "new"], members: [name]), as: Self.origin)
                }
            }
            await #expect(throws: UpsertRefusal.noGroup("ada")) {
                try await upsert.changeMembers(of: "ada", ["bo"], isAddition: true, as: Self.origin)
            }
            await #expect(throws: UpsertRefusal.cycle) {
                try await upsert.changeMembers(of: "inner", ["team"], isAddition: true, as: Self.origin)
            }
            try await fixture.withWorker { try await fixture.drain() }
            #expect(fixture.members(of: created.id).count == 1)
            #expect(try await fixture.status(bo) == .synced)
        }
    }

    @Test("A write without push owes UDM nothing; the next one brings all of it")
    func unpushed() async throws {
        try await SyncFixture.run { fixture in
            let upsert = upsert(fixture)
            let created = try await upsert.upsert(.init(.user, Self.user("ada")), as: Self.unpushed)
            #expect(created.outcome == .created)
            #expect(created.job == nil)
            #expect(try await upsert.upsert(.init(.user, Self.user("ada")), as: Self.unpushed).outcome == .unchanged)
            // With a push there is nothing to do either: it is so already.
            #expect(try await upsert.upsert(.init(.user, Self.user("ada")), as: Self.origin).outcome == .unchanged)
            let team = try await upsert.upsert(
                .init(.group, ["displayName": "team"], members: ["ada"]), as: Self.unpushed)
            #expect(try await fixture.states() == ["cancelled": 2])
            #expect(try await fixture.number("SELECT count(*) FROM event_outbox") == 0)
            #expect(fixture.object(created.id) == nil)

            let changed = try await upsert.upsert(
                .init(.user, ["userName": "ada", "title": "Dr"]), as: Self.origin)
            #expect(changed.job != nil)
            _ = try await upsert.upsert(
                .init(.group, ["displayName": "team", "externalId": "t"]), as: Self.origin)
            try await fixture.withWorker { try await fixture.drain() }
            let object = try #require(fixture.object(created.id))
            #expect(object.properties["lastname"] == "Byron")
            #expect(object.properties["title"] == "Dr")
            try await fixture.withWorker {
                try await fixture.until { fixture.members(of: team.id) == [object.dn] }
            }
            #expect(try await fixture.status(created.id) == .synced)
        }
    }

    @Test("What was not pushed is pushed by a replay")
    func replayed() async throws {
        try await SyncFixture.run { fixture in
            let created = try await upsert(fixture).upsert(.init(.user, Self.user("ada")), as: Self.unpushed)
            let replay = DeadLetterReplay(database: fixture.database, queue: fixture.queue)
            guard case .queued(_, .create, settled: 0)? = try await replay.replay(created.id, by: "op")?.result else {
                Issue.record("not queued")
                return
            }
            try await fixture.withWorker { try await fixture.drain() }
            #expect(fixture.object(created.id)?.properties["lastname"] == "Byron")
        }
    }

    @Test("A user with the identifier of an account in UDM is that account, and is changed there, not made again")
    func identifier() async throws {
        try await SyncFixture.run { fixture in
            let upsert = upsert(fixture)
            let account = try await fixture.foreignUser("ada")
            let wish = ResourceUpsert.Wish(.user, Self.user("ada"), id: account)
            let created = try await upsert.upsert(wish, as: Self.unpushed)
            #expect(created.outcome == .created)
            #expect(created.id == account)
            #expect(try await upsert.upsert(wish, as: Self.unpushed).outcome == .unchanged)
            #expect(fixture.object(account)?.properties["lastname"] == "Foreign")
            _ = try await upsert.upsert(.init(.user, ["userName": "ada", "title": "Dr"]), as: Self.origin)
            try await fixture.withWorker { try await fixture.drain() }
            #expect(try await fixture.status(account) == .synced)
            #expect(fixture.object(account)?.properties["lastname"] == "Byron")
            #expect(fixture.object(account)?.properties["title"] == "Dr")

            await #expect(throws: UpsertRefusal.otherID("ada", account)) {
                try await upsert.upsert(.init(.user, Self.user("ada"), id: .random()), as: Self.origin)
            }
            await #expect(throws: UpsertRefusal.usedID(account)) {
                try await upsert.upsert(.init(.group, ["displayName": "team"], id: account), as: Self.origin)
            }
        }
    }

    @Test("Two that create the same user at the same time end with one user")
    func race() async throws {
        try await SyncFixture.run { fixture in
            let upsert = upsert(fixture)
            let results = try await withThrowingTaskGroup(of: ResourceUpsert.Result.self) { group in
                for _ in 0..<6 {
                    group.addTask { try await upsert.upsert(.init(.user, Self.user("ada")), as: Self.origin) }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(Set(results.map(\.id)).count == 1)
            #expect(results.count { $0.outcome == .created } == 1)
            #expect(try await fixture.database.jobs.statistics().openJobs == 1)
        }
    }
}
