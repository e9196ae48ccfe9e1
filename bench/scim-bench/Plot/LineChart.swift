// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON

/// Lines over a common axis, from zero upwards.
struct LineChart: Sendable {
    struct Line: Sendable {
        let name: String
        /// In rising order of `x`.
        let points: [(x: Double, y: Double)]
    }

    /// A stretch of the axis that is marked.
    struct Band: Sendable {
        let from: Double
        let to: Double
        let label: String
    }

    let title: String
    let xTitle: String
    let lines: [Line]
    var bands: [Band] = []
    /// A text for each whole number of the axis, where the points are no measurements of a length.
    var labels: [String] = []

    var json: JSONValue {
        [
            "title": .string(title), "x": .string(xTitle),
            "lines": .array(
                lines.map { line in
                    [
                        "name": .string(line.name),
                        "points": .array(
                            line.points.map { [.number($0.x, places: 2), .number($0.y, places: 3)] }),
                    ]
                }),
            "bands": .array(
                bands.map {
                    [
                        "from": .number($0.from, places: 2), "to": .number($0.to, places: 2),
                        "label": .string($0.label),
                    ]
                }),
        ]
    }
}

/// Bars side by side in groups, with their least and greatest value.
struct BarChart: Sendable {
    struct Bar: Sendable {
        /// Of the kind of bars, such as `limit`.
        let name: String
        /// Nil: nothing was measured.
        let value: Spread?
    }

    let title: String
    /// In each group a bar for each name, in the same order.
    let groups: [(label: String, bars: [Bar])]
}
