// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import Postgres
import SCIM
import SCIMTestSupport
import Testing

@testable import Storage

extension StorageFixture {
    /// A list as a client asks for it.
    func list(
        _ types: [ResourceType] = [.user], filter: String? = nil, sortBy: String? = nil, isDescending: Bool = false,
        start: ListQuery.Start = .index(1), count: Int = 100, client: String = "idp", withRelated: Bool = false,
        withSyncStatus: Bool = false
    ) async throws -> ListPage {
        let selections = try types.map { type in
            ListQuery.Selection(
                type, filter: try filter.map { try Filter.parse($0, for: type, registry: .standard) },
                sortKey: try sortBy.flatMap { try SortKey.parse($0, for: type, registry: .standard) },
                withRelated: withRelated)
        }
        return try await store.list(
            ListQuery(
                tenant: "default", client: client, baseURL: testBaseURL, selections, isDescending: isDescending,
                start: start, count: count, withSyncStatus: withSyncStatus))
    }

    /// Users `user0` …, made at once; ids and attributes in the order of their numbers.
    func insertUsers(_ numbers: Range<Int>, attributes: String = "'{}'::jsonb") async throws {
        try await connection.run(
            """
            INSERT INTO resource (tenant, type, id, revision, "order", created_at, modified_at, attributes)
            SELECT 'default', 'User', gen_random_uuid(), 1, n, now(), now() + n * interval '1 second',
                jsonb_build_object('userName', 'user' || n) || \(attributes)
            FROM generate_series(\(numbers.lowerBound), \(numbers.upperBound - 1)) n;
            INSERT INTO unique_claim (tenant, kind, value, resource_id)
            SELECT 'default', 'name', attributes ->> 'userName', id FROM resource ON CONFLICT DO NOTHING
            """)
    }
}

extension ListPage {
    /// `userName` or `displayName`.
    var names: [String] {
        get throws {
            try resources.map { resource in
                let attributes = try resource.parsedAttributes()
                return attributes["userName"]?.stringValue ?? attributes["displayName"]?.stringValue ?? ""
            }
        }
    }
}

