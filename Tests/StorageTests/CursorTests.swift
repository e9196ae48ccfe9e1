// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import FuzzSupport
import JSON
import Postgres
import SCIM
import Testing

@testable import Storage

@Suite("Cursors over lists", .serialized, .timeLimit(.minutes(5))) struct CursorTests {
    @Test(
        "What is there throughout and keeps its sort key comes exactly once, whatever is inserted and deleted between pages"
    )
    func stable() async throws {
        let seed = 21 &+ SeededGenerator.seedOffset
        var generator = SeededGenerator(seed: seed)
        try await StorageFixture.run { fixture in
            for sortBy in [nil, "userName", "title", "emails.value", "meta.created"] {
                for isDescending in [false, true] {
                    try await fixture.connection.run("DELETE FROM resource")
                    var churn = try await Churn.start(fixture, users: 120, using: &generator)
                    var listed: [ResourceID] = []
                    var start = ListQuery.Start.cursor(nil)
                    for _ in 0..<1000 {
                        let page = try await fixture.list(
                            filter: "active eq true", sortBy: sortBy, isDescending: isDescending, start: start,
                            count: 7)
                        listed += page.resources.map(\.id)
                        guard let next = page.next else { break }
                        start = .cursor(next)
                        try await churn.change(using: &generator)
                    }
                    let order = "seed \(seed), by \(sortBy ?? "id"), descending: \(isDescending)"
                    #expect(Set(listed).count == listed.count, "\(order)")
                    #expect(churn.lasting.isSubset(of: listed), "\(order)")
                    #expect(churn.lasting.count >= 60)
                }
            }
        }
    }

    @Test("It does while others write all the time")
    func concurrent() async throws {
        try await StorageFixture.run { fixture in
            var generator = SeededGenerator(seed: 22)
            let churn = try await Churn.start(fixture, users: 300, using: &generator)
            let writer = Task {
                var generator = SeededGenerator(seed: 23)
                var churn = churn
                var changes = 0
                while !Task.isCancelled && changes < 100_000 {
                    try await churn.change(using: &generator)
                    changes += 1
                }
                return changes
            }
            for round in 0..<6 {
                let sortBy = [nil, "userName", "title"][round % 3]
                var listed: [ResourceID] = []
                var start = ListQuery.Start.cursor(nil)
                for _ in 0..<1000 {
                    let page = try await fixture.list(
                        filter: round < 3 ? nil : "active eq true", sortBy: sortBy, isDescending: round % 2 == 1,
                        start: start, count: 11)
                    listed += page.resources.map(\.id)
                    guard let next = page.next else { break }
                    start = .cursor(next)
                }
                #expect(Set(listed).count == listed.count)
                #expect(churn.lasting.isSubset(of: listed))
            }
            writer.cancel()
            // What a change under way throws when it is cancelled does not matter.
            _ = await writer.result
        }
    }

    @Test("The last page has no next one, also when it is full; the total is that of the first page")
    func end() async throws {
        try await StorageFixture.run { fixture in
            try await fixture.insertUsers(0..<20)
            let first = try await fixture.list(start: .cursor(nil), count: 10)
            #expect(first.total == 20)
            #expect(first.resources.count == 10)
            let next = try #require(first.next)
            #expect(next.id == first.resources.last?.id)
            try await fixture.connection.run("DELETE FROM resource WHERE id = '\(first.resources[0].id)'")
            let second = try await fixture.list(start: .cursor(next), count: 10)
            #expect(second.total == 20)
            #expect(second.resources.count == 10)
            #expect(second.next == nil)
            #expect(try await fixture.list(start: .cursor(nil), count: 19).next == nil)
            #expect(try await fixture.list(start: .cursor(next), count: 0).total == 20)
        }
    }

    @Test("Time, number and truth go on from where they were to the microsecond and the last digit")
    func exactKeys() async throws {
        try await StorageFixture.run { fixture in
            try await fixture.insertUsers(0..<40, attributes: "jsonb_build_object('active', n % 2 = 0)")
            try await fixture.connection.run(
                "UPDATE resource SET modified_at = '2026-11-21T09:15:29Z'::timestamptz + (\"order\" % 20) * interval '1 microsecond'"
            )
            let order = [
                "meta.lastModified": "modified_at, id", "active": "(attributes ->> 'active')::boolean, id",
                "meta.version": "revision, id",
            ]
            for (sortBy, columns) in order {
                let ids = try await fixture.rows("SELECT id FROM resource ORDER BY \(columns)").map { try $0.id(0) }
                let key = try SortKey.parse(sortBy, for: .user, registry: .standard)
                let query = ListQuery(
                    tenant: "default", client: "idp", baseURL: testBaseURL, [.init(.user, sortKey: key)], count: 3)
                #expect(try await fixture.pagesByCursor(query) == ids)
            }
        }
    }

    @Test("A position whose key is none of the sort key's kind is refused")
    func foreignPosition() async throws {
        try await StorageFixture.run { fixture in
            try await fixture.insertUsers(0..<3)
            let position = ListPosition(key: "x", id: .random(), total: 3)
            await #expect(throws: SCIMError.invalidCursor()) {
                try await fixture.list(sortBy: "meta.created", start: .cursor(position))
            }
        }
    }
}

