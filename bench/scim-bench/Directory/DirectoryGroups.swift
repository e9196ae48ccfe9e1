// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON

/// The two groups of a loaded directory: one with a great many members and one with ten.
struct DirectoryGroups: Sendable, Equatable {
    static let smallSize = 10

    let seed: UInt64

    var largeName: String { "load-\(String(seed, radix: 36))-large" }
    var smallName: String { "load-\(String(seed, radix: 36))-small" }

    static func resource(_ name: String, members: [String]) -> JSONValue {
        [
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": .string(name),
            "members": .array(members.map { ["value": .string($0), "type": "User"] }),
        ]
    }
}
