// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import FuzzSupport
import JSON
import Postgres
import SCIM
import SCIMTestSupport

@testable import Storage

/// Random users and groups with everything that a filter can ask for, stored as rows, and what the answer shows of them.
struct Directory {
    private(set) var users: [ResourceID: JSONObject] = [:]
    private(set) var groups: [ResourceID: JSONObject] = [:]

    func resources(_ type: ResourceType) -> [ResourceID: JSONObject] { type == .user ? users : groups }

    /// Stores them and reads what is shown.
    ///
    /// - Parameter instants: For times that are columns.
    static func make(
        users: Int, groups: Int, instants: [String] = instantsOfOneMillisecond, in fixture: StorageFixture,
        using generator: inout SeededGenerator
    ) async throws -> Directory {
        let maker = Maker(fixture: fixture, instants: instants)
        var ids: [ResourceType: [ResourceID]] = [:]
        for (type, count) in [(ResourceType.user, users), (.group, groups)] {
            for number in 0..<count {
                // The first few are those that RandomFilter knows.
                let id =
                    number == 0
                    ? ResourceID(high: 0x4000, low: type == .user ? 0x8000_0000_0000_000A : 0x8000_0000_0000_000B)
                    : ResourceID.random(using: &generator)
                ids[type, default: []].append(id)
                try await maker.insert(type, id, using: &generator)
                try await maker.insertSync(type, id, using: &generator)
            }
        }
        let memberships = try await maker.insertMembers(ids[.user] ?? [], ids[.group] ?? [], using: &generator)
        try await fixture.connection.run("ANALYZE resource, unique_claim, external_id, group_member, sync_failure, job")
        return try await shown(ids, memberships, in: fixture)
    }

    /// The first two are shown alike.
    static let instantsOfOneMillisecond = [
        "2026-11-21T09:15:29.000000Z", "2026-11-21T09:15:29.000999Z", "2026-11-21T09:15:29.001000Z",
    ]

    // MARK: What is shown

    private static func shown(
        _ ids: [ResourceType: [ResourceID]], _ memberships: [ResourceID: Set<ResourceID>], in fixture: StorageFixture
    ) async throws -> Directory {
        let renderer = ResourceRenderer(registry: RandomFilter.registry, baseURL: testBaseURL)
        var directory = Directory()
        for type in [ResourceType.group, .user] {
            let page = try await fixture.store.list(
                ListQuery(
                    tenant: "default", client: "idp", baseURL: testBaseURL,
                    [.init(type, withRelated: type == .group)], count: 10_000, withSyncStatus: true))
            for resource in page.resources {
                let json = renderer.render(
                    type, id: resource.id, revision: resource.revision, created: resource.created,
                    modified: resource.modified, externalId: resource.externalId, attributes: resource.attributes,
                    members: resource.members, sync: page.syncStatuses[resource.id]?.json)
                var object = try JSONValue(parsing: json).objectValue ?? JSONObject()
                // It is shown when it is asked for, and then it is no part of the resource's own schemas.
                object["schemas"] = .array(
                    (object["schemas"]?.arrayValue ?? []).filter { $0 != .string(SchemaURN.sync) })
                if type == .user {
                    object["groups"] = groups(of: resource.id, memberships, directory.groups)
                    directory.users[resource.id] = object
                } else {
                    directory.groups[resource.id] = object
                }
            }
        }
        return directory
    }

    /// In the order of their ids.
    private static func groups(
        of user: ResourceID, _ memberships: [ResourceID: Set<ResourceID>], _ groups: [ResourceID: JSONObject]
    ) -> JSONValue? {
        let direct = memberships[user] ?? []
        var all = direct
        var rest = Array(direct)
        while let next = rest.popLast() {
            for group in memberships[next] ?? [] where all.insert(group).inserted { rest.append(group) }
        }
        guard !all.isEmpty else { return nil }
        return .array(
            all.sorted().map { id in
                var value: JSONObject = [
                    "value": .string(id.description), "$ref": .string("\(testBaseURL)/Groups/\(id)"),
                    "type": direct.contains(id) ? "direct" : "indirect",
                ]
                value["display"] = groups[id]?["displayName"]
                return .object(value)
            })
    }
}

extension LowercaseUUID {
    static func random(using generator: inout SeededGenerator) -> LowercaseUUID {
        LowercaseUUID(high: generator.next(), low: generator.next())
    }
}

/// Makes the rows.
private struct Maker {
    let fixture: StorageFixture
    let instants: [String]

