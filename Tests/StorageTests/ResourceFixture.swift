// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import Postgres
import SCIM
import Synchronization
import Testing

@testable import Storage

let testContext = WriteContext(tenant: "default", client: "idp", requestID: "request-1", traceParent: "00-trace")
let testBaseURL = "https://scim.example/scim/v2"

func context(client: String = "idp", tenant: String = "default") -> WriteContext {
    WriteContext(tenant: tenant, client: client, requestID: "request-1")
}

func user(
    _ name: String, displayName: String? = nil, mailbox: String? = nil, externalId: String? = nil,
    password: String? = nil
) -> ValidatedResource {
    var attributes: JSONObject = ["userName": .string(name), "name": ["familyName": "Doe", "givenName": "Jo"]]
    if let displayName { attributes["displayName"] = .string(displayName) }
    if let mailbox { attributes["emails"] = [["value": .string(mailbox), "type": "mailbox"]] }
    return ValidatedResource(type: .user, attributes: attributes, externalId: externalId, password: password)
}

func group(_ name: String, members: [ResourceID]? = nil, externalId: String? = nil) -> ValidatedResource {
    ValidatedResource(
        type: .group, attributes: ["displayName": .string(name)], externalId: externalId,
        members: members?.map { ValidatedResource.Member(id: $0, type: nil) })
}

struct Unexpected: Error, CustomStringConvertible {
    let description: String

    init(_ what: Any) { description = "unexpected: \(what)" }
}

extension CreateResult {
    func resource() throws -> StoredResource {
        guard case .created(let resource, _) = self else { throw Unexpected(self) }
        return resource
    }

    var isCreated: Bool { if case .created = self { true } else { false } }
    var clash: UniqueClaim? { if case .uniqueness(let claim) = self { claim } else { nil } }
}

extension UpdateResult {
    func resource() throws -> StoredResource {
        switch self {
        case .updated(let resource, _), .unchanged(let resource): return resource
        default: throw Unexpected(self)
        }
    }

    var isUpdated: Bool { if case .updated = self { true } else { false } }
    var isUnchanged: Bool { if case .unchanged = self { true } else { false } }
    var isCycle: Bool { if case .memberCycle = self { true } else { false } }
    var isNotFound: Bool { if case .notFound = self { true } else { false } }
    var clash: UniqueClaim? { if case .uniqueness(let claim) = self { claim } else { nil } }
    var mismatch: Int64? { if case .revisionMismatch(let current) = self { current } else { nil } }
    var unknown: [ResourceID]? { if case .unknownMembers(let ids) = self { ids } else { nil } }
    var wrongType: ResourceID? { if case .memberTypeMismatch(let id) = self { id } else { nil } }
}

extension DeleteResult {
    var isDeleted: Bool { if case .deleted = self { true } else { false } }
}

extension StorageFixture {
    var store: ResourceStore { database.resources }

    func createUser(_ name: String) async throws -> StoredResource {
        try await store.create(user(name), context: testContext).resource()
    }

    func createGroup(_ name: String, _ members: [ResourceID] = []) async throws -> StoredResource {
        try await store.create(group(name, members: members), context: testContext).resource()
    }

    func read(_ resource: StoredResource, client: String = "idp") async throws -> StoredResource? {
        try await store.read(resource.type, resource.id, tenant: "default", client: client)
    }

    /// The ids in the members attribute, in its order.
    func memberIDs(of group: ResourceID) async throws -> [ResourceID] {
        guard let json = try await store.members(of: group, tenant: "default", baseURL: testBaseURL) else { return [] }
        return try JSONValue(parsing: json, limits: JSONLimits(maximumBytes: .max)).arrayValue?.map { member in
            guard let id = member["value"]?.stringValue.flatMap({ ResourceID($0) }) else { throw Unexpected(member) }
            return id
        } ?? []
    }

    /// One row for each stay of the member, as `added-removed`.
    func stays(_ member: ResourceID, in group: ResourceID) async throws -> [String] {
        try await rows(
            """
            SELECT added_revision || '-' || coalesce(removed_revision::text, '') FROM group_member
            WHERE group_id = '\(group)' AND member_id = '\(member)' ORDER BY added_revision
            """
        ).map { try $0.string(0) }
    }

    /// Of the resource's jobs in revision order: `operation revision`.
    func jobs(of id: ResourceID) async throws -> [String] {
        try await rows(
            "SELECT operation || ' ' || revision FROM job WHERE resource_id = '\(id)' ORDER BY revision, \"order\""
        ).map { try $0.string(0) }
    }

    func json(_ sql: String) async throws -> JSONValue? {
        guard let bytes = try await rows(sql)[0].optionalBytes(0) else { return nil }
        return try JSONValue(parsing: bytes)
    }
}

extension StorageFixture {
    /// A store whose writing connection can be told from all others, with pools and readers beside it.
    func withStore<Value>(
        writer: PostgresConfiguration, _ body: (ResourceStore, PostgresPipeline) async throws -> Value
    ) async throws -> Value {
        let logger = Self.logger
        let pipeline = PostgresPipeline(configuration: writer, label: "test.writer", mode: .writes, logger: logger)
        let reader = PostgresPipeline(
            configuration: configuration, label: "test.reader", mode: .reads, logger: logger)
        let pool = PostgresPool(
            configuration: configuration, size: 4, label: "test.pool", waitTimeout: .seconds(20), logger: logger
        )
        let store = ResourceStore(
            writers: [pipeline], memberWriter: pipeline, readers: [reader], listPool: pool, preparedListPool: pool,
            streams: StreamPool(connections: pool, longest: .seconds(60), longestPause: .seconds(60)),
            exclusivePool: pool, sealer: nil, rules: DirectoryRules(), emitsOnAcceptance: false, logger: logger)
        do {
            let value = try await body(store, pipeline)
            await pipeline.close()
            await reader.close()
            await pool.close()
            return value
        } catch {
            await pipeline.close()
            await reader.close()
            await pool.close()
            throw error
        }
    }

    /// Users as they are in the table, without claims and jobs; in the order of their ids.
    func insertUsers(_ count: Int) async throws -> [ResourceID] {
        let rows = try await rows(
            """
            WITH made AS (
                INSERT INTO resource (tenant, type, id, revision, "order", created_at, modified_at, attributes)
                SELECT 'default', 'User', gen_random_uuid(), 1, nextval('write_order'), now(), now(),
                    jsonb_build_object('userName', 'user' || n, 'displayName', 'User ' || n)
                FROM generate_series(1, \(count)) n
                RETURNING id
            )
            SELECT array_agg(id ORDER BY id) FROM made
            """)
        return try rows[0].uuidArray(0).map { ResourceID(high: $0.high, low: $0.low) }
    }

    func presentMembers(of group: ResourceID) async throws -> Int {
        try await number(
            "SELECT count(*) FROM group_member WHERE group_id = '\(group)' AND removed_revision IS NULL")
    }
}

extension ResourceStore {
    /// Replaces a resource by one that does not depend on the present one.
    func replace(
        _ type: ResourceType, _ id: ResourceID, with resource: ValidatedResource, ifMatch: Int64? = nil,
        context: WriteContext
    ) async throws -> UpdateResult {
        try await replace(type, id, ifMatch: ifMatch, context: context) { _ in resource }
    }
}
