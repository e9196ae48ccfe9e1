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

    /// The user's name in the directory. It may still have characters that UDM refuses.
    package func directoryName(for userName: String) -> String {
        switch self {
        case .exact: userName
        case .localPart: userName.lastIndex(of: "@").map { String(userName[..<$0]) } ?? userName
        case .replace(let replacement): String(userName.map { $0 == "@" ? replacement : $0 })
        }
    }
}

extension DirectoryRules {
    func checkUserName(_ userName: String) throws(Refusal) {
        let name = userNameRule.directoryName(for: userName)
        guard !name.isEmpty else { throw Refusal("gives an empty name in the directory") }
        for scalar in name.unicodeScalars where !Self.isNameCharacter(scalar) {
            let subject = name == userName ? "must not contain" : "gives the directory name \"\(name)\" with"
            let advice =
                scalar == "@" && userNameRule == .exact
                ? "; use a name without @, or set the user name rule of the service to local-part or replace" : ""
            throw Refusal("\(subject) \(Self.label(of: scalar)); only letters, digits, _ . and - are possible\(advice)")
        }
    }

    func checkGroupName(_ name: String) throws(Refusal) {
        guard name.first != " ", name.last != " " else { throw Refusal("must not begin or end with a blank") }
        for scalar in name.unicodeScalars where !Self.isNameCharacter(scalar) && scalar != " " {
            throw Refusal(
                "must not contain \(Self.label(of: scalar)); only letters, digits, blanks, _ . and - are possible")
        }
    }

    func checkPassword(_ password: String) throws(Refusal) {
        guard !password.isEmpty else { throw Refusal("must not be empty") }
        guard password.unicodeScalars.count >= minimumPasswordLength else {
            throw Refusal("must have at least \(minimumPasswordLength) characters")
        }
    }

    /// For an address that UDM would host; other addresses are the client's own business.
    func checkMailAddress(_ address: String) throws(Refusal) {
        let parts = address.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, Self.isLocalPart(parts[0]), Self.isDomain(parts[1]) else {
            throw Refusal("must be an e-mail address such as jo@example.org")
        }
        if let mailDomains, !mailDomains.contains(parts[1].lowercased()) {
            throw Refusal("has the domain \(parts[1]), which is not a mail domain of the directory")
        }
    }

    /// The letters and digits of any script, as one scalar each: UDM knows no combining marks in names.
    private static func isNameCharacter(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "a"..."z", "A"..."Z", "0"..."9", "_", ".", "-": return true
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

    private static func label(of scalar: Unicode.Scalar) -> String {
        if scalar == " " { return "blanks" }
        if scalar.value > 0x20 && scalar.value < 0x7F { return String(scalar) }
        let digits = String(scalar.value, radix: 16, uppercase: true)
        return "U+\(String(repeating: "0", count: max(0, 4 - digits.count)))\(digits)"
    }

    /// A dot-atom of RFC 5321, other scripts included.
    private static func isLocalPart(_ text: Substring) -> Bool {
        let atoms = text.split(separator: ".", omittingEmptySubsequences: false)
        return atoms.allSatisfy { atom in
            !atom.isEmpty
                && atom.unicodeScalars.allSatisfy { scalar in
                    if scalar.isASCII {
                        return scalar.value > 0x20 && scalar.value < 0x7F && !specials.contains(scalar)
                    }
                    return !scalar.properties.isWhitespace && scalar.properties.generalCategory != .control
                }
        }
    }

    private static let specials: Set<Unicode.Scalar> = ["(", ")", "<", ">", "[", "]", ":", ";", "@", "\\", ",", "\""]

    private static func isDomain(_ text: Substring) -> Bool {
        let labels = text.split(separator: ".", omittingEmptySubsequences: false)
        return labels.allSatisfy { label in
            !label.isEmpty && label.first != "-" && label.last != "-"
                && label.unicodeScalars.allSatisfy { $0 != "_" && $0 != "." && isNameCharacter($0) }
        }
    }
}
