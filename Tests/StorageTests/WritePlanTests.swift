// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Postgres
import SCIM
import TestSupport
import Testing

@testable import Storage

/// The plans of batches, which are made when the first client writes into an empty database and kept while an import fills it.
@Suite("Plans of writes", .timeLimit(.minutes(2))) struct WritePlanTests {
    private func operation(_ action: WriteOperation.Action, id: ResourceID = .random()) -> WriteOperation {
        WriteOperation(
            type: .user, id: id, jobID: .random(), time: .now(), context: testContext, action: action)
    }

    private func content(_ name: String) -> WriteOperation.Content {
        .init(
            attributes: Array(#"{"userName":"\#(name)"}"#.utf8), externalId: nil,
            newClaims: [UniqueClaim(kind: .name, value: name)], secret: nil)
    }

    /// In a transaction that is rolled back.
    /// - Returns: How many rows of resources and claims were looked at.
    private func cost(of operation: WriteOperation, _ fixture: StorageFixture) async throws -> Int {
        try await fixture.connection.run("BEGIN")
        let before = try await fixture.looks(at: "resource", "unique_claim")
        var results: [PostgresResult] = []
        let batch = WriteBatch([operation], locking: .skips, generation: 1)
        for command in batch.commands {
            results.append(try await fixture.connection.execute(command.statement, command.parameters))
        }
        guard case .written = try batch.outcomes(results)[0] else {
            Issue.record("\(operation.action) was not written")
            return 0
        }
        let cost = try await fixture.looks(at: "resource", "unique_claim") - before
        try await fixture.connection.run("ROLLBACK")
        return cost
    }

    @Test("A plan that was made for empty tables looks rows up by their keys when the tables have filled")
    func filledTables() async throws {
        try await StorageFixture.run { fixture in
            for (name, value) in Database.byKeys { try await fixture.connection.run("SET \(name) = '\(value)'") }
            let first = ResourceID.random()
            let create = operation(.create(content("first")), id: first)
            _ = try await fixture.connection.execute(
                WriteBatch([create], locking: .skips, generation: 1).commands[0].statement,
                WriteBatch([create], locking: .skips, generation: 1).commands[0].parameters)
            let update = operation(
                .update(
                    content("renamed"), expected: 1, removedClaims: [UniqueClaim(kind: .name, value: "first")]),
                id: first)
            let delete = operation(.delete(expected: nil, claims: []), id: first)
            _ = try await cost(of: update, fixture)
            _ = try await cost(of: delete, fixture)
            try await fixture.insertUsers(1..<5001)
            for (name, operation) in [
                ("create", operation(.create(content("last")))), ("update", update), ("delete", delete),
            ] {
                let rows = try await cost(of: operation, fixture)
                #expect(rows < 20, "\(name): \(rows) rows")
            }
        }
    }

    @Test("Who leaves many groups at once is not compared with each of them for each of them")
    func manyGroups() async throws {
        try await StorageFixture.run { fixture in
            for (name, value) in Database.byKeys { try await fixture.connection.run("SET \(name) = '\(value)'") }
            let user = try #require(try await fixture.insertUsers(1).first)
            try await fixture.connection.run(
                """
                INSERT INTO resource (tenant, type, id, revision, "order", created_at, modified_at, attributes, member_count)
                SELECT 'default', 'Group', gen_random_uuid(), 1, nextval('write_order'), now(), now(),
                    jsonb_build_object('displayName', 'group' || n), 1
                FROM generate_series(1, 300) n;
                INSERT INTO group_member (tenant, group_id, member_id, member_type, added_revision)
                SELECT 'default', id, '\(user)', 'User', 1 FROM resource WHERE type = 'Group'
                """)
            let batch = WriteBatch(
                [operation(.delete(expected: nil, claims: []), id: user)], locking: .skips, generation: 1)
            let delete = try #require(batch.commands.last)
            let explain = PostgresStatement(unnamed: "EXPLAIN (ANALYZE, FORMAT JSON) \(delete.statement.sql)")
            let plan = String(
                decoding: try await fixture.connection.execute(explain, delete.parameters)[0].bytes(0), as: UTF8.self)
            let compared = plan.matches(of: /"Rows Removed by Join Filter": (\d+)/).compactMap { Int($0.output.1) }
            #expect(compared.reduce(0, +) < 1000, "\(compared)")
            let left = try await fixture.number(
                "SELECT count(*) FROM group_member m JOIN resource g ON g.id = m.group_id AND m.removed_revision = g.revision"
            )
            #expect(left == 300)
        }
    }

    @Test("An outcome is not compared with what UDM refused of others, though it was planned when nothing was refused")
    func failures() async throws {
        try await StorageFixture.run { fixture in
            for (name, value) in Database.byKeys { try await fixture.connection.run("SET \(name) = '\(value)'") }
            let id = ResourceID.random()
            let job = try await fixture.insertJob(id)
            let lease = try #require(try await fixture.lease(id))
            let rows = OutcomeRows([
                JobOutcome(
                    lease: lease.handle, result: .done(job: job, udm: .test, members: AppliedMembers()), endsTurn: true)
            ])
            func cost() async throws -> Int {
                try await fixture.connection.run("BEGIN")
                let before = try await fixture.looks(at: "sync_failure")
                _ = try await fixture.connection.execute(OutcomeStatements.finish, rows.handles + rows.terminal)
                let cost = try await fixture.looks(at: "sync_failure") - before
                try await fixture.connection.run("ROLLBACK")
                return cost
            }
            _ = try await cost()
            try await fixture.connection.run(
                """
                INSERT INTO sync_failure (resource_id, attribute, tenant, type, revision, job_id, failed_at, error)
                SELECT gen_random_uuid(), '', 'default', 'User', 1, gen_random_uuid(), now(), '{}'
                FROM generate_series(1, 5000)
                """)
            let looks = try await cost()
            #expect(looks < 20, "\(looks) rows")
        }
    }
}

extension StorageFixture {
    /// Rows and index entries of these tables that this transaction has been given.
    fileprivate func looks(at tables: String...) async throws -> Int {
        try await number(
            """
            SELECT sum(pg_stat_get_xact_tuples_returned(c.oid) + coalesce((
                SELECT sum(pg_stat_get_xact_tuples_returned(i.indexrelid)) FROM pg_index i WHERE i.indrelid = c.oid), 0))::int8
            FROM pg_class c WHERE c.oid IN (\(tables.map { "'\($0)'::regclass" }.joined(separator: ", ")))
            """)
    }
}
