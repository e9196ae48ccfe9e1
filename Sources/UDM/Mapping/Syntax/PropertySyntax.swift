// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// What UDM, or the LDAP server behind it, demands of the values of a property, where SCIM demands less.
///
/// A value that does not fit is not pushed: UDM would refuse the whole write for it.
package enum PropertySyntax: Hashable, Sendable {
    /// UDM's syntax for telephone numbers, as far as LDAP's Printable String (RFC 4517 section 3.3.29) goes.
    case telephone
    /// One `@`, and ASCII only, as LDAP's IA5 String.
    case mailAddress
    /// ISO 3166-1 alpha-2; UDM drops other values without a word.
    case country
    /// An X.509 certificate: LDAP servers look into it.
    case certificate
    /// So many Unicode scalars at most.
    case atMost(Int)

    /// The value as UDM takes it; nil when it does not.
    func carried(_ text: String) -> String? {
        switch self {
        case .telephone: Self.isTelephoneNumber(text) ? text : nil
        case .mailAddress: Self.isMailAddress(text) ? text : nil
        case .country: CountryCode(text)?.text
        case .certificate: CertificateShape.isCertificate(base64: text) ? text : nil
        case .atMost(let limit): text.unicodeScalars.count <= limit ? text : nil
        }
    }

    /// Why a value is left out, for the log.
    var demand: String {
        switch self {
        case .telephone: "letters, digits, blanks and ( ) + - . / only"
        case .mailAddress: "an e-mail address of ASCII characters"
        case .country: "an ISO 3166-1 alpha-2 code"
        case .certificate: "an X.509 certificate in DER"
        case .atMost(let limit): "at most \(limit) characters"
        }
    }

    /// Values that are one and the same to the LDAP server, which takes a list with both for an error; nil: as the rule
    /// has it.
    var comparison: ValueComparison? { self == .telephone ? .telephone : nil }

    private static func isTelephoneNumber(_ text: String) -> Bool {
        var hasContent = false
        for scalar in text.unicodeScalars {
            switch scalar {
            case "0"..."9", "a"..."z", "A"..."Z": hasContent = true
            case " ", "(", ")", "+", "-", ".", "/": break
            default: return false
            }
        }
        return hasContent
    }

    private static func isMailAddress(_ text: String) -> Bool {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, let domain = parts.last, !domain.hasPrefix("."), !domain.hasSuffix(".") else {
            return false
        }
        return parts.allSatisfy { !$0.isEmpty }
            && text.unicodeScalars.allSatisfy { $0.value > 0x20 && $0.value < 0x7F && $0 != "," }
    }
}
