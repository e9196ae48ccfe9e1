// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import JSON
import Logging
import Postgres
import Queue
import Redis
import SCIM
import ServiceLifecycle
import Storage
import TestSupport
import UDM
import UDMDouble

@testable import Sync

/// A database, a queue and a UDM double of its own, and workers over them that a test starts and stops.
final class SyncFixture: Sendable {
    let configuration: PostgresConfiguration
    let database: Database
    let redis: RedisClient
    let queue: WorkQueue
    let queueName: String
    let double: UDMDouble
    let schema: ConfiguredSchema
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    private let key = [UInt8](repeating: 7, count: 32)
    let client: UDMClient

    private init(
        configuration: PostgresConfiguration, redis: RedisClient, queueName: String, queue: WorkQueue,
        double: UDMDouble, schema: ConfiguredSchema, requestLimit: Duration
    ) throws {
        self.configuration = configuration
        self.redis = redis
        self.queueName = queueName
        self.queue = queue
        self.double = double
        self.schema = schema
        var storage = StorageConfiguration(
            postgres: configuration, sealer: try SecretSealer(keys: [key]), rules: DirectoryRules())
        storage.udmRequestLimit = requestLimit
        database = Database(configuration: storage, logger: logger)
        client = try Self.client(of: double, logger: logger)
    }

    private static func client(of double: UDMDouble, logger: Logger) throws -> UDMClient {
        try UDMClient(
            configuration: UDMConfiguration(
                baseURL: double.baseURL ?? "", username: "svc-scim", password: "univention", timeout: .seconds(5)),
            logger: logger)
    }

    static func run<Value>(
        settings: UDMDouble.Settings = UDMDouble.Settings(), schema: ConfiguredSchema = .standard,
        extendedProperties: [String: [UDMDouble.Configuration.ExtendedProperty]] = [:],
        requestLimit: Duration = .seconds(311),
        _ body: (SyncFixture) async throws -> Value
    ) async throws -> Value {
        let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("schema").path
        return try await withSchema { configuration in
            _ = try await Migrator(configuration: configuration, folder: folder, logger: silent).migrate()
            return try await withKeyPrefix { redis, name in
                let double = try UDMDouble(
                    UDMDouble.Configuration(extendedProperties: extendedProperties, settings: settings), logger: silent)
                try await double.start()
                let queue = WorkQueue(client: redis, name: name)
                let generation = try await queue.beginRebuild()
                _ = try await queue.finishRebuild(generation: generation)
                let fixture = try SyncFixture(
                    configuration: configuration, redis: redis, queueName: name, queue: queue, double: double,
                    schema: schema, requestLimit: requestLimit)
                do {
                    let value = try await body(fixture)
                    try await fixture.close()
                    return value
                } catch {
                    try await fixture.close()
                    throw error
                }
            }
        }
    }

    private func close() async throws {
        try await client.shutdown()
        try await double.stop()
        await database.close()
    }

    // MARK: Workers

    /// Runs a worker while `body` runs.
    /// - Parameter other: A queue in another Redis.
    func withWorker<Value>(
        _ change: (inout SyncConfiguration) -> Void = { _ in }, hasKey: Bool = true, queue other: WorkQueue? = nil,
        _ body: () async throws -> Value
    ) async throws -> Value {
        let (worker, client) = try makeWorker(change, hasKey: hasKey, queue: other)
        let group = ServiceGroup(configuration: ServiceGroupConfiguration(services: [worker], logger: logger))
        let running = Task { try await group.run() }
        do {
            let value = try await body()
            await group.triggerGracefulShutdown()
            try await running.value
            try await client.shutdown()
            return value
        } catch {
            await group.triggerGracefulShutdown()
            try? await running.value  // the test's own error counts
            try? await client.shutdown()
            throw error
        }
    }

    /// A worker to be run by the test, and its client, to be shut down afterwards.
    func makeWorker(
        _ change: (inout SyncConfiguration) -> Void = { _ in }, hasKey: Bool = true, queue other: WorkQueue? = nil
    ) throws -> (SyncWorker, UDMClient) {
        // Waits are short here; what they do is the same.
        var sync = SyncConfiguration(
            concurrency: 4, leaseLength: .seconds(8), memberWait: .seconds(20), drainTime: .seconds(5),
            backoff: Backoff(base: .milliseconds(50), cap: .milliseconds(400)))
        change(&sync)
        // As each process has one, which tells that process alone of its calls.
        let client = try Self.client(of: double, logger: logger)
        let worker = SyncWorker(
            configuration: sync, queue: other ?? queue, jobs: database.jobs, client: client,
            mapping: UDMMapping(rules: DirectoryRules(), schema: schema),
            sealer: try SecretSealer(keys: [hasKey ? key : key.map { $0 ^ 1 }]), logger: logger)
        return (worker, client)
    }

