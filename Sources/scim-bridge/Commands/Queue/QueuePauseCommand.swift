// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import JSON
import Storage
import Sync

struct QueuePauseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause", abstract: "Hand out no more work of a scope.",
        discussion: """
            Example:

              scim-bridge queue pause all --reason "maintenance of UDM"
              scim-bridge queue pause operation:delete

            Scopes: all; lane:interactive, lane:bulk, lane:repair; tenant:NAME; operation:create, operation:modify, operation:delete. Writes are
            accepted as before and wait; what is at work is finished. A paused operation keeps back the later writes of the same resource, too.
            Without a scope, what is paused is listed.
            """)

    @Argument(help: "all, lane:NAME, tenant:NAME or operation:NAME.") var scope: String?
    @Option(help: "Why, for whoever finds the queue paused.") var reason: String?
    @OptionGroup var actor: QueueActorOption
    @Flag(help: "Print one JSON document.") var json = false

    func validate() throws { if let scope { _ = try Self.target(scope) } }

    func run() async throws {
        guard let scope else {
            try await QueueSession.run([]) { session in
                let pauses = try await session.database.operators.pauses.list()
                if json {
                    print(QueueJSON.document(["paused": .array(pauses.map { .object(QueueJSON.pause($0)) })]))
                } else if pauses.isEmpty {
                    print("Nothing is paused.")
                } else {
                    for pause in pauses { print(QueueStatsCommand.text(pause)) }
                }
            }
            return
        }
        let target = try Self.target(scope)
        try await QueueSession.run([.queue]) { session in
            let pauses = QueuePauses(database: session.database, queue: try session.queue())
            let change = try await pauses.pause(target, reason: reason, by: actor.name)
            print(change.isNew ? "\(target) is paused." : "\(target) was paused already.")
            if let problem = change.redisProblem { Self.warn(problem) }
        }
    }

    static func target(_ scope: String) throws -> PauseTarget {
        guard let target = PauseTarget(scope) else {
            throw ValidationError(
                "\"\(scope)\" is no scope: all, lane:interactive, lane:bulk, lane:repair, tenant:NAME, operation:create, operation:modify or "
                    + "operation:delete")
        }
        return target
    }

    static func warn(_ problem: String) {
        StandardError.write("Redis does not know of it yet (\(problem)); the leader tells it as soon as it answers.")
    }
}

struct QueueResumeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume", abstract: "Hand out work of a paused scope again.",
        discussion: """
            Example:

              scim-bridge queue resume all
              scim-bridge queue resume --everything
            """)

    @Argument(help: "A scope as of pause.") var scope: String?
    @Flag(help: "All scopes that are paused.") var everything = false
    @OptionGroup var actor: QueueActorOption

    func validate() throws {
        if let scope { _ = try QueuePauseCommand.target(scope) }
        guard (scope != nil) != everything else {
            throw ValidationError("Name a scope, such as all or lane:bulk, or --everything")
        }
    }

    func run() async throws {
        try await QueueSession.run([.queue]) { session in
            let pauses = QueuePauses(database: session.database, queue: try session.queue())
            var targets = try scope.map { [try QueuePauseCommand.target($0)] } ?? []
            if everything {
                targets = try await session.database.operators.pauses.list().compactMap { PauseTarget($0.scope) }
                if targets.isEmpty { print("Nothing is paused.") }
            }
            for target in targets {
                let change = try await pauses.resume(target, by: actor.name)
                print(change.isNew ? "\(target) is resumed." : "\(target) was not paused.")
                if let problem = change.redisProblem { QueuePauseCommand.warn(problem) }
            }
        }
    }
}
