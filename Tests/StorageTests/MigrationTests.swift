// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Logging
import Postgres
import SCIM
import Synchronization
import TestSupport
import Testing

@testable import Storage

@Suite("Migrations of lists", .serialized, .timeLimit(.minutes(3))) struct MigrationTests {
    @Test("Taken back and applied again, the schema serves lists")
    func downAndUp() async throws {
        try await StorageFixture.run { fixture in
            let migrator = Migrator(
                configuration: fixture.configuration, folder: StorageFixture.schemaFolder, logger: StorageFixture.logger
            )
            let taken = try await migrator.migrateDown(to: 3)
            #expect(taken.last == "0004_lists")
            #expect(
                try await fixture.number(
                    "SELECT count(*) FROM pg_proc WHERE pronamespace = current_schema()::regnamespace AND proname = 'folded'"
                ) == 0)
            #expect(try await migrator.migrate().first == "0004_lists")
            _ = try await fixture.createUser("Jo")
            #expect(try await fixture.list(filter: "userName co \"JO\"").total == 1)
        }
    }

    /// A server of its own, whose catalog is made poorer.
    @Test("Without trigrams and collations lists work, and migrate says what they miss")
    func poorDatabase() async throws {
        let server = try await PostgresServer.start()
        let connection = try await PostgresConnection.open(
            server.configuration, label: "test", logger: StorageFixture.logger)
        try await connection.run(
            "DROP SCHEMA public; SET allow_system_table_mods = on; DELETE FROM pg_collation WHERE collname IN ('C.utf8', 'C.UTF-8', 'pg_c_utf8')"
        )
        // ICU knows all letters, and forms of some at the end of a word.
        #expect(
            try await folded("ÄÖÜ İI ΑΣ", on: server) == [
                "äöü i̇i ας", "Filters of names with co and ew read every resource",
            ])
        try await connection.run("DELETE FROM pg_collation WHERE collprovider = 'i'")
        #expect(
            try await folded("ÄÖÜ I", on: server) == [
                "ÄÖÜ i", "Filters of names with co and ew read every resource",
                "Filters ignore the case of ASCII letters only",
            ])
        await connection.close()
        try await server.stop()
    }

    /// What folded() makes of a text, and the beginnings of the warnings.
    private func folded(_ text: String, on server: PostgresServer) async throws -> [String] {
        try await withSchema(on: server) { configuration in
            let log = WarningLog()
            let logger = Logger(label: "test") { _ in log }
            _ = try await Migrator(
                configuration: configuration, folder: StorageFixture.schemaFolder, logger: logger
            ).migrate()
            let connection = try await PostgresConnection.open(
                configuration, label: "test", logger: StorageFixture.logger)
            let result = try await connection.execute(
                PostgresStatement(unnamed: "SELECT folded($1::text)"), [.text(text)])
            let database = Database(
                configuration: StorageConfiguration(postgres: configuration, sealer: nil, rules: DirectoryRules()),
                logger: StorageFixture.logger)
            _ = try await database.resources.create(user("Ännä"), context: testContext).resource()
            for filter in ["userName co \"NNä\"", "userName ew \"NNä\"", "userName eq \"ÄNnä\"", "userName sw \"Än\""] {
                let parsed = try Filter.parse(filter, for: .user, registry: .standard)
                let query = ListQuery(
                    tenant: "default", client: "idp", baseURL: testBaseURL, [.init(.user, filter: parsed)], count: 1)
                #expect(try await database.resources.list(query).total == 1, "\(filter)")
            }
            await database.close()
            await connection.close()
            return try [result[0].string(0)] + log.warnings.map { String($0.prefix { $0 != ":" && $0 != "," }) }
        }
    }
}

/// Keeps the warnings of a log.
struct WarningLog: LogHandler {
    private let messages = Messages()
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.warning

    var warnings: [String] { messages.all.withLock { $0 } }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) { messages.all.withLock { $0.append(event.message.description) } }

    private final class Messages: Sendable {
        let all = Mutex<[String]>([])
    }
}
