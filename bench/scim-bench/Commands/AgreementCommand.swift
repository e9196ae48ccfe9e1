// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser

struct AgreementCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "agreement", abstract: "Tells whether two runs of 'make bench' have found the same.",
        discussion: """
            Example:

              scim-bench agreement bench/results/2026-11-30T101500.run bench/results/2026-11-30T111500.run

            Every figure of both runs, with the spread within each: they agree when these spreads touch each other, or when the medians are no further \
            apart than runs of one machine are expected to be. It decides nothing: the exit status is 0 whatever it says.
            """)

    @Argument(help: "The list of one run.") var first: String
    @Argument(help: "The list of the other.") var second: String
    @Flag(help: "As a table of Markdown.") var markdown = false

    func run() throws {
        let agreement = Agreement(
            try SummaryReport(list: RunList(path: first)), try SummaryReport(list: RunList(path: second)))
        print(markdown ? agreement.markdown : agreement.text)
    }
}
