// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON

/// What UDM's double refuses in a round. A value tells by itself whether it is refused, however often and in whatever company it is sent, so
/// that the judgement knows what must have become of every write.
struct Refusals: Sendable {
    let seed: UInt64

    /// Of each kind of name; when they are used up no more are refused.
    static let names = 80
    static let goodDomain = "mail.test"
    static let badDomain = "refused.test"

    /// No user may have it: parks the attribute, unless there is no object without it.
    func reservedName(_ number: Int) -> String { "reserved\(seed)-\(number)" }

    /// An object of somebody else's has it: the whole write is refused.
    func takenName(_ number: Int) -> String { "taken\(seed)-\(number)" }

    /// Every password begins with it, so that none can hide.
    var passwordMark: String { "Pw\(seed)-" }

    func password(_ number: Int, isWeak: Bool) -> String {
        let text = "\(passwordMark)\(number)"
        // Longer than what the bridge asks for, and shorter than what UDM does.
        return isWeak
            ? text + String(repeating: "w", count: max(0, Self.passwordLength - 1 - text.count))
            : text + String(repeating: "x", count: max(4, Self.passwordLength + 4 - text.count))
    }

    /// UDM's `minimumPasswordLength`.
    static let passwordLength = 18

    func isWeak(_ password: String) -> Bool { password.count < Self.passwordLength }

    /// Refused with the name of the property.
    func refuses(_ property: String, _ value: String?) -> Bool {
        guard let value else { return false }
        return switch property {
        case "username": value.hasPrefix("reserved\(seed)-")
        case "mailPrimaryAddress": value.hasSuffix("@" + Self.badDomain)
        default: false
        }
    }

    /// Refused as a whole.
    func isTaken(_ name: String?) -> Bool { name?.hasPrefix("taken\(seed)-") ?? false }

    /// The SCIM attribute that a refused property parks.
    static func attribute(of property: String) -> String {
        switch property {
        case "username": "userName"
        case "mailPrimaryAddress": "emails"
        default: property
        }
    }

    /// For the double's settings.
    var settings: JSONValue {
        [
            "mailDomains": [.string(Self.goodDomain)],
            "reservedNames": .array((0..<Self.names).map { .string(reservedName($0)) }),
            "minimumPasswordLength": .number(JSONNumber(Int64(Self.passwordLength))),
        ]
    }

    /// What a user or group of SCIM comes to in UDM, of what the judgement compares.
    static func properties(of resource: JSONValue, type: String) -> [String: String] {
        var properties: [String: String] = [:]
        if type == "User" {
            properties["username"] = resource["userName"]?.stringValue
            properties["firstname"] = resource["name"]?["givenName"]?.stringValue
            properties["lastname"] = resource["name"]?["familyName"]?.stringValue
            properties["displayName"] = resource["displayName"]?.stringValue
            properties["title"] = resource["title"]?.stringValue
            let mailbox = resource["emails"]?.arrayValue?.first { $0["type"]?.stringValue == "mailbox" }
            properties["mailPrimaryAddress"] = mailbox?["value"]?.stringValue
        } else {
            properties["name"] = resource["displayName"]?.stringValue
        }
        return properties
    }

    static func compared(_ type: String) -> [String] {
        type == "User"
            ? ["username", "firstname", "lastname", "displayName", "title", "mailPrimaryAddress"] : ["name"]
    }
}
