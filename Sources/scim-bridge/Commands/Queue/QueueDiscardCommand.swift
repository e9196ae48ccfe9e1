// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import SCIM
import Storage

struct QueueDiscardCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "discard", abstract: "Settle dead letters that nobody has to care for any more.",
        discussion: """
            Example:

              scim-bridge queue discard 0198f3a2-5c1e-7000-8000-0123456789ab --reason "left the company, removed by hand"

            They stay in the history and are not counted any more. Their resources keep the status failed, because UDM does not have them.
            """)

    @Argument(help: "The ids of dead letters.") var ids: [String]
    @Option(help: "Why, for the audit log.") var reason: String
    @OptionGroup var actor: QueueActorOption

    func validate() throws {
        for id in ids { _ = try QueueArgument.id(id) }
        guard reason.contains(where: { !$0.isWhitespace }) else {
            throw ValidationError("--reason says why, such as --reason \"left the company\"")
        }
    }

    func run() async throws {
        try await QueueSession.run([]) { session in
            var missing: [String] = []
            for text in ids {
                let id = try QueueArgument.id(text)
                switch try await session.database.operators.deadLetters.discard(id, reason: reason, by: actor.name) {
                case .discarded(let resource): print("\(id) is discarded (resource \(resource)).")
                case .alreadySettled(let how): print("\(id) was settled before: \(how).")
                case .noDeadLetter: missing.append(id.description)
                }
            }
            guard missing.isEmpty else {
                throw CommandFailure(
                    "no dead letter has the id \(missing.joined(separator: ", ")); `scim-bridge queue list` shows them",
                    status: ExitStatus.notFound)
            }
        }
    }
}