    func insert(
        _ type: ResourceType, _ id: ResourceID, using generator: inout SeededGenerator
    ) async throws {
        let attributes = RandomFilter.attributes(of: type, using: &generator)
        var stored = attributes
        stored["members"] = nil
        // Unique, and often beyond what a key of an index holds.
        let name = type == .user ? "userName" : "displayName"
        if let text = stored[name]?.stringValue {
            let end = Int.random(in: 0..<4, using: &generator) == 0 ? String(repeating: "Ä", count: 255) : ""
            stored[name] = .string("\(text)\(end)\(id.description.prefix(8))")
        }
        let times = (0..<2).map { _ in Timestamp(iso8601: instants.randomElement(using: &generator) ?? "") }
        _ = try await fixture.connection.execute(
            PostgresStatement(
                unnamed: """
                    INSERT INTO resource (tenant, type, id, revision, "order", created_at, modified_at, attributes)
                    VALUES ('default', $1::text, $2::uuid, $3::int8, nextval('write_order'), $4::timestamptz,
                        $5::timestamptz, $6::jsonb)
                    """),
            [
                .text(type.rawValue), .id(id), .int(.random(in: 1...3, using: &generator)),
                .time(times[0] ?? .now()), .time(times[1] ?? .now()), .json(stored.serialize()),
            ])
        for claim in UniqueClaim.claims(of: stored, type: type, rules: DirectoryRules()) where claim.kind == .name {
            _ = try await fixture.connection.execute(
                PostgresStatement(
                    unnamed: """
                        INSERT INTO unique_claim (tenant, kind, value, resource_id)
                        VALUES ('default', 'name', $1::text, $2::uuid)
                        """), [.text(claim.value), .id(id)])
        }
        for client in ["idp", "other"] where Bool.random(using: &generator) {
            let value = ["a", "A", "a%", "\(id)", ""].randomElement(using: &generator) ?? ""
            _ = try await fixture.connection.execute(
                PostgresStatement(
                    unnamed: """
                        INSERT INTO external_id (resource_id, client, tenant, value)
                        VALUES ($1::uuid, $2::text, 'default', $3::text)
                        """), [.id(id), .text(client), .text(value)])
        }
    }

    func insertSync(
        _ type: ResourceType, _ id: ResourceID, using generator: inout SeededGenerator
    ) async throws {
        let errors = [
            #"{"status": "409", "scimType": "uniqueness", "detail": "a%"}"#, #"{"detail": "Ä"}"#, #"{"udm": 1}"#,
            #"{"status": "503", "detail": ""}"#,
        ]
        func error() -> String { errors.randomElement(using: &generator) ?? "" }
        for revision in 0..<([0, 0, 1, 2].randomElement(using: &generator) ?? 0) {
            try await fixture.insertJob(id, revision: Int64(revision), type: type)
            let due = instants.randomElement(using: &generator) ?? ""
            let last = Bool.random(using: &generator) ? "'\(error())'" : "NULL"
            try await fixture.connection.run(
                "UPDATE job SET due_at = '\(due)', last_error = \(last) WHERE resource_id = '\(id)' AND revision = \(revision)"
            )
        }
        if Bool.random(using: &generator) {
            let until = ["NULL", "'2020-01-01'", "'2999-01-01'"].randomElement(using: &generator) ?? ""
            let attempt = Bool.random(using: &generator) ? "'\(instants[instants.count - 2])'" : "NULL"
            try await fixture.connection.run(
                """
                INSERT INTO resource_sync (resource_id, tenant, type, synced_revision, leased_until, last_attempt_at)
                VALUES ('\(id)', 'default', '\(type.rawValue)', \(Int.random(in: 0...2, using: &generator)), \(until), \(attempt))
                """)
        }
        for attribute in ["", "title", "name.familyName"] where Int.random(in: 0..<4, using: &generator) == 0 {
            try await fixture.connection.run(
                """
                INSERT INTO sync_failure (resource_id, attribute, tenant, type, revision, job_id, failed_at, error)
                VALUES ('\(id)', '\(attribute)', 'default', '\(type.rawValue)', 1, gen_random_uuid(), now(), '\(error())')
                """)
        }
        if Int.random(in: 0..<8, using: &generator) == 0 {
            try await fixture.connection.run(
                """
                INSERT INTO waits_for (resource_id, target_id, tenant, type, since)
                VALUES ('\(id)', gen_random_uuid(), 'default', '\(type.rawValue)', now())
                """)
        }
    }

    /// Groups have only groups of higher numbers as members, so there is no cycle.
    func insertMembers(
        _ users: [ResourceID], _ groups: [ResourceID],
        using generator: inout SeededGenerator
    ) async throws -> [ResourceID: Set<ResourceID>] {
        var memberships: [ResourceID: Set<ResourceID>] = [:]
        for (number, group) in groups.enumerated() {
            let others = groups.dropFirst(number + 1).map { (ResourceType.group, $0, 5) }
            for (type, member, chance) in users.map({ (ResourceType.user, $0, 12) }) + others
            where Int.random(in: 0..<chance, using: &generator) == 0 {
                let isGone = Int.random(in: 0..<5, using: &generator) == 0
                if !isGone { memberships[member, default: []].insert(group) }
                try await fixture.connection.run(
                    """
                    INSERT INTO group_member (tenant, group_id, member_id, member_type, added_revision, removed_revision)
                    VALUES ('default', '\(group)', '\(member)', '\(type.rawValue)', 1, \(isGone ? "2" : "NULL"))
                    """)
            }
        }
        return memberships
    }
}
