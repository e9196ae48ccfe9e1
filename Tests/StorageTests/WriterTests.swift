// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import Logging
import Postgres
import SCIM
import TestSupport
import Testing

@testable import Storage

@Suite("The writer under races, locks and lost connections", .timeLimit(.minutes(3))) struct WriterTests {
    @Test("Two processes race for one name 50 times: exactly one wins, and never an error")
    func race() async throws {
        try await StorageFixture.run { fixture in
            let other = fixture.anotherDatabase()
            for round in 0..<50 {
                async let first = fixture.store.create(user("jo\(round)"), context: testContext)
                async let second = other.resources.create(user("JO\(round)"), context: testContext)
                let results = try await [first, second]
                #expect(results.filter(\.isCreated).count == 1)
                #expect(results.compactMap(\.clash) == [UniqueClaim(kind: .name, value: "jo\(round)")])
            }
            await other.close()
            #expect(try await fixture.number("SELECT count(*) FROM resource") == 50)
        }
    }

    @Test("Batches of two processes that want the same names: every name once, and never an error")
    func batchRace() async throws {
        try await StorageFixture.run { fixture in
            let other = fixture.anotherDatabase()
            let winners = try await withThrowingTaskGroup(of: Bool.self) { tasks in
                for number in 0..<400 {
                    let store = number % 2 == 0 ? fixture.store : other.resources
                    tasks.addTask {
                        try await store.create(user("user\(number / 2)"), context: testContext).isCreated
                    }
                }
                return try await tasks.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            await other.close()
            #expect(winners == 200)
            #expect(try await fixture.number("SELECT count(*) FROM job") == 200)
        }
    }

    @Test("A row locked elsewhere holds up its own write only")
    func lockedRow() async throws {
        try await StorageFixture.run { fixture in
            let locked = try await fixture.createUser("locked")
            let free = try await fixture.createUser("free")
            try await fixture.connection.run("BEGIN; SELECT FROM resource WHERE id = '\(locked.id)' FOR UPDATE")
            async let waiting = fixture.store.replace(
                .user, locked.id, with: user("locked", displayName: "x"), context: testContext)
            for number in 0..<10 {
                #expect(try await fixture.store.create(user("new\(number)"), context: testContext).isCreated)
                let result = try await fixture.store.replace(
                    .user, free.id, with: user("free", displayName: "\(number)"), context: testContext)
                #expect(result.isUpdated)
            }
            let before = try await fixture.number("SELECT revision FROM resource WHERE id = '\(locked.id)'")
            try await fixture.connection.run("COMMIT")
            let result = try await waiting
            #expect(before == 1)
            #expect(try result.resource().revision == 2)
        }
    }

    @Test("A value that another transaction is about to take is waited for", arguments: [true, false])
    func lockedValue(commits: Bool) async throws {
        try await StorageFixture.run { fixture in
            try await fixture.connection.run(
                "BEGIN; INSERT INTO unique_claim VALUES ('default', 'name', 'jo', gen_random_uuid())")
            async let waiting = fixture.store.create(user("jo"), context: testContext)
            async let neighbour = fixture.store.create(user("al"), context: testContext)
            #expect(try await neighbour.isCreated)
            try await fixture.connection.run(commits ? "COMMIT" : "ROLLBACK")
            let result = try await waiting
            #expect(result.isCreated == !commits)
            if commits { #expect(result.clash == UniqueClaim(kind: .name, value: "jo")) }
        }
    }

    @Test("While one batch waits in PostgreSQL, what gathers goes beside it on a connection of its own")
    func besideEachOther() async throws {
        try await StorageFixture.run { fixture in
            // Longer than the test: the first batch is under way all the time.
            let database = fixture.anotherDatabase { $0.writerLockTimeout = .seconds(120) }
            let store = database.resources
            try await fixture.connection.run(
                "BEGIN; INSERT INTO unique_claim VALUES ('default', 'name', 'jo', gen_random_uuid())")
            async let waiting = store.create(user("jo"), context: testContext)
            func waitingLocks() async throws -> Int {
                try await fixture.anotherConnection { other in
                    Int(
                        try await other.execute(
                            PostgresStatement(unnamed: "SELECT count(*) FROM pg_locks WHERE NOT granted"))[0].int(0))
                }
            }
            try await wait(until: "the first batch waits") { try await waitingLocks() > 0 }
            let gathered = await store.create(
                (0..<BatchSchedule.worthBatch).map { (user("user\($0)"), ResourceID.random()) }, context: testContext)
            #expect(try gathered.filter { try $0.get().isCreated }.count == BatchSchedule.worthBatch)
            #expect(try await waitingLocks() > 0)
            try await fixture.connection.run("ROLLBACK")
            #expect(try await waiting.isCreated)
            await database.close()
        }
    }

    @Test("One write does not wait for a batch that is held up: after 20 ms it goes beside it", .timeLimit(.minutes(1)))
    func besideABatchThatWaits() async throws {
        try await StorageFixture.run { fixture in
            // Longer than the test: the batch is under way all the time.
            let database = fixture.anotherDatabase { $0.writerLockTimeout = .seconds(120) }
            let store = database.resources
            try await fixture.connection.run(
                "BEGIN; INSERT INTO unique_claim VALUES ('default', 'name', 'jo', gen_random_uuid())")
            async let waiting = store.create(
                [(user("jo"), ResourceID.random()), (user("ada"), ResourceID.random())], context: testContext)
            try await wait(until: "the batch waits") {
                try await fixture.anotherConnection { other in
                    try await other.execute(
                        PostgresStatement(unnamed: "SELECT count(*) FROM pg_locks WHERE NOT granted"))[0].int(0) > 0
                }
            }
            #expect(try await store.create(user("bo"), context: testContext).isCreated)
            #expect(
                try await store.create([(user("cy"), ResourceID.random())], context: testContext)
                    .allSatisfy { try $0.get().isCreated })
            try await fixture.connection.run("ROLLBACK")
            #expect(try await waiting.allSatisfy { try $0.get().isCreated })
            await database.close()
        }
    }

    @Test("What PostgreSQL refuses fails alone, its neighbours are written")
    func badContent() async throws {
        try await StorageFixture.run { fixture in
            let (created, failed) = try await withThrowingTaskGroup(of: Bool.self) { tasks in
                for number in 0..<64 {
                    tasks.addTask {
                        // Legal JSON that jsonb does not take; validation refuses it long before.
                        let name = number == 20 ? "bad\u{0}" : "x"
                        do {
                            let resource = user("user\(number)", displayName: name)
                            return try await fixture.store.create(resource, context: testContext).isCreated
                        } catch let error as PostgresError where error.kind == .server && number == 20 {
                            return false
                        }
                    }
                }
                return try await tasks.reduce(into: (0, 0)) { counts, isCreated in
                    if isCreated { counts.0 += 1 } else { counts.1 += 1 }
                }
            }
            #expect(created == 63)
            #expect(failed == 1)
            #expect(try await fixture.number("SELECT count(*) FROM resource") == 63)
            #expect(try await fixture.number("SELECT count(*) FROM unique_claim") == 63)
        }
    }

    @Test(
        "A create whose commit got no answer is found again and is a success; an update is an error that may have taken effect"
    )
    func lostAnswer() async throws {
        let server = try await PostgresServer.start()
        try await StorageFixture.run(on: server) { fixture in
            let proxy = try PostgresProxy(to: server.port)
            var through = fixture.configuration
            through.url = "postgresql://postgres@127.0.0.1:\(proxy.port)/postgres"
            try await fixture.withStore(writer: through) { store, _ in
                let al = try await store.create(user("al"), context: testContext).resource()
                proxy.holdAnswers()
                async let creation = store.create(user("jo"), context: testContext)
                try await wait(until: "the create has committed") {
                    try await fixture.number("SELECT count(*) FROM resource") == 2
                }
                proxy.cut()
                proxy.release()
                let created = try await creation.resource()
                #expect(try await fixture.read(created)?.revision == 1)
                // The pipeline is connected again before the next answer is held.
                _ = try await store.create(user("ed"), context: testContext).resource()
                proxy.holdAnswers()
                async let change = store.replace(
                    .user, al.id, with: user("al", displayName: "x"), context: testContext)
                try await wait(until: "the update has committed") {
                    try await fixture.number("SELECT revision FROM resource WHERE id = '\(al.id)'") == 2
                }
                proxy.cut()
                proxy.release()
                do {
                    let result = try await change
                    Issue.record("answered \(result)")
                } catch let error as PostgresError {
                    #expect(error.mayHaveCommitted)
                }
                #expect(try await fixture.jobs(of: al.id) == ["create 1", "modify 2"])
            }
        }
    }

    @Test(
        "The writer's backend is killed again and again: what was answered is there once, and nothing is there by halves"
    )
    func killed() async throws {
        try await StorageFixture.run { fixture in
            var configuration = fixture.configuration
            let name = "writer-\(LowercaseUUID.random().description.prefix(8))"
            configuration.applicationName = name
            try await fixture.withStore(writer: configuration) { store, pipeline in
                // Each caller creates until the deed is done, so that the last ones meet a killed writer too.
                let created = try await withThrowingTaskGroup(of: [ResourceID].self) { tasks in
                    for caller in 0..<16 {
                        tasks.addTask {
                            var ids: [ResourceID] = []
                            for number in 0..<40 {
                                do {
                                    let result = try await store.create(
                                        user("u\(caller)-\(number)"), context: testContext)
                                    ids.append(try result.resource().id)
                                } catch is PostgresError {
                                    continue
                                }
                            }
                            return ids
                        }
                    }
                    for _ in 0..<8 {
                        let before = pipeline.statistics.segments
                        _ = try await fixture.rows(
                            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '\(name)'")
                        try await wait(until: "the writer works again, or is done") {
                            pipeline.statistics.segments > before + 2 || store.waitingWrites == 0
                        }
                    }
                    return try await tasks.reduce(into: []) { $0 += $1 }
                }
                #expect(created.count > 100)
                #expect(Set(created).count == created.count)
                let stored = try await fixture.rows("SELECT id FROM resource").map { try $0.id(0) }
                #expect(Set(created).isSubset(of: stored))
                #expect(
                    try await fixture.number(
                        """
                        SELECT count(*) FROM resource r
                        FULL JOIN job j ON j.resource_id = r.id AND j.revision = r.revision AND j."order" = r."order"
                        FULL JOIN unique_claim u ON u.resource_id = r.id
                        WHERE r.id IS NULL OR j.id IS NULL OR u.resource_id IS NULL
                        """) == 0)
            }
        }
    }
}
