// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// The parts of a Redis URL, percent-decoded.
struct RedisURL {
    private(set) var usesTLS = false
    private(set) var username: String?
    private(set) var password: String?
    private(set) var host = ""
    private(set) var port = 6379
    private(set) var database = 0

    init(_ text: String) throws(RedisError) {
        var rest = Substring(text)
        if rest.hasPrefix("rediss://") {
            usesTLS = true
            rest = rest.dropFirst(9)
        } else if rest.hasPrefix("redis://") {
            rest = rest.dropFirst(8)
        } else {
            throw RedisError(.configuration, "a Redis URL begins with redis:// or rediss://")
        }
        guard !rest.contains(where: { $0 == "?" || $0 == "#" }) else {
            throw RedisError(.configuration, "a Redis URL has no query and no fragment (write ? as %3F and # as %23)")
        }
        if let slash = rest.firstIndex(of: "/") {
            try readDatabase(rest[rest.index(after: slash)...])
            rest = rest[..<slash]
        }
        if let at = rest.lastIndex(of: "@") {
            try readUser(rest[..<at])
            rest = rest[rest.index(after: at)...]
        }
        try readHost(rest)
    }

    private mutating func readDatabase(_ text: Substring) throws(RedisError) {
        guard !text.isEmpty else { return }
        guard let number = Int(text), (0...65_535).contains(number) else {
            throw RedisError(.configuration, "the path of a Redis URL is the number of the database, such as /0")
        }
        database = number
    }

    private mutating func readUser(_ text: Substring) throws(RedisError) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let name = try Self.decode(parts[0])
        username = name.isEmpty ? nil : name
        guard parts.count == 2 else { return }
        let secret = try Self.decode(parts[1])
        password = secret.isEmpty ? nil : secret
    }

    private mutating func readHost(_ text: Substring) throws(RedisError) {
        var rest = text
        if rest.hasPrefix("[") {
            guard let end = rest.firstIndex(of: "]") else {
                throw RedisError(.configuration, "the IPv6 address in the Redis URL lacks its closing bracket")
            }
            host = String(rest[rest.index(after: rest.startIndex)..<end])
            rest = rest[rest.index(after: end)...]
        } else {
            let end = rest.firstIndex(of: ":") ?? rest.endIndex
            host = try Self.decode(rest[..<end])
            rest = rest[end...]
        }
        guard !host.isEmpty else { throw RedisError(.configuration, "the Redis URL names no host") }
        guard !rest.isEmpty else { return }
        guard rest.hasPrefix(":"), let number = Int(rest.dropFirst()), (1...65_535).contains(number) else {
            throw RedisError(.configuration, "the port in the Redis URL is not a number from 1 to 65535")
        }
        port = number
    }

    private static func decode(_ text: Substring) throws(RedisError) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap(hexDigit), let low = rest.popFirst().flatMap(hexDigit) else {
                throw RedisError(.configuration, "the Redis URL has a % that two hexadecimal digits do not follow")
            }
            bytes.append(high << 4 | low)
        }
        guard let decoded = String(validating: bytes, as: UTF8.self) else {
            throw RedisError(.configuration, "the Redis URL is not UTF-8 after percent-decoding")
        }
        return decoded
    }

    private static func hexDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
