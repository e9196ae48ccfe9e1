// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import Sync

struct GroupAddMemberCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add-member", abstract: "Add members to a group.",
        discussion: """
            Example:

              scim-bridge group add-member --group scim-clients --member idp-client --member hr-sync

            Who is a member already stays one. Either all come or, if one of them does not exist, none. Costs the same in a group of any size.
            """)

    @OptionGroup var members: GroupMemberOptions
    @OptionGroup var options: ResourceOptions

    func run() async throws { print(try await execute(environment: ProcessInfo.processInfo.environment)) }

    /// - Returns: What is to be printed.
    func execute(environment: [String: String]) async throws -> String {
        try await members.change(isAddition: true, options, environment: environment)
    }
}

struct GroupRemoveMemberCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove-member", abstract: "Remove members from a group.",
        discussion: """
            Example:

              scim-bridge group remove-member --group scim-clients --member hr-sync

            Who is no member is passed over; who does not exist at all is an error.
            """)

    @OptionGroup var members: GroupMemberOptions
    @OptionGroup var options: ResourceOptions

    func run() async throws { print(try await execute(environment: ProcessInfo.processInfo.environment)) }

    /// - Returns: What is to be printed.
    func execute(environment: [String: String]) async throws -> String {
        try await members.change(isAddition: false, options, environment: environment)
    }
}

/// Which members of which group.
struct GroupMemberOptions: ParsableArguments {
    @Option(help: "The id or the name of the group.") var group: String
    @Option(help: "The id or the name of a user or group; may be repeated.") var member: [String]

    func validate() throws {
        guard !group.isEmpty, !member.isEmpty, !member.contains("") else {
            throw ValidationError("Name the group with --group and each member with --member")
        }
    }

    func change(isAddition: Bool, _ options: ResourceOptions, environment: [String: String]) async throws -> String {
        try await options.write(environment: environment) { upsert in
            try await upsert.changeMembers(of: group, member, isAddition: isAddition, as: options.origin)
        }
    }
}
