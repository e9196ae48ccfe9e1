// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// The resource types this service has (RFC 7643 section 6).
package enum ResourceType: String, CaseIterable, Hashable, Sendable {
    case user = "User"
    case group = "Group"

    /// Relative to the base address of SCIM.
    package var endpoint: String {
        switch self {
        case .user: "/Users"
        case .group: "/Groups"
        }
    }

    /// The URN of the core schema.
    package var coreSchema: String {
        switch self {
        case .user: SchemaURN.user
        case .group: SchemaURN.group
        }
    }

    package var summary: String {
        switch self {
        case .user: "User Account"
        case .group: "Group"
        }
    }
}
