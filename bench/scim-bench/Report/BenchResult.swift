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
