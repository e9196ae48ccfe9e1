// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// Whether bytes are put together as an X.509 certificate is (RFC 5280 section 4.1), without a look at what it says.
///
/// An LDAP server checks as much before it takes one, and answers "invalid syntax" otherwise.
enum CertificateShape {
    private static let integer: UInt8 = 0x02
    private static let bitString: UInt8 = 0x03
    private static let sequence: UInt8 = 0x30
    private static let version: UInt8 = 0xA0

    static func isCertificate(base64 text: String) -> Bool {
        guard let bytes = decode(text) else { return false }
        var outer = DERReader(bytes[...])
        guard var certificate = outer.content(of: sequence), outer.isAtEnd,
            var signed = certificate.content(of: sequence), certificate.content(of: sequence) != nil,
            certificate.content(of: bitString) != nil, certificate.isAtEnd
        else { return false }
        _ = signed.content(of: version)
        guard signed.content(of: integer) != nil else { return false }
        // Signature algorithm, issuer, validity, subject, public key; what follows is optional.
        for _ in 0..<5 {
            guard signed.content(of: sequence) != nil else { return false }
        }
        return true
    }

    /// RFC 4648 section 4, with padding.
    private static func decode(_ text: String) -> [UInt8]? {
        let count = text.utf8.count
        guard count > 0, count % 4 == 0 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count / 4 * 3)
        var block: UInt32 = 0
        var digits = 0
        var padding = 0
        for byte in text.utf8 {
            let digit: UInt32
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): digit = UInt32(byte - UInt8(ascii: "A"))
            case UInt8(ascii: "a")...UInt8(ascii: "z"): digit = UInt32(byte - UInt8(ascii: "a")) + 26
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = UInt32(byte - UInt8(ascii: "0")) + 52
            case UInt8(ascii: "+"): digit = 62
            case UInt8(ascii: "/"): digit = 63
            case UInt8(ascii: "="):
                padding += 1
                digit = 0
            default: return nil
            }
            guard padding == 0 || byte == UInt8(ascii: "="), padding <= 2 else { return nil }
            block = block << 6 | digit
            digits += 1
            guard digits == 4 else { continue }
            bytes.append(UInt8(truncatingIfNeeded: block >> 16))
            if padding < 2 { bytes.append(UInt8(truncatingIfNeeded: block >> 8)) }
            if padding < 1 { bytes.append(UInt8(truncatingIfNeeded: block)) }
            (block, digits) = (0, 0)
        }
        return bytes
    }
}

/// Reads one element of DER after the other.
private struct DERReader {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

    var isAtEnd: Bool { rest.isEmpty }

    /// The content of the next element, which is skipped; nil, and nothing is skipped, when it has another tag or does
    /// not fit.
    mutating func content(of tag: UInt8) -> DERReader? {
        guard rest.first == tag, var length = rest.dropFirst().first.map({ Int($0) }) else { return nil }
        var body = rest.dropFirst(2)
        if length >= 0x80 {
            let count = length - 0x80
            // 0x80 alone is the indefinite length, which DER does not have.
            guard (1...4).contains(count), body.count >= count else { return nil }
            length = body.prefix(count).reduce(0) { $0 << 8 | Int($1) }
            body = body.dropFirst(count)
        }
        guard length <= body.count else { return nil }
        rest = body.dropFirst(length)
        return DERReader(body.prefix(length))
    }
}
