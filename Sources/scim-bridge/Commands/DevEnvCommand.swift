// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

extension DevCommand {
    struct Env: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "env", abstract: "Print the settings of a running `dev` for a shell.",
            discussion: """
                Example:

                  eval "$(scim-bridge dev env)"
                  scim-bridge queue stats

                Passwords are named by their files, as everywhere.
                """)

        @Option(help: "The folder of the running `dev`.") var folder = ".scim-bridge"

        func run() async throws {
            let environment = try DevEnvironment(running: folder)
            for (name, value) in try environment.runningSettings().sorted(by: { $0.key < $1.key }) {
                print("export \(name)='\(value.replacing("'", with: "'\\''"))'")
            }
        }
    }
}

extension DevEnvironment {
    /// What leads other commands to the running parts: addresses, and the files of secrets with their full paths.
    func runningSettings() throws -> [String: String] {
        var found: [String: String] = [:]
        // What runs, and not what this shell names: that may be of a former call.
        func runs(_ part: Part) -> Bool { ChildProcess(part.rawValue, in: folder).runningID != nil }
        if runs(.postgresql) {
            found["DATABASE_URL"] = "postgresql://scim@127.0.0.1:\(port(.postgresql))/scim"
            found["DATABASE_PASSWORD_FILE"] = try folder.secret("database-password").file
        }
        if runs(.redis) {
            found["REDIS_URL"] = "redis://127.0.0.1:\(port(.redis))/0"
            found["REDIS_PASSWORD_FILE"] = try folder.secret("redis-password").file
        }
        if runs(.udm) {
            found["UDM_URL"] = "http://127.0.0.1:\(port(.udm))/univention/udm/"
            found["UDM_USERNAME"] = "svc-scim"
            found["UDM_PASSWORD_FILE"] = try folder.secret("udm-password").file
        }
        found["UDM_USERNAME_RULE"] = "local-part"
        found["PASSWORD_KEY_FILE"] = try folder.secret("password-key").file
        return found
    }
}
