// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// Random damage to JSON texts, such as leaves many of them valid.
package enum JSONDamage {
    private static let alphabet: [[UInt8]] =
        [
            "{", "}", "[", "]", ",", ":", "\"", "\\", "\\u", "\\ud83d", "\\ude00", "\\n", "0", "1", "-", "+", ".", "e",
            "E",
            "true", "false", "null", " ", "\n", "\t", "a", "é", "😀", "\u{1}", "/", "\"a\":", ",1", "01", "1.5", "[]",
            "{}",
        ].map { Array($0.utf8) } + [
            [0x80], [0xC3], [0xFF], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xC0, 0x80],
        ]

    package static func apply(to bytes: inout [UInt8], using generator: inout SeededGenerator) {
        let place = Int.random(in: 0...bytes.count, using: &generator)
        switch Int.random(in: 0..<5, using: &generator) {
        case 0: bytes.insert(contentsOf: Self.alphabet.randomElement(using: &generator) ?? [], at: place)
        case 1: if place < bytes.count { bytes.remove(at: place) }
        case 2: if place < bytes.count { bytes[place] = UInt8.random(in: 0...255, using: &generator) }
        case 3:
            let end = min(bytes.count, place + Int.random(in: 0...8, using: &generator))
            bytes.insert(contentsOf: bytes[place..<end], at: Int.random(in: 0...bytes.count, using: &generator))
        default:
            if place < bytes.count {
                bytes.replaceSubrange(place...place, with: Self.alphabet.randomElement(using: &generator) ?? [])
            }
        }
    }
}
