// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON

/// Values that follow from others when the client gives none, as Univention's SCIM server has them. UDM has no place for `name.formatted`, so a client
/// gets back what it gave.
extension ValidatedResource {
    /// Of a POST or PUT: `name.formatted`, `displayName` and `active` get their defaults.
    mutating func complete() {
        guard type == .user else { return }
        if let name = attributes["name"]?.objectValue {
            let fullName = Self.fullName(of: name)
            if Self.isBlank(name["formatted"]) { setFormatted(fullName) }
            if Self.isBlank(attributes["displayName"]) { attributes["displayName"] = .string(fullName) }
        }
        if !attributes.contains("active") { attributes["active"] = true }
    }

    /// Of a PATCH: `name.formatted` and `displayName` follow the parts of the name as long as they were what follows from them before, and no operation
    /// has given them another value. What a PATCH has removed stays unassigned, so defaults are not set again (RFC 7644 section 3.5.2.2), except for
    /// values of white space, which no write accepts.
    ///
    /// - Parameter present: The attributes before.
    mutating func complete(after present: JSONObject, displayNameIsGiven: Bool) {
        guard type == .user, let name = attributes["name"]?.objectValue else { return }
        let fullName = Self.fullName(of: name)
        let before = present["name"]?.objectValue
        let fullNameBefore = before.map(Self.fullName)
        func follows(_ value: JSONValue?, from old: JSONValue?) -> Bool {
            guard let value else { return false }
            return Self.isBlank(value) || value == old && value.stringValue == fullNameBefore
        }
        if follows(name["formatted"], from: before?["formatted"]) { setFormatted(fullName) }
        let displayName = attributes["displayName"]
        if follows(displayName, from: displayNameIsGiven ? nil : present["displayName"]) {
            attributes["displayName"] = .string(fullName)
        }
    }

    private mutating func setFormatted(_ fullName: String) {
        guard var name = attributes["name"]?.objectValue else { return }
        name["formatted"] = .string(fullName)
        attributes["name"] = .object(name)
    }

    /// Given name, blank, family name; what is missing or blank is left out.
    private static func fullName(of name: JSONObject) -> String {
        ["givenName", "familyName"].compactMap { key in isBlank(name[key]) ? nil : name[key]?.stringValue }
            .joined(separator: " ")
    }

    private static func isBlank(_ value: JSONValue?) -> Bool {
        value?.stringValue?.isBlank ?? true
    }
}
