// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Logging
import UDM

struct CheckConfigCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check-config",
        abstract:
            "Validate every setting and reach every dependency with its account; one line a problem, exit status 78 if there is one.",
        discussion: """
            Example:

              scim-bridge check-config --roles worker

            The database has to be migrated before.
            """)

    @Option(help: "The roles whose settings are checked: api, worker, events; several separated by commas.")
    var roles = "api,worker,events"

    func run() async throws {
        let roles = try RoleList.parse(roles)
        let (configuration, shown) = try BridgeConfiguration.read(roles: roles)
        let logger = Logging.bootstrap(level: "critical", format: .text)
        for (name, value) in shown { print("\(name)=\(value)") }
        if let description = configuration.schema.additions { print("Schema file: \(description)") }
        var problems: [String] = []
        for check in ConfigurationCheck.all(for: configuration, logger: logger) {
            do {
                try await check.run()
                print("\(check.name): ok")
            } catch let error as ConfigurationProblems {
                problems += error.problems
            } catch {
                problems.append("\(check.name): \(error)")
            }
        }
        if !problems.isEmpty { throw ConfigurationProblems(problems: problems) }
        print("The configuration is usable.")
    }
}
