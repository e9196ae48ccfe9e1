// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// One line of a postal address as LDAP has it (RFC 4517 section 3.3.28): `$` is what separates the lines, and a backslash what escapes.
///
/// UDM joins the lines of a `homePostalAddress` without a look at what is in them: a `$` would begin a line of its own, and a backslash make the
/// LDAP server refuse the whole write.
enum PostalAddressLine {
    static func escaped(_ text: String) -> String {
        guard text.utf8.contains(where: { $0 == UInt8(ascii: "$") || $0 == UInt8(ascii: "\\") }) else { return text }
        // LDAP knows no characters of several scalars: a `$` with an accent on it separates all the same.
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar {
            case "$": result.append(contentsOf: "\\24".unicodeScalars)
            case "\\": result.append(contentsOf: "\\5C".unicodeScalars)
            default: result.append(scalar)
            }
        }
        return String(result)
    }

    /// Other backslashes stay as they are.
    static func unescaped(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        var rest = text.unicodeScalars[...]
        while let backslash = rest.firstIndex(of: "\\") {
            result += rest[..<backslash]
            let code = rest[rest.index(after: backslash)...].prefix(2)
            switch String(code).lowercased() {
            case "24": result.append("$")
            case "5c": result.append("\\")
            default:
                result.append("\\")
                rest = rest[rest.index(after: backslash)...]
                continue
            }
            rest = rest[code.endIndex...]
        }
        return String(result + rest)
    }
}
