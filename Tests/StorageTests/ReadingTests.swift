// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import Postgres
import SCIM
import Testing

@testable import Storage

@Suite("Reading resources", .timeLimit(.minutes(3))) struct ReadingTests {
    @Test("What is not there, or of another type or tenant, is not read")
    func missing() async throws {
        try await StorageFixture.run { fixture in
            let jo = try await fixture.createUser("jo")
            #expect(try await fixture.store.read(.user, .random(), tenant: "default", client: "idp") == nil)
            #expect(try await fixture.store.read(.group, jo.id, tenant: "default", client: "idp") == nil)
            #expect(try await fixture.store.read(.user, jo.id, tenant: "other", client: "idp") == nil)
        }
    }

    @Test("A user is read with its direct groups, none when it has none")
    func userGroups() async throws {
        try await StorageFixture.run { fixture in
            let jo = try await fixture.createUser("jo")
            let alone = try await fixture.store.read(
                .user, jo.id, tenant: "default", client: "idp", baseURL: testBaseURL)
            #expect(alone?.groups == nil)
            let inner = try await fixture.createGroup("Inner \"group\"", [jo.id])
            _ = try await fixture.createGroup("outer", [inner.id])
            let read = try #require(
                try await fixture.store.read(.user, jo.id, tenant: "default", client: "idp", baseURL: testBaseURL))
            let expected: JSONValue = [
                [
                    "value": .string(inner.id.description), "$ref": .string("\(testBaseURL)/Groups/\(inner.id)"),
                    "display": "Inner \"group\"", "type": "direct",
                ]
            ]
            #expect(try JSONValue(parsing: try #require(read.groups)) == expected)
            let groups = try await fixture.store.groups(of: jo.id, tenant: "default", baseURL: testBaseURL)
            #expect(groups == read.groups)
            #expect(read.members == nil)
        }
    }

    @Test("The members of a group come with reference, type and display, in the order in which they came")
    func members() async throws {
        try await StorageFixture.run { fixture in
            let named = try await fixture.store.create(user("b", displayName: "Bea"), context: testContext).resource()
            let plain = try await fixture.createUser("a")
            let inner = try await fixture.createGroup("inner")
            let target = try await fixture.createGroup("g", [named.id])
            for members in [[named.id, plain.id], [named.id, plain.id, inner.id]] {
                _ = try await fixture.store.replace(
                    .group, target.id, with: group("g", members: members), context: testContext)
            }
            let expected: JSONValue = [
                [
                    "value": .string(named.id.description), "$ref": .string("\(testBaseURL)/Users/\(named.id)"),
                    "display": "Bea", "type": "User",
                ],
                [
                    "value": .string(plain.id.description), "$ref": .string("\(testBaseURL)/Users/\(plain.id)"),
                    "display": "a", "type": "User",
                ],
                [
                    "value": .string(inner.id.description), "$ref": .string("\(testBaseURL)/Groups/\(inner.id)"),
                    "display": "inner", "type": "Group",
                ],
            ]
            let members = try #require(
                try await fixture.store.members(of: target.id, tenant: "default", baseURL: testBaseURL))
            #expect(try JSONValue(parsing: members) == expected)
            let read = try await fixture.store.read(
                .group, target.id, tenant: "default", client: "idp", baseURL: testBaseURL, withMembers: true)
            #expect(read?.members == members)
            let without = try await fixture.store.read(
                .group, target.id, tenant: "default", client: "idp", baseURL: testBaseURL)
            #expect(without != nil && without?.members == nil)
            let groups = try await fixture.store.groups(of: inner.id, tenant: "default", baseURL: testBaseURL)
            #expect(groups != nil)
        }
    }

    @Test("An empty group has no members attribute")
    func noMembers() async throws {
        try await StorageFixture.run { fixture in
            let target = try await fixture.createGroup("g")
            #expect(try await fixture.store.members(of: target.id, tenant: "default", baseURL: testBaseURL) == nil)
            let read = try await fixture.store.read(
                .group, target.id, tenant: "default", client: "idp", baseURL: testBaseURL, withMembers: true)
            #expect(read != nil && read?.members == nil)
        }
    }

    @Test("Text that JSON has to escape comes back as it was sent")
    func text() async throws {
        try await StorageFixture.run { fixture in
            let text = "quotes \" and \\ and \u{7} and \u{1F600} and ü and \u{2028}"
            let stored = try await fixture.store.create(user("jo", displayName: text), context: testContext).resource()
            #expect(try await fixture.read(stored)?.parsedAttributes()["displayName"] == .string(text))
        }
    }

    @Test("Pages of a list hold every resource once, in one order, with the total of all")
    func paging() async throws {
        try await StorageFixture.run { fixture in
            var ids: [ResourceID] = []
            for number in 0..<25 { ids.append(try await fixture.createUser("user\(number)").id) }
            _ = try await fixture.createGroup("g", [ids[0]])
            _ = try await fixture.store.create(user("foreign"), context: context(tenant: "other"))
            var listed: [ResourceID] = []
            for start in stride(from: Int64(1), through: 25, by: 10) {
                let page = try await fixture.store.list(
                    .user, tenant: "default", client: "idp", startIndex: start, count: 10)
                #expect(page.total == 25)
                #expect(page.resources.count == min(10, 26 - Int(start)))
                listed += page.resources.map(\.id)
            }
            #expect(listed == ids.sorted())
        }
    }

    @Test(
        "A page beyond the end, or of nothing, has only the total",
        arguments: [(26, 10, 0), (1, 0, 0), (0, 2, 2), (-5, 2, 2), (25, 10, 1)] as [(Int64, Int64, Int)])
    func edges(startIndex: Int64, count: Int64, expected: Int) async throws {
        try await StorageFixture.run { fixture in
            try await fixture.connection.run(
                """
                INSERT INTO resource (tenant, type, id, revision, "order", created_at, modified_at, attributes)
                SELECT 'default', 'User', gen_random_uuid(), 1, n, now(), now(), '{}' FROM generate_series(1, 25) n
                """)
            let page = try await fixture.store.list(
                .user, tenant: "default", client: "idp", startIndex: startIndex, count: count, baseURL: testBaseURL)
            #expect(page.total == 25)
            #expect(page.resources.count == expected)
        }
    }

    @Test("An empty list has the total 0")
    func emptyList() async throws {
        try await StorageFixture.run { fixture in
            let page = try await fixture.store.list(.group, tenant: "default", client: "idp", startIndex: 1, count: 10)
            #expect(page.total == 0)
            #expect(page.resources.isEmpty)
        }
    }

    @Test("A list brings external ids of its client, groups of users and members of groups")
    func relatedList() async throws {
        try await StorageFixture.run { fixture in
            let jo = try await fixture.store.create(user("jo", externalId: "e"), context: testContext).resource()
            let target = try await fixture.createGroup("g", [jo.id])
            let users = try await fixture.store.list(
                .user, tenant: "default", client: "idp", startIndex: 1, count: 10, baseURL: testBaseURL)
            #expect(users.resources.first?.externalId == "e")
            let groups = try JSONValue(parsing: try #require(users.resources.first?.groups))
            #expect(groups[0]?["value"] == .string(target.id.description))
            let foreign = try await fixture.store.list(
                .user, tenant: "default", client: "other", startIndex: 1, count: 10)
            #expect(foreign.resources.first?.externalId == nil)
            #expect(foreign.resources.first?.groups == nil)
            let list = try await fixture.store.list(
                .group, tenant: "default", client: "idp", startIndex: 1, count: 10, baseURL: testBaseURL)
            let members = try JSONValue(parsing: try #require(list.resources.first?.members))
            #expect(members[0]?["value"] == .string(jo.id.description))
        }
    }
}
