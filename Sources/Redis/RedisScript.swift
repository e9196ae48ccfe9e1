// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// A Lua script; the client sends its source once and calls it by digest from then on.
package struct RedisScript: Sendable, Hashable {
    /// Unique in the program.
    package let name: String
    package let source: String

    package init(_ name: String, _ source: String) {
        self.name = name
        self.source = source
    }
}
