// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Logging
import Postgres
import SCIM
import TestSupport

@testable import Storage

/// A migrated schema of its own, with the stores of one process and a plain connection to look at what they did.
struct StorageFixture {
    let configuration: PostgresConfiguration
    let database: Database
    let connection: PostgresConnection

    static let schemaFolder = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("schema").path
    static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    static func run<Value>(
        on server: PostgresServer? = nil, rules: DirectoryRules = DirectoryRules(),
        _ body: (StorageFixture) async throws -> Value
    ) async throws -> Value {
        try await withSchema(on: server) { configuration in
            _ = try await Migrator(configuration: configuration, folder: schemaFolder, logger: logger).migrate()
            let fixture = StorageFixture(
                configuration: configuration,
                database: makeDatabase(configuration, rules: rules),
                connection: try await PostgresConnection.open(configuration, label: "test", logger: logger))
            do {
                let value = try await body(fixture)
                await fixture.close()
                return value
            } catch {
                await fixture.close()
                throw error
            }
        }
    }

    /// Another process on the same database.
    func anotherDatabase(
        emitsOnAcceptance: Bool = false, _ change: (inout StorageConfiguration) -> Void = { _ in }
    ) -> Database {
        Self.makeDatabase(configuration, rules: DirectoryRules()) {
            $0.emitsOnAcceptance = emitsOnAcceptance
            change(&$0)
        }
    }

    private static func makeDatabase(
        _ configuration: PostgresConfiguration, rules: DirectoryRules,
        _ change: (inout StorageConfiguration) -> Void = { _ in }
    ) -> Database {
        let key = [UInt8](repeating: 7, count: 32)
        var storage = StorageConfiguration(
            postgres: configuration, sealer: try? SecretSealer(keys: [key]), rules: rules)
        change(&storage)
        return Database(configuration: storage, logger: logger)
    }

    private func close() async {
        await database.close()
        await connection.close()
    }

    // MARK: Looking

    func rows(_ sql: String) async throws -> PostgresResult {
        try await connection.execute(PostgresStatement(unnamed: sql), [])
    }

    func number(_ sql: String) async throws -> Int { Int(try await rows(sql)[0].int(0)) }

    func text(_ sql: String) async throws -> String? { try await rows(sql)[0].optionalString(0) }

    // MARK: Making

    /// An open job, as the acceptance of a write leaves it.
    @discardableResult
    func insertJob(
        _ resource: ResourceID, revision: Int64 = 1, operation: JobOperation = .create, type: ResourceType = .user,
        secret: Bool = false, accepted: String = "clock_timestamp()"
    ) async throws -> JobID {
        let id = JobID.timeOrdered(at: .now())
        let old = operation == .create ? "NULL" : "'{\"resource\": {\"userName\": \"old\"}}'"
        let new = operation == .delete ? "NULL" : "'{\"resource\": {\"userName\": \"jo\", \"displayName\": \"Jo\"}}'"
        try await connection.run(
            """
            INSERT INTO job (id, tenant, type, resource_id, revision, "order", operation, lane, client, request_id,
                accepted_at, due_at, old_state, new_state, secret)
            VALUES ('\(id)', 'default', '\(type.rawValue)', '\(resource)', \(revision), nextval('write_order'),
                '\(operation.rawValue)', 'interactive', 'test', 'request', \(accepted), \(accepted), \(old), \(new),
                \(secret ? "'\\x0102'" : "NULL"))
            """)
        return id
    }

    func insertResource(_ id: ResourceID, type: ResourceType = .user, revision: Int64 = 1) async throws {
        try await connection.run(
            """
            INSERT INTO resource (tenant, type, id, revision, "order", created_at, modified_at, attributes)
            VALUES ('default', '\(type.rawValue)', '\(id)', \(revision), nextval('write_order'), clock_timestamp(),
                clock_timestamp(), '{"displayName": "Name of \(id)"}')
            """)
    }

    func insertMember(
        _ member: ResourceID, of group: ResourceID, added: Int64 = 1, removed: Int64? = nil, synced: Bool = false
    ) async throws {
        try await connection.run(
            """
            INSERT INTO group_member (tenant, group_id, member_id, member_type, added_revision, removed_revision, synced)
            VALUES ('default', '\(group)', '\(member)', 'User', \(added), \(removed.map(String.init) ?? "NULL"), \(synced))
            """)
    }

    func insertObject(_ id: ResourceID, type: ResourceType = .user) async throws {
        try await connection.run(
            """
            INSERT INTO udm_object (resource_id, tenant, type, dn, properties, revision, synced_at)
            VALUES ('\(id)', 'default', '\(type.rawValue)', 'uid=\(id)', '{}', 1, clock_timestamp())
            """)
    }

    // MARK: Leasing

    /// Leases one resource.
    func lease(
        _ id: ResourceID, type: ResourceType = .user, length: Duration = .seconds(60), maximumCrashes: Int = .max
    ) async throws -> ConfirmedLease? {
        let request = LeaseRequest(resourceID: id, tenant: "default", type: type)
        let answer = try await database.jobs.confirm(
            [request], worker: "test", length: length, maximumCrashes: maximumCrashes)
        guard answer.count == 1, case .leased(let lease) = answer[0] else { return nil }
        return lease
    }

    /// Lets every lease run out.
    func expireLeases() async throws {
        try await connection.run(
            "UPDATE resource_sync SET leased_until = clock_timestamp() - interval '1 second' WHERE leased_until IS NOT NULL"
        )
    }
}

extension UDMObjectRecord {
    static let test = UDMObjectRecord(
        dn: "uid=jo,cn=users,dc=example,dc=org", properties: Array(#"{"username":"jo"}"#.utf8))
}
