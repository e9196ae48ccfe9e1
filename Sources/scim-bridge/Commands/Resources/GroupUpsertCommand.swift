// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import JSON
import SCIM
import Sync

struct GroupUpsertCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "upsert", abstract: "Create a group, or change it to what is given.",
        discussion: """
            Example:

              scim-bridge group upsert --display-name scim-clients --description "May use SCIM" --member idp-client
              scim-bridge group upsert --file group.json --json

            Prints the id, and created, changed or unchanged. Attributes that are not given stay as they are; an empty text takes one away. Members that are \
            given come to those there are; nobody leaves (see group remove-member). The rules are those of the API, and what is written gets to \
            UDM in the same way. Done again, it changes nothing.
            """)

    @Option(help: "The name of the group; a group that has it, in whatever case, is changed.") var displayName: String?
    @Option(help: "The client's own id of the group; see --client.") var externalId: String?
    @Option(help: "What the group is for.") var description: String?
    @Option(help: "A member: the id or the name of a user or group; may be repeated.") var member: [String] = []
    @Option(help: "A file with a SCIM group as JSON; - reads it from standard input. Options count more than it does.")
    var file: String?
    @OptionGroup var id: ResourceIDOption
    @OptionGroup var options: ResourceOptions

    func validate() throws {
        guard file != nil || displayName?.isEmpty == false else {
            throw ValidationError("Name the group with --display-name, or in the file of --file")
        }
    }

    func run() async throws { print(try await execute(environment: ProcessInfo.processInfo.environment)) }

    /// - Returns: What is to be printed.
    func execute(environment: [String: String]) async throws -> String {
        let wish = ResourceUpsert.Wish(.group, try document().attributes, members: member, id: try id.value)
        return try await options.write(environment: environment) { try await $0.upsert(wish, as: options.origin) }
    }

    func document() throws -> ResourceDocument {
        var document = try ResourceDocument(file: file)
        document.set("displayName", displayName)
        document.set("externalId", externalId)
        document.set(SchemaURN.univentionGroup, "description", description)
        return document
    }
}