    // MARK: Writing

    private let context = WriteContext(tenant: "default", client: "test", requestID: LowercaseUUID.random().description)

    @discardableResult
    func createUser(_ name: String, password: String? = nil, enqueues: Bool = true) async throws -> ResourceID {
        try await create(
            ValidatedResource(type: .user, attributes: Self.user(name), password: password), enqueues: enqueues)
    }

    @discardableResult
    func createGroup(_ name: String, members: [ResourceID], enqueues: Bool = true) async throws -> ResourceID {
        try await create(
            ValidatedResource(
                type: .group, attributes: ["displayName": .string(name)],
                members: members.map { ValidatedResource.Member(id: $0, type: nil) }), enqueues: enqueues)
    }

    /// What a client sends, as the API would take it.
    @discardableResult
    func create(_ type: ResourceType, _ body: JSONValue, client: String = "test") async throws -> ResourceID {
        let resource = try ResourceValidator(registry: schema.registry).validate(Self.complete(body, type), as: type)
        return try await create(resource, enqueues: true, context: context(of: client))
    }

    func replace(
        _ type: ResourceType, _ id: ResourceID, _ body: JSONValue, client: String = "test", enqueues: Bool = true
    ) async throws {
        let resource = try ResourceValidator(registry: schema.registry).validateReplacement(
            Self.complete(body, type), as: type)
        guard
            case .updated = try await database.resources.replace(
                type, id, with: resource, ifMatch: nil, context: context(of: client))
        else { throw UnexpectedResult() }
        if enqueues { try await enqueue(type, id) }
    }

    /// With the core schema, if none is named.
    private static func complete(_ body: JSONValue, _ type: ResourceType) -> JSONValue {
        guard var object = body.objectValue, object["schemas"] == nil else { return body }
        object["schemas"] = [.string(type == .user ? SchemaURN.user : SchemaURN.group)]
        return .object(object)
    }

    private func context(of client: String) -> WriteContext {
        WriteContext(tenant: "default", client: client, requestID: LowercaseUUID.random().description)
    }

    private func create(
        _ resource: ValidatedResource, enqueues: Bool, context: WriteContext? = nil
    ) async throws -> ResourceID {
        guard
            case .created(let stored, _) = try await database.resources.create(
                resource, context: context ?? self.context)
        else { throw UnexpectedResult() }
        if enqueues { try await enqueue(resource.type, stored.id) }
        return stored.id
    }

    func replaceUser(_ id: ResourceID, _ name: String, _ change: (inout JSONObject) -> Void) async throws {
        var attributes = Self.user(name)
        change(&attributes)
        let result = try await database.resources.replace(
            .user, id, with: ValidatedResource(type: .user, attributes: attributes), ifMatch: nil, context: context)
        guard case .updated = result else { throw UnexpectedResult() }
        try await enqueue(.user, id)
    }

    func replaceGroup(_ id: ResourceID, _ name: String, members: [ResourceID]) async throws {
        let resource = ValidatedResource(
            type: .group, attributes: ["displayName": .string(name)],
            members: members.map { ValidatedResource.Member(id: $0, type: nil) })
        guard
            case .updated = try await database.resources.replace(
                .group, id, with: resource, ifMatch: nil, context: context)
        else { throw UnexpectedResult() }
        try await enqueue(.group, id)
    }

    func addMember(_ id: ResourceID, to group: ResourceID) async throws {
        try await changeMembers(of: group, adding: [id], removing: [])
    }

    func changeMembers(of group: ResourceID, adding: [ResourceID], removing: [ResourceID]) async throws {
        let added = adding.map { ValidatedResource.Member(id: $0, type: nil) }
        let result = try await database.resources.changeMembers(
            of: group, [.change(adding: added, removing: removing)], context: context)
        guard case .updated = result else { throw UnexpectedResult() }
        try await enqueue(.group, group)
    }

