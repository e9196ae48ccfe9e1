// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

package import JSON

/// One entry of `_embedded["udm:error"]`: what UDM found wrong, and where.
package struct UDMFieldError: Hashable, Sendable {
    /// Such as `["body", "properties", "mailPrimaryAddress"]` or `["body", "dn"]`.
    package var location: [String]
    /// UDM's own words, at most ``maximumMessageLength`` characters, without any password that was sent.
    package var message: String

    package static let maximumMessageLength = 500

    package init(location: [String], message: String) {
        self.location = location
        self.message =
            message.count > Self.maximumMessageLength
            ? String(message.prefix(Self.maximumMessageLength - 1)) + "…" : message
    }

    /// The refused property; `nil` when the error is about the object as a whole (`dn`, `position`, `options`).
    package var property: String? {
        // UDM says "properties" or null for the name when its exception carried none.
        guard let index = location.firstIndex(of: "properties"), index + 1 < location.count,
            !["properties", ""].contains(location[index + 1])
        else { return nil }
        return location[index + 1]
    }

    /// Whether it is about a property without a name: what LDAP is asked about (hosted mail domains), and what cannot be encoded.
    package var concernsSomeProperty: Bool { property == nil && location.contains("properties") }

    package var refusal: UDMRefusal { UDMRefusal.of(location: location, message: message) }

    package var json: JSONValue {
        ["location": .array(location.map { .string($0) }), "message": .string(message)]
    }
}

/// Why UDM refused, as far as its texts tell (`udm-rest-api` section 8.3).
package enum UDMRefusal: Hashable, Sendable {
    /// A user or group has the name, or an object has the DN.
    case nameTaken
    /// A lock on a unique value is held, or the identifier is in use.
    case lockHeld
    case mailAddressTaken
    case passwordPolicy
    /// After an unknown outcome: the first try did set it.
    case passwordUsedBefore
    case immutable
    case circularGroup
    /// Two creates drew the same uid or gid number.
    case numberClash
    case required
    case other

    private struct Token {
        let text: String
        /// The last part of the location, `nil` for any.
        var tail: String?
        let refusal: UDMRefusal
    }

    // In this order: `(nolock)` also begins with "Object exists".
    private static let tokens = [
        Token(text: "(nolock)", refusal: .lockHeld),
        Token(text: "could not acquire lock", refusal: .lockHeld),
        Token(text: "object exists", refusal: .nameTaken),
        Token(text: "name is already in use", refusal: .nameTaken),
        Token(text: "mail address is already in use", refusal: .mailAddressTaken),
        Token(text: "in use", tail: "mailPrimaryAddress", refusal: .mailAddressTaken),
        Token(text: "in use", tail: "mailAlternativeAddress", refusal: .mailAddressTaken),
        Token(text: "in use", tail: "mailAddress", refusal: .mailAddressTaken),
        Token(text: "used before", tail: "password", refusal: .passwordUsedBefore),
        Token(text: "", tail: "password", refusal: .passwordPolicy),
        Token(text: "may not change", refusal: .immutable),
        Token(text: "circular group dependency", refusal: .circularGroup),
        Token(text: "", tail: "uidNumber", refusal: .numberClash),
        Token(text: "", tail: "gidNumber", refusal: .numberClash),
        Token(text: "is required", refusal: .required),
    ]

    static func of(location: [String], message: String) -> UDMRefusal {
        let message = message.lowercased()
        let match = tokens.first { token in
            (token.tail == nil || token.tail == location.last) && (token.text.isEmpty || message.contains(token.text))
        }
        return match?.refusal ?? .other
    }

    /// Refused because another object has the value.
    package var isUniqueness: Bool {
        switch self {
        case .nameTaken, .lockHeld, .mailAddressTaken: true
        default: false
        }
    }
}
