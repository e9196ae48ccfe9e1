// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import Logging
import ProvisioningDouble
import SCIM
import ServiceLifecycle
import UDM
import UDMDouble
import UnixSignals

struct DoubleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "double",
        abstract: "Run a double of the UDM REST API or of the Provisioning API, for development and tests.",
        subcommands: [UDM.self, Provisioning.self])

    struct UDM: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "udm", abstract: "A double of the UDM REST API.",
            discussion: """
                Example:

                  scim-bridge double udm --port 9979 --journal /tmp/udm --latency 200ms

                Failures are switched on over HTTP under /-/double/; see docs/developing/doubles.md.
                """)

        @Option(help: "Port on 127.0.0.1; 0 takes a free one.") var port = 9979
        @Option(help: "Folder of the journal; without it everything is in memory only.") var journal: String?
        @Option(help: "How long every request takes, such as 200ms.") var latency = "0ms"
        @Option(help: "LDAP base DN.") var base = "dc=example,dc=org"
        @Option(help: "User name of the service account.") var username = "svc-scim"
        @Option(help: "File with its password; without it the password is \"univention\".") var passwordFile: String?
        @Option(help: "A SCHEMA_FILE whose properties the double has as extended attributes.") var schemaFile: String?

        func validate() throws {
            try CommandLineValue.check("--port", port, in: CommandLineValue.ports)
            _ = try CommandLineValue.duration("--latency", latency)
        }

        func run() async throws {
            let logger = Logging.bootstrap(level: "info", format: .text)
            let latency = try CommandLineValue.duration("--latency", latency)
            let schema = try schemaFile.map { try SchemaFile.schema(at: $0) } ?? .standard
            let account = UDMDouble.Configuration.Account(
                username: username, password: try DoublePassword.read(passwordFile, standard: "univention"))
            let configuration = UDMDouble.Configuration(
                port: port, baseDN: base, journalDirectory: journal, accounts: [account],
                extendedProperties: DoubleProperties.needed(for: schema),
                // Taken or forbidden in every real domain.
                settings: UDMDouble.Settings(
                    latency: latency > .zero ? ["*": .fixed(milliseconds: latency.inSeconds * 1000)] : [:],
                    reservedNames: ["administrator", "root", "daemon", "krbtgt"]))
            try await UDMDoubleServer.run(configuration, logger: logger)
        }
    }

    struct Provisioning: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "provisioning", abstract: "A double of the Provisioning API.",
            discussion: """
                Example:

                  scim-bridge double provisioning --port 7777 --journal /tmp/provisioning
                """)

        @Option(help: "Port on 127.0.0.1; 0 takes a free one.") var port = 7777
        @Option(help: "Folder of the journal; without it everything is in memory only.") var journal: String?
        @Option(help: "How long every request takes, such as 200ms.") var latency = "0ms"
        @Option(help: "User name of the events account.") var username = "udm"
        @Option(help: "File with its password; without it the password is \"udmpass\".") var passwordFile: String?

        func validate() throws {
            try CommandLineValue.check("--port", port, in: CommandLineValue.ports)
            _ = try CommandLineValue.duration("--latency", latency)
        }

        func run() async throws {
            let logger = Logging.bootstrap(level: "info", format: .text)
            let configuration = ProvisioningDoubleConfiguration(
                port: port, journal: journal, eventsUsername: username,
                eventsPassword: try DoublePassword.read(passwordFile, standard: "udmpass"),
                latency: try CommandLineValue.duration("--latency", latency))
            try await DoubleRun.run(
                ProvisioningDoubleServer(configuration: configuration, logger: logger), logger: logger)
        }
    }
}

private enum DoublePassword {
    static func read(_ path: String?, standard: String) throws -> String {
        guard let path else { return standard }
        do {
            return try String(contentsOfFile: path, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
        } catch {
            throw CommandFailure("The password file \(path) cannot be read: \(error.localizedDescription)")
        }
    }
}

/// What a directory must have installed for a schema file.
private enum DoubleProperties {
    /// By module.
    static func needed(
        for schema: ConfiguredSchema
    ) -> [String: [UDMDouble.Configuration.ExtendedProperty]] {
        var properties: [String: [UDMDouble.Configuration.ExtendedProperty]] = [:]
        for type in ResourceType.allCases {
            properties[UDMModule(type).rawValue] = schema.addedProperties(for: type).map { name, kind in
                let kind: UDMDouble.Configuration.ExtendedProperty.Kind =
                    switch kind {
                    case .text: .string
                    case .boolean: .boolean
                    case .integer: .integer
                    case .list: .strings
                    }
                return .init(name, kind)
            }
        }
        return properties
    }
}

private enum DoubleRun {
    static func run(_ service: any Service, logger: Logger) async throws {
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [service], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        try await group.run()
    }
}
