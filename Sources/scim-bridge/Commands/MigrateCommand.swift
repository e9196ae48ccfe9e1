// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import Logging
import Storage

struct MigrateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate", abstract: "Bring the database to the schema of this version.",
        discussion: """
            Example:

              DATABASE_URL=postgresql://scim@db.example.org/scim DATABASE_PASSWORD_FILE=/run/secrets/db scim-bridge migrate

            Safe to run from several places at once and again. Refuses a database whose history was changed or is newer than this program.
            """)

    func run() async throws {
        let (configuration, _) = try BridgeConfiguration.read(roles: [])
        let logger = Logging.bootstrap(level: configuration.logLevel, format: configuration.logFormat)
        let applied = try await Self.migrate(configuration, logger: logger)
        print(applied.isEmpty ? "The schema is up to date." : "Applied: \(applied.joined(separator: ", "))")
    }

    /// - Returns: The names of the migrations that were applied now.
    static func migrate(_ configuration: BridgeConfiguration, logger: Logger) async throws -> [String] {
        do {
            return try await Migrator(
                configuration: configuration.database, folder: configuration.schemaFolder,
                logger: logger.labelled("migrate")
            ).migrate()
        } catch {
            throw CommandFailure("The database was not migrated: \(error)")
        }
    }
}
