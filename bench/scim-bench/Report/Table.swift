// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// A table of texts; numbers stand to the right.
struct Table: Sendable, Equatable {
    let titles: [String]
    private(set) var rows: [[String]] = []

    init(titles: [String]) { self.titles = titles }

    /// - Precondition: as many cells as titles.
    mutating func add(_ cells: [String]) {
        precondition(cells.count == titles.count, "\(cells.count) cells for \(titles.count) columns")
        rows.append(cells)
    }

    /// For a terminal: columns aligned, two blanks apart.
    var text: String {
        let widths = titles.indices.map { column in ([titles] + rows).reduce(0) { max($0, $1[column].count) } }
        return ([titles] + rows).map { cells in
            zip(cells, widths).map { cell, width in String(repeating: " ", count: width - cell.count) + cell }
                .joined(separator: "  ")
        }.joined(separator: "\n")
    }

    var markdown: String {
        let lines = [titles, titles.map { _ in "---:" }] + rows
        return lines.map { "| " + $0.joined(separator: " | ") + " |" }.joined(separator: "\n")
    }
}
