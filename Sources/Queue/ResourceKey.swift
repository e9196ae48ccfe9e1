// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// What the queue holds: the name of one resource, written `tenant/type/id`.
package struct ResourceKey: Hashable, Sendable, CustomStringConvertible {
    /// Without `/`, which separates the parts.
    package let tenant: String
    /// `User` or `Group`; without `/`.
    package let type: String
    package let id: String

    /// The parts come from the configuration, the schema and our own ids, so a bad one is a mistake in the program: in the
    /// queue it would be a name that nobody can read.
    package init(tenant: String, type: String, id: String) {
        precondition(
            [tenant, type, id].allSatisfy { !$0.isEmpty && !$0.utf8.contains(UInt8(ascii: "/")) },
            "the parts of a resource key are not empty and have no '/'")
        self.tenant = tenant
        self.type = type
        self.id = id
    }

    /// Reads `tenant/type/id`; `nil` unless all three parts are there and not empty.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, parts.allSatisfy({ !$0.isEmpty }), !parts[2].contains("/") else { return nil }
        self.init(tenant: String(parts[0]), type: String(parts[1]), id: String(parts[2]))
    }

    package var description: String { "\(tenant)/\(type)/\(id)" }
}
