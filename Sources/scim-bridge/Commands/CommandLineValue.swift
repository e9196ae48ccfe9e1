// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// Values of the command line that have a range; a wrong one is told with the usage, before anything has been done.
enum CommandLineValue {
    /// 0 takes a free one.
    static let ports = 0...65_535

    static func check(_ option: String, _ value: Int, in range: ClosedRange<Int>) throws {
        guard range.contains(value) else {
            throw ValidationError("\(option) must be from \(range.lowerBound) to \(range.upperBound), not \(value)")
        }
    }

    static func duration(_ option: String, _ text: String) throws -> Duration {
        guard let value = SettingsReader.duration(text) else {
            throw ValidationError("\(option) must be a length of time such as 200ms, not \"\(text)\"")
        }
        return value
    }
}
