// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Glibc
package import Logging
package import Postgres

/// The PostgreSQL that tests share: `TEST_DATABASE_URL`, or one private cluster per test process.
package enum PostgresForTests {
    private static let server = Task { try await PostgresServer.start() }

    package static func configuration() async throws -> PostgresConfiguration {
        let url =
            if let text = getenv("TEST_DATABASE_URL") { String(cString: text) } else { try await server.value.url }
        return configuration(url: url)
    }

    static func configuration(url: String) -> PostgresConfiguration {
        // A busy machine is not what the tests are about.
        PostgresConfiguration(
            url: url, applicationName: "scim-bridge-tests", connectTimeout: .seconds(20), statementTimeout: .seconds(60)
        )
    }

    package static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
}

/// Lends a configuration whose `search_path` is a new schema that nobody else uses; it is dropped afterwards.
///
/// - Parameter server: The shared PostgreSQL when `nil`.
package func withSchema<Value>(
    on server: PostgresServer? = nil, _ body: (PostgresConfiguration) async throws -> Value
) async throws -> Value {
    var configuration =
        if let server { server.configuration } else { try await PostgresForTests.configuration() }
    let schema = "test_\(String(UInt64.random(in: .min ... .max), radix: 36))"
    try await runOnce("CREATE SCHEMA \(schema)", configuration)
    configuration.searchPath = schema
    do {
        let value = try await body(configuration)
        try await runOnce("DROP SCHEMA \(schema) CASCADE", configuration)
        return value
    } catch {
        // The test's own error counts, not that its schema could not be dropped as well.
        try? await runOnce("DROP SCHEMA \(schema) CASCADE", configuration)
        throw error
    }
}

private func runOnce(_ sql: String, _ configuration: PostgresConfiguration) async throws {
    let connection = try await PostgresConnection.open(
        configuration, label: "test.schema", logger: PostgresForTests.logger)
    do {
        try await connection.run(sql)
        await connection.close()
    } catch {
        await connection.close()
        throw error
    }
}
