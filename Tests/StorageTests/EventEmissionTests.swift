// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import Postgres
import SCIM
import TestSupport
import Testing

@testable import Storage

/// `EVENTS_EMIT_ON`: events come with the outcome of the job, or with the acceptance of the write.
@Suite struct EventEmissionTests {
    /// Every way by which a write gets in.
    private func writeEverything(_ fixture: StorageFixture, _ store: ResourceStore) async throws {
        let jo = try await store.create(user("jo", externalId: "1"), context: testContext).resource()
        // Through the batch, but alone in it: within a batch the order is that of the ids.
        var ids: [ResourceID] = []
        for number in 0..<3 {
            let created = await store.create([(user("other\(number)"), ResourceID.random())], context: testContext)
            ids.append(try #require(created.first).get().resource().id)
        }
        _ = try await store.replace(.user, jo.id, context: testContext) { _ in user("jo", displayName: "Jo") }
        let empty = try await store.create(group("empty"), context: testContext).resource()
        let crew = try await store.create(group("crew", members: [jo.id]), context: testContext).resource()
        _ = try await store.changeMembers(
            of: crew.id, [.change(adding: [member(ids[0])], removing: [])], context: testContext)
        // A group as a member, and a condition: alone in a transaction.
        _ = try await store.changeMembers(
            of: crew.id, [.change(adding: [member(empty.id)], removing: [])], context: testContext)
        let revision = try #require(try await fixture.read(crew)).revision
        _ = try await store.changeMembers(
            of: crew.id, [.change(adding: [member(ids[1])], removing: [])], ifMatch: revision, context: testContext)
        _ = try await store.replace(.group, crew.id, context: testContext) { [last = ids[2]] _ in
            group("crew 2", members: [last])
        }
        _ = try await store.update(.group, empty.id, context: testContext) { current, attributes in
            var attributes = attributes
            attributes["displayName"] = "still empty"
            return ResourceChange(attributes: attributes, externalId: current.externalId, members: .keep)
        }
        // A row that is locked elsewhere is written alone.
        try await fixture.connection.run("BEGIN; SELECT FROM resource WHERE id = '\(jo.id)' FOR UPDATE")
        let locked = Task {
            try await store.replace(.user, jo.id, context: testContext) { _ in user("jo", displayName: "Jo R.") }
        }
        try await wait(until: "the write waits") {
            try await fixture.anotherConnection { other in
                Int(
                    try await other.execute(
                        PostgresStatement(unnamed: "SELECT count(*) FROM pg_locks WHERE NOT granted"))[0].int(0)) > 0
            }
        }
        try await fixture.connection.run("COMMIT")
        _ = try await locked.value
        _ = try await store.delete(.user, jo.id, context: testContext)
        _ = try await store.delete(.group, crew.id, context: testContext)
    }

    private func member(_ id: ResourceID) -> ValidatedResource.Member { .init(id: id, type: nil) }

    /// Ends all open jobs in order, as a worker would.
    private func finishAll(_ fixture: StorageFixture) async throws {
        let open = try await fixture.rows("SELECT DISTINCT resource_id::text, type FROM job")
        for row in open {
            let id = try #require(ResourceID(try row.string(0)))
            let type = try ResourceType(stored: try row.string(1))
            let lease = try #require(try await fixture.lease(id, type: type))
            for (index, job) in lease.jobs.enumerated() {
                let result: JobOutcome.Result =
                    job.operation == .delete
                    ? .removed(job: job.id) : .done(job: job.id, udm: .test, members: AppliedMembers())
                _ = try await fixture.database.jobs.record([
                    JobOutcome(lease: lease.handle, result: result, endsTurn: index == lease.jobs.count - 1)
                ])
            }
        }
        #expect(try await fixture.number("SELECT count(*) FROM job") == 0)
    }

    /// What events say, apart from ids, times and names of members, which are read when the event is made; in their order.
    private func told(_ fixture: StorageFixture) async throws -> [String] {
        let events = try await fixture.database.events.unsent(limit: 1000, now: .now())
        // Ids are drawn anew each time: a resource is named by its first event.
        var names: [String: String] = [:]
        for event in events where names["\(event.resourceID)"] == nil {
            names["\(event.resourceID)"] = "resource\(names.count)"
        }
        func members(_ list: [JSONValue]?) -> String {
            guard let list else { return "-" }
            return list.map { element in
                let id = (element.stringValue ?? element["value"]?.stringValue) ?? ""
                return (names[id] ?? "unknown") + (element["type"]?.stringValue ?? "")
            }.sorted().joined(separator: ",")
        }
        return try events.map { event in
            var parts = [
                "\(event.operation.rawValue) \(event.type.rawValue) \(event.revision) \(event.kind.rawValue)",
                names["\(event.resourceID)"] ?? "",
            ]
            for part in [event.oldState, event.newState] {
                let state = try part.map { try JSONValue(parsing: $0) }
                parts.append("\(state?["resource"]?.text ?? "-") \(state?["externalId"]?.text ?? "-")")
            }
            for part in [event.oldMembers, event.newMembers] {
                parts.append(members(try part.map { try JSONValue(parsing: $0) }?.arrayValue))
            }
            let delta = try event.membersDelta.map { try JSONValue(parsing: $0) }
            parts += [members(delta?["added"]?.arrayValue), members(delta?["removed"]?.arrayValue)]
            return parts.joined(separator: " | ")
        }
    }

    @Test(
        "Every write is committed with its event, which says what the outcome's would have said, and nobody says it twice"
    )
    func accepted() async throws {
        let completed = try await StorageFixture.run { fixture in
            try await writeEverything(fixture, fixture.database.resources)
            #expect(try await fixture.number("SELECT count(*) FROM event_outbox") == 0)
            try await finishAll(fixture)
            return try await told(fixture)
        }
        let accepted = try await StorageFixture.run { fixture in
            let database = fixture.anotherDatabase(emitsOnAcceptance: true)
            try await writeEverything(fixture, database.resources)
            await database.close()
            #expect(try await fixture.number("SELECT count(*) FROM job WHERE NOT is_announced") == 0)
            let events = try await told(fixture)
            #expect(events.count == (try await fixture.number("SELECT count(*) FROM job")))
            #expect(
                try await fixture.number(
                    "SELECT count(*) FROM event_outbox e JOIN job j ON j.id = e.job_id AND j.\"order\" = e.\"order\"")
                    == events.count)
            try await finishAll(fixture)
            #expect(try await fixture.number("SELECT count(*) FROM event_outbox") == events.count)
            return events
        }
        #expect(completed.count == 15)
        for (one, other) in zip(completed, accepted) { #expect(one == other) }
        #expect(completed.count == accepted.count)
    }

    @Test("A write that is refused has no event")
    func refused() async throws {
        try await StorageFixture.run { fixture in
            let database = fixture.anotherDatabase(emitsOnAcceptance: true)
            let store = database.resources
            let jo = try await store.create(user("jo"), context: testContext).resource()
            #expect(try await store.create(user("JO"), context: testContext).clash != nil)
            _ = try await store.replace(.user, jo.id, context: testContext) { _ in user("jo") }
            let unknown = try await store.create(group("crew", members: [.random()]), context: testContext)
            #expect(!unknown.isCreated)
            #expect(try await fixture.number("SELECT count(*) FROM event_outbox") == 1)
            await database.close()
        }
    }

    @Test("A write that fails for good after its event was sent has an error event too")
    func deadAfterwards() async throws {
        try await StorageFixture.run { fixture in
            let database = fixture.anotherDatabase(emitsOnAcceptance: true)
            let jo = try await database.resources.create(user("jo"), context: testContext).resource()
            await database.close()
            let lease = try #require(try await fixture.lease(jo.id))
            let job = try #require(lease.jobs.first)
            _ = try await fixture.database.jobs.record([
                JobOutcome(
                    lease: lease.handle, result: .dead(job: job.id, error: Array("{}".utf8), isAmbiguous: false),
                    endsTurn: true)
            ])
            let events = try await fixture.database.events.unsent(limit: 10, now: .now())
            #expect(events.map(\.kind) == [.change, .error])
            #expect(Set(events.map(\.order)).count == 1)
        }
    }

    @Test("When the setting changes, each event comes once, and those of a resource in order")
    func switched() async throws {
        try await StorageFixture.run { fixture in
            let early = fixture.anotherDatabase(emitsOnAcceptance: true)
            let jo = try await fixture.createUser("jo")
            let other = try await fixture.createUser("other")
            func rename(_ name: String, _ store: ResourceStore) async throws {
                _ = try await store.replace(.user, jo.id, context: testContext) { _ in user(name) }
            }
            // From the outcome to the acceptance: the third event would overtake the first two.
            try await rename("jo2", fixture.store)
            try await rename("jo3", early.resources)
            _ = try await early.resources.delete(.user, other.id, context: testContext)
            #expect(try await fixture.number("SELECT count(*) FROM event_outbox") == 2)
            #expect(try await fixture.database.events.unsent(limit: 10, now: .now()).isEmpty)
            // And back: what was announced is not told again.
            try await rename("jo4", fixture.store)
            try await finishAll(fixture)
            let events = try await fixture.database.events.unsent(limit: 10, now: .now())
            #expect(events.filter { $0.resourceID == jo.id }.map(\.revision) == [1, 2, 3, 4])
            #expect(events.filter { $0.resourceID == other.id }.map(\.revision) == [1, 2])
            await early.close()
        }
    }

    @Test(
        "Of a create that nobody was told of and its delete nothing is told; of one that was announced the delete is, too"
    )
    func cancelled() async throws {
        try await StorageFixture.run { fixture in
            let early = fixture.anotherDatabase(emitsOnAcceptance: true)
            let announced = try await early.resources.create(user("jo"), context: testContext).resource()
            await early.close()
            let silent = try await fixture.createUser("other")
            var outcomes: [JobOutcome] = []
            for id in [announced.id, silent.id] {
                // The setting has changed meanwhile.
                _ = try await fixture.store.replace(.user, id, context: testContext) { _ in user("\(id)") }
                _ = try await fixture.store.delete(.user, id, context: testContext)
                let lease = try #require(try await fixture.lease(id))
                let last = try #require(lease.jobs.last)
                outcomes.append(
                    JobOutcome(lease: lease.handle, result: .cancelled(job: last.id), endsTurn: true, merges: true))
            }
            _ = try await fixture.database.jobs.record(outcomes)
            #expect(try await fixture.number("SELECT count(*) FROM job_history WHERE state = 'cancelled'") == 6)
            let events = try await fixture.database.events.unsent(limit: 10, now: .now())
            #expect(events.map(\.resourceID) == [announced.id, announced.id])
            #expect(events.map(\.operation) == [.create, .delete])
            #expect(events.map(\.kind) == [.change, .change])
        }
    }

    @Test("E-11: an event has the externalId of the client that wrote, and of no other", arguments: [true, false])
    func externalIds(emitsOnAcceptance: Bool) async throws {
        try await StorageFixture.run { fixture in
            let database = fixture.anotherDatabase(emitsOnAcceptance: emitsOnAcceptance)
            let (hr, idp) = (context(client: "hr"), context(client: "idp"))
            let jo = try await database.resources.create(user("jo", externalId: "hr-1"), context: hr).resource()
            _ = try await database.resources.replace(.user, jo.id, context: idp) { _ in
                user("jo", displayName: "Jo", externalId: "idp-1")
            }
            _ = try await database.resources.replace(.user, jo.id, context: hr) { _ in
                user("jo", displayName: "Jo R.", externalId: "hr-2")
            }
            _ = try await database.resources.delete(.user, jo.id, context: idp)
            await database.close()
            try await finishAll(fixture)
            let events = try await fixture.database.events.unsent(limit: 10, now: .now())
            func externalID(_ state: [UInt8]?) throws -> String? {
                try state.map { try JSONValue(parsing: $0) }?["externalId"]?.stringValue
            }
            #expect(try events.map { try externalID($0.oldState) } == [nil, nil, "hr-1", "idp-1"])
            #expect(try events.map { try externalID($0.newState) } == ["hr-1", "idp-1", "hr-2", nil])
            #expect(events.map(\.client) == ["hr", "idp", "hr", "idp"])
        }
    }
}

extension StorageFixture {
    /// For looking while the usual one is in a transaction.
    func anotherConnection<Value>(_ body: (PostgresConnection) async throws -> Value) async throws -> Value {
        let other = try await PostgresConnection.open(configuration, label: "test.other", logger: Self.logger)
        do {
            let value = try await body(other)
            await other.close()
            return value
        } catch {
            await other.close()
            throw error
        }
    }
}
