// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// What UDM would refuse later and can be known at once (R-80).
package struct DirectoryRules: Hashable, Sendable {
    package var userNameRule: UserNameRule
    /// The mail domains UDM hosts, in lower case; nil: not known here.
    package var mailDomains: Set<String>?
    /// In Unicode scalars, as UDM counts.
    package var minimumPasswordLength: Int

    package init(
        userNameRule: UserNameRule = .exact, mailDomains: Set<String>? = nil, minimumPasswordLength: Int = 8
    ) {
        self.userNameRule = userNameRule
        self.mailDomains = mailDomains.map { Set($0.map { $0.lowercased() }) }
        self.minimumPasswordLength = minimumPasswordLength
    }
}

/// How the `username` of UDM, which has no `@`, follows from the `userName` of SCIM, which often is an e-mail address.
package enum UserNameRule: Hashable, Sendable {
    case exact
    /// What stands before the last `@`.
    case localPart
    /// Every `@` is replaced.
    case replace(with: Character)

    /// `exact`, `local-part`, `replace`, which is `replace:_`, or `replace:` and a character that UDM has in names.
    package init?(_ text: String) {
        switch text {
        case "exact": self = .exact
        case "local-part": self = .localPart
        case "replace": self = .replace(with: "_")
        default:
            guard text.hasPrefix("replace:"), let character = text.last, text.count == "replace:".count + 1,
                character.unicodeScalars.allSatisfy(DirectoryRules.isNameCharacter)
            else { return nil }
            self = .replace(with: character)
        }
    }

    /// The user's name in the directory. It may still have characters that UDM refuses.
    package func directoryName(for userName: String) -> String {
        switch self {
        case .exact: userName
        case .localPart: userName.lastIndex(of: "@").map { String(userName[..<$0]) } ?? userName
        case .replace(let replacement): String(userName.map { $0 == "@" ? replacement : $0 })
        }
    }
}

// MARK: Names

extension DirectoryRules {
    /// The first component of a DN is an index key of the directory, and the name a key of our own database.
    static let longestName = 256

    func checkUserName(_ userName: String) throws(Refusal) {
        try Self.checkLength(of: userName)
        let name = userNameRule.directoryName(for: userName)
        guard !name.isEmpty else { throw Refusal("gives an empty name in the directory") }
        for scalar in name.unicodeScalars where !Self.isNameCharacter(scalar) {
            let subject = name == userName ? "must not contain" : "gives the directory name \"\(name)\" with"
            let advice =
                scalar == "@" && userNameRule == .exact
                ? "; use a name without @, or set the user name rule of the service to local-part or replace" : ""
            throw Refusal("\(subject) \(Self.label(of: scalar)); only letters, digits, _ . and - are possible\(advice)")
        }
        guard Self.beginsAndEndsWithWordCharacter(name) else {
            let subject = name == userName ? "" : "gives the directory name \"\(name)\", which "
            throw Refusal("\(subject)must begin and end with a letter, a digit or _")
        }
    }

    func checkGroupName(_ name: String) throws(Refusal) {
        try Self.checkLength(of: name)
        for scalar in name.unicodeScalars where !Self.isGroupNameCharacter(scalar) {
            throw Refusal(
                "must not contain \(Self.label(of: scalar)); only letters, digits, blanks and \(Self.groupNameMarks) "
                    + "are possible")
        }
        guard Self.beginsAndEndsWithWordCharacter(name) else {
            throw Refusal("must begin and end with a letter, a digit or _")
        }
    }

    private static func checkLength(of name: String) throws(Refusal) {
        guard name.utf8.count <= longestName else {
            throw Refusal("must be at most \(longestName) bytes long in UTF-8")
        }
    }

