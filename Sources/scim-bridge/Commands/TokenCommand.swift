// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import API
import ArgumentParser
import Foundation
import SCIM

struct TokenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token", abstract: "Create, list and revoke static bearer tokens.",
        discussion: """
            Example:

              scim-bridge token create --client hr-sync --file /etc/scim-bridge/tokens

            The token is printed once; the file keeps only its SHA-256. Running servers read the file at their start.
            """,
        subcommands: [Create.self, List.self, Revoke.self])

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Create a token and print it.")

        @Option(help: "Name of the client, which also scopes externalId.") var client: String
        @Option(help: "The tokens file (STATIC_TOKENS_FILE); made when missing.") var file: String
        @Option(help: "Tenant of the client's resources.") var tenant = "default"
        @Option(help: "Scopes, separated by commas: scim.read, scim.write.") var scopes = "scim.read,scim.write"
        @Option(help: "userName of the user that the token belongs to, who is /Me; without it there is no /Me.")
        var subject: String?
        @Option(help: "Days until it expires; without it the token does not expire.") var days: Int?

        func validate() throws {
            if let days { try CommandLineValue.check("--days", days, in: 1...36_500) }
        }

        func run() async throws {
            let token = try TokenFile(path: file).create(
                client: client, tenant: tenant, scopes: scopes.split(separator: ",").map(String.init),
                subject: subject, lifetime: days.map { .seconds($0 * 86400) })
            print(token)
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the clients of a tokens file.")

        @Option(help: "The tokens file.") var file: String

        func run() async throws {
            for entry in try TokenFile(path: file).entries() {
                let principal = entry.principal
                let subject = principal.subject.map { "  subject \($0)" } ?? ""
                let expires = entry.expires.map { "  expires \($0.iso8601Milliseconds)" } ?? ""
                print(
                    "\(principal.client)  tenant \(principal.tenant)  \(principal.scopes.names.joined(separator: ","))\(subject)\(expires)"
                )
            }
        }
    }

    struct Revoke: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Remove all tokens of a client.")

        @Option(help: "Name of the client.") var client: String
        @Option(help: "The tokens file.") var file: String

        func run() async throws {
            let count = try TokenFile(path: file).revoke(client: client)
            guard count > 0 else { throw CommandFailure("\(file) has no token of \(client).") }
            print("Removed \(count) token\(count == 1 ? "" : "s") of \(client). Restart the servers that read \(file).")
        }
    }
}
