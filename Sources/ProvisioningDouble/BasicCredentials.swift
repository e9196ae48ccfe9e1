// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// User name and password of an `Authorization: Basic` header (RFC 7617), which the service's framework reads as ASCII.
struct BasicCredentials: Equatable {
    var username: String
    var password: String

    /// `nil` if the header is missing, of another scheme, not base64, not ASCII, or without a colon.
    init?(header: String?) {
        guard let parts = header?.split(separator: " ", maxSplits: 1), parts.count == 2,
            parts[0].lowercased() == "basic", let decoded = Self.decodeBase64(parts[1].utf8),
            decoded.allSatisfy({ $0 < 0x80 }), let text = String(validating: decoded, as: UTF8.self),
            let colon = text.firstIndex(of: ":")
        else { return nil }
        username = String(text[..<colon])
        password = String(text[text.index(after: colon)...])
    }

    func matches(_ account: ProvisioningDoubleConfiguration.Account) -> Bool {
        username == account.username && password == account.password
    }

    private static func decodeBase64(_ text: Substring.UTF8View) -> [UInt8]? {
        var result: [UInt8] = []
        var bits: UInt32 = 0
        var count = 0
        let trimmed = text.filter { $0 != UInt8(ascii: "=") }
        for byte in trimmed {
            let value: UInt8
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): value = byte - UInt8(ascii: "A")
            case UInt8(ascii: "a")...UInt8(ascii: "z"): value = byte - UInt8(ascii: "a") + 26
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = byte - UInt8(ascii: "0") + 52
            case UInt8(ascii: "+"): value = 62
            case UInt8(ascii: "/"): value = 63
            default: return nil
            }
            bits = bits << 6 | UInt32(value)
            count += 6
            if count >= 8 {
                count -= 8
                result.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
            }
        }
        return trimmed.count % 4 == 1 ? nil : result
    }
}
