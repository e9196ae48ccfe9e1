// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Crypto

/// The SHA-256 of a token: what is stored and looked up instead of the token.
///
/// Looking up by digest needs no constant-time comparison: whoever guesses tokens does not choose their digests, so the
/// time that a comparison takes says nothing about how close a guess came.
package struct TokenDigest: Hashable, Sendable {
    private let words: (UInt64, UInt64, UInt64, UInt64)

    package init(of token: some StringProtocol) {
        var token = String(token)
        let digest = token.withUTF8 { SHA256.hash(data: UnsafeRawBufferPointer($0)) }
        words = digest.withUnsafeBytes { bytes in
            (
                bytes.loadUnaligned(fromByteOffset: 0, as: UInt64.self),
                bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self),
                bytes.loadUnaligned(fromByteOffset: 16, as: UInt64.self),
                bytes.loadUnaligned(fromByteOffset: 24, as: UInt64.self)
            )
        }
    }

    /// 64 hexadecimal digits of any case.
    package init?(hexadecimal text: some StringProtocol) {
        let digits = text.utf8.compactMap(hexadecimalValue)
        guard text.utf8.count == 64, digits.count == 64 else { return nil }
        func word(_ index: Int) -> UInt64 {
            // Bytes in memory order, as `init(of:)` loads them.
            UInt64(bigEndian: digits[index * 16..<index * 16 + 16].reduce(0) { $0 << 4 | UInt64($1) })
        }
        words = (word(0), word(1), word(2), word(3))
    }

    /// 64 lower-case hexadecimal digits.
    package var hexadecimal: String {
        [words.0, words.1, words.2, words.3].map { word in
            let digits = String(word.bigEndian, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }

    package static func == (left: TokenDigest, right: TokenDigest) -> Bool { left.words == right.words }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(words.0)
        hasher.combine(words.1)
    }
}
