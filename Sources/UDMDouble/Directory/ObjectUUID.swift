// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// What the server demands of a `univentionObjectIdentifier`, and the entryUUIDs it makes itself.
enum ObjectUUID {
    enum Verdict: Equatable {
        case accepted
        /// 422: a UUID, but upper case, in another notation, or not of version 1 or 4.
        case refused
        /// 500: the server's UUID parser raises on it and nobody catches that.
        case notAUUID
    }

    /// Judges an identifier as seen on UDM REST 5.2.
    static func judge(_ text: String) -> Verdict {
        var digits: [UInt8] = []
        var plain = Substring(text)
        if plain.hasPrefix("urn:") { plain = plain.dropFirst(4) }
        if plain.hasPrefix("uuid:") { plain = plain.dropFirst(5) }
        if plain.hasPrefix("{"), plain.hasSuffix("}") { plain = plain.dropFirst().dropLast() }
        for byte in plain.utf8 where byte != UInt8(ascii: "-") {
            guard let value = Hex.value(of: byte) else { return .notAUUID }
            digits.append(value)
        }
        guard digits.count == 32 else { return .notAUUID }
        guard text == canonical(digits), digits[16] & 0b1100 == 0b1000, digits[12] == 1 || digits[12] == 4 else {
            return .refused
        }
        return .accepted
    }

    /// Whether a path segment can be an entryUUID: lower-case hexadecimal in groups of 8, 4, 4, 4 and 12.
    static func isCanonical(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard bytes.count == 36 else { return false }
        return bytes.enumerated().allSatisfy { offset, byte in
            switch offset {
            case 8, 13, 18, 23: byte == UInt8(ascii: "-")
            default: Hex.digits.contains(byte)
            }
        }
    }

    static func random(version: UInt8) -> String {
        var generator = SystemRandomNumberGenerator()
        let (high, low): (UInt64, UInt64) = (generator.next(), generator.next())
        var digits = (0..<32).map { UInt8(truncatingIfNeeded: ($0 < 16 ? high : low) >> (UInt64($0 % 16) * 4)) & 15 }
        digits[12] = version
        digits[16] = digits[16] & 0b0011 | 0b1000
        return canonical(digits)
    }

    private static func canonical(_ digits: [UInt8]) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(36)
        for (offset, digit) in digits.enumerated() {
            switch offset {
            case 8, 12, 16, 20: bytes.append(UInt8(ascii: "-"))
            default: break
            }
            bytes.append(Hex.digits[Int(digit)])
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
