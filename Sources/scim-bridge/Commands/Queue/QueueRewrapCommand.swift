// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import JSON
import SCIM
import Storage

struct QueueRewrapCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rewrap", abstract: "Seal the passwords of open jobs under the newest key.",
        discussion: """
            Example:

              scim-bridge queue rewrap

            To change the key: put the new one as the first line into PASSWORD_KEY_FILE, above the old one; restart all processes; run this; then
            take the old line out and restart again. Can be repeated at any time. Ends with 1 when an envelope cannot be opened.
            """)

    @OptionGroup var actor: QueueActorOption

    func run() async throws {
        try await QueueSession.run([.passwordKey]) { session in
            guard let sealer = session.sealer else {
                throw ConfigurationProblems(problems: ["PASSWORD_KEY_FILE is not set"])
            }
            let envelopes = session.database.operators.envelopes
            var bar = ProgressBar(total: try await envelopes.count())
            var sum = EnvelopeStore.Rewrapped()
            var position: JobID?
            repeat {
                let page = try await envelopes.rewrap(with: sealer, from: position)
                sum.rewrapped += page.rewrapped
                sum.current += page.current
                sum.gone += page.gone
                sum.failed += page.failed
                position = page.next
                bar.show(sum.rewrapped + sum.current + sum.gone + sum.failed.count)
            } while position != nil
            bar.end()
            try await session.database.operators.audit.write(
                .rewrap, by: actor.name,
                details: [
                    "rewrapped": QueueJSON.number(Int64(sum.rewrapped)),
                    "failed": QueueJSON.number(Int64(sum.failed.count)),
                ])
            print(
                "\(sum.rewrapped) passwords are sealed under the newest key now, \(sum.current) were already, \(sum.gone) jobs ended meanwhile."
            )
            for (job, error) in sum.failed.prefix(20) { StandardError.write("job \(job): \(error)") }
            guard sum.failed.isEmpty else {
                throw CommandFailure(
                    """
                    \(sum.failed.count) passwords cannot be opened. Add the key that they were sealed with to PASSWORD_KEY_FILE, below the \
                    newest, and run this again; without it those writes fail after RETRY_MAX_AGE
                    """)
            }
        }
    }
}
