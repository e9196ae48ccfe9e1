// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import Postgres
import SCIM
import Testing

@testable import Storage

@Suite("Creating a resource", .timeLimit(.minutes(3))) struct CreateTests {
    @Test("A create stores the resource, its claims, its external id and one job in revision 1")
    func everything() async throws {
        try await StorageFixture.run { fixture in
            let result = try await fixture.store.create(
                user("Jo.Doe", mailbox: "Jo@Example.org", externalId: "ext-1"), context: testContext)
            guard case .created(let stored, let jobID) = result else { throw Unexpected(result) }
            #expect(stored.revision == 1)
            #expect(stored.id.version == 4)
            #expect(stored.created == stored.modified)
            let read = try #require(try await fixture.read(stored))
            #expect(read.order == stored.order)
            #expect(read.created == stored.created)
            #expect(read.externalId == "ext-1")
            #expect(try read.parsedAttributes() == stored.parsedAttributes())
            let claims = try await fixture.rows("SELECT kind || ' ' || value FROM unique_claim ORDER BY 1")
                .map { try $0.string(0) }
            #expect(claims == ["mail jo@example.org", "name jo.doe"])
            let job = try await fixture.rows(
                """
                SELECT id, revision, "order", operation, lane, client, request_id, trace_parent, accepted_at, due_at,
                    old_state IS NULL, secret IS NULL, type, attempts FROM job
                """)
            #expect(job.rowCount == 1)
            #expect(try job[0].id(0) == jobID)
            #expect(jobID.version == 7)
            #expect(try job[0].int(1) == 1)
            #expect(try job[0].int(2) == stored.order)
            #expect(try job[0].string(3) == "create")
            #expect(try job[0].string(4) == "interactive")
            #expect(try job[0].string(5) == "idp")
            #expect(try job[0].string(6) == "request-1")
            #expect(try job[0].string(7) == "00-trace")
            #expect(try job[0].time(8) == stored.created)
            #expect(try job[0].time(9) == stored.created)
            #expect(try job[0].bool(10))
            #expect(try job[0].bool(11))
            #expect(try job[0].string(12) == "User")
        }
    }

    @Test("The new state of a job has attributes, external id and times, and no secret")
    func newState() async throws {
        try await StorageFixture.run { fixture in
            let stored = try await fixture.store.create(
                user("jo", externalId: "e1", password: "secret-password"), context: testContext
            ).resource()
            let state = try #require(try await fixture.json("SELECT new_state FROM job")?.objectValue)
            #expect(Set(state.keys) == ["resource", "externalId", "created", "modified"])
            #expect(try state["resource"]?.objectValue == stored.parsedAttributes())
            #expect(state["externalId"] == "e1")
            let created = try #require(state["created"]?.stringValue)
            #expect(Timestamp(iso8601: created) == stored.created)
            let text = try #require(try await fixture.text("SELECT to_jsonb(job)::text FROM job"))
            #expect(!text.contains("secret-password"))
        }
    }

    @Test("A password is sealed for its job and resource")
    func password() async throws {
        try await StorageFixture.run { fixture in
            let result = try await fixture.store.create(user("jo", password: "Geheim!123"), context: testContext)
            guard case .created(let stored, let jobID) = result else { throw Unexpected(result) }
            let sealed = try await fixture.rows("SELECT secret FROM job")[0].bytes(0)
            let sealer = try SecretSealer(keys: [[UInt8](repeating: 7, count: 32)])
            #expect(try sealer.open(sealed, jobID: jobID, resourceID: stored.id) == Array("Geheim!123".utf8))
        }
    }

    @Test("A name is unique without regard to case, over users and groups")
    func caseInsensitive() async throws {
        try await StorageFixture.run { fixture in
            _ = try await fixture.createUser("Jo")
            let second = try await fixture.store.create(user("jO"), context: testContext)
            #expect(second.clash == UniqueClaim(kind: .name, value: "jo"))
            let third = try await fixture.store.create(group("JO"), context: testContext)
            #expect(third.clash == UniqueClaim(kind: .name, value: "jo"))
            let both = try await fixture.store.create(group("JO", members: []), context: testContext)
            #expect(both.clash == UniqueClaim(kind: .name, value: "jo"))
            #expect(try await fixture.number("SELECT count(*) FROM resource") == 1)
            #expect(try await fixture.number("SELECT count(*) FROM job") == 1)
        }
    }

    @Test("A mailbox address is unique, an address of another type is not")
    func mail() async throws {
        try await StorageFixture.run { fixture in
            _ = try await fixture.store.create(user("a", mailbox: "x@example.org"), context: testContext).resource()
            let second = try await fixture.store.create(user("b", mailbox: "X@example.org"), context: testContext)
            #expect(second.clash == UniqueClaim(kind: .mail, value: "x@example.org"))
            var work = user("c")
            work.attributes["emails"] = [["value": "x@example.org", "type": "work"]]
            #expect(try await fixture.store.create(work, context: testContext).isCreated)
        }
    }

    @Test("With the rule local-part a user claims its userName and its name in the directory")
    func directoryName() async throws {
        try await StorageFixture.run(rules: DirectoryRules(userNameRule: .localPart)) { fixture in
            _ = try await fixture.createUser("jo@example.org")
            let other = try await fixture.store.create(user("jo@example.com"), context: testContext)
            #expect(other.clash == UniqueClaim(kind: .name, value: "jo"))
        }
    }

    @Test("Tenants do not see each other's names")
    func tenants() async throws {
        try await StorageFixture.run { fixture in
            let first = try await fixture.createUser("jo")
            let second = try await fixture.store.create(user("jo"), context: context(tenant: "other"))
            #expect(second.isCreated)
            #expect(
                try await fixture.store.read(.user, first.id, tenant: "other", client: "idp") == nil,
                "a resource is not read in another tenant")
        }
    }

    @Test("Tenants, kinds and a clash share a batch, and only the clash is refused")
    func mixedBatch() async throws {
        try await StorageFixture.run { fixture in
            _ = try await fixture.createUser("taken")
            let results = try await withThrowingTaskGroup(of: (Int, CreateResult).self) { tasks in
                for number in 0..<60 {
                    tasks.addTask {
                        let tenant = number % 2 == 0 ? "default" : "other"
                        let resource =
                            number == 30 ? user("TAKEN") : number % 3 == 0 ? group("g\(number)") : user("u\(number)")
                        return (number, try await fixture.store.create(resource, context: context(tenant: tenant)))
                    }
                }
                return try await tasks.reduce(into: [:]) { $0[$1.0] = $1.1 }
            }
            #expect(results.filter { !$0.value.isCreated }.map(\.key) == [30])
            #expect(try await fixture.number("SELECT count(*) FROM resource") == 60)
            #expect(try await fixture.number("SELECT count(*) FROM job") == 60)
            #expect(try await fixture.number("SELECT count(DISTINCT \"order\") FROM resource") == 60)
        }
    }

    @Test("128 callers at once: every name once, one winner for a name that several want")
    func concurrent() async throws {
        try await StorageFixture.run { fixture in
            let winners = try await withThrowingTaskGroup(of: Bool.self) { tasks in
                for number in 0..<512 {
                    tasks.addTask {
                        // Four callers want each name.
                        try await fixture.store.create(user("user\(number / 4)"), context: testContext).isCreated
                    }
                }
                return try await tasks.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(winners == 128)
            #expect(try await fixture.number("SELECT count(*) FROM unique_claim") == 128)
            #expect(try await fixture.number("SELECT count(*) FROM job") == 128)
        }
    }

    @Test("A password without a key to seal it is refused, and nothing is stored")
    func noKey() async throws {
        try await StorageFixture.run { fixture in
            let database = Database(
                configuration: StorageConfiguration(
                    postgres: fixture.configuration, sealer: nil, rules: DirectoryRules()),
                logger: StorageFixture.logger)
            await #expect(throws: WriteError.noPasswordKey) {
                try await database.resources.create(user("jo", password: "Geheim!123"), context: testContext)
            }
            await database.close()
            let count = try await fixture.number("SELECT count(*) FROM resource")
            #expect(count == 0)
        }
    }
}
