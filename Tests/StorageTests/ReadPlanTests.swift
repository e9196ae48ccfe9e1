// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Postgres
import SCIM
import Testing

@testable import Storage

/// Reads by id that share a statement.
@Suite("Reads of several ids", .timeLimit(.minutes(2))) struct ReadPlanTests {
    @Test("A plan that was made for empty tables looks several ids up by their keys when the tables have filled")
    func filledTables() async throws {
        try await StorageFixture.run { fixture in
            for (name, value) in Database.forReads { try await fixture.connection.run("SET \(name) = '\(value)'") }
            func parameters(_ ids: [ResourceID]) -> [PostgresParameter] {
                [.text("default"), .ids(ids), .text("idp")]
            }
            let statements: [(PostgresStatement, PostgresParameter)] = [
                (ReadStatements.resource, .text("User")), (ReadStatements.userWithGroups, .text(testBaseURL)),
            ]
            for (statement, last) in statements {
                let form = try #require(statement.gathered).statement
                _ = try await fixture.connection.execute(form, parameters([.random()]) + [last])
            }
            let ids = try await fixture.insertUsers(20_000)
            let group = try await fixture.createGroup("g", Array(ids[..<4]))
            for (statement, last) in statements {
                let form = try #require(statement.gathered).statement
                let asked = [ids[2], .random(), ids[19_999], group.id, ids[2], ids[7]]
                // The function that reads groups is planned when a session calls it first.
                _ = try await fixture.connection.execute(form, parameters(asked) + [last])
                try await fixture.connection.run("BEGIN")
                let before = try await fixture.looks()
                let rows = try await fixture.connection.execute(form, parameters(asked) + [last])
                let looks = try await fixture.looks() - before
                try await fixture.connection.run("COMMIT")
                #expect(looks < 40, "\(statement.name): \(looks) rows were looked at")
                let places = try rows.map { try $0.int(rows.columnCount - 1) }
                #expect(places.sorted() == [1, 3, 5, 6], "\(statement.name)")
                for (row, place) in zip(rows, places) {
                    let id = asked[Int(place) - 1]
                    let alone = try await fixture.connection.execute(
                        statement, [.text("default"), .id(id), .text("idp"), last])[0]
                    #expect(rows.columnCount == alone.columnCount + 1)
                    #expect(try row.bytes(5) == alone.bytes(5))
                    if statement == ReadStatements.userWithGroups {
                        #expect(try row.optionalBytes(6) == alone.optionalBytes(6))
                        #expect(row.isNull(6) == (id != ids[2]))
                    }
                }
            }
        }
    }

    @Test("Who reads at the same time gets what each would get alone")
    func together() async throws {
        struct Question: Hashable {
            let type: ResourceType
            let id: ResourceID
            let tenant: String
            let client: String
            let withGroups: Bool

            func ask(_ store: ResourceStore) async throws -> String {
                let found = try await store.read(
                    type, id, tenant: tenant, client: client, baseURL: withGroups ? testBaseURL : nil,
                    withMembers: withGroups)
                return found.map {
                    "\($0.id) \($0.revision) \($0.externalId ?? "-") \(String(decoding: $0.attributes, as: UTF8.self)) "
                        + [$0.groups, $0.members].map { $0.map { String(decoding: $0, as: UTF8.self) } ?? "-" }.joined()
                } ?? "nothing"
            }
        }
        try await StorageFixture.run { fixture in
            var users: [StoredResource] = []
            for number in 0..<12 {
                let resource = user("jo\(number)", externalId: number % 2 == 0 ? "e\(number)" : nil)
                users.append(try await fixture.store.create(resource, context: testContext).resource())
            }
            let group = try await fixture.createGroup("g", users[..<5].map(\.id))
            var questions: [Question] = []
            for id in users.map(\.id) + [group.id, .random()] {
                for (tenant, client) in [("default", "idp"), ("default", "other"), ("other", "idp")] {
                    for type in ResourceType.allCases {
                        for withGroups in [false, true] {
                            questions.append(
                                Question(type: type, id: id, tenant: tenant, client: client, withGroups: withGroups))
                        }
                    }
                }
            }
            var alone: [Question: String] = [:]
            for question in questions { alone[question] = try await question.ask(fixture.store) }
            let statements = fixture.readStatements
            try await withThrowingTaskGroup(of: (Question, String).self) { tasks in
                for question in questions + questions + questions {
                    tasks.addTask { (question, try await question.ask(fixture.store)) }
                }
                for try await (question, answer) in tasks { #expect(alone[question] == answer, "\(question)") }
            }
            #expect(fixture.readStatements - statements < 3 * questions.count)
        }
    }
}

extension StorageFixture {
    /// Rows and index entries of resources that this transaction has been given.
    fileprivate func looks() async throws -> Int {
        try await number(
            """
            SELECT (pg_stat_get_xact_tuples_returned(c.oid) + coalesce((
                SELECT sum(pg_stat_get_xact_tuples_returned(i.indexrelid)) FROM pg_index i WHERE i.indrelid = c.oid), 0))::int8
            FROM pg_class c WHERE c.oid = 'resource'::regclass
            """)
    }

    /// Sent for reads by id.
    fileprivate var readStatements: Int {
        database.statistics.pipelines.filter { $0.name.hasPrefix("reader.") }.map(\.statistics.commands).reduce(0, +)
    }
}
