// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import JSON
import Storage

struct QueueShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show a job with every failed attempt, or all of a resource.",
        discussion: """
            Example:

              scim-bridge queue show 0198f3a2-5c1e-7000-8000-0123456789ab

            Of the failed attempts of a job the first 5 and the latest 20 are kept, with UDM's answers; passwords are never among them.
            """)

    @Argument(help: "The id of a job or a resource.") var id: String
    @Flag(help: "With the states that the job leads from and to; of a resource, those of its latest job.")
    var states = false
    @Option(help: "Most jobs of a resource that are shown.") var jobs = 20
    @Flag(help: "Print one JSON document.") var json = false

    func validate() throws {
        _ = try QueueArgument.id(id)
        try CommandLineValue.check("--jobs", jobs, in: 1...1000)
    }

    func run() async throws {
        try await QueueSession.run([]) { session in
            let inspection = session.database.operators.inspection
            let report = try await inspection.report(on: try await session.subject(id), jobLimit: jobs)
            var shown: JobStates?
            if states, let job = report.jobs.first?.summary.id { shown = try await inspection.states(of: job) }
            if json {
                var object = QueueJSON.report(report)
                if let old = shown?.old { object["oldState"] = QueueText.parsed(old) }
                if let new = shown?.new { object["newState"] = QueueText.parsed(new) }
                print(QueueJSON.document(object))
                return
            }
            print(QueueText.report(report))
            if let old = shown?.old { print("\nFrom: \(String(decoding: old, as: UTF8.self))") }
            if let new = shown?.new { print("\nTo: \(String(decoding: new, as: UTF8.self))") }
        }
    }
}