/// Users of which some stay as they are while the others come, go and change.
private struct Churn {
    let fixture: StorageFixture
    /// Active, and with the sort keys that they had.
    let lasting: Set<ResourceID>
    private var others: [ResourceID]

    static func start(
        _ fixture: StorageFixture, users: Int, using generator: inout SeededGenerator
    ) async throws -> Churn {
        var lasting: Set<ResourceID> = []
        var others: [ResourceID] = []
        for number in 0..<users {
            let id = ResourceID.random(using: &generator)
            if number % 2 == 0 { lasting.insert(id) } else { others.append(id) }
            try await insert(id, isActive: true, fixture, using: &generator)
        }
        return Churn(fixture: fixture, lasting: lasting, others: others)
    }

    private init(fixture: StorageFixture, lasting: Set<ResourceID>, others: [ResourceID]) {
        self.fixture = fixture
        self.lasting = lasting
        self.others = others
    }

    /// Few different values, and often none, so that pages end among equals.
    private static func insert(
        _ id: ResourceID, isActive: Bool, _ fixture: StorageFixture, using generator: inout SeededGenerator
    ) async throws {
        var attributes: JSONObject = ["userName": .string("u\(Int.random(in: 0..<1000, using: &generator))")]
        attributes["active"] = .bool(isActive)
        if Bool.random(using: &generator) {
            attributes["title"] = .string(["a", "B", "c"][Int.random(in: 0..<3, using: &generator)])
        }
        if Bool.random(using: &generator) {
            attributes["emails"] = [["value": .string("e\(Int.random(in: 0..<5, using: &generator))@x.example")]]
        }
        _ = try await fixture.connection.execute(
            PostgresStatement(
                unnamed: """
                    INSERT INTO resource (tenant, type, id, revision, "order", created_at, modified_at, attributes)
                    VALUES ('default', 'User', $1::uuid, 1, 1, $2::timestamptz, clock_timestamp(), $3::jsonb)
                    """),
            [
                .id(id), .timestamp(1_700_000_000_000_000 + .random(in: 0..<40, using: &generator)),
                .json(attributes.serialize()),
            ])
    }

    /// A few of everything.
    mutating func change(using generator: inout SeededGenerator) async throws {
        for _ in 0..<3 {
            switch Int.random(in: 0..<4, using: &generator) {
            case 0, 1:
                let id = ResourceID.random(using: &generator)
                others.append(id)
                try await Self.insert(id, isActive: .random(using: &generator), fixture, using: &generator)
            case 2:
                guard !others.isEmpty else { continue }
                let id = others.remove(at: .random(in: others.indices, using: &generator))
                try await fixture.connection.run("DELETE FROM resource WHERE id = '\(id)'")
            default:
                // Whoever stays may change in what it is not sorted by.
                guard let id = lasting.randomElement(using: &generator) else { continue }
                try await fixture.connection.run(
                    """
                    UPDATE resource SET revision = revision + 1, modified_at = clock_timestamp(),
                        attributes = attributes || '{"nickName": "x"}' WHERE id = '\(id)'
                    """)
            }
        }
    }
}
