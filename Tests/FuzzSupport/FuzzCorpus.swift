// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Foundation

/// The stored inputs that fuzz tests begin with: `Tests/Fixtures/fuzz`. Its README says what belongs there.
package enum FuzzCorpus {
    /// Texts of JSON, valid and not.
    package static func json() throws -> [[UInt8]] { try files("json") }

    /// Messages of PATCH.
    package static func patches() throws -> [[UInt8]] { try files("patches") }

    /// HTTP requests: a line with method and target, headers, an empty line, the body.
    package static func requests() throws -> [[UInt8]] { try files("requests") }

    /// Filters, one a line of their file.
    package static func filters() throws -> [String] { try lines("filters.txt") }

    /// Paths of attributes and of patch operations, one a line.
    package static func paths() throws -> [String] { try lines("paths.txt") }

    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Fixtures/fuzz")

    /// In the order of their names, so that a seed means the same everywhere.
    private static func files(_ name: String) throws -> [[UInt8]] {
        let folder = folder.appendingPathComponent(name)
        return try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted().map {
            Array(try Data(contentsOf: folder.appendingPathComponent($0)))
        }
    }

    private static func lines(_ name: String) throws -> [String] {
        try String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8)
            .split(separator: "\n").map(String.init)
    }
}

/// How long a fuzz test goes on: so many inputs, but no longer than `TEST_FUZZ_SECONDS` of the environment. With that variable the time alone
/// decides, for long runs by hand.
package struct FuzzBudget {
    private let count: Int
    private let end: ContinuousClock.Instant
    private var used = 0

    package init(count: Int, seconds: Int = 20) {
        let asked = ProcessInfo.processInfo.environment["TEST_FUZZ_SECONDS"].flatMap { Int($0) }
        self.count = asked == nil ? count : .max
        end = ContinuousClock.now + .seconds(asked ?? seconds)
    }

    /// Takes one input's share; false at the end.
    package mutating func takes() -> Bool {
        guard used < count, ContinuousClock.now < end else { return false }
        used += 1
        return true
    }
}
