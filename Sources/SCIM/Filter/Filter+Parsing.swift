// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

extension Filter {
    /// Of the text, in UTF-8.
    package static let maximumBytes = 8192
    /// Of parentheses and brackets within each other; `not (` is one. The terms of a chain are not nested.
    package static let maximumDepth = 50

    /// Parses the value of the query parameter `filter` (RFC 7644 section 3.4.2.2) for the resources of one type.
    ///
    /// - A value path may be followed by a sub-attribute, as Entra ID writes it: `emails[type eq "work"].value eq "x"`
    ///   is `emails[type eq "work" and value eq "x"]`. As elsewhere `ne` is the opposite of `eq`: with it, no value
    ///   fulfils both.
    /// - `password`, which is never returned, must not be guessed by filters either, so it is refused.
    /// - White space may stand between any two tokens, and has to where they would run together.
    ///
    /// - Parameter text: After percent decoding, such as `emails[type eq "work"] and active eq true`.
    /// - Throws: ``SCIMError/invalidFilter(reason:offset:)`` at the first byte that does not fit.
    package static func parse(
        _ text: String, for type: ResourceType, registry: SchemaRegistry
    ) throws(SCIMError) -> Filter {
        guard text.utf8.count <= maximumBytes else {
            throw .invalidFilter(reason: "it is longer than \(maximumBytes) bytes", offset: maximumBytes)
        }
        var parser = FilterParser(Array(text.utf8), scope: .resource(type, registry))
        return try parser.parse()
    }
}
