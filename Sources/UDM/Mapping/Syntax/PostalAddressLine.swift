// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// One line of a postal address as LDAP has it (RFC 4517 section 3.3.28): `$` is what separates the lines, and a backslash what escapes.
///
/// UDM joins the lines of a `homePostalAddress` without a look at what is in them: a `$` would begin a line of its own, and a backslash make the
/// LDAP server refuse the whole write.
enum PostalAddressLine {
    static func escaped(_ text: String) -> String {
        guard text.contains(where: { $0 == "$" || $0 == "\\" }) else { return text }
        return text.map { $0 == "$" ? "\\24" : $0 == "\\" ? "\\5C" : String($0) }.joined()
    }

    /// Other backslashes stay as they are.
    static func unescaped(_ text: String) -> String {
        var result = ""
        var rest = Substring(text)
        while let backslash = rest.firstIndex(of: "\\") {
            result += rest[..<backslash]
            let code = rest[rest.index(after: backslash)...].prefix(2)
            switch code.lowercased() {
            case "24": result += "$"
            case "5c": result += "\\"
            default:
                result += "\\"
                rest = rest[rest.index(after: backslash)...]
                continue
            }
            rest = rest[code.endIndex...]
        }
        return result + rest
    }
}
