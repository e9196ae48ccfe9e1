// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CoreMetrics
import Foundation
import Logging
import Operations
import ServiceLifecycle

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Serve in production, with every setting from the environment.",
        discussion: """
            Example:

              scim-bridge serve --roles api,worker,events

            Any number of processes may serve the same database and Redis, with any roles each. SIGTERM drains: requests and pushes under way
            are finished, leases are handed back.
            """)

    @Option(help: "What this process does: api, worker, events; several separated by commas.")
    var roles = "api,worker,events"

    func run() async throws {
        let roles = try RoleList.parse(roles)
        let (configuration, shown) = try BridgeConfiguration.read(roles: roles)
        let logger = Logging.bootstrap(level: configuration.logLevel, format: configuration.logFormat)
        for (name, value) in shown { logger.info("Setting", metadata: ["name": "\(name)", "value": "\(value)"]) }
        let registry = Metrics.bootstrap()
        let services = try await BridgeServices(configuration, registry: registry, logger: logger)
        logger.notice(
            "Starting",
            metadata: [
                "version": "\(Version.text)", "roles": "\(roles.map(\.rawValue).sorted().joined(separator: ","))",
            ])
        try await services.group(logger: logger).run()
        logger.notice("Stopped")
    }
}

enum RoleList {
    static func parse(_ text: String) throws -> Set<Role> {
        var roles: Set<Role> = []
        for name in text.split(separator: ",").map({ $0.trimmingCharacters(in: .whitespaces) }) {
            guard let role = Role(rawValue: name) else {
                throw ValidationError(
                    "\"\(name)\" is no role. Roles are api, worker and events, such as --roles api,worker")
            }
            roles.insert(role)
        }
        guard !roles.isEmpty else { throw ValidationError("Name at least one role, such as --roles api,worker,events") }
        return roles
    }
}

enum Logging {
    /// Installs the log handler for the whole process; called once.
    static func bootstrap(level: String, format: BridgeConfiguration.LogFormat) -> Logger {
        let level = Logger.Level(rawValue: level) ?? .info
        LoggingSystem.bootstrap { label in
            var handler = LineLogHandler(label: label, format: format)
            handler.logLevel = level
            return handler
        }
        return Logger(label: "scim-bridge")
    }
}

enum Metrics {
    /// Installs the metrics registry for the whole process; called once.
    static func bootstrap() -> PrometheusRegistry {
        let registry = PrometheusRegistry()
        MetricsSystem.bootstrap(registry)
        registry.setGauge("scim_bridge_build_info", [("version", Version.text)], to: 1)
        registry.setGauge("process_start_time_seconds", to: Date().timeIntervalSince1970)
        // Made anew with the first line that is lost; a rate needs to know that there was none before.
        _ = registry.makeCounter(label: "scim_log_lines_dropped_total", dimensions: [])
        return registry
    }
}
