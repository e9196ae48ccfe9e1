// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Postgres
import Redis
import SCIM
import UDM

/// The settings of one operator's command: those of the servers, as far as the command needs them, so that it runs in any of their containers.
struct OperatorSettings: Sendable {
    /// Beside the database, which every command needs.
    enum Need: Sendable {
        case queue
        /// The queue, if it is set at all: without it the sweep finds what was written.
        case queueIfSet
        case udm
        /// Schemas, rules and the key of passwords.
        case resources
        /// The key of passwords must be there.
        case passwordKey
    }

    let database: PostgresConfiguration
    let redis: RedisConfiguration?
    let queueName: String
    let udm: UDMConfiguration?
    let rules: DirectoryRules
    let schema: ConfiguredSchema
    let passwordKeyFile: String?
    let schemaFolder: String

    /// - Throws: ``ConfigurationProblems`` with every problem found.
    static func read(
        _ needs: Set<Need>, environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws -> OperatorSettings {
        var reader = SettingsReader(environment: environment)
        reader.allowsPlaintext =
            reader.choice("ALLOW_PLAINTEXT", of: ["true", "false"], default: "false") == "true"
        let handlesResources = !needs.isDisjoint(with: [.resources, .udm])
        let key: String? =
            if needs.contains(.passwordKey) {
                reader.readableFile("PASSWORD_KEY_FILE", hint: "the file with the keys that seal passwords")
            } else {
                needs.contains(.resources) ? reader.optionalFile("PASSWORD_KEY_FILE") : nil
            }
        let handlesQueue =
            needs.contains(.queue) || needs.contains(.queueIfSet) && reader.optional("REDIS_URL") != nil
        let settings = OperatorSettings(
            database: BridgeConfiguration.database(&reader),
            redis: handlesQueue ? BridgeConfiguration.redis(&reader) : nil,
            queueName: handlesQueue ? BridgeConfiguration.queueName(&reader) : "default",
            udm: needs.contains(.udm) ? BridgeConfiguration.udm(&reader) : nil,
            rules: handlesResources ? BridgeConfiguration.rules(&reader) : DirectoryRules(),
            schema: handlesResources ? BridgeConfiguration.schema(&reader) : .standard, passwordKeyFile: key,
            schemaFolder: reader.optional("SCHEMA_FOLDER") ?? SchemaFolder.find() ?? "schema")
        guard reader.problems.isEmpty else { throw ConfigurationProblems(problems: reader.problems) }
        return settings
    }
}
