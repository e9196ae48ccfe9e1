// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import JSON
import Logging
import Postgres
import TestSupport
import Testing

@testable import scim_bench

/// The hand-written SELECTs on the bridge's own tables, in a cluster of their own.
@Suite(.serialized, .timeLimit(.minutes(3))) struct ListSelectTests {
    private static let count = 3000
    private static let users = DirectoryUsers(seed: 1)
    private static let server = Task { try await Self.makeServer() }

    private static func makeServer() async throws -> PostgresServer {
        let server = try await PostgresServer.start()
        try await withConnection(server.configuration) { connection in
            let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
                .appendingPathComponent("../../schema").path
            for name in try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
            where name.hasSuffix(".up.sql") {
                try await connection.run(String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8))
            }
            try await connection.run("SELECT ensure_trigram_index()")
            try await insertUsers(connection)
            // As the bridge itself does all the time.
            try await connection.run("SELECT gin_clean_pending_list('unique_claim_name_trigrams'); ANALYZE")
        }
        return server
    }

    /// User `n` has the id `00000000-0000-4000-8000-` and `n` in twelve digits, and was modified `n` seconds after the first.
    private static func insertUsers(_ connection: PostgresConnection) async throws {
        let all = (0..<count).map { users.user($0) }
        let documents = all.map { user -> [UInt8]? in
            var attributes = user.resource.objectValue ?? [:]
            for name in ["schemas", "externalId"] { attributes.removeValue(forKey: name) }
            return JSONValue.object(attributes).serialize()
        }
        _ = try await connection.execute(
            PostgresStatement(
                unnamed: """
                    WITH i AS (
                        SELECT *, ('00000000-0000-4000-8000-' || lpad((n - 1)::text, 12, '0'))::uuid AS id
                        FROM unnest($1::jsonb[], $2::text[]) WITH ORDINALITY AS u (attributes, external_id, n)
                    ), r AS (
                        INSERT INTO resource (tenant, type, id, revision, "order", created_at, modified_at, attributes)
                        SELECT 'default', 'User', id, 1, n, t, t, attributes
                        FROM i, LATERAL (SELECT timestamptz '2026-11-21T10:00:00.0005Z' + n * interval '1 s' AS t) AS at
                    )
                    INSERT INTO external_id (resource_id, client, tenant, value)
                    SELECT id, 'bench', 'default', external_id FROM i
                    UNION ALL SELECT id, 'other', 'default', 'theirs' FROM i WHERE n = 1
                    """), [.jsonArray(documents), .textArray(all.map(\.externalId))])
        // One of them had a name of its own in UDM, too.
        try await connection.run(
            """
            INSERT INTO unique_claim (tenant, kind, value, resource_id)
            SELECT 'default', 'name', lower(attributes ->> 'userName') || suffix, id
            FROM resource, (VALUES (''), ('-udm')) AS v (suffix) WHERE suffix = '' OR "order" = 8
            """)
        try await connection.run(
            """
            INSERT INTO resource (tenant, type, id, revision, "order", created_at, modified_at, attributes)
            VALUES ('default', 'Group', gen_random_uuid(), 1, 0, now(), now(), '{"displayName": "load-1-large"}');
            INSERT INTO group_member (tenant, group_id, member_id, member_type, added_revision)
            SELECT 'default', g.id, u.id, 'User', 1 FROM resource g, resource u WHERE g.type = 'Group' AND u.type = 'User'
            """)
    }

    private static func id(_ number: Int) -> String {
        let digits = String(number)
        return "00000000-0000-4000-8000-" + String(repeating: "0", count: 12 - digits.count) + digits
    }

    private static func withConnection<Value>(
        _ configuration: PostgresConfiguration, _ body: (PostgresConnection) async throws -> Value
    ) async throws -> Value {
        let connection = try await PostgresConnection.open(
            configuration, label: "test", logger: Logger(label: "test"))
        do {
            let value = try await body(connection)
            await connection.close()
            return value
        } catch {
            await connection.close()
            throw error
        }
    }

    private func withTable(
        _ samples: [ListQuery: [ListSample]], _ body: (SampleTable) async throws -> Void
    ) async throws {
        let table = try await SampleTable.create(try await Self.server.value.configuration, samples)
        do {
            try await body(table)
            try await table.remove()
        } catch {
            try await table.remove()
            throw error
        }
    }

    private func expect(
        _ query: ListQuery, _ sample: ListSample, total: Int?, ids: [Int], in table: SampleTable
    ) async throws {
        let page = try await table.page(ListSelect(query: query, client: "bench"), sample)
        #expect(page.total == total, "\(query)")
        #expect(page.ids == ids.map { Self.id($0) }, "\(query)")
    }

    @Test("look-ups find the one user, whatever the case of the letters")
    func lookups() async throws {
        let user = Self.users.user(1234)
        try await withTable([:]) { table in
            for (query, value) in [
                (ListQuery.userName, user.userName.uppercased()), (.externalId, user.externalId),
                (.id, Self.id(1234)), (.email, user.homeAddress.uppercased()), (.email, user.workAddress),
                (.workEmail, user.workAddress.uppercased()),
            ] {
                try await expect(query, ListSample(query, value), total: 1, ids: [1234], in: table)
            }
            // It is there, but not at work; and the external id of another client is not ours.
            try await expect(.workEmail, ListSample(.workEmail, user.homeAddress), total: 0, ids: [], in: table)
            try await expect(.externalId, ListSample(.externalId, "theirs"), total: 0, ids: [], in: table)
            try await expect(.userName, ListSample(.userName, "nobody"), total: 0, ids: [], in: table)
        }
    }

    @Test("parts of names find all users that have them, in the order of their ids")
    func parts() async throws {
        let all = (0..<Self.count).map { Self.users.user($0) }
        try await withTable([:]) { table in
            let name = all[0].displayName
            let sample = ListSample(.displayName, name, end: ListSampling.end(ofPrefix: name))
            let named = all.indices.filter { all[$0].displayName.hasPrefix(name) }
            try await expect(.displayName, sample, total: named.count, ids: named, in: table)
            // More than a page: everybody whose name begins with a letter.
            let letter = ListSample(.displayName, "M", end: ListSampling.end(ofPrefix: "M"))
            let many = all.indices.filter { all[$0].displayName.hasPrefix("M") }
            #expect(many.count > 100)
            try await expect(.displayName, letter, total: many.count, ids: Array(many.prefix(100)), in: table)
            let part = ListSampling.part(of: all[7].userName)
            let containing = all.indices.filter { all[$0].userName.contains(part) }
            try await expect(
                .partOfUserName, ListSample(.partOfUserName, part), total: containing.count, ids: containing, in: table)
        }
    }

    @Test("later than a time that a client was shown means from the next millisecond on")
    func modified() async throws {
        // User n was modified at n + 1 s and 500 us, which is shown without the microseconds.
        let shown = "2026-11-21T10:48:21.000Z"
        let later = Array(2901..<Self.count)
        try await withTable([:]) { table in
            for query in [ListQuery.modified, .modifiedRecently] {
                try await expect(query, ListSample(query, shown), total: later.count, ids: later, in: table)
            }
        }
    }

    @Test("pages go by id; behind a cursor nothing is counted")
    func pages() async throws {
        try await withTable([:]) { table in
            try await expect(
                .firstPage, ListSample(parameters: [], value: ""), total: Self.count, ids: Array(0..<100), in: table)
            try await expect(
                .deepPage, ListSample(parameters: [], value: Self.id(1999)), total: nil, ids: Array(2000..<2100),
                in: table)
        }
    }

    @Test(
        "each SELECT finds its users by an index",
        arguments: [
            (ListQuery.userName, "resource_user_name"), (.externalId, "external_id_value"), (.id, "resource_pkey"),
            (.email, "resource_emails"), (.workEmail, "resource_emails"), (.displayName, "resource_display_name"),
            (.partOfUserName, "unique_claim_name_trigrams"), (.modifiedRecently, "resource_modified"),
            (.modified, "resource_modified"), (.firstPage, "resource_pkey"), (.deepPage, "resource_pkey"),
        ])
    func indexes(query: ListQuery, index: String) async throws {
        let select = ListSelect(query: query, client: "bench")
        let values = query == .id || query == .deepPage ? "'\(Self.id(1))'" : "'2026-11-21T10:00:00Z'"
        try await Self.withConnection(try await Self.server.value.configuration) { connection in
            // So few users would be read as a whole.
            for (name, value) in ListSelect.planSettings + [("enable_seqscan", "off")] {
                try await connection.run("SET \(name) = '\(value)'")
            }
            let types = Array(repeating: "text", count: select.valueCount).joined(separator: ", ")
            try await connection.run("PREPARE p\(types.isEmpty ? "" : " (\(types))") AS \(select.sql())")
            let arguments = Array(repeating: values, count: select.valueCount).joined(separator: ", ")
            let plan = try await connection.execute(
                PostgresStatement(unnamed: "EXPLAIN EXECUTE p\(arguments.isEmpty ? "" : "(\(arguments))")"))
            let text = try plan.map { try $0.string(0) }.joined(separator: "\n")
            #expect(text.contains("\(index) "), "\(text)")
        }
    }

    @Test(
        "pgbench runs the SELECT with values that it draws, and tells its percentiles",
        arguments: [ListQuery.userName, .displayName, .firstPage])
    func pgbench(query: ListQuery) async throws {
        let people = (0..<50).map { Self.users.user($0 * 7) }
        let samples = people.map { user -> ListSample in
            switch query {
            case .displayName:
                ListSample(query, user.displayName, end: ListSampling.end(ofPrefix: user.displayName))
            case .firstPage: ListSample(parameters: [], value: "")
            default: ListSample(query, user.userName)
            }
        }
        let configuration = try await Self.server.value.configuration
        try await withTable([query: samples]) { _ in
            let limit = PgbenchSelect(
                program: try BenchSession.pgbench(), configuration: configuration, threads: 1,
                select: ListSelect(query: query, client: "bench"), samples: samples, seed: 5)
            let result = try await limit.run(
                clients: 2, window: LoadWindow(warmUp: .seconds(1), measured: .seconds(1)), meter: ProcessorMeter()
            ) { _ in }
            #expect(result.problems == [])
            let percentiles = try #require(result.percentiles)
            #expect(percentiles.count > 0)
            #expect(result.rate > 0)
            // On a busy machine pgbench itself takes half of them for 0 µs: it does not look at the clock for each step.
            #expect(percentiles.maximum > 0)
            #expect(percentiles.p50 <= percentiles.p95)
            #expect(percentiles.p95 <= percentiles.maximum)
        }
    }

    @Test("a SELECT that pgbench cannot run is told with its reason")
    func broken() async throws {
        let limit = PgbenchSelect(
            program: try BenchSession.pgbench(), configuration: try await Self.server.value.configuration, threads: 1,
            select: ListSelect(query: .userName, client: "bench"), samples: [], seed: 5)
        // There is no table of samples.
        await #expect(throws: BenchFailure.self) {
            try await limit.run(
                clients: 1, window: LoadWindow(warmUp: .seconds(1), measured: .seconds(1)), meter: ProcessorMeter()
            ) { _ in }
        }
    }

    @Test("nothing of the samples is left behind")
    func removed() async throws {
        try await withTable([.userName: [ListSample(.userName, "a")]]) { _ in }
        try await Self.withConnection(try await Self.server.value.configuration) { connection in
            let rows = try await connection.execute(
                PostgresStatement(unnamed: "SELECT FROM pg_namespace WHERE nspname = 'scim_bench_samples'"))
            #expect(rows.rowCount == 0)
        }
    }
}
