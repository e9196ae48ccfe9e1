// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// `docs/scim-conformance.md` says which test covers what; a test that is renamed must not leave it behind.
@Suite("The table of conformance") struct ConformanceTableTests {
    private static let root: String = {
        var parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
        // Tests/APITests/ConformanceTableTests.swift
        parts.removeLast(3)
        return parts.joined(separator: "/")
    }()

    @Test func everyTestItNamesExists() throws {
        let table = try String(contentsOfFile: "\(Self.root)/docs/scim-conformance.md", encoding: .utf8)
        let functions = try Self.functions()
        var named: Set<String> = []
        for match in table.matches(of: /`([A-Za-z]+Tests)\.([A-Za-z0-9_]+)`/) {
            named.insert("\(match.output.1).\(match.output.2)")
        }
        #expect(named.count > 100)
        for name in named.sorted() { #expect(functions.contains(name), "\(name)") }
    }

    @Test func everyRowNamesATest() throws {
        let text = try String(contentsOfFile: "\(Self.root)/docs/scim-conformance.md", encoding: .utf8)
        let table = text.split(separator: "## Deviations")[0]
        // Section, level, requirement, what is here, test.
        let rows = table.split(separator: "\n").filter { $0.hasPrefix("| ") && !$0.hasPrefix("| Section") }
        #expect(rows.count > 100)
        for row in rows { #expect(row.contains("Tests."), "\(row.prefix(100))") }
    }

    /// Such as `UserTests.unknownID`; what is in `UserTests+Names.swift` belongs to `UserTests`.
    private static func functions() throws -> Set<String> {
        var functions: Set<String> = []
        let files = FileManager.default.enumerator(atPath: "\(root)/Tests")
        while let path = files?.nextObject() as? String {
            guard path.hasSuffix(".swift"), let file = path.split(separator: "/").last else { continue }
            let suite = file.dropLast(6).prefix { $0 != "+" }
            let text = try String(contentsOfFile: "\(root)/Tests/\(path)", encoding: .utf8)
            for match in text.matches(of: /func ([A-Za-z0-9_]+)\(/) { functions.insert("\(suite).\(match.output.1)") }
        }
        return functions
    }
}
