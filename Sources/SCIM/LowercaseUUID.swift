// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#endif

/// A UUID whose text is always lower case, as UDM demands of `univentionObjectIdentifier`.
package struct LowercaseUUID: Sendable, Hashable {
    /// The first eight bytes, the leftmost of the text being the highest.
    package let high: UInt64
    package let low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Reads the 36 characters of RFC 9562 section 4 in any case; nil for every other text.
    package init?(_ text: some StringProtocol) {
        // By the memory: the bytes of a part of a text, one by one, take several times as long.
        guard
            let uuid = text.utf8.withContiguousStorageIfAvailable({ Self.parsed($0) })
                ?? Array(text.utf8).withUnsafeBufferPointer({ Self.parsed($0) })
        else { return nil }
        self = uuid
    }

    private static func parsed(_ text: UnsafeBufferPointer<UInt8>) -> LowercaseUUID? {
        guard text.count == 36 else { return nil }
        var high: UInt64 = 0
        var low: UInt64 = 0
        for (position, byte) in text.enumerated() {
            if position == 8 || position == 13 || position == 18 || position == 23 {
                guard byte == UInt8(ascii: "-") else { return nil }
            } else {
                guard let digit = Self.digit(byte) else { return nil }
                if position < 18 {
                    high = high << 4 | digit
                } else {
                    low = low << 4 | digit
                }
            }
        }
        return LowercaseUUID(high: high, low: low)
    }

    /// Version 4: 122 random bits from the system's secure source.
    package static func random() -> LowercaseUUID {
        var words: (high: UInt64, low: UInt64) = (0, 0)
        // One call of the system; its generator makes two.
        if withUnsafeMutableBytes(of: &words, { getentropy($0.baseAddress, $0.count) }) != 0 {
            var source = SystemRandomNumberGenerator()
            words = (source.next(), source.next())
        }
        return LowercaseUUID(version: 4, high: words.high, low: words.low)
    }

    /// Version 7: milliseconds, 12 bits of their fraction (RFC 9562 section 6.2, method 3), 62 random bits.
    ///
    /// Later instants give greater values; within a quarter of a microsecond the order is random.
    package static func timeOrdered(at instant: Timestamp) -> LowercaseUUID {
        let microseconds = UInt64(max(0, instant.microsecondsSinceEpoch))
        let (milliseconds, rest) = microseconds.quotientAndRemainder(dividingBy: 1000)
        let fraction = rest * 4096 / 1000
        var source = SystemRandomNumberGenerator()
        return LowercaseUUID(version: 7, high: milliseconds << 16 | fraction, low: source.next())
    }

    /// Sets the version and the variant of RFC 9562.
    private init(version: UInt64, high: UInt64, low: UInt64) {
        self.init(
            high: high & 0xFFFF_FFFF_FFFF_0FFF | version << 12,
            low: low & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000)
    }

    /// The version of RFC 9562; UDM takes 1 and 4 only.
    package var version: Int { Int(high >> 12 & 0xF) }

    /// Appends the 36 characters of the text.
    package func append(to bytes: inout [UInt8]) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 36) { text in
            writeText(to: text)
            bytes.append(contentsOf: text)
        }
    }

    /// `text` has room for 36 bytes.
    private func writeText(to text: UnsafeMutableBufferPointer<UInt8>) {
        var position = 0
        for index in 0..<32 {
            if index == 8 || index == 12 || index == 16 || index == 20 {
                text[position] = UInt8(ascii: "-")
                position += 1
            }
            let half = index < 16 ? high : low
            let digit = UInt8(truncatingIfNeeded: half >> UInt64(60 - 4 * (index & 15))) & 0xF
            text[position] = digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
            position += 1
        }
    }

    private static func digit(_ byte: UInt8) -> UInt64? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt64(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt64(byte - UInt8(ascii: "a") + 10)
        case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt64(byte - UInt8(ascii: "A") + 10)
        default: nil
        }
    }
}

extension LowercaseUUID: Comparable {
    /// By bytes, which is also the order of the texts and of PostgreSQL's `uuid`.
    package static func < (left: Self, right: Self) -> Bool { (left.high, left.low) < (right.high, right.low) }
}

extension LowercaseUUID: CustomStringConvertible {
    package var description: String {
        String(unsafeUninitializedCapacity: 36) { text in
            writeText(to: text)
            return 36
        }
    }
}

/// The id of a resource: UUID version 4, made by us and equal to UDM's `univentionObjectIdentifier`.
package typealias ResourceID = LowercaseUUID
package typealias JobID = LowercaseUUID
package typealias EventID = LowercaseUUID
package typealias LeaseToken = LowercaseUUID
