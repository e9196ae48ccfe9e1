// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser

struct SummaryCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "summary", abstract: "Makes one report of all results of a run: every goal, with what was found.",
        discussion: """
            Example:

              scim-bench summary --list bench/results/2026-11-30-0123abc.run

            The list is written by the other commands (--list) and by 'make bench'. It may be of a run that is not over, or that failed in part. The \
            exit status is 1 when a part failed or a result is void.
            """)

    @Option(help: "The list of the run.") var list: String
    @Option(help: "Folder for the report as JSON, Markdown and HTML.") var output = "bench/results"

    func run() throws {
        let report = try SummaryReport(list: RunList(path: list))
        print(report.text)
        print("\nresults: \(try ResultFiles(folder: output).write(report))")
        if report.isVoid { throw ExitCode(1) }
    }
}
