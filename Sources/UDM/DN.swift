// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// Distinguished names as text (RFC 4514): comparison, escaping, and their form in a URL path.
///
/// UDM stores a DN with the case and the blanks it was sent with, so two texts of one name are never compared as they are.
package enum DN {
    /// One text per name: attribute types and values in lower case, no blanks around separators, runs of blanks as
    /// one (RFC 4518 section 2.6), escapes in one form, the parts of a multi-valued RDN sorted.
    package static func normalized(_ dn: String) -> String {
        var reader = DNReader(dn)
        var rdns: [String] = []
        while let parts = reader.nextRDN() {
            rdns.append(parts.count == 1 ? parts[0] : parts.sorted().joined(separator: "+"))
        }
        return rdns.joined(separator: ",")
    }

    /// Whether both mean the same object.
    package static func areEqual(_ first: String, _ second: String) -> Bool {
        first == second || normalized(first) == normalized(second)
    }

    /// For the comparison of long lists.
    package static func normalizedSet(_ dns: some Sequence<String>) -> Set<String> {
        Set(dns.lazy.map(normalized))
    }

    /// The DN of a user or group directly under `position`, by its name: `uid=jroe,cn=users,dc=example,dc=org`.
    package static func object(_ module: UDMModule, named name: String, in position: String) -> String {
        "\(module.rdnType)=\(escaped(name)),\(position)"
    }

    /// The parent DN, with its text as it was; `nil` for a single RDN.
    package static func parent(of dn: String) -> String? {
        var isEscaped = false
        for index in dn.utf8.indices {
            switch dn.utf8[index] {
            case _ where isEscaped: isEscaped = false
            case UInt8(ascii: "\\"): isEscaped = true
            case UInt8(ascii: ","):
                return String(dn[dn.utf8.index(after: index)...].drop { $0 == " " })
            default: break
            }
        }
        return nil
    }

    /// `dn` with the text of `base` in place of its own spelling of it; `nil` when it is not under `base`.
    ///
    /// UDM compares the end of an address with its base letter by letter (`udm-rest-api` section 2.1), while others may have written
    /// `DC=Example,DC=Org` into a list.
    package static func spelled(_ dn: String, under base: String) -> String? {
        let (names, end) = (relativeNames(of: dn), relativeNames(of: base))
        guard !end.isEmpty, names.count >= end.count,
            zip(names.suffix(end.count), end).allSatisfy({ areEqual(String($0), String($1)) })
        else { return nil }
        return (names.dropLast(end.count).map(String.init) + [base]).joined(separator: ",")
    }

    /// Whether UDM takes `dn` in a list of names. Objects may have a comma or an equals sign in their name, but the rule for names in lists
    /// (`UDM_Objects` in UDM's `syntax.py`) does not know them escaped.
    package static func isListable(_ dn: String) -> Bool {
        let bytes = Array(dn.utf8)
        var index = 0
        while let backslash = bytes[index...].firstIndex(of: UInt8(ascii: "\\")) {
            let escaped = String(decoding: bytes[(backslash + 1)...].prefix(2), as: UTF8.self).lowercased()
            if escaped.hasPrefix(",") || escaped.hasPrefix("=") || ["2c", "3d"].contains(escaped) { return false }
            index = min(backslash + 2, bytes.count)
        }
        return true
    }

    /// The relative names of a DN as they are written, with blanks around them.
    private static func relativeNames(of dn: String) -> [Substring] {
        var names: [Substring] = []
        var start = dn.startIndex
        var isEscaped = false
        for index in dn.utf8.indices {
            switch dn.utf8[index] {
            case _ where isEscaped: isEscaped = false
            case UInt8(ascii: "\\"): isEscaped = true
            case UInt8(ascii: ","):
                names.append(dn[start..<index])
                start = dn.utf8.index(after: index)
            default: break
            }
        }
        return names + [dn[start...]]
    }

    /// Escapes a value for use in an RDN (RFC 4514 section 2.4).
    package static func escaped(_ value: String) -> String {
        let scalars = Array(value.unicodeScalars)
        var escaped = ""
        for (index, scalar) in scalars.enumerated() {
            switch scalar {
            case "\"", "+", ",", ";", "<", ">", "\\", "=":
                escaped += "\\"
                escaped.unicodeScalars.append(scalar)
            case "\0": escaped += "\\00"
            case "#" where index == 0, " " where index == 0 || index == scalars.count - 1:
                escaped += "\\"
                escaped.unicodeScalars.append(scalar)
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }

    /// The DN as the last part of an object's URL: `/` stays (front web servers refuse `%2F`), and two of them in a
    /// row become `,/=/,` (`udm-rest-api` section 2.1).
    package static func pathEncoded(_ dn: String) -> String {
        PercentEncoding.encode(replacing("//", by: ",/=/,", in: dn), keeping: "/")
    }

    /// The reverse of ``pathEncoded(_:)``; `nil` when `path` is not percent-encoded UTF-8.
    package static func pathDecoded(_ path: some StringProtocol) -> String? {
        PercentEncoding.decode(path).map { replacing(",/=/,", by: "//", in: $0) }
    }

    private static func replacing(_ pattern: String, by replacement: String, in text: String) -> String {
        guard text.utf8.count >= pattern.utf8.count else { return text }
        var result: [UInt8] = []
        var rest = Substring(text).utf8[...]
        while let first = rest.first {
            if rest.starts(with: pattern.utf8) {
                result += replacement.utf8
                rest = rest.dropFirst(pattern.utf8.count)
            } else {
                result.append(first)
                rest = rest.dropFirst()
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}
