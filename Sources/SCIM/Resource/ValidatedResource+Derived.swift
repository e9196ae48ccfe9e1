// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON

/// Values that follow from others, as Univention's SCIM server has them.
extension ValidatedResource {
    /// Of a POST or PUT: `displayName` and `active` get their defaults.
    mutating func complete() {
        guard type == .user else { return }
        if let name = formatName(), Self.isBlank(attributes["displayName"]) {
            attributes["displayName"] = .string(name)
        }
        if !attributes.contains("active") { attributes["active"] = true }
    }

    /// Of a PATCH: `name.formatted` always follows from its parts. A `displayName` follows with it as long as it was the
    /// name before, and no operation has named it. What a PATCH has removed stays unassigned, so defaults are not set
    /// again (RFC 7644 section 3.5.2.2), except for a `displayName` of white space, which no write accepts.
    ///
    /// - Parameter present: The attributes before.
    mutating func complete(after present: JSONObject, displayNameIsGiven: Bool) {
        guard type == .user, let name = formatName() else { return }
        let displayName = attributes["displayName"]
        let followsName =
            !displayNameIsGiven && displayName != nil
            && displayName?.stringValue == present["name"]?.objectValue.map(Self.fullName)
        if followsName || displayName.map({ Self.isBlank($0) }) == true { attributes["displayName"] = .string(name) }
    }

    /// - Returns: nil without a name.
    private mutating func formatName() -> String? {
        guard var name = attributes["name"]?.objectValue else { return nil }
        let fullName = Self.fullName(of: name)
        name["formatted"] = .string(fullName)
        attributes["name"] = .object(name)
        return fullName
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
