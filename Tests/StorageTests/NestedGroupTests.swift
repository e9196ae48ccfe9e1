// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import Postgres
import SCIM
import TestSupport
import Testing

@testable import Storage

private func add(_ ids: ResourceID...) -> MemberChanges.Step {
    .change(adding: ids.map { .init(id: $0, type: nil) }, removing: [])
}

@Suite("Groups in groups", .timeLimit(.minutes(3))) struct NestedGroupTests {
    /// How a member can come.
    enum Way: CaseIterable { case replace, update, change, replaceMembers }

    private func put(
        _ member: ResourceID, into group: StoredResource, _ way: Way, _ store: ResourceStore
    ) async throws -> UpdateResult {
        switch way {
        case .replace:
            var resource = ValidatedResource(type: .group, attributes: try group.parsedAttributes())
            resource.members = [.init(id: member, type: nil)]
            return try await store.replace(.group, group.id, with: resource, context: testContext)
        case .update:
            return try await store.update(.group, group.id, context: testContext) { current, attributes in
                var attributes = attributes
                attributes["title"] = "x"
                return ResourceChange(
                    attributes: attributes, externalId: current.externalId, members: .steps([add(member)]))
            }
        case .change: return try await store.changeMembers(of: group.id, [add(member)], context: testContext)
        case .replaceMembers:
            return try await store.changeMembers(
                of: group.id, [.replace(with: [.init(id: member, type: .group)])], context: testContext)
        }
    }

    @Test("A group in itself, or in a group below it, is refused, whichever way it comes", arguments: Way.allCases)
    func cycle(way: Way) async throws {
        try await StorageFixture.run { fixture in
            let a = try await fixture.createGroup("a")
            let b = try await fixture.createGroup("b", [a.id])
            let c = try await fixture.createGroup("c", [b.id])
            #expect(try await put(a.id, into: a, way, fixture.store).isCycle)
            #expect(try await put(c.id, into: a, way, fixture.store).isCycle)
            #expect(try await put(b.id, into: a, way, fixture.store).isCycle)
            #expect(try await fixture.memberIDs(of: a.id) == [])
            #expect(try await fixture.read(a)?.revision == 1)
            // Twice below one group is no cycle, and what has left is none any more.
            #expect(try await put(a.id, into: c, way, fixture.store).isUpdated)
            let left = try await fixture.store.changeMembers(
                of: c.id, [.change(adding: [], removing: [a.id, b.id])], context: testContext)
            #expect(left.isUpdated || left.isUnchanged)
            #expect(try await put(c.id, into: a, way, fixture.store).isUpdated)
        }
    }

    @Test("A in B and B in A at the same moment, in two processes: one is refused", arguments: Way.allCases)
    func race(way: Way) async throws {
        try await StorageFixture.run { fixture in
            let other = fixture.anotherDatabase()
            for round in 0..<10 {
                let a = try await fixture.createGroup("a\(round)")
                let b = try await fixture.createGroup("b\(round)")
                async let first = put(b.id, into: a, way, fixture.store)
                async let second = put(a.id, into: b, way, other.resources)
                let results = try await [first, second]
                #expect(results.filter(\.isUpdated).count == 1)
                #expect(results.filter(\.isCycle).count == 1)
            }
            await other.close()
        }
    }

    /// The one who comes first is this test, on a connection of its own.
    @Test("Whoever is second waits for the first and is refused, in both orders", arguments: [true, false])
    func order(outerFirst: Bool) async throws {
        try await StorageFixture.run { fixture in
            let a = try await fixture.createGroup("a").id
            let b = try await fixture.createGroup("b").id
            let (first, second) = outerFirst ? (a, b) : (b, a)
            let locker = fixture.connection
            try await locker.run("BEGIN")
            try await GroupMembers.lockNesting("default", ifGroupIn: [add(second)], on: locker)
            let members = GroupMembers(tenant: "default", group: first, connection: locker)
            let groups = try await members.admit([.init(id: second, type: nil)])
            #expect(groups == [second])
            _ = try await members.apply(try #require(MemberIntent([add(second)])), groups: groups, revision: 2)
            async let change = fixture.store.changeMembers(of: second, [add(first)], context: testContext)
            try await wait(until: "the second waits for the lock of nesting") {
                try await fixture.number(
                    """
                    SELECT count(*) FROM pg_locks w JOIN pg_locks h USING (locktype, database, classid, objid, objsubid)
                    WHERE w.locktype = 'advisory' AND NOT w.granted AND h.granted AND h.pid = pg_backend_pid()
                    """) > 0
            }
            try await locker.run("COMMIT")
            #expect(try await change.isCycle)
        }
    }

    @Test("Users come and go while nesting is locked")
    func usersDoNotWait() async throws {
        try await StorageFixture.run { fixture in
            let jo = try await fixture.createUser("jo").id
            let target = try await fixture.createGroup("g")
            try await fixture.connection.run("BEGIN")
            try await GroupMembers.lockNesting("default", on: fixture.connection)
            let added = try await fixture.store.changeMembers(of: target.id, [add(jo)], context: testContext)
            #expect(added.isUpdated)
            let replaced = try await fixture.store.replace(
                .group, target.id, with: group("g", members: [jo]), ifMatch: 2, context: testContext)
            #expect(replaced.isUnchanged)
            try await fixture.connection.run("ROLLBACK")
        }
    }

    // MARK: - Groups of a user

    private func groups(of user: StoredResource, _ fixture: StorageFixture) async throws -> [String: String] {
        let read = try await fixture.store.read(
            .user, user.id, tenant: "default", client: "idp", baseURL: testBaseURL)
        let alone = try await fixture.store.groups(of: user.id, tenant: "default", baseURL: testBaseURL)
        #expect(read?.groups == alone)
        guard let text = read?.groups else { return [:] }
        var groups: [String: String] = [:]
        for element in try JSONValue(parsing: text).arrayValue ?? [] {
            let id = try #require(element["value"]?.stringValue)
            #expect(element["$ref"] == .string("\(testBaseURL)/Groups/\(id)"))
            let display = try #require(element["display"]?.stringValue)
            // Each group once.
            #expect(groups[display] == nil)
            groups[display] = element["type"]?.stringValue
        }
        return groups
    }

    @Test("A user's groups are direct and indirect, each once, and direct if they are both")
    func directAndIndirect() async throws {
        try await StorageFixture.run { fixture in
            let jo = try await fixture.createUser("jo")
            let team = try await fixture.createGroup("team", [jo.id])
            let site = try await fixture.createGroup("site", [jo.id, team.id])
            let unit = try await fixture.createGroup("unit", [team.id])
            _ = try await fixture.createGroup("all", [site.id, unit.id])
            _ = try await fixture.createGroup("others")
            let expected = ["team": "direct", "site": "direct", "unit": "indirect", "all": "indirect"]
            #expect(try await groups(of: jo, fixture) == expected)
            // The same in a list.
            let list = try await fixture.store.list(
                ListQuery(
                    tenant: "default", client: "idp", baseURL: testBaseURL,
                    [ListQuery.Selection(.user, withRelated: true)], count: 10))
            let listed = try JSONValue(parsing: try #require(list.resources.first?.groups)).arrayValue
            #expect(listed?.count == 4)
            _ = try await fixture.store.changeMembers(
                of: unit.id, [.change(adding: [], removing: [team.id])], context: testContext)
            _ = try await fixture.store.changeMembers(
                of: site.id, [.change(adding: [], removing: [jo.id])], context: testContext)
            #expect(try await groups(of: jo, fixture) == ["team": "direct", "site": "indirect", "all": "indirect"])
            _ = try await fixture.store.changeMembers(of: team.id, [.replace(with: [])], context: testContext)
            #expect(try await groups(of: jo, fixture) == [:])
        }
    }

    @Test("Groups that hold each other, which no write allows, do not keep a read from ending")
    func storedCycle() async throws {
        try await StorageFixture.run { fixture in
            let jo = try await fixture.createUser("jo")
            let a = try await fixture.createGroup("a", [jo.id])
            let b = try await fixture.createGroup("b", [a.id])
            try await fixture.connection.run(
                """
                INSERT INTO group_member (tenant, group_id, member_id, member_type, added_revision)
                VALUES ('default', '\(a.id)', '\(b.id)', 'Group', 1), ('default', '\(b.id)', '\(b.id)', 'Group', 1)
                """)
            #expect(try await groups(of: jo, fixture) == ["a": "direct", "b": "indirect"])
            let c = try await fixture.createGroup("c")
            #expect(try await fixture.store.changeMembers(of: a.id, [add(c.id)], context: testContext).isUpdated)
        }
    }

    @Test("A chain of fifty groups is followed to its end")
    func deep() async throws {
        try await StorageFixture.run { fixture in
            let jo = try await fixture.createUser("jo")
            var inner = try await fixture.createGroup("group0", [jo.id]).id
            for level in 1..<50 { inner = try await fixture.createGroup("group\(level)", [inner]).id }
            let groups = try await groups(of: jo, fixture)
            #expect(groups.count == 50)
            #expect(groups.values.filter { $0 == "direct" }.count == 1)
            let bottom = try #require(
                try await fixture.store.groups(of: jo.id, tenant: "default", baseURL: testBaseURL))
            let first = try JSONValue(parsing: bottom).arrayValue?.first { $0["type"] == "direct" }
            let id = try #require(first?["value"]?.stringValue.flatMap { ResourceID($0) })
            #expect(try await fixture.store.changeMembers(of: id, [add(inner)], context: testContext).isCycle)
        }
    }
}
