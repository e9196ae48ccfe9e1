// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// Who sent a request, as far as authorisation and storage care.
package struct Principal: Hashable, Sendable {
    /// The OAuth client (`azp`, or the name of a static token): the scope of `externalId` (requirement R-21).
    package let client: String
    package let tenant: String
    package let scopes: Scopes
    /// The `userName` of the user who acts; nil for a client on its own behalf.
    package let subject: String?

    package init(client: String, tenant: String, scopes: Scopes, subject: String? = nil) {
        self.client = client
        self.tenant = tenant
        self.scopes = scopes
        self.subject = subject
    }
}

/// What a token permits: `scim.read`, `scim.write`.
package struct Scopes: OptionSet, Hashable, Sendable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    package static let read = Scopes(rawValue: 1)
    package static let write = Scopes(rawValue: 2)
    package static let all: Scopes = [.read, .write]

    /// The scope of that name, or nil for a name that means nothing here.
    package init?(name: some StringProtocol) {
        switch name {
        case "scim.read": self = .read
        case "scim.write": self = .write
        default: return nil
        }
    }

    /// The names of the scopes, `scim.read` first.
    package var names: [String] {
        (contains(.read) ? ["scim.read"] : []) + (contains(.write) ? ["scim.write"] : [])
    }
}
