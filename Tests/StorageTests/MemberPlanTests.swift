// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import Postgres
import SCIM
import TestSupport
import Testing

@testable import Storage

/// What the statements read, as `EXPLAIN ANALYZE` tells, in a database without statistics: it was filled a moment ago.
@Suite("Plans for members", .serialized, .timeLimit(.minutes(3))) struct MemberPlanTests {
    /// Of one execution.
    private struct Cost: CustomStringConvertible {
        /// Rows that the nodes of a table have seen, dropped ones included.
        var rows: [String: Int] = [:]
        /// Pages of everything, found in memory or not.
        var pages = 0

        init(_ plan: JSONValue) {
            pages =
                Int(plan["Shared Hit Blocks"]?.integerValue ?? 0) + Int(plan["Shared Read Blocks"]?.integerValue ?? 0)
            add(plan)
        }

        private mutating func add(_ node: JSONValue) {
            if let table = node["Relation Name"]?.stringValue, node["Node Type"]?.stringValue != "ModifyTable" {
                let seen = ["Actual Rows", "Rows Removed by Filter", "Rows Removed by Index Recheck"]
                    .compactMap { node[$0]?.doubleValue }.reduce(0, +)
                rows[table, default: 0] += Int(seen * (node["Actual Loops"]?.doubleValue ?? 1))
            }
            for inner in node["Plans"]?.arrayValue ?? [] { add(inner) }
        }

        var description: String { "\(pages) pages, \(rows)" }
    }

    private func cost(
        _ statement: PostgresStatement, _ parameters: [PostgresParameter], on connection: PostgresConnection
    ) async throws -> Cost {
        let explain = PostgresStatement(unnamed: "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) \(statement.sql)")
        let text = try await connection.execute(explain, parameters)[0].bytes(0)
        return Cost(try #require(try JSONValue(parsing: text)[0]?["Plan"]))
    }

    /// Of a change through the writer, which is rolled back.
    private func cost(
        _ fixture: StorageFixture, _ steps: [MemberChanges.Step], of group: ResourceID
    ) async throws -> Cost {
        let intent = try #require(MemberIntent(steps))
        let operation = try #require(MemberOperation(intent, group: group, seen: nil, context: testContext))
        try await fixture.connection.run("BEGIN")
        _ = try await fixture.connection.execute(MemberStatements.keepPlans)
        let cost = try await cost(
            MemberStatements.change, MemberStatements.parameters([operation]), on: fixture.connection)
        try await fixture.connection.run("ROLLBACK")
        return cost
    }

    @Test("One member more or less costs the same in a group of ten and of a hundred thousand: no other member is read")
    func oneMember() async throws {
        try await StorageFixture.run { fixture in
            let ids = try await fixture.insertUsers(100_001)
            let large = try await fixture.insertLargeGroup(Array(ids.dropLast()))
            let small = try await fixture.createGroup("small", Array(ids[..<10])).id
            let newcomer = try #require(ids.last)
            for step in [
                MemberChanges.Step.change(adding: [.init(id: newcomer, type: nil)], removing: []),
                .change(adding: [], removing: [ids[5]]), .change(adding: [.init(id: ids[5], type: nil)], removing: []),
            ] {
                let few = try await cost(fixture, [step], of: small)
                let many = try await cost(fixture, [step], of: large)
                #expect(many.rows["group_member", default: 0] <= 1, "\(step): \(many)")
                #expect(many.rows["resource", default: 0] <= 6, "\(step): \(many)")
                #expect(many.pages <= few.pages + 30, "\(step): \(many), \(few)")
            }
            // The same alone, as when a condition comes with it.
            try await fixture.connection.run(
                "BEGIN; SET LOCAL plan_cache_mode = force_custom_plan; SET LOCAL jit = off")
            let members = GroupMembers(tenant: "default", group: large, connection: fixture.connection)
            let before = try await fixture.scans()
            _ = try await members.admit([.init(id: newcomer, type: nil)])
            let intent = try #require(
                MemberIntent([.change(adding: [.init(id: newcomer, type: nil)], removing: [ids[3]])]))
            #expect(try await members.apply(intent, groups: [], revision: 2) == 100_000)
            // With the end of the transaction the server may hand the counts on, and begins anew.
            let after = try await fixture.scans()
            try await fixture.connection.run("COMMIT")
            #expect(after - before > 0 && after - before < 20, "\(after - before) member rows were read")
        }
    }

    @Test(
        "What differs between a group of a hundred thousand and UDM is read without the rest, and so is who has a user")
    func difference() async throws {
        try await StorageFixture.run { fixture in
            let ids = try await fixture.insertUsers(100_001)
            let large = try await fixture.insertLargeGroup(Array(ids.dropLast()))
            try await fixture.connection.run("UPDATE group_member SET synced = true")
            try await fixture.insertMember(try #require(ids.last), of: large)
            try await fixture.connection.run("SET plan_cache_mode = force_generic_plan")
            let difference = try await cost(JobStore.difference, [.id(large)], on: fixture.connection)
            #expect(difference.rows["group_member", default: 0] <= 4, "\(difference)")
            #expect(difference.rows["udm_object", default: 0] <= 1, "\(difference)")
            let contention = try await cost(
                JobStore.contention, [.id(ids[0]), .id(ResourceID.random())], on: fixture.connection)
            #expect(contention.rows["group_member", default: 0] <= 2, "\(contention)")
        }
    }

    @Test("A user's groups are read by key, those above only if there are any")
    func groupsOfUser() async throws {
        try await StorageFixture.run { fixture in
            let ids = try await fixture.insertUsers(20_000)
            let large = try await fixture.insertLargeGroup(ids)
            let parameters: [PostgresParameter] = [
                .text("default"), .id(ids[7]), .text("idp"), .text(testBaseURL),
            ]
            try await fixture.connection.run("SET plan_cache_mode = force_generic_plan")
            // The function is planned when a session calls it first.
            _ = try await fixture.connection.execute(ReadStatements.userWithGroups, parameters)
            let flat = try await cost(ReadStatements.userWithGroups, parameters, on: fixture.connection)
            #expect(flat.rows["group_member", default: 0] <= 1, "\(flat)")
            #expect(flat.pages < 40, "\(flat)")
            _ = try await fixture.createGroup("outer", [large])
            _ = try await fixture.connection.execute(ReadStatements.userWithGroups, parameters)
            let nested = try await cost(ReadStatements.userWithGroups, parameters, on: fixture.connection)
            #expect(nested.pages < 100, "\(nested)")
        }
    }

    @Test("A page of members reads its own members")
    func page() async throws {
        try await StorageFixture.run { fixture in
            let ids = try await fixture.insertUsers(20_000)
            let large = try await fixture.insertLargeGroup(ids)
            try await fixture.connection.run("ANALYZE; BEGIN")
            let before = try await fixture.scans()
            var pages = MemberPages(tenant: "default", group: large, connection: fixture.connection)
            for number in 0..<3 {
                let page = try #require(try await pages.next())
                #expect(page.map(\.id) == Array(ids[number * 1000..<(number + 1) * 1000]))
                #expect(page[0].display?.hasPrefix("User ") == true)
            }
            let read = try await fixture.scans() - before
            try await fixture.connection.run("COMMIT")
            #expect(read >= 3000 && read < 3500, "\(read) member rows were read")
        }
    }
}

extension StorageFixture {
    /// A group as it is in the tables, with all of its members.
    func insertLargeGroup(_ members: [ResourceID]) async throws -> ResourceID {
        let id = ResourceID.random()
        try await insertResource(id, type: .group)
        _ = try await connection.execute(
            PostgresStatement(
                unnamed: """
                    WITH added AS (
                        INSERT INTO group_member (tenant, group_id, member_id, member_type, added_revision)
                        SELECT 'default', $1::uuid, m.id, 'User', 1 FROM unnest($2::uuid[]) AS m(id)
                    )
                    UPDATE resource SET member_count = cardinality($2::uuid[]) WHERE id = $1::uuid
                    """), [.id(id), .ids(members)])
        return id
    }

    /// Index entries and rows of `group_member` that this transaction has read so far.
    fileprivate func scans() async throws -> Int {
        try await number(
            """
            SELECT (pg_stat_get_xact_tuples_returned(c.oid) + coalesce((
                SELECT sum(pg_stat_get_xact_tuples_returned(i.indexrelid)) FROM pg_index i WHERE i.indrelid = c.oid), 0))::int8
            FROM pg_class c WHERE c.oid = 'group_member'::regclass
            """)
    }
}
