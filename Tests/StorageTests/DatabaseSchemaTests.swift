// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Postgres
import SCIM
import TestSupport
import Testing

@testable import Storage

@Suite struct DatabaseSchemaTests {
    @Test("A migrated database is as needed; an older schema names the migration, a newer one is fine")
    func migrated() async throws {
        let newest = try Migrator.newestVersion(in: StorageFixture.schemaFolder)
        #expect(newest >= 3)
        try await StorageFixture.run { fixture in
            try await fixture.database.checkSchema(version: newest)
            try await fixture.database.checkSchema(version: newest - 1)
            await #expect(throws: SchemaError.notMigrated(found: newest, needed: newest + 1)) {
                try await fixture.database.checkSchema(version: newest + 1)
            }
            // Migrated while the process runs: no restart is needed.
            try await fixture.connection.run(
                "INSERT INTO schema_migration (version, name, checksum) VALUES (\(newest + 1), 'next', '')")
            try await fixture.database.checkSchema(version: newest + 1)
        }
    }

    @Test("An empty database is told apart from one that does not answer")
    func empty() async throws {
        try await withSchema { configuration in
            func check(_ configuration: PostgresConfiguration) async throws {
                let database = Database(
                    configuration: StorageConfiguration(postgres: configuration, sealer: nil, rules: DirectoryRules()),
                    logger: StorageFixture.logger)
                do {
                    try await database.checkSchema(version: 1)
                } catch {
                    await database.close()
                    throw error
                }
                await database.close()
            }
            let error = await #expect(throws: SchemaError.self) { try await check(configuration) }
            #expect(error == .notMigrated(found: nil, needed: 1))
            #expect(error?.description.contains("scim-bridge migrate") == true)

            var nowhere = configuration
            nowhere.url = "postgresql://127.0.0.1:1/postgres"
            await #expect(throws: PostgresError.self) { try await check(nowhere) }
        }
    }
}
