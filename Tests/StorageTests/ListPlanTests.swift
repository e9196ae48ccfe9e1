// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import Postgres
import SCIM
import Testing

@testable import Storage

/// What is looked up often is found by an index, and no table is read as a whole for it.
@Suite("Plans of lists", .serialized, .timeLimit(.minutes(5))) struct ListPlanTests {
    private struct Lookup: Sendable {
        let type: ResourceType
        let filter: String
        let indexes: [String]

        init(_ filter: String, _ indexes: String..., type: ResourceType = .user) {
            self.type = type
            self.filter = filter
            self.indexes = indexes
        }
    }

    private static let someone = "00000000-0000-4000-8000-000000000007"

    private static let lookups: [Lookup] = [
        Lookup("id eq \"\(someone)\"", "resource_pkey"),
        Lookup("id eq \"\(someone)\" or id eq \"00000000-0000-4000-8000-000000000008\"", "resource_pkey"),
        Lookup("userName eq \"user77\"", "resource_user_name"),
        Lookup("userName eq \"user77\" and active eq true", "resource_user_name"),
        Lookup("userName eq \"user77\" or userName eq \"user78\"", "resource_user_name"),
        Lookup("userName sw \"user777\"", "resource_user_name"),
        Lookup("userName sw \"user777\" and not (title eq \"x\")", "resource_user_name"),
        Lookup("displayName eq \"name 77\"", "resource_display_name"),
        Lookup("displayName sw \"name 777\"", "resource_display_name"),
        Lookup("displayName eq \"group 77\"", "resource_display_name", type: .group),
        Lookup("externalId eq \"e77\"", "external_id_value", "resource_pkey"),
        Lookup("externalId eq \"e77\" and active eq true", "external_id_value", "resource_pkey"),
        Lookup("emails.value eq \"user77@example.org\"", "resource_emails"),
        Lookup("emails[type eq \"work\" and value eq \"user77@example.org\"]", "resource_emails"),
        Lookup("emails[type eq \"work\"].value eq \"user77@example.org\"", "resource_emails"),
        Lookup("meta.lastModified gt \"2026-11-21T05:32:00Z\"", "resource_modified"),
        Lookup(
            "meta.lastModified ge \"2026-11-21T05:00:00Z\" and meta.lastModified lt \"2026-11-21T05:01:00Z\"",
            "resource_modified"),
        Lookup("userName co \"ser1777\"", "unique_claim_name_trigrams"),
        Lookup("userName ew \"r17777\"", "unique_claim_name_trigrams"),
        Lookup("displayName co \"oup 177\"", "unique_claim_name_trigrams", type: .group),
        Lookup(
            "userName eq \"user7\" or emails.value eq \"user9@example.org\" or externalId eq \"e5\"",
            "resource_user_name",
            "resource_emails", "external_id_value", "resource_pkey"),
        Lookup("\(SchemaURN.sync):status eq \"failed\"", "resource_pkey"),
        Lookup("\(SchemaURN.sync):status eq \"partial\"", "resource_pkey"),
        Lookup("\(SchemaURN.sync):status eq \"pending\"", "resource_pkey"),
        Lookup("\(SchemaURN.sync):error.detail co \"taken\"", "resource_pkey"),
        Lookup("groups.value eq \"00000000-0000-4000-8000-0000000a0007\"", "group_member_", "resource_pkey"),
        Lookup("groups.display eq \"group 7\"", "resource_display_name", "group_member_", "resource_pkey"),
        Lookup("members.value eq \"\(someone)\"", "group_member_of", "resource_pkey", type: .group),
    ]

    @Test("A filter by what is looked up often uses its index")
    func lookups() async throws {
        try await StorageFixture.run { fixture in
            try await Self.fill(fixture)
            for lookup in Self.lookups {
                let filter = try Filter.parse(lookup.filter, for: lookup.type, registry: .standard)
                let query = ListQuery(
                    tenant: "default", client: "idp", baseURL: testBaseURL, [.init(lookup.type, filter: filter)],
                    count: 100)
                let statement = try #require(ListStatement(query))
                let commands = [statement.lookup(), try statement.page(), ListStatement(query.onlyTotal)?.count()]
                var plans: [String] = []
                for command in commands.compactMap(\.self) { plans.append(try await fixture.plan(command)) }
                // One for all values, in such sessions as they run in.
                for command in [statement.lookup(), try statement.prepared()].compactMap(\.self) {
                    plans.append(try await fixture.genericPlan(command))
                }
                for plan in plans {
                    let isMissing = lookup.indexes.contains { !plan.contains($0) }
                    #expect(!isMissing, "\(lookup.filter)\n\(plan)")
                    #expect(!plan.contains("Seq Scan on resource "), "\(lookup.filter)\n\(plan)")
                    #expect(!plan.contains("Seq Scan on group_member "), "\(lookup.filter)\n\(plan)")
                    #expect(!plan.contains("Seq Scan on external_id "), "\(lookup.filter)\n\(plan)")
                    #expect(!plan.contains("Seq Scan on unique_claim "), "\(lookup.filter)\n\(plan)")
                }
            }
        }
    }

    @Test("A look-up that was planned for an empty database uses its index, too")
    func emptyDatabase() async throws {
        try await StorageFixture.run { fixture in
            for lookup in Self.lookups {
                let filter = try Filter.parse(lookup.filter, for: lookup.type, registry: .standard)
                let query = ListQuery(
                    tenant: "default", client: "idp", baseURL: testBaseURL, [.init(lookup.type, filter: filter)],
                    count: 100)
                guard let command = try #require(ListStatement(query)).lookup() else { continue }
                let plan = try await fixture.genericPlan(command)
                let isMissing = lookup.indexes.contains { !plan.contains($0) }
                #expect(!isMissing, "\(lookup.filter)\n\(plan)")
                #expect(!plan.contains("Seq Scan on"), "\(lookup.filter)\n\(plan)")
                // By what is looked up, and not by all that the tenant has.
                let reads = plan.split(separator: "\n").filter { $0.contains("Index Cond") }
                #expect(!reads.contains { $0.contains("tenant") && !$0.contains("id = ") && !$0.contains("value") })
            }
        }
    }

    @Test("Which lists have one plan for all values")
    func prepared() async throws {
        let beginning = ListQuery.Start.cursor(nil)
        func position(_ total: Int64, key: String? = nil) -> ListQuery.Start {
            .cursor(ListPosition(key: key, id: .random(), total: total))
        }
        let lists: [(filter: String?, sortBy: String?, start: ListQuery.Start, isPrepared: Bool)] = [
            ("displayName sw \"n\"", nil, .index(1), true),
            ("displayName sw \"n\"", "userName", .index(101), true),
            ("displayName sw \"n\"", "meta.lastModified", beginning, true),
            ("displayName sw \"n\"", "title", .index(1), false),
            ("displayName sw \"n\"", nil, position(10_000), true),
            ("displayName sw \"n\"", nil, position(10_001), false),
            ("displayName sw \"\(String(repeating: "n", count: 256))\"", nil, .index(1), false),
            ("userName co \"abc\"", nil, .index(1), true),
            ("userName co \"ab\"", nil, .index(1), false),
            ("displayName co \"abc\"", nil, .index(1), false),
            ("userName gt \"abc\"", nil, .index(1), false),
            ("emails.value eq \"a@b\" or userName eq \"a\" or externalId eq \"e\"", nil, .index(1), true),
            ("emails.value eq \"a@b\" or title eq \"a\"", nil, .index(1), false),
            ("userName co \"abc\" and active eq true", nil, .index(1), true),
            ("userName co \"abc\" or userName eq \"a\"", nil, .index(1), false),
            ("userName co \"abc\" and not (userName co \"abcd\")", nil, .index(1), false),
            ("userName eq \"a\" and active eq true and not (title eq \"x\")", nil, .index(1), true),
            ("userName eq \"a\" and groups.display eq \"g\"", nil, .index(1), false),
            ("meta.lastModified gt \"2026-11-21T05:32:00Z\"", nil, .index(1), true),
            ("meta.lastModified gt \"2026-11-21T05:32:00Z\" and active eq true", nil, .index(1), false),
            ("meta.lastModified gt \"2026-11-21T05:32:00Z\" and userName eq \"a\"", nil, .index(1), false),
            ("meta.created gt \"2026-11-21T05:32:00Z\"", nil, .index(1), false),
            ("title eq \"a\"", nil, .index(1), false),
            (nil, nil, .index(1), false), (nil, nil, beginning, false),
            (nil, nil, position(1_000_000), true),
            (nil, "userName", position(1_000_000, key: "a"), true),
            (nil, "title", position(1_000_000, key: "a"), false),
        ]
        for (filter, sortBy, start, isPrepared) in lists {
            let selection = ListQuery.Selection(
                .user, filter: try filter.map { try Filter.parse($0, for: .user, registry: .standard) },
                sortKey: try sortBy.flatMap { try SortKey.parse($0, for: .user, registry: .standard) })
            let query = ListQuery(
                tenant: "default", client: "idp", baseURL: testBaseURL, [selection], start: start, count: 100)
            let command = try #require(ListStatement(query)).prepared()
            #expect((command != nil) == isPrepared, "\(filter ?? "") \(sortBy ?? "")")
            #expect(command?.statement.isOneOfMany != false)
        }
    }

    @Test("Lists with other values, and pages of nearly the same size, are the same statement")
    func sameStatement() async throws {
        func sql(_ name: String, count: Int, start: ListQuery.Start = .index(1)) throws -> String? {
            let filter = try Filter.parse("displayName sw \"\(name)\"", for: .user, registry: .standard)
            let query = ListQuery(
                tenant: "default", client: "idp", baseURL: testBaseURL, [.init(.user, filter: filter)], start: start,
                count: count)
            return try ListStatement(query)?.prepared()?.statement.sql
        }
        #expect(try sql("a", count: 100) == sql("b' OR true --", count: 77))
        let positions = (0..<2).map { ListQuery.Start.cursor(ListPosition(key: nil, id: .random(), total: $0)) }
        #expect(try sql("a", count: 100, start: positions[0]) == sql("b", count: 77, start: positions[1]))
    }

    @Test("A page behind a cursor begins where the last one ended, without sorting")
    func cursor() async throws {
        let orders: [(sortBy: String?, key: String?, index: String)] = [
            (nil, nil, "resource_pkey"), ("userName", "user15000", "resource_user_name"),
            ("displayName", "name 15000", "resource_display_name"),
            ("meta.lastModified", "1795228000000000", "resource_modified"),
        ]
        try await StorageFixture.run { fixture in
            try await Self.fill(fixture)
            for (sortBy, key, index) in orders {
                for isDescending in [false, true] {
                    let sortKey = try sortBy.flatMap { try SortKey.parse($0, for: .user, registry: .standard) }
                    let id = try #require(ResourceID("00000000-0000-4000-8000-000000002000"))
                    let position = ListPosition(key: key, id: id, total: 20_000)
                    let query = ListQuery(
                        tenant: "default", client: "idp", baseURL: testBaseURL, [.init(.user, sortKey: sortKey)],
                        isDescending: isDescending, start: .cursor(position), count: 100)
                    let statement = try #require(ListStatement(query))
                    let generic = try #require(try statement.prepared())
                    for (plan, bound) in [
                        (try await fixture.plan(statement.page()), "000000002000"),
                        (try await fixture.genericPlan(generic), "$\(generic.parameters.count)"),
                    ] {
                        let lines = plan.split(separator: "\n")
                        let scan = try #require(
                            lines.firstIndex { $0.contains("using \(index) on resource r_") }, "\(plan)")
                        // The position is a bound of the index, and not something that rows are filtered by.
                        #expect(lines[scan + 1].contains("Index Cond"), "\(plan)")
                        #expect(lines[scan + 1].contains(bound), "\(plan)")
                        #expect(!plan.contains("Seq Scan on resource "), "\(plan)")
                    }
                }
            }
        }
    }

    @Test("No statement of a page reads all memberships, even when most are those of one group")
    func largeGroup() async throws {
        try await StorageFixture.run { fixture in
            try await Self.fill(fixture)
            let filter = try Filter.parse("displayName sw \"group 1\"", for: .group, registry: .standard)
            let query = ListQuery(
                tenant: "default", client: "idp", baseURL: testBaseURL,
                [.init(.group, filter: filter, withRelated: true)],
                count: 100)
            let plan = try await fixture.plan(try #require(ListStatement(query)).page())
            #expect(!plan.contains("Seq Scan on group_member "), "\(plan)")
        }
    }

    /// 20,000 users, 3,000 groups, nearly all users in one of them.
    private static func fill(_ fixture: StorageFixture) async throws {
        try await fixture.connection.run(
            """
            INSERT INTO resource (tenant, type, id, revision, "order", created_at, modified_at, attributes)
            SELECT 'default', 'User', ('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid, 1, n, now(),
                '2026-11-21T00:00:00Z'::timestamptz + n * interval '1 second',
                jsonb_build_object('userName', 'user' || n, 'displayName', 'Name ' || n, 'active', true, 'title', repeat('x', 200),
                    'emails', jsonb_build_array(jsonb_build_object('value', 'user' || n || '@example.org', 'type', 'work')))
            FROM generate_series(1, 20000) n;
            INSERT INTO external_id (resource_id, client, tenant, value)
            SELECT id, 'idp', 'default', 'e' || "order" FROM resource;
            INSERT INTO resource (tenant, type, id, revision, "order", created_at, modified_at, attributes)
            SELECT 'default', 'Group', ('00000000-0000-4000-8000-' || lpad('a' || lpad(n::text, 4, '0'), 12, '0'))::uuid, 1, n, now(),
                now(), jsonb_build_object('displayName', 'Group ' || n)
            FROM generate_series(1, 3000) n;
            INSERT INTO unique_claim (tenant, kind, value, resource_id)
            SELECT 'default', 'name', lower(coalesce(attributes ->> 'userName', attributes ->> 'displayName')), id FROM resource;
            INSERT INTO group_member (tenant, group_id, member_id, member_type, added_revision)
            SELECT 'default', '00000000-0000-4000-8000-0000000a0001', id, 'User', 1 FROM resource WHERE type = 'User';
            INSERT INTO group_member (tenant, group_id, member_id, member_type, added_revision)
            SELECT 'default', '00000000-0000-4000-8000-0000000a0007', id, 'User', 1 FROM resource
            WHERE type = 'User' AND "order" < 10;
            INSERT INTO sync_failure (resource_id, attribute, tenant, type, revision, job_id, failed_at, error)
            SELECT id, CASE WHEN "order" < 10 THEN '' ELSE 'title' END, 'default', 'User', 1, gen_random_uuid(), now(),
                '{"detail": "taken"}' FROM resource WHERE type = 'User' AND "order" < 20;
            INSERT INTO job (id, tenant, type, resource_id, revision, "order", operation, lane, client, request_id, accepted_at, due_at)
            SELECT gen_random_uuid(), 'default', 'User', id, 1, 1, 'modify', 'bulk', 'x', 'y', now(), now()
            FROM resource WHERE type = 'User' AND "order" < 30;
            """)
        // By name: there are the schemas of other tests in the database.
        try await fixture.connection.run(
            "VACUUM ANALYZE resource, unique_claim, external_id, group_member, sync_failure, waits_for, resource_sync, job"
        )
    }
}

extension StorageFixture {
    /// For any values, in a session such as ``Database`` makes for those.
    func genericPlan(_ command: PostgresCommand) async throws -> String {
        let values = command.parameters.map { _ in "NULL" }.joined(separator: ", ")
        try await connection.run(
            """
            SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET max_parallel_workers_per_gather = 0;
            PREPARE generic AS \(command.statement.sql)
            """)
        let plan = try await rows("EXPLAIN (COSTS OFF) EXECUTE generic (\(values))").map { try $0.string(0) }
        try await connection.run(
            "DEALLOCATE generic; RESET plan_cache_mode; RESET enable_seqscan; RESET max_parallel_workers_per_gather")
        return plan.joined(separator: "\n")
    }

    func plan(_ command: PostgresCommand) async throws -> String {
        let statement = PostgresStatement(unnamed: "EXPLAIN (COSTS OFF) \(command.statement.sql)")
        return try await connection.execute(statement, command.parameters).map { try $0.string(0) }
            .joined(separator: "\n")
    }
}

extension ListQuery {
    fileprivate var onlyTotal: ListQuery {
        var query = self
        query.count = 0
        return query
    }
}
