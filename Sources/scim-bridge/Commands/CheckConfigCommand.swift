// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Events
import Foundation
import Logging
import Redis
import Storage
import UDM

struct CheckConfigCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check-config",
        abstract:
            "Validate every setting and reach every dependency; one line a problem, exit status 78 if there is one.",
        discussion: """
            Example:

              scim-bridge check-config --roles worker
            """)

    @Option(help: "The roles whose settings are checked: api, worker, events; several separated by commas.")
    var roles = "api,worker,events"

    func run() async throws {
        let roles = try RoleList.parse(roles)
        let (configuration, shown) = try await BridgeConfiguration.read(roles: roles)
        let logger = Logging.bootstrap(level: "critical", format: .text)
        for (name, value) in shown { print("\(name)=\(value)") }
        if let description = configuration.schema.additions { print("Schema file: \(description)") }
        var problems: [String] = []
        func check(_ name: String, _ body: () async throws -> Void) async {
            do {
                try await body()
                print("\(name): ok")
            } catch {
                problems.append("\(name): \(error)")
            }
        }
        await check("PostgreSQL") {
            let database = Database(
                configuration: StorageConfiguration(
                    postgres: configuration.database, sealer: nil, rules: configuration.rules), logger: logger)
            do {
                try await database.ping()
            } catch {
                await database.close()
                throw error
            }
            await database.close()
        }
        if let settings = configuration.redis {
            await check("Redis") {
                let redis = RedisClient(configuration: settings, logger: logger)
                do {
                    try await redis.start()
                } catch {
                    await redis.close()
                    throw error
                }
                await redis.close()
            }
        }
        if let key = configuration.passwordKeyFile {
            await check("Password key") { _ = try SecretSealer.load(keyFile: key) }
        }
        if let udm = configuration.udm {
            await check("UDM") {
                let client = try UDMClient(configuration: udm, logger: logger)
                do {
                    try await client.probe()
                } catch {
                    try await client.shutdown()
                    throw error
                }
                try await client.shutdown()
            }
        }
        if let provisioning = configuration.provisioning {
            await check("Provisioning") {
                try await ProvisioningClient.reach(url: provisioning.url)
            }
        }
        if !problems.isEmpty { throw ConfigurationProblems(problems: problems) }
        print("The configuration is usable.")
    }
}
