// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import JSON
import Logging
import NIOHTTP1
import Postgres
import Synchronization
import TestSupport
import Testing

@testable import scim_bench

/// Keeps the title of every user that it was told, or only says so.
private final class TitleServer: Sendable {
    let titles = Mutex<[String: [String]]>([:])
    private let forgets: Bool

    init(forgets: Bool) { self.forgets = forgets }

    func answer(_ request: HTTPTestServer.Request) -> HTTPTestServer.Answer {
        guard let id = request.path.split(separator: "/").last.map({ String($0) }) else {
            return .init(status: .notFound)
        }
        if request.method == .GET {
            let title = titles.withLock { $0[id]?.last } ?? ""
            return .init(status: .ok, body: JSONValue.object(["title": .string(title)]).serialize())
        }
        let value = try? JSONValue(parsing: request.body)["Operations"]?[0]?["value"]?.stringValue
        guard request.method == .PATCH, let value else { return .init(status: .badRequest) }
        if !forgets { titles.withLock { $0[id, default: []].append(value) } }
        return .init(status: .noContent)
    }
}

@Suite(.timeLimit(.minutes(1))) struct PatchTests {
    private func load(forgets: Bool = false, connections: Int = 4) async throws -> (TitleServer, LoadResult, [String]) {
        let titles = TitleServer(forgets: forgets)
        let server = try await HTTPTestServer.start { titles.answer($0) }
        let target = try Target("http://127.0.0.1:\(server.port)/scim/v2", allowingRemote: false)
        let scenario = PatchScenario(
            generator: LoadGenerator(target: target, threads: 1), token: "t", names: UserNames(seed: 1),
            ids: (0..<20).map { "id-\($0)" }, changes: nil)
        let window = LoadWindow(warmUp: .zero, measured: .seconds(20), maximumRequests: 200)
        let result = try await scenario.generator.run(
            scenario.requests(run: 1), connections: connections, window: window)
        let problems = try await scenario.verify(result, run: 1)
        try await scenario.generator.shutDown()
        try await server.stop()
        return (titles, result, problems)
    }

    @Test("every change has a value of its own, every user is changed, and what was accepted last is read back")
    func honest() async throws {
        let (server, result, problems) = try await load()
        #expect(result.accepted == 200)
        #expect(result.failures.isEmpty)
        let titles = server.titles.withLock { $0 }
        #expect(titles.count == 20)
        #expect(Set(titles.values.flatMap { $0 }).count == 200)
        #expect(titles.values.joined().allSatisfy { $0.hasPrefix(PatchUsers.prefix(run: 1)) })
        #expect(result.samples.count == 20)
        #expect(problems == [])
    }

    @Test("a server that keeps nothing is found out")
    func liar() async throws {
        let (_, result, problems) = try await load(forgets: true)
        #expect(result.accepted == 200)
        #expect(problems == ["\(result.samples.count) x reading back: another title"])
    }

    @Test("the users to work on are created one by one, and all have an id")
    func pool() async throws {
        try await withServer { server in
            let target = try Target(server.url, allowingRemote: false)
            let generator = LoadGenerator(target: target, threads: 1)
            let pool = try await UserPool.create(
                50, names: UserNames(seed: 1), generator: generator, token: nil, isSilent: true)
            try await generator.shutDown()
            #expect(Set(pool.ids).count == 50)
            #expect(Set(pool.ids).isSubset(of: Set(server.users.keys)))
        }
    }

    @Test("users that cannot be created stop the bench")
    func noPool() async throws {
        try await withServer({ $0 == 7 ? .refuse(.forbidden) : .accept }) { server in
            let target = try Target(server.url, allowingRemote: false)
            let generator = LoadGenerator(target: target, threads: 1)
            await #expect(throws: BenchFailure.self) {
                try await UserPool.create(
                    50, names: UserNames(seed: 1), generator: generator, token: nil, isSilent: true)
            }
            try await generator.shutDown()
        }
    }

    @Test("a mix is a fifth creates; only these are to be proven, and each kind has its latency")
    func mixed() async throws {
        try await withServer { server in
            let target = try Target(server.url, allowingRemote: false)
            let generator = LoadGenerator(target: target, threads: 1)
            let names = UserNames(seed: 5)
            let pool = try await UserPool.create(
                16, names: names, generator: generator, token: nil, isSilent: true)
            let scenario = MixedScenario(
                generator: generator, token: nil, names: names, ids: pool.ids, verification: .samples)
            let window = LoadWindow(warmUp: .zero, measured: .seconds(20), maximumRequests: 1000)
            let result = try await generator.run(scenario.requests(run: 1), connections: 4, window: window)
            let created = result.accepted(series: MixedRequests.Series.create)
            #expect(result.accepted == 1000)
            #expect((120...280).contains(created))
            #expect(result.accepted(series: MixedRequests.Series.read) == 1000 - created)
            #expect(server.users.count == 16 + created)
            #expect(result.latencies.map(\.count) == [1000 - created, created])
            #expect(try await scenario.verify(result, run: 1) == [])
            try await generator.shutDown()
        }
    }
}

