// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import Postgres
import Queue
import Redis
import SCIM
import Storage
import TestSupport
import Testing

@testable import API

extension OverHTTP {
    @Suite struct OutageTests {
        @Test func withoutPostgreSQLTheAnswerIs503AndItRecoversByItself() async throws {
            let server = try await PostgresServer.start()
            try await withAPI(on: server) { api in
                let id = try await api.post("/Users", Samples.user(Samples.name())).id
                try await server.stop()
                for (method, path, body) in [
                    ("GET", "/Users/\(id)", nil), ("GET", "/Users", nil),
                    ("POST", "/Users", Samples.user(Samples.name())),
                    ("PUT", "/Users/\(id)", Samples.user(Samples.name())), ("DELETE", "/Users/\(id)", nil),
                ] as [(String, String, JSONObject?)] {
                    let answer = try await api.send(method, path, body: body?.serialize())
                    answer.expect(503)
                    #expect(answer.header("Retry-After").flatMap { Int($0) } ?? 0 >= 1)
                    // Neither addresses nor PostgreSQL's own words.
                    #expect(!answer.text.contains("127.0.0.1") && !answer.text.lowercased().contains("libpq"))
                }
                // What needs no database goes on.
                try await api.get("/ServiceProviderConfig").expect(200)
                try await api.get("/Users/x").expect(404)
                try await server.restart()
                try await eventually { try await api.get("/Users/\(id)").status == 200 }
                try await eventually { try await api.get("/Users").status == 200 }
                try await eventually { try await api.post("/Users", Samples.user(Samples.name())).status == 201 }
                try await api.put("/Users/\(id)", Samples.user(Samples.name())).expect(200)
                try await api.delete("/Users/\(id)").expect(204)
            }
        }

        @Test func aLargeGroupThatIsCommittedIsAnsweredSoWhenItsMembersCannotBeRead() async throws {
            let server = try await PostgresServer.start(settings: ["max_connections": "40"])
            try await withAPI(on: server, configure: { $0.poolWaitTimeout = .milliseconds(500) }) { api in
                let users = try await api.withConnection { connection in
                    try await connection.execute(
                        PostgresStatement(
                            unnamed: """
                                INSERT INTO resource (tenant, type, id, revision, "order", created_at, modified_at, attributes)
                                SELECT 'default', 'User', gen_random_uuid(), 1, nextval('write_order'), now(), now(),
                                    '{"displayName": "Roe"}' FROM generate_series(1, 1100) RETURNING id::text
                                """)
                    ).map { try $0.string(0) }
                }
                // Whatever writes is connected afterwards; what reads a large group connects when it first does.
                let first = try await api.post(
                    "/Groups?excludedAttributes=members", Samples.group(Samples.name("g"), members: users))
                first.expect(201)
                let name = Samples.name("g")
                try await api.put(
                    "/Groups/\(first.id)?excludedAttributes=members", Samples.group(name, members: users)
                ).expect(200)
                var others: [PostgresConnection] = []
                while let other = try? await PostgresConnection.open(
                    api.database, label: "other", logger: PostgresForTests.logger)
                {
                    others.append(other)
                }
                let created = try await api.post("/Groups", Samples.group(Samples.name("g"), members: users))
                created.expect(201)
                #expect(created.memberIDs.isEmpty)
                #expect(created.etag == "W/\"1\"")
                let replaced = try await api.put("/Groups/\(first.id)", Samples.group(name, members: users.dropLast()))
                replaced.expect(200)
                #expect(replaced.memberIDs.isEmpty)
                #expect(replaced.etag == "W/\"3\"")
                for other in others { await other.close() }
                try await eventually { try await api.get("/Groups/\(created.id)").memberIDs.count == users.count }
                try await eventually { try await api.get("/Groups/\(first.id)").memberIDs.count == users.count - 1 }
            }
        }

        @Test func tooManyListsAtOnceAre503AndNotAQueueWithoutEnd() async throws {
            try await withAPI(configure: {
                $0.listPoolSize = 1; $0.poolWaitTimeout = .milliseconds(100)
            }) { api in
                let id = try await api.post("/Users", Samples.user(Samples.name())).id
                try await api.get("/Users").expect(200)
                try await api.withConnection { connection in
                    try await connection.run("BEGIN; LOCK TABLE group_member IN ACCESS EXCLUSIVE MODE")
                    try await withThrowingTaskGroup(of: Answer.self) { group in
                        for _ in 0..<3 { group.addTask { try await api.get("/Users") } }
                        // One holds the only connection; the others give up.
                        for _ in 0..<2 {
                            let answer = try #require(try await group.next())
                            answer.expect(503)
                            #expect(answer.header("Retry-After").flatMap { Int($0) } ?? 0 >= 1)
                        }
                        try await api.get("/Users/\(id)?excludedAttributes=groups").expect(200)
                        try await connection.run("ROLLBACK")
                        try #require(try await group.next()).expect(200)
                    }
                }
                try await api.get("/Users").expect(200)
            }
        }

        @Test func acceptedWritesAreQueued() async throws {
            try await withKeyPrefix { client, name in
                let queue = WorkQueue(client: client, name: name)
                try await queue.finishRebuild(generation: try await queue.beginRebuild())
                try await withAPI(queue: queue) { api in
                    let name = Samples.name()
                    let user = try await api.post("/Users", Samples.user(name)).id
                    let group = try await api.post("/Groups", Samples.group(Samples.name("g"))).id
                    let keys = [
                        ResourceKey(tenant: "default", type: "User", id: user),
                        ResourceKey(tenant: "default", type: "Group", id: group),
                    ]
                    try await eventually { try await queue.known(keys) == Set(keys) }
                    let lease = try await queue.lease(upTo: 2, for: .seconds(30), worker: "w")
                    #expect(Set(lease.leases.map(\.key)) == Set(keys))
                    #expect(lease.leases.allSatisfy { $0.lane == .interactive })
                    _ = try await queue.release(
                        lease.leases.map { Release($0, next: .forget) }, leaseNext: 0, for: .seconds(30), worker: "w")
                    // Nothing changes, so there is nothing to do.
                    try await api.put("/Users/\(user)", Samples.user(name)).expect(200)
                    try await api.post("/Users", Samples.user(name)).expect(409, scimType: "uniqueness")
                    try await api.delete("/Groups/\(group)").expect(204)
                    try await eventually { try await queue.known(keys) == [keys[1]] }
                }
            }
        }

        @Test func withoutRedisEveryAnswerIsTheSame() async throws {
            let redis = try await RedisServer.start()
            defer { redis.stop() }
            try await withRedis(redis.url) { client in
                let queue = WorkQueue(client: client, name: "t")
                try await withAPI(queue: queue) { api in
                    redis.stop()
                    let id = try await api.post("/Users", Samples.user(Samples.name())).id
                    try await api.put("/Users/\(id)", Samples.user(Samples.name())).expect(200)
                    try await api.get("/Users/\(id)").expect(200)
                    try await api.delete("/Users/\(id)").expect(204)
                    #expect(try await api.jobs(of: id).count == 3)
                    try await eventually { queue.enqueueFailures >= 3 }
                }
            }
        }
    }
}