    /// The letters and digits of any script, as one scalar each: UDM knows no combining marks in names.
    private static func isWordCharacter(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "a"..."z", "A"..."Z", "0"..."9", "_": return true
        default:
            guard !scalar.isASCII else { return false }
            switch scalar.properties.generalCategory {
            case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter,
                .decimalNumber, .letterNumber, .otherNumber:
                return true
            default: return false
            }
        }
    }

    fileprivate static func isNameCharacter(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "." || scalar == "-" || isWordCharacter(scalar)
    }

    /// What a group's name may have inside besides blanks, letters and digits.
    private static let groupNameMarks = "_ . - ! \" # $ % & ' ( ) * + , ’"

    private static func isGroupNameCharacter(_ scalar: Unicode.Scalar) -> Bool {
        // From the blank to the full stop: the range that UDM's rule for groups has.
        (" "..."." as ClosedRange<Unicode.Scalar>).contains(scalar) || scalar == "’" || isWordCharacter(scalar)
    }

    private static func beginsAndEndsWithWordCharacter(_ name: String) -> Bool {
        guard let first = name.unicodeScalars.first, let last = name.unicodeScalars.last else { return false }
        return isWordCharacter(first) && isWordCharacter(last)
    }

    private static func label(of scalar: Unicode.Scalar) -> String {
        if scalar == " " { return "blanks" }
        if scalar.value > 0x20 && scalar.value < 0x7F { return String(scalar) }
        let digits = String(scalar.value, radix: 16, uppercase: true)
        return "U+\(String(repeating: "0", count: max(0, 4 - digits.count)))\(digits)"
    }
}

// MARK: Passwords

extension DirectoryRules {
    func checkPassword(_ password: String) throws(Refusal) {
        guard !password.isEmpty else { throw Refusal("must not be empty") }
        guard password.unicodeScalars.count >= minimumPasswordLength else {
            throw Refusal("must have at least \(minimumPasswordLength) characters")
        }
        guard !(password.hasPrefix("{") && password.contains("}")) else {
            throw Refusal("must not begin with text in braces, which the directory takes for a hash")
        }
    }
}

// MARK: Mail addresses

extension DirectoryRules {
    /// RFC 5321 section 4.5.3.1.3, without the angle brackets.
    private static let longestMailAddress = 254

    /// For an address that UDM would host; other addresses are the client's own business.
    func checkMailAddress(_ address: String) throws(Refusal) {
        // By bytes: to look for whole characters takes several times as long.
        let parts = address.utf8.split(separator: UInt8(ascii: "@"), omittingEmptySubsequences: false)
            .map { Substring($0) }
        guard parts.count == 2, Self.isLocalPart(parts[0]), Self.isMailDomain(parts[1]) else {
            throw Refusal("must be an e-mail address such as jo@example.org")
        }
        guard address.utf8.count <= Self.longestMailAddress else {
            throw Refusal("must be at most \(Self.longestMailAddress) bytes long in UTF-8")
        }
        // What LDAP keeps addresses in has no other characters.
        guard address.utf8.allSatisfy({ $0 < 0x80 }) else {
            throw Refusal("must be in ASCII; a domain of another script is written as xn--…")
        }
        if let mailDomains, !mailDomains.contains(parts[1].lowercased()) {
            throw Refusal("has the domain \(parts[1]), which is not a mail domain of the directory")
        }
    }

    /// A dot-atom of RFC 5321, other scripts included.
    private static func isLocalPart(_ text: Substring) -> Bool {
        let atoms = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return atoms.allSatisfy { atom in
            !atom.isEmpty
                && Substring(atom).unicodeScalars.allSatisfy { scalar in
                    switch scalar {
                    case "(", ")", "<", ">", "[", "]", ":", ";", "@", "\\", ",", "\"": false
                    case "\0"..."\u{7F}": scalar.value > 0x20 && scalar.value < 0x7F
                    default: !scalar.properties.isWhitespace && scalar.properties.generalCategory != .control
                    }
                }
        }
    }

    /// Labels of letters, digits and `-`, such as `example.org`; other scripts included.
    package static func isMailDomain(_ text: some StringProtocol) -> Bool {
        let labels = text.split(separator: ".", omittingEmptySubsequences: false)
        return labels.allSatisfy { label in
            !label.isEmpty && label.first != "-" && label.last != "-"
                && label.unicodeScalars.allSatisfy { $0 != "_" && $0 != "." && isNameCharacter($0) }
        }
    }
}
