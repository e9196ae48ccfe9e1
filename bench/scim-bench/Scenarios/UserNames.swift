// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// User names that never repeat: a prefix of the run, then 16 hexadecimal digits.
///
/// The digits are a permutation of the counter, so that names arrive in no order, as they do from identity providers: an
/// index that only ever grows at its right edge would be measured too fast.
struct UserNames: Sendable, Equatable {
    static let digitCount = 16

    let seed: UInt64

    /// Of the whole bench: what every name begins with. Lower case, as unique values are kept.
    var benchPrefix: String { "bench-\(String(seed, radix: 36))-" }

    func prefix(run: Int) -> String { "\(benchPrefix)\(run)-" }

    func name(run: Int, number: UInt64) -> String {
        prefix(run: run) + String(decoding: digits(run: run, number: number), as: UTF8.self)
    }

    func digits(run: Int, number: UInt64) -> [UInt8] {
        let value = mixed(number &+ seed &+ UInt64(truncatingIfNeeded: run) << 40)
        return (0..<Self.digitCount).map { index in
            let nibble = UInt8(truncatingIfNeeded: value >> UInt64(60 - 4 * index)) & 0xF
            return nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "a") + nibble - 10
        }
    }
}
