// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import JSON
import Storage

struct QueueListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List dead letters, parked attributes or open jobs.",
        discussion: """
            Example:

              scim-bridge queue list --type User --scim-type uniqueness --since 24h
              scim-bridge queue list --failing
              scim-bridge queue list --parked --json

            Dead letters come newest first. The last line names the position for --after when there are more.
            """)

    @Flag(help: "Parked attributes: values that UDM refused and that are left out.") var parked = false
    @Flag(help: "Open jobs.") var open = false
    @Flag(help: "Open jobs that failed at least once.") var failing = false
    @OptionGroup var filter: QueueFilterOptions
    @OptionGroup var page: QueuePageOptions

    func validate() throws {
        guard [parked, open, failing].count(where: { $0 }) <= 1 else {
            throw ValidationError("Choose one of --parked, --open and --failing")
        }
        if parked, filter.client != nil || filter.operation != nil {
            throw ValidationError(
                "Parked attributes have neither client nor operation; leave --client and --operation out")
        }
    }

    func run() async throws {
        try await QueueSession.run([]) { session in
            let stores = session.database.operators
            let filter = try filter.filter()
            if parked {
                let list = try await stores.backlog.parkedAttributes(filter, after: page.after, limit: page.limit)
                show(list, "No attributes are parked.", QueueText.parked, QueueJSON.parked)
            } else if open || failing {
                let list = try await stores.backlog.openJobs(
                    filter, onlyFailing: failing, after: page.after, limit: page.limit)
                show(list, "No such jobs are open.", QueueText.job, QueueJSON.job)
            } else {
                let list = try await stores.deadLetters.list(filter, after: page.after, limit: page.limit)
                show(list, "No dead letters.", QueueText.job, QueueJSON.job)
            }
        }
    }

    private func show<Element>(
        _ list: BacklogPage<Element>, _ nothing: String, _ text: (Element) -> String,
        _ object: (Element) -> JSONObject
    ) {
        if page.json {
            print(QueueJSON.document(QueueJSON.page(list, object)))
            return
        }
        if list.entries.isEmpty { print(nothing) }
        for entry in list.entries { print(text(entry)) }
        if let next = list.next { print("There are more: --after \(next)") }
    }
}
