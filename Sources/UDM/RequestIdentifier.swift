// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Crypto
package import SCIM

/// The `X-Request-Id` for UDM, which keeps only hexadecimal digits and hyphens of it, 36 at most.
package enum RequestIdentifier {
    /// The client's request id if it is a UUID, else a UUID of version 5 derived from it: always the same for the same text.
    package static func udm(for requestID: String) -> LowercaseUUID {
        LowercaseUUID(requestID) ?? named(requestID)
    }

    /// Version 5 (RFC 9562 section 5.5) in the URL namespace, under a prefix of this bridge's own.
    private static func named(_ requestID: String) -> LowercaseUUID {
        // 6ba7b811-9dad-11d1-80b4-00c04fd430c8
        let namespace: [UInt8] = [
            0x6B, 0xA7, 0xB8, 0x11, 0x9D, 0xAD, 0x11, 0xD1, 0x80, 0xB4, 0x00, 0xC0, 0x4F, 0xD4, 0x30, 0xC8,
        ]
        var hash = Insecure.SHA1()
        hash.update(data: namespace)
        hash.update(data: Array("urn:scim-bridge:request:\(requestID)".utf8))
        var high: UInt64 = 0
        var low: UInt64 = 0
        for (index, byte) in hash.finalize().enumerated() where index < 16 {
            if index < 8 { high = high << 8 | UInt64(byte) } else { low = low << 8 | UInt64(byte) }
        }
        high = high & ~0xF000 | 0x5000
        low = low & ~(0b11 << 62) | 0b10 << 62
        return LowercaseUUID(high: high, low: low)
    }
}
