// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

package import JSON

/// A value that only one resource of a tenant may have.
package struct UniqueClaim: Hashable, Sendable {
    /// What the value is unique among.
    package enum Kind: String, Sendable {
        /// Names of users and groups, which share one name space in UDM.
        case name
        /// Addresses of mailboxes and aliases.
        case mail
    }

    package let kind: Kind
    /// After ``FoldedCase``, so that a filter finds whoever has a value in the way.
    package let value: String

    package init(kind: Kind, value: String) {
        self.kind = kind
        self.value = FoldedCase.fold(value)
    }

    /// What claims are made of.
    static func attributes(of type: ResourceType) -> Set<String> {
        switch type {
        case .user: ["userName", "emails"]
        case .group: ["displayName"]
        }
    }

    /// What a resource claims. A user claims its `userName` and its name in the directory: both have to be unique.
    ///
    /// - Parameter attributes: Of a ``ValidatedResource``.
    package static func claims(
        of attributes: JSONObject, type: ResourceType, rules: DirectoryRules
    ) -> Set<UniqueClaim> {
        var claims: Set<UniqueClaim> = []
        switch type {
        case .user:
            if let userName = attributes["userName"]?.stringValue {
                claims.insert(UniqueClaim(kind: .name, value: userName))
                claims.insert(UniqueClaim(kind: .name, value: rules.userNameRule.directoryName(for: userName)))
            }
            for email in attributes["emails"]?.arrayValue ?? [] where HostedAddress(email: email) != nil {
                if let address = email["value"]?.stringValue {
                    claims.insert(UniqueClaim(kind: .mail, value: address))
                }
            }
        case .group:
            if let name = attributes["displayName"]?.stringValue {
                claims.insert(UniqueClaim(kind: .name, value: name))
            }
        }
        return claims
    }
}

/// The types of `emails` whose address is hosted by the directory and therefore unique.
package enum HostedAddress: String, CaseIterable, Sendable {
    case mailbox
    case alias

    /// By `type`, which is not caseExact; nil for every other address.
    package init?(email: JSONValue) {
        guard let type = email["type"]?.stringValue else { return nil }
        guard let match = Self.allCases.first(where: { $0.rawValue.equalsIgnoringASCIICase(type) }) else { return nil }
        self = match
    }
}