@Suite(.timeLimit(.minutes(1))) struct AcceptedChangesTests {
    /// As the bridge changes a user: revision, order, attributes and a job.
    private static let change = PostgresStatement(
        unnamed: """
            WITH stored AS (
                UPDATE resource SET revision = revision + 1, "order" = nextval('write_order'),
                    attributes = jsonb_build_object('title', $2::text)
                WHERE id = (SELECT resource_id FROM unique_claim WHERE value = $1::text) RETURNING *
            )
            INSERT INTO job (id, tenant, type, resource_id, revision, "order", operation, lane, client, request_id,
                accepted_at, due_at, new_state)
            SELECT gen_random_uuid(), tenant, type, id, revision, "order", 'modify', 'interactive', 'c', 'r', now(), now(),
                jsonb_build_object('resource', attributes) FROM stored
            """)

    private func withUsers(_ body: (AcceptedChanges, PostgresConnection) async throws -> Void) async throws {
        try await withSchema { configuration in
            let connection = try await PostgresConnection.open(
                configuration, label: "test", logger: Logger(label: "test"))
            let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
                "../../schema")
            do {
                for name in ["0001_resources", "0002_jobs"] {
                    try await connection.run(
                        String(contentsOf: folder.appendingPathComponent("\(name).up.sql"), encoding: .utf8))
                }
                for name in ["b-0-0", "b-0-1", "other"] {
                    try await connection.run(
                        """
                        WITH r AS (
                            INSERT INTO resource (tenant, type, id, revision, "order", created_at, modified_at, attributes)
                            VALUES ('default', 'User', gen_random_uuid(), 1, nextval('write_order'), now(), now(), '{}')
                            RETURNING id
                        )
                        INSERT INTO unique_claim SELECT 'default', 'name', '\(name)', id FROM r
                        """)
                }
                try await body(AcceptedChanges(configuration: configuration, namePrefix: "b-0-"), connection)
            } catch {
                await connection.close()
                throw error
            }
            await connection.close()
        }
    }

    private func change(_ name: String, _ title: String, _ connection: PostgresConnection) async throws {
        _ = try await connection.execute(Self.change, [.text(name), .text(title)])
    }

    @Test("changes of the run and of its users count, once")
    func counted() async throws {
        try await withUsers { changes, connection in
            try await change("b-0-0", "title-0-a", connection)
            try await changes.begin()
            try await change("b-0-0", "title-1-a", connection)
            try await change("b-0-0", "title-1-b", connection)
            try await change("b-0-1", "title-1-c", connection)
            try await change("other", "title-1-d", connection)
            #expect(try await changes.verify(count: 3, titles: "title-1-") == [])
            // What was proven once is no proof of the next run.
            try await change("b-0-1", "title-2-a", connection)
            #expect(try await changes.verify(count: 1, titles: "title-2-") == [])
            #expect(try await changes.verify(count: 1, titles: "title-3-").count == 3)
        }
    }

    @Test("a job that has moved to the history still counts")
    func history() async throws {
        try await withUsers { changes, connection in
            try await changes.begin()
            try await change("b-0-0", "title-1-a", connection)
            try await connection.run(
                """
                WITH done AS (DELETE FROM job RETURNING *)
                INSERT INTO job_history (id, tenant, type, resource_id, revision, "order", operation, lane, client, request_id,
                    accepted_at, finished_at, state, attempts, crashes, new_state)
                SELECT id, tenant, type, resource_id, revision, "order", operation, lane, client, request_id, accepted_at,
                    now(), 'done', 0, 0, new_state FROM done
                """)
            #expect(try await changes.verify(count: 1, titles: "title-1-") == [])
        }
    }

    @Test(
        "a lost job, a value told twice, and a user that is something else are told",
        arguments: [
            (
                "DELETE FROM job WHERE new_state #>> '{resource,title}' = 'title-1-b'",
                [
                    "2 accepted, but 1 jobs", "2 accepted, but 1 values in jobs",
                    "2 accepted, but 1 revisions with a job",
                    "1 users are not what their latest change made of them",
                ]
            ),
            (
                "UPDATE job SET new_state = '{\"resource\": {\"title\": \"title-1-b\"}}'",
                ["2 accepted, but 1 values in jobs"]
            ),
            (
                "UPDATE resource SET attributes = '{}' WHERE revision > 1",
                ["1 users are not what their latest change made of them"]
            ),
        ])
    func damaged(damage: String, problems: [String]) async throws {
        try await withUsers { changes, connection in
            try await changes.begin()
            try await change("b-0-0", "title-1-a", connection)
            try await change("b-0-0", "title-1-b", connection)
            try await connection.run(damage)
            #expect(try await changes.verify(count: 2, titles: "title-1-") == problems)
        }
    }
}
