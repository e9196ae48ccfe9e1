// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

extension Property {
    /// The text as it is stored; nil if the server drops it without a word.
    func check(_ text: String, hosts: (String) -> Bool) throws(InvalidValue) -> String? {
        if let maximumLength, text.count > maximumLength {
            throw InvalidValue("The value is too long. (Maximum length: \(maximumLength))")
        }
        switch syntax {
        case .any, .password, .postalAddress: return text
        case .identifier: return text
        case .userName:
            guard !text.contains(" ") else { throw InvalidValue("Spaces are not allowed in the username!") }
            guard Self.isName(text, between: "._-") else {
                throw InvalidValue("Username must only contain numbers, letters and dots!")
            }
        case .groupName:
            guard Self.isName(text, between: " !\"#$%&'()*+,-._’") else {
                throw InvalidValue(
                    "A group name must start and end with a letter, number or underscore. In between additionally "
                        + "spaces, dashes and dots are allowed.")
            }
        case .name:
            guard !text.contains(where: { $0 == "\n" || $0 == "\0" }) else {
                throw InvalidValue("Value may not contain other than numbers, letters and dots!")
            }
        case .phone:
            guard
                text.unicodeScalars.allSatisfy({ scalar in
                    scalar.isASCII && Self.isWordCharacter(scalar) || ". ()\\/+-".unicodeScalars.contains(scalar)
                })
            else {
                throw InvalidValue(
                    "Value must not contain anything other than digits, letters, dots, brackets, slash, plus, or minus!"
                )
            }
        case .eMail:
            guard Self.mailParts(of: text) != nil else { throw InvalidValue("Not a valid email address!") }
        case .mailbox:
            guard let parts = Self.mailParts(of: text) else { throw InvalidValue("Not a valid email address!") }
            guard hosts(parts.domain.lowercased()) else {
                throw InvalidValue(
                    "The domain part of the mail address is not in list of configured mail domains: \(text)")
            }
            return text.lowercased()
        case .country:
            return Self.countryCodes.contains(text) ? text : nil
        case .date:
            guard Self.isDate(text) else { throw InvalidValue("Not a valid Date") }
        case .base64:
            guard Self.isBase64(text) else { throw InvalidValue("Not a valid Base64 string") }
        }
        return text
    }

    /// Letters of any language, digits and `_` at both ends, and `between` inside.
    private static func isName(_ text: String, between: String) -> Bool {
        let scalars = text.unicodeScalars
        guard let first = scalars.first, let last = scalars.last, isWordCharacter(first), isWordCharacter(last) else {
            return false
        }
        return scalars.allSatisfy { isWordCharacter($0) || between.unicodeScalars.contains($0) }
    }

    private static func isWordCharacter(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "a"..."z", "A"..."Z", "0"..."9", "_": true
        case "\0"..."\u{7F}": false
        default:
            scalar.properties.isAlphabetic || scalar.properties.numericType != nil
                || scalar.properties.generalCategory == .nonspacingMark
        }
    }

    private static func mailParts(of text: String) -> (local: Substring, domain: Substring)? {
        guard let at = text.lastIndex(of: "@") else { return nil }
        let local = text[..<at]
        let domain = text[text.index(after: at)...]
        guard !local.isEmpty, !domain.isEmpty, !domain.hasPrefix("."), !domain.hasSuffix("."),
            text.unicodeScalars.allSatisfy({ $0.value > 0x20 && $0 != "," })
        else { return nil }
        return (local, domain)
    }

    /// `YYYY-MM-DD`.
    private static func isDate(_ text: String) -> Bool {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.map(\.count) == [4, 2, 2], let month = Int(parts[1]), let day = Int(parts[2]),
            Int(parts[0]) != nil
        else { return false }
        return (1...12).contains(month) && (1...31).contains(day)
    }

    private static func isBase64(_ text: String) -> Bool {
        let digits = text.utf8.filter { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }
        let data = digits.prefix { $0 != UInt8(ascii: "=") }
        return digits.count % 4 == 0 && digits.count - data.count <= 2
            && digits.dropFirst(data.count).allSatisfy { $0 == UInt8(ascii: "=") }
            && data.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "/"):
                    true
                default: false
                }
            }
    }

    /// ISO 3166-1 alpha-2.
    private static let countryCodes: Set<String> = {
        let codes =
            "ADAEAFAGAIALAMAOAQARASATAUAWAXAZBABBBDBEBFBGBHBIBJBLBMBNBOBQBRBSBTBVBWBYBZCACCCDCFCGCHCICKCLCMCNCOCRCUCV"
            + "CWCXCYCZDEDJDKDMDODZECEEEGEHERESETFIFJFKFMFOFRGAGBGDGEGFGGGHGIGLGMGNGPGQGRGSGTGUGWGYHKHMHNHRHTHUIDIEIL"
            + "IMINIOIQIRISITJEJMJOJPKEKGKHKIKMKNKPKRKWKYKZLALBLCLILKLRLSLTLULVLYMAMCMDMEMFMGMHMKMLMMMNMOMPMQMRMSMTMU"
            + "MVMWMXMYMZNANCNENFNGNINLNONPNRNUNZOMPAPEPFPGPHPKPLPMPNPRPSPTPWPYQARERORSRURWSASBSCSDSESGSHSISJSKSLSMSN"
            + "SOSRSSSTSVSXSYSZTCTDTFTGTHTJTKTLTMTNTOTRTTTVTWTZUAUGUMUSUYUZVAVCVEVGVIVNVUWFWSYEYTZAZMZW"
        var result: Set<String> = []
        var rest = Substring(codes)
        while !rest.isEmpty {
            result.insert(String(rest.prefix(2)))
            rest = rest.dropFirst(2)
        }
        return result
    }()
}
