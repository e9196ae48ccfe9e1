// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

struct QueueCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "queue", abstract: "See what waits or failed, have it pushed again, pause, compare with UDM.",
        discussion: """
            Example:

              scim-bridge queue stats
              scim-bridge queue list --since 24h
              scim-bridge queue show 0198f3a2-5c1e-7000-8000-0123456789ab
              scim-bridge queue replay 0198f3a2-5c1e-7000-8000-0123456789ab

            Takes the settings of the servers (DATABASE_URL, REDIS_URL, …), so it runs in any of their containers. Exit status: 0 done,
            1 not done, 64 wrong usage, 66 no such job or resource, 69 PostgreSQL, Redis or UDM does not answer, 78 a setting is wrong.
            See docs/operating/queue.md.
            """,
        subcommands: [
            QueueStatsCommand.self, QueueListCommand.self, QueueShowCommand.self, QueueReplayCommand.self,
            QueueEditCommand.self, QueueDiscardCommand.self, QueuePauseCommand.self, QueueResumeCommand.self,
            QueueRebuildCommand.self, QueueVerifyCommand.self, QueueRewrapCommand.self,
        ])
}
