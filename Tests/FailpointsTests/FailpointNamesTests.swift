// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// The list in the documentation is what the chaos runs choose from.
@Suite struct FailpointNamesTests {
    private static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    @Test("every failpoint of the code is documented, and nothing else is")
    func namesInCode() throws {
        let code = try Self.namesInSources()
        #expect(!code.isEmpty)
        #expect(Set(code) == Set(try Self.namesInDocumentation()))
        #expect(code.count == Set(code).count, "a name stands for one place")
    }

    private static func namesInSources() throws -> [String] {
        let folder = root.appendingPathComponent("Sources")
        let files = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
        let call = /Failpoint\.(?:hit|strike)\("([^"]+)"\)/
        var names: [String] = []
        for case let file as URL in try #require(files) where file.pathExtension == "swift" {
            let text = try String(contentsOf: file, encoding: .utf8)
            names += text.matches(of: call).map { String($0.1) }
        }
        return names
    }

    private static func namesInDocumentation() throws -> [String] {
        let file = root.appendingPathComponent("docs/developing/failpoints.md")
        let row = /^\| `([^`]+)` \| (?:api|worker|events) \|/
        return try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
            .compactMap { line in line.prefixMatch(of: row).map { String($0.1) } }
    }
}
