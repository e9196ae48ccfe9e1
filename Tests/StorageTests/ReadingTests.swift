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

    @Test("A user is read with its groups, direct and through others, none when it has none")
    func userGroups() async throws {
        try await StorageFixture.run { fixture in
            let jo = try await fixture.createUser("jo")
            let alone = try await fixture.store.read(
                .user, jo.id, tenant: "default", client: "idp", baseURL: testBaseURL)
            #expect(alone?.groups == nil)
            let inner = try await fixture.createGroup("Inner \"group\"", [jo.id])
            let outer = try await fixture.createGroup("outer", [inner.id])
            let read = try #require(
                try await fixture.store.read(.user, jo.id, tenant: "default", client: "idp", baseURL: testBaseURL))
            let direct: JSONValue = [
                "value": .string(inner.id.description), "$ref": .string("\(testBaseURL)/Groups/\(inner.id)"),
                "display": "Inner \"group\"", "type": "direct",
            ]
            let indirect: JSONValue = [
                "value": .string(outer.id.description), "$ref": .string("\(testBaseURL)/Groups/\(outer.id)"),
                "display": "outer", "type": "indirect",
            ]
            let expected = inner.id < outer.id ? [direct, indirect] : [indirect, direct]
            #expect(try JSONValue(parsing: try #require(read.groups)) == .array(expected))
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
}
