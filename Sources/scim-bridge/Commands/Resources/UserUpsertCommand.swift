// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import JSON
import SCIM
import Sync

struct UserUpsertCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "upsert", abstract: "Create a user, or change it to what is given.",
        discussion: """
            Example:

              scim-bridge user upsert --user-name ada --given-name Ada --family-name Lovelace --email ada@example.org --password-file password
              scim-bridge user upsert --file ada.json --json
              scim-bridge user upsert --user-name idp-client --family-name Client --id 3f1c8a52-7a0e-4a4f-9a55-1d2c3b4a5f60 --no-push

            Prints the id, and created, changed or unchanged. Attributes that are not given stay as they are; an empty text takes one away. The rules are those of \
            the API, and what is written gets to UDM in the same way. Done again, it changes nothing. Therefore a password is set when the user \
            is created, and later only with --reset-password.
            """)

    enum Activity: EnumerableFlag { case active, inactive }

    @Option(help: "The name to sign in with; a user that has it, in whatever case, is changed.") var userName: String?
    @Option(help: "The given name.") var givenName: String?
    @Option(help: "The family name, which a new user needs.") var familyName: String?
    @Option(help: "The name to show; without it given and family name.") var displayName: String?
    @Option(
        help:
            "An e-mail address; may be repeated. Those that are given replace those there are, the first is the primary one."
    )
    var email: [String] = []
    @Option(help: "A file with the password of a new user.") var passwordFile: String?
    @Flag(help: "Set the password also if the user is there already: a change each time.") var resetPassword = false
    @Option(help: "The client's own id of the user; see --client.") var externalId: String?
    @Flag(help: "Whether the user may sign in; a new one may.") var activity: Activity?
    @Option(help: "A file with a SCIM user as JSON; - reads it from standard input. Options count more than it does.")
    var file: String?
    @OptionGroup var id: ResourceIDOption
    @OptionGroup var options: ResourceOptions

    func validate() throws {
        guard file != nil || userName?.isEmpty == false else {
            throw ValidationError("Name the user with --user-name, or in the file of --file")
        }
        guard !(options.noPush && passwordFile != nil) else { throw ValidationError(Self.passwordNeedsPush) }
        guard !resetPassword || passwordFile != nil || file != nil else {
            throw ValidationError("--reset-password needs the password in a file, see --password-file")
        }
    }

    private static let passwordNeedsPush =
        "A password gets to UDM with the push of its write and is kept nowhere: leave out the password, or --no-push"

    func run() async throws { print(try await execute(environment: ProcessInfo.processInfo.environment)) }

    /// - Returns: What is to be printed.
    func execute(environment: [String: String]) async throws -> String {
        let document = try document()
        let hasPassword = document.has("password")
        guard !(options.noPush && hasPassword) else {
            throw CommandFailure(Self.passwordNeedsPush, status: ExitStatus.usage)
        }
        let wish = ResourceUpsert.Wish(
            .user, document.attributes, id: try id.value, resetsPassword: resetPassword)
        return try await options.write(withPassword: hasPassword, environment: environment) { upsert in
            let result = try await upsert.upsert(wish, as: options.origin)
            if hasPassword, !resetPassword, result.outcome != .created {
                StandardError.write("The user was there already: its password stays. --reset-password sets it.")
            }
            return result
        }
    }

    func document() throws -> ResourceDocument {
        var document = try ResourceDocument(file: file)
        document.set("userName", userName)
        document.set("name", "givenName", givenName)
        document.set("name", "familyName", familyName)
        document.set("displayName", displayName)
        document.set("externalId", externalId)
        if !email.isEmpty { document.set("emails", Self.emails(email)) }
        if let activity { document.set("active", .bool(activity == .active)) }
        if let passwordFile { document.set("password", .string(try ResourceDocument.password(in: passwordFile))) }
        return document
    }

    private static func emails(_ addresses: [String]) -> JSONValue {
        .array(
            addresses.filter { !$0.isEmpty }.enumerated().map { index, address in
                var email: JSONObject = ["value": .string(address), "type": "work"]
                if index == 0 { email["primary"] = true }
                return .object(email)
            })
    }
}