@Suite("Lists", .serialized, .timeLimit(.minutes(3))) struct ListTests {
    @Test("Pages of a list hold every resource once, in one order, with the total of all")
    func paging() async throws {
        try await StorageFixture.run { fixture in
            var ids: [ResourceID] = []
            for number in 0..<25 { ids.append(try await fixture.createUser("user\(number)").id) }
            _ = try await fixture.createGroup("g", [ids[0]])
            _ = try await fixture.store.create(user("foreign"), context: context(tenant: "other"))
            var listed: [ResourceID] = []
            for start in stride(from: Int64(1), through: 25, by: 10) {
                let page = try await fixture.list(start: .index(start), count: 10)
                #expect(page.total == 25)
                #expect(page.resources.count == min(10, 26 - Int(start)))
                #expect(page.next == nil)
                listed += page.resources.map(\.id)
            }
            #expect(listed == ids.sorted())
        }
    }

    @Test("A page beyond the end, or of nothing, has only the total")
    func edges() async throws {
        try await StorageFixture.run { fixture in
            try await fixture.insertUsers(0..<25)
            let cases: [(startIndex: Int64, count: Int, expected: Int)] = [
                (26, 10, 0), (1, 0, 0), (0, 2, 2), (-5, 2, 2), (25, 10, 1), (.max, 10, 0),
            ]
            for filter in [nil, "userName sw \"user\"", "not (userName eq \"x\")"] {
                for (startIndex, count, expected) in cases {
                    let page = try await fixture.list(
                        filter: filter, start: .index(startIndex), count: count, withRelated: true)
                    #expect(page.total == 25)
                    #expect(page.resources.count == expected, "\(startIndex), \(count)")
                }
            }
        }
    }

    @Test("An empty list has the total 0")
    func emptyList() async throws {
        try await StorageFixture.run { fixture in
            for filter in [nil, "displayName sw \"g\"", "id eq \"none\"", "id.none pr"] {
                for (count, start) in [(0, ListQuery.Start.index(1)), (10, .index(7)), (10, .cursor(nil))] {
                    let page = try await fixture.list([.group], filter: filter, start: start, count: count)
                    #expect(page.total == 0)
                    #expect(page.resources.isEmpty)
                    #expect(page.next == nil)
                }
            }
        }
    }

    @Test("A list brings external ids of its client, groups of users and members of groups")
    func relatedList() async throws {
        try await StorageFixture.run { fixture in
            let jo = try await fixture.store.create(user("jo", externalId: "e"), context: testContext).resource()
            let target = try await fixture.createGroup("g", [jo.id])
            for filter in [nil, "userName eq \"JO\"", "userName co \"o\""] {
                let users = try await fixture.list(filter: filter, withRelated: true)
                #expect(users.resources.first?.externalId == "e")
                let groups = try JSONValue(parsing: try #require(users.resources.first?.groups))
                #expect(groups[0]?["value"] == .string(target.id.description))
                #expect(users.syncStatuses.isEmpty)
            }
            let foreign = try await fixture.list(client: "other")
            #expect(foreign.resources.first?.externalId == nil)
            #expect(foreign.resources.first?.groups == nil)
            let list = try await fixture.list([.group], withRelated: true)
            let members = try JSONValue(parsing: try #require(list.resources.first?.members))
            #expect(members[0]?["value"] == .string(jo.id.description))
        }
    }

    @Test("Users and groups come in one list, each with what was asked of its type")
    func bothTypes() async throws {
        try await StorageFixture.run { fixture in
            let jo = try await fixture.createUser("jo")
            let al = try await fixture.store.create(user("al", displayName: "Gus"), context: testContext).resource()
            let target = try await fixture.createGroup("g", [jo.id])
            let all = try await fixture.list(ResourceType.allCases, withRelated: true)
            #expect(all.total == 3)
            #expect(all.resources.map(\.id) == [jo.id, al.id, target.id].sorted())
            #expect(all.resources.first { $0.id == target.id }?.members != nil)
            #expect(all.resources.first { $0.id == jo.id }?.groups != nil)
            let named = try await fixture.list(ResourceType.allCases, filter: "displayName sw \"G\"")
            #expect(Set(named.resources.map(\.id)) == [al.id, target.id])
            // A group has no userName: it matches nothing by it, and comes last.
            #expect(try await fixture.list(ResourceType.allCases, filter: "userName pr").total == 2)
            let sorted = try await fixture.list(ResourceType.allCases, sortBy: "userName")
            #expect(sorted.resources.map(\.id) == [al.id, jo.id, target.id])
            let reversed = try await fixture.list(ResourceType.allCases, sortBy: "userName", isDescending: true)
            #expect(reversed.resources.map(\.id) == [target.id, jo.id, al.id])
        }
    }

    @Test("The sync status comes with the resources when it is asked for")
    func syncStatus() async throws {
        try await StorageFixture.run { fixture in
            let jo = try await fixture.createUser("jo")
            for filter in [nil, "userName eq \"jo\"", "userName co \"j\""] {
                let page = try await fixture.list(filter: filter, withSyncStatus: true)
                let expected = try await fixture.store.syncStatus(of: [jo.id], tenant: "default")
                #expect(page.syncStatuses == expected)
                #expect(page.syncStatuses[jo.id]?.status == .pending)
            }
        }
    }

    @Test("A look-up that finds many is a list, with the same answer")
    func manyFound() async throws {
        try await StorageFixture.run { fixture in
            try await fixture.insertUsers(
                0..<130, attributes: #"'{"displayName": "Same", "emails": [{"value": "a@b.example", "type": "work"}]}'"#
            )
            for filter in ["displayName eq \"same\"", "emails[type eq \"work\" and value eq \"A@b.example\"]"] {
                let first = try await fixture.list(filter: filter, count: 50)
                #expect(first.total == 130)
                let last = try await fixture.list(filter: filter, start: .index(101), count: 50)
                #expect(last.total == 130)
                #expect(last.resources.count == 30)
                let both = Set((first.resources + last.resources).map(\.id))
                #expect(both.count == 80)
            }
        }
    }

    @Test("What is few is sorted and what is many is found in order, with the same answer")
    func fewAndMany() async throws {
        try await StorageFixture.run { fixture in
            try await fixture.insertUsers(
                0..<10_050, attributes: "jsonb_build_object('active', n < 10000, 'title', n % 7)")
            for (filter, total) in [("active eq true", 10_000), ("active pr", 10_050)] {
                let page = try await fixture.list(filter: filter, start: .index(9_001), count: 500)
                #expect(page.total == total)
                let ids = try await fixture.rows(
                    """
                    SELECT id FROM resource WHERE \(total == 10_000 ? "attributes ->> 'active' = 'true'" : "true")
                    ORDER BY id OFFSET 9000 LIMIT 500
                    """)
                #expect(page.resources.map(\.id) == (try ids.map { try $0.id(0) }))
            }
        }
    }

    @Test("What an index finds too many of is planned for its values, with the same answer")
    func tooManyForOnePlan() async throws {
        try await StorageFixture.run { fixture in
            try await fixture.insertUsers(0..<10_050)
            // A plan for values goes by the statistics, which autovacuum makes soon after an import.
            try await fixture.connection.run("ANALYZE resource, unique_claim")
            for (filter, total) in [
                ("userName sw \"USER\"", 10_050), ("userName co \"ser\"", 10_050), ("userName sw \"user1\"", 1161),
                ("userName co \"ser\" and userName ew \"999\"", 10), ("userName co \"ser999\"", 11),
            ] {
                for start in [ListQuery.Start.index(6), .cursor(nil)] {
                    let page = try await fixture.list(filter: filter, start: start, count: 5)
                    #expect(page.total == total, "\(filter)")
                    #expect(page.resources.count == 5, "\(filter)")
                }
            }
        }
    }

    @Test("A search that takes too long is a timeout")
    func timeout() async throws {
        try await StorageFixture.run { fixture in
            try await fixture.insertUsers(0..<20_000)
            var configuration = StorageConfiguration(
                postgres: fixture.configuration, sealer: nil, rules: DirectoryRules())
            configuration.listTimeout = .milliseconds(1)
            let database = Database(configuration: configuration, logger: StorageFixture.logger)
            let filter = (0..<200).map { "title co \"\($0)\"" }.joined(separator: " or ")
            let query = ListQuery(
                tenant: "default", client: "idp", baseURL: testBaseURL,
                [.init(.user, filter: try Filter.parse(filter, for: .user, registry: .standard))], count: 10)
            let error = await #expect(throws: PostgresError.self) { try await database.resources.list(query) }
            #expect(error?.kind == .timeout)
            #expect(error?.sqlState == "57014")
            await database.close()
        }
    }
}
