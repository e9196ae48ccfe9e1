// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

struct UserCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "user", abstract: "Create or change users in the SCIM database.",
        discussion: """
            Example:

              scim-bridge user upsert --user-name ada --given-name Ada --family-name Lovelace

            Takes the settings of the servers (DATABASE_URL; REDIS_URL if it is set), so it runs in any of their containers. Exit status: 0 done, 1 \
            refused, 64 wrong usage, 66 something that was named does not exist, 69 PostgreSQL does not answer, 78 a setting is wrong.
            See docs/operating/users-and-groups.md.
            """,
        subcommands: [UserUpsertCommand.self])
}