    /// Users that both sides have, without the turns that brought them there.
    func syncedUsers(_ count: Int) async throws -> [ResourceID] {
        let ids = (0..<count).map { _ in ResourceID.random() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (number, id) in ids.enumerated() {
                if number >= 8 { try await group.next() }
                group.addTask {
                    _ = try await self.client.create(
                        .user,
                        properties: [
                            "username": .string("user-\(number)"), "lastname": "Roe", "password": "a-Passw0rd!",
                            "univentionObjectIdentifier": .string(id.description),
                        ], requestID: LowercaseUUID.random().description)
                }
            }
            try await group.waitForAll()
        }
        let list = ids.map { "'\($0)'" }.joined(separator: ", ")
        try await run(
            """
            INSERT INTO resource (tenant, type, id, revision, "order", created_at, modified_at, attributes)
            SELECT 'default', 'User', i, 1, nextval('write_order'), now(), now(), '{"displayName": "Roe"}'
            FROM unnest(ARRAY[\(list)]::uuid[]) i;
            INSERT INTO udm_object (resource_id, tenant, type, dn, properties, revision, synced_at)
            SELECT i, 'default', 'User', 'uid=user-' || n - 1 || ',cn=users,dc=example,dc=org', '{}', 1, now()
            FROM unnest(ARRAY[\(list)]::uuid[]) WITH ORDINALITY AS u(i, n)
            """)
        return ids
    }

    func delete(_ type: ResourceType, _ id: ResourceID, enqueues: Bool = true) async throws {
        guard case .deleted = try await database.resources.delete(type, id, ifMatch: nil, context: context) else {
            throw UnexpectedResult()
        }
        if enqueues { try await enqueue(type, id) }
    }

    func enqueue(_ type: ResourceType, _ id: ResourceID) async throws {
        let key = Self.key(id, type)
        _ = try await queue.enqueue([Enqueue(key, lane: .interactive)])
    }

    static func user(_ name: String) -> JSONObject {
        [
            "userName": .string(name), "name": ["givenName": "Jo", "familyName": .string("Roe \(name)")],
            "displayName": .string("Jo Roe \(name)"), "active": true,
        ]
    }

    struct UnexpectedResult: Error {}

    // MARK: Looking

    /// Waits until no job is open.
    func drain(limit: Duration = .seconds(60)) async throws {
        try await until(limit: limit) { try await self.database.jobs.statistics().openJobs == 0 }
    }

    func until(limit: Duration = .seconds(60), _ condition: () async throws -> Bool) async throws {
        try await wait(until: "the condition holds", limit: limit, every: .milliseconds(20), condition)
    }

    /// All that is in UDM was brought there long ago.
    func age() async throws { try await run("UPDATE udm_object SET synced_at = synced_at - interval '1 hour'") }

    /// What an administrator does in UDM.
    func change(_ id: ResourceID, in module: UDMModule = .user, _ properties: JSONObject) async throws {
        let dn = object(id)?.dn ?? ""
        _ = try await client.modify(
            module, dn: dn, properties: properties, requestID: LowercaseUUID.random().description)
    }

    /// An account that somebody else makes in UDM.
    func foreignUser(_ name: String) async throws -> ResourceID {
        let id = ResourceID.random()
        _ = try await client.create(
            .user,
            properties: [
                "username": .string(name), "lastname": "Foreign", "password": "a-Passw0rd!",
                "univentionObjectIdentifier": .string(id.description),
            ], requestID: LowercaseUUID.random().description)
        return id
    }

    func members(of group: ResourceID) -> Set<String> {
        Set(object(group)?.properties["users"]?.arrayValue?.compactMap(\.stringValue) ?? [])
    }

    func number(_ sql: String) async throws -> Int {
        let connection = try await PostgresConnection.open(configuration, label: "look", logger: logger)
        let result = try await connection.execute(PostgresStatement(unnamed: sql), [])
        await connection.close()
        return Int(try result[0].int(0))
    }

    func object(_ id: ResourceID) -> UDMDouble.StoredObject? {
        double.objects(UDMDouble.ObjectSelection(identifier: id.description)).first
    }

    func status(_ id: ResourceID) async throws -> SyncStatus.Status? {
        try await database.resources.syncStatus(of: [id], tenant: "default")[id]?.status
    }

    func run(_ sql: String) async throws {
        let connection = try await PostgresConnection.open(configuration, label: "change", logger: logger)
        try await connection.run(sql)
        await connection.close()
    }

    func states() async throws -> [String: Int] {
        let connection = try await PostgresConnection.open(configuration, label: "look", logger: logger)
        let result = try await connection.execute(
            PostgresStatement(unnamed: "SELECT state, count(*) FROM job_history GROUP BY state"), [])
        var states: [String: Int] = [:]
        for row in result { states[try row.string(0)] = Int(try row.int(1)) }
        await connection.close()
        return states
    }
}

extension ResourceStore {
    /// Replaces a resource by one that does not depend on the present one.
    fileprivate func replace(
        _ type: ResourceType, _ id: ResourceID, with resource: ValidatedResource, ifMatch: Int64? = nil,
        context: WriteContext
    ) async throws -> UpdateResult {
        try await replace(type, id, ifMatch: ifMatch, context: context) { _ in resource }
    }
}
