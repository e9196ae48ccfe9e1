// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import JSON
import Queue
import Storage
import Sync

struct QueueRebuildCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rebuild", abstract: "Fill Redis from PostgreSQL now.",
        discussion: """
            Example:

              scim-bridge queue rebuild

            Safe at any time, while workers run too: what Redis has already stays. An empty Redis is rebuilt by the leader within seconds anyway;
            this is for when no worker is running, or when nobody wants to wait for the sweep.
            """)

    @OptionGroup var actor: QueueActorOption

    func run() async throws {
        try await QueueSession.run([.queue]) { session in
            let stores = session.database.operators
            let fill = QueueFill(
                queue: try session.queue(), jobs: session.database.jobs, pauses: stores.pauses)
            var bar = ProgressBar(total: nil)
            let (count, state) = try await fill.rebuild { bar.show($0) }
            bar.end()
            try await stores.audit.write(
                .rebuild, by: actor.name, details: ["resources": QueueJSON.number(Int64(count))])
            print("\(count) resources with open work are in Redis.")
            if case .ready = state { return }
            throw CommandFailure(
                "Redis was emptied, or somebody else began to rebuild it, meanwhile: the leader goes on, or run it again"
            )
        }
    }
}
