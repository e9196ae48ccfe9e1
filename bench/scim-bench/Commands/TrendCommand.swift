// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Foundation

struct TrendCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trend", abstract: "Makes a page of all kept results.",
        discussion: """
            Example:

              scim-bench trend --results bench/results

            Reads the JSON files and writes index.html beside them. It needs nothing from elsewhere and can be opened from the disk.
            """)

    @Option(help: "Folder of the results.") var results = "bench/results"

    func run() throws {
        guard FileManager.default.fileExists(atPath: results) else {
            throw BenchFailure("there is no folder \(results). Measure something first: make bench-quick")
        }
        let trend = try Trend(folder: results)
        let path = "\(results)/index.html"
        try Data(trend.html.utf8).write(to: URL(fileURLWithPath: path))
        print("\(trend.results.count) results: \(path)")
    }
}
