// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// What a JSON text may cost its reader. A text beyond a limit is refused before memory is spent on it.
package struct JSONLimits: Sendable, Hashable {
    /// Above this the parser, which descends by recursion, could exhaust the stack of a small thread.
    private static let deepestAllowed = 512

    /// Length of the whole text in bytes.
    package var maximumBytes: Int
    /// Nested arrays and objects; a scalar has depth 0, `[]` has depth 1. Values above 512 count as 512.
    package var maximumDepth: Int {
        didSet { maximumDepth = min(maximumDepth, Self.deepestAllowed) }
    }
    /// Members of one object; nil: as many as fit into ``maximumBytes``.
    package var maximumMembers: Int?
    /// Elements of one array; nil: as many as fit into ``maximumBytes``.
    package var maximumElements: Int?
    /// Values of all kinds, arrays and objects included: a value takes 32 bytes and more, where its text may have been two. Of a text that is read
    /// in pieces, those of each piece. nil: as many as fit into ``maximumBytes``.
    package var maximumValues: Int?

    package init(
        maximumBytes: Int = 1 << 20, maximumDepth: Int = 64, maximumMembers: Int? = nil, maximumElements: Int? = nil,
        maximumValues: Int? = nil
    ) {
        self.maximumBytes = maximumBytes
        self.maximumDepth = min(maximumDepth, Self.deepestAllowed)
        self.maximumMembers = maximumMembers
        self.maximumElements = maximumElements
        self.maximumValues = maximumValues
    }
}
