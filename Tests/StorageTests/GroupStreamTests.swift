// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import Logging
import Postgres
import SCIM
import TestSupport
import Testing

@testable import Storage

@Suite("Groups that are read while they are sent", .timeLimit(.minutes(3))) struct GroupStreamTests {
    private let object = Array(#"{"id":"x","meta":{"version":"1"}}"#.utf8)
    private let plenty = JSONLimits(maximumBytes: .max)

    private func read(
        _ id: ResourceID, _ fixture: StorageFixture, tenant: String = "default"
    ) async throws -> GroupReading? {
        try await fixture.store.readGroup(id, tenant: tenant, client: "idp", baseURL: testBaseURL)
    }

    private func long(_ id: ResourceID, _ fixture: StorageFixture) async throws -> LongGroup {
        let reading = try await read(id, fixture)
        guard case .long(let group)? = reading else { throw Unexpected(reading as Any) }
        return group
    }

    private func collect(_ text: MemberText) async throws -> [[UInt8]] {
        var parts: [[UInt8]] = []
        for try await part in text { parts.append(part) }
        return parts
    }

    private func parse(_ text: MemberText) async throws -> JSONValue {
        try JSONValue(parsing: try await collect(text).flatMap { $0 }, limits: plenty)
    }

    private func ids(_ members: JSONValue?) throws -> [ResourceID] {
        try (members?.arrayValue ?? []).map {
            try #require($0["value"]?.stringValue.flatMap { ResourceID($0) })
        }
    }

    @Test("A group of a thousand members is read at once, and none that is not there")
    func small() async throws {
        try await StorageFixture.run { fixture in
            let members = try await fixture.insertUsers(1000)
            let target = try await fixture.insertLargeGroup(members)
            guard case .whole(let group)? = try await read(target, fixture) else { throw Unexpected("a stream") }
            let value = try JSONValue(parsing: try #require(group.members), limits: plenty)
            #expect(try ids(value) == members)
            #expect(try await read(.random(), fixture) == nil)
            #expect(try await read(members[0], fixture) == nil)
            #expect(try await read(target, fixture, tenant: "other") == nil)
        }
    }

    @Test("A larger group comes in parts: its attributes, then its members in the order of their ids")
    func large() async throws {
        try await StorageFixture.run { fixture in
            let members = try await fixture.insertUsers(2500)
            let target = try await fixture.insertLargeGroup(members)
            let inner = try await fixture.createGroup("inner \"group\"")
            let nameless = ResourceID.random()
            try await fixture.connection.run(
                """
                INSERT INTO resource (tenant, type, id, revision, "order", created_at, modified_at, attributes)
                VALUES ('default', 'User', '\(nameless)', 1, 1, now(), now(), '{}')
                """)
            _ = try await fixture.store.changeMembers(
                of: target,
                [.change(adding: [.init(id: inner.id, type: nil), .init(id: nameless, type: nil)], removing: [])],
                context: testContext)
            let group = try await long(target, fixture)
            #expect(group.resource.revision == 2)
            #expect(group.resource.memberCount == 2502)
            #expect(group.resource.members == nil)
            let parts = try await collect(group.text(around: object))
            #expect(parts.count == 4)
            #expect(parts.allSatisfy { $0.count < 400_000 })
            let value = try JSONValue(parsing: parts.flatMap { $0 }, limits: plenty)
            #expect(value["id"] == "x")
            #expect(value["meta"]?["version"] == "1")
            #expect(try ids(value["members"]) == (members + [inner.id, nameless]).sorted())
            // As the statement for small groups has it.
            let whole = try await fixture.store.members(of: target, tenant: "default", baseURL: testBaseURL)
            let expected = try JSONValue(parsing: try #require(whole), limits: plenty)
            #expect(Set(value["members"]?.arrayValue ?? []) == Set(expected.arrayValue ?? []))
        }
    }

    @Test(
        "Of members only the parts that are asked for are sent",
        arguments: [
            (MemberParts.value, ["value"]), ([.type, .display], ["display", "type"]), (.reference, ["$ref"]),
            (.all, ["value", "$ref", "display", "type"]),
        ] as [(MemberParts, [String])])
    func parts(parts: MemberParts, keys: [String]) async throws {
        try await StorageFixture.run { fixture in
            let target = try await fixture.insertLargeGroup(try await fixture.insertUsers(1001))
            let text = try await long(target, fixture).text(around: Array("{}".utf8), parts: parts)
            let members = try #require(try await parse(text)["members"]?.arrayValue)
            #expect(members.count == 1001)
            #expect(members.allSatisfy { $0.objectValue?.keys == keys })
        }
    }

    @Test("What is written meanwhile is not in it: members and revision are of one moment")
    func snapshot() async throws {
        try await StorageFixture.run { fixture in
            let members = try await fixture.insertUsers(3000)
            let others = try await fixture.insertUsers(500)
            let target = try await fixture.insertLargeGroup(members)
            let group = try await long(target, fixture)
            var text = group.text(around: object).makeAsyncIterator()
            var bytes = try #require(try await text.next())
            let replaced = try await fixture.store.changeMembers(
                of: target, [.replace(with: others.map { .init(id: $0, type: nil) })], context: testContext)
            #expect(try replaced.resource().revision == 2)
            #expect(try await fixture.store.delete(.user, members[2999], context: testContext).isDeleted)
            // The ended stays go, as if UDM had followed.
            try await fixture.connection.run("DELETE FROM group_member WHERE removed_revision IS NOT NULL")
            while let part = try await text.next() { bytes += part }
            let value = try JSONValue(parsing: bytes, limits: plenty)
            #expect(group.resource.revision == 1)
            #expect(try ids(value["members"]) == members)
            #expect(value["members"]?[2999]?["display"] != nil)
        }
    }

    @Test("A group that shrinks between the look and the reading is read as it is then")
    func shrunk() async throws {
        try await StorageFixture.run { fixture in
            let members = try await fixture.insertUsers(1500)
            let target = try await fixture.insertLargeGroup(members)
            let stream = try await LongGroup.open(
                fixture.store.streams, target, tenant: "default", client: "idp", baseURL: testBaseURL)
            #expect(try await parse(try #require(stream).text(around: object))["members"]?.arrayValue?.count == 1500)
            _ = try await fixture.store.changeMembers(of: target, [.replace(with: [])], context: testContext)
            let empty = try await LongGroup.open(
                fixture.store.streams, target, tenant: "default", client: "idp", baseURL: testBaseURL)
            #expect(try await collect(try #require(empty).text(around: object)) == [object])
            let none = try await LongGroup.open(
                fixture.store.streams, .random(), tenant: "default", client: "idp", baseURL: testBaseURL)
            #expect(none == nil)
        }
    }

    @Test("Streams give their connection back: read, dropped, cancelled, broken")
    func connections() async throws {
        try await StorageFixture.run { fixture in
            var configuration = fixture.configuration
            configuration.applicationName = "streams-\(LowercaseUUID.random())"
            let database = Database(
                configuration: StorageConfiguration(postgres: configuration, sealer: nil, rules: DirectoryRules()),
                logger: StorageFixture.logger)
            let store = database.resources
            let pool = store.streams.connections
            let target = try await fixture.insertLargeGroup(try await fixture.insertUsers(6000))
            func open() async throws -> LongGroup {
                let reading = try await store.readGroup(target, tenant: "default", client: "idp", baseURL: testBaseURL)
                guard case .long(let group)? = reading else { throw Unexpected(reading as Any) }
                return group
            }
            for round in 0..<12 {
                switch round % 4 {
                case 0: #expect(try await collect(try await open().text(around: object)).count == 7)
                case 1: _ = try await open()
                case 2:
                    let task = Task {
                        for try await _ in try await open().text(around: object) {
                            withUnsafeCurrentTask { $0?.cancel() }
                        }
                    }
                    _ = await task.result
                default:
                    var text = try await open().text(around: object).makeAsyncIterator()
                    _ = try await text.next()
                    try await wait(until: "the stream's session has been ended") {
                        try await fixture.number(
                            """
                            SELECT count(*) FROM pg_stat_activity, pg_terminate_backend(pid)
                            WHERE application_name = '\(configuration.applicationName)'
                                AND state LIKE 'idle in transaction%'
                            """) == 1
                    }
                    await #expect(throws: PostgresError.self) { while try await text.next() != nil {} }
                }
                try await wait(until: "every connection is back") {
                    let statistics = pool.statistics
                    return statistics.idle == statistics.size && statistics.waiting == 0
                }
            }
            await database.close()
        }
    }

    // MARK: - Lists

    @Test("A list has small, empty and large groups, and such as are gone, with little at once")
    func list() async throws {
        try await StorageFixture.run { fixture in
            let members = try await fixture.insertUsers(2200)
            var groups: [(id: ResourceID, members: [ResourceID])] = []
            for size in [3, 0, 2200, 1000, 600, 500, 0, 1001, 1] {
                let some = Array(members[..<size])
                groups.append((try await fixture.insertLargeGroup(some), some))
            }
            groups.append((.random(), []))
            for index in 0..<120 {
                let some = Array(members[index..<(index + 5)])
                groups.append((try await fixture.insertLargeGroup(some), some))
            }
            let frames = groups.map { (id: $0.id, object: Array(#"{"id":"\#($0.id)"}"#.utf8)) }
            let text = try await fixture.store.text(
                of: frames, from: Array("[".utf8), to: Array("]".utf8), tenant: "default", baseURL: testBaseURL)
            let parts = try await collect(text)
            #expect(parts.allSatisfy { $0.count < 500_000 })
            let value = try JSONValue(parsing: parts.flatMap { $0 }, limits: plenty).arrayValue ?? []
            #expect(value.count == groups.count)
            for (element, group) in zip(value, groups) {
                #expect(element["id"] == .string(group.id.description))
                #expect(try ids(element["members"]) == group.members)
                #expect((element["members"] == nil) == group.members.isEmpty)
            }
        }
    }

    @Test("A wrong count makes a list slower, not wrong", arguments: [0, 7, 5000])
    func wrongCount(count: Int) async throws {
        try await StorageFixture.run { fixture in
            let members = try await fixture.insertUsers(1500)
            let large = try await fixture.insertLargeGroup(members)
            let small = try await fixture.insertLargeGroup([members[0]])
            try await fixture.connection.run("UPDATE resource SET member_count = \(count) WHERE type = 'Group'")
            let text = try await fixture.store.text(
                of: [(small, Array("{}".utf8)), (large, Array("{}".utf8)), (small, Array("{}".utf8))],
                from: Array("[".utf8), to: Array("]".utf8), tenant: "default", baseURL: testBaseURL, parts: .value)
            let value = try await parse(text)
            #expect(try ids(value[0]?["members"]) == [members[0]])
            #expect(try ids(value[1]?["members"]) == members)
            #expect(try ids(value[2]?["members"]) == [members[0]])
        }
    }

    @Test("An empty list is its head and tail, and a stream that cannot begin fails before it is given out")
    func emptyList() async throws {
        try await StorageFixture.run { fixture in
            let text = try await fixture.store.text(
                of: [], from: Array("[".utf8), to: Array("]".utf8), tenant: "default", baseURL: testBaseURL)
            #expect(try await collect(text) == [Array("[]".utf8)])
            try await fixture.connection.run("ALTER TABLE group_member RENAME TO elsewhere")
            await #expect(throws: PostgresError.self) {
                try await fixture.store.text(
                    of: [(.random(), Array("{}".utf8))], from: [], to: [], tenant: "default", baseURL: testBaseURL)
            }
        }
    }
}
