// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import API
import Events
import Foundation
import Postgres
import Redis
import SCIM
import Sync
import UDM

/// Every setting of the bridge, read and validated once at the start. Groups that a process's roles do not need are nil, so that
/// the API never sees UDM's credentials.
struct BridgeConfiguration: Sendable {
    var roles: Set<Role>
    var database: PostgresConfiguration
    /// Of the queue; nil only without roles.
    var redis: RedisConfiguration?
    var queueName: String
    var api: APISettings?
    /// `https://scim.example.org/scim/v2`: what `Location`, `$ref` and `meta.location` start with, in events too; nil without these roles.
    var publicURL: String?
    var udm: UDMConfiguration?
    var events: EventSenderConfiguration?
    /// Whether events are written with the acceptance of a write, and not with the outcome of its job.
    var emitsOnAcceptance: Bool
    var rules: DirectoryRules
    /// Schemas and mapping: the standard ones, and those of `SCHEMA_FILE`.
    var schema: ConfiguredSchema
    /// Key file for sealed passwords; needed by whoever accepts or pushes them.
    var passwordKeyFile: String?
    var sync: SyncConfiguration
    /// How long finished jobs are kept.
    var historyDays: Int
    var operationsAddress: HostAndPort
    var operationsToken: String?
    var logLevel: String
    var logFormat: LogFormat
    /// Folder of the numbered SQL migrations.
    var schemaFolder: String

    struct APISettings: Sendable {
        var address: HostAndPort
        var tlsCertificateFile: String?
        var tlsKeyFile: String?
        var staticTokensFile: String
        var backPressure: BackPressure.Limits
        /// Writes a second of one client beyond which they are bulk work.
        var interactiveRate: Int

        /// How clients on this machine reach the API.
        var localURL: String {
            let host = ["0.0.0.0", "::"].contains(address.host) ? "localhost" : address.host
            let scheme = tlsCertificateFile == nil ? "http" : "https"
            return "\(scheme)://\(HostAndPort(host: host, port: address.port))/scim/v2"
        }
    }

    enum LogFormat: String, Sendable, CaseIterable { case text, json }
}

/// What a process does (`serve --roles`).
enum Role: String, CaseIterable, Sendable {
    case api, worker, events
}

/// A configuration that cannot be used: one line for each problem.
struct ConfigurationProblems: Error, CustomStringConvertible {
    let problems: [String]

    var description: String { problems.joined(separator: "\n") }
}
