// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Foundation
internal import JSON

/// What a bench found, in the forms in which it is kept.
protocol BenchResult: Sendable {
    /// As on the command line.
    var scenario: String { get }
    var began: Date { get }
    var provenance: Provenance { get }
    /// Whether its figures count for nothing.
    var isVoid: Bool { get }
    /// Why, a sentence for each reason.
    var voidTexts: [String] { get }
    /// What was done.
    var summary: String { get }
    /// The figures.
    var tables: [Table] { get }
    /// The figures as plots, elements of a page.
    var plots: [String] { get }
    /// What the figures depend on.
    var conditions: [(name: String, value: String)] { get }
    /// For the terminal.
    var text: String { get }
    /// For a page or a pull request.
    var markdown: String { get }
    var json: JSONValue { get }
}

extension BenchResult {
    /// `2026-11-21`, in UTC.
    var day: String { String(time.prefix(10)) }

    /// `2026-11-21T04:46:00Z`
    var time: String { began.formatted(.iso8601) }

    static func cell(_ text: String) -> String { text.replacing("|", with: "\\|") }
}
