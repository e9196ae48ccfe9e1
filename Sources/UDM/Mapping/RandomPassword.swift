// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Glibc
package import JSON

/// A password for a user that was created without one: made at push time, never stored, known to nobody.
package enum RandomPassword {
    private static let alphabets: [(characters: [UInt8], count: Int)] = [
        (Array("abcdefghijklmnopqrstuvwxyz".utf8), 10),
        (Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ".utf8), 10),
        (Array("0123456789".utf8), 8),
        // Without braces, which could make it look like a hash (`{crypt}`), and without quotes and backslash.
        (Array("!#$%&()*+,-./:;<=>?@[]^_~".utf8), 4),
    ]

    /// 32 characters: 10 lower case, 10 upper case, 8 digits, 4 punctuation marks, shuffled.
    package static func make(using generator: inout some RandomNumberGenerator) -> String {
        var characters: [UInt8] = []
        characters.reserveCapacity(32)
        for (alphabet, count) in alphabets {
            for _ in 0..<count { characters.append(alphabet[Int.random(in: 0..<alphabet.count, using: &generator)]) }
        }
        characters.shuffle(using: &generator)
        return String(decoding: characters, as: UTF8.self)
    }

    /// From the system's cryptographic generator.
    package static func make() -> String {
        var generator = BufferedSystemGenerator()
        return make(using: &generator)
    }

    /// The password, and the flags that let it pass policies it was not made for: only ever with a random one.
    package static func properties() -> JSONObject {
        ["password": .string(make()), "overridePWHistory": true, "overridePWLength": true]
    }
}

/// The system's cryptographic generator, asked once for many numbers: `SystemRandomNumberGenerator` makes a system call for each.
private struct BufferedSystemGenerator: RandomNumberGenerator {
    /// 256 bytes: more the system does not give in one call.
    private static let size = 32
    private var numbers: [UInt64] = []
    private var system = SystemRandomNumberGenerator()

    mutating func next() -> UInt64 {
        if numbers.isEmpty { fill() }
        return numbers.popLast() ?? system.next()
    }

    private mutating func fill() {
        numbers = [UInt64](unsafeUninitializedCapacity: Self.size) { buffer, count in
            guard let base = buffer.baseAddress else { return }
            count = getentropy(base, Self.size * MemoryLayout<UInt64>.size) == 0 ? Self.size : 0
        }
    }
}
