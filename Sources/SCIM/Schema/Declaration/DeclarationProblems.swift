// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// What is wrong with a declarative file: every problem with its JSON path, not only the first.
package struct DeclarationProblems: Sendable, Equatable {
    /// A file with more is broken as a whole; its author needs no longer list.
    package static let limit = 100

    /// One sentence each, such as `schemas[0].attributes[2].type: must be one of string, boolean`.
    package private(set) var texts: [String] = []

    package init() {}

    package var isEmpty: Bool { texts.isEmpty }

    /// - Parameters:
    ///   - reason: Continues the sentence that begins with the path: `must be a string`.
    ///   - path: Such as `schemas[0].id`; empty for the whole file.
    package mutating func report(_ reason: String, at path: String) {
        guard texts.count <= Self.limit else { return }
        guard texts.count < Self.limit else {
            texts.append("there are more than \(Self.limit) problems; the others are not listed")
            return
        }
        texts.append(path.isEmpty ? "the file \(reason)" : "\(path): \(reason)")
    }
}
