// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// Reads a DN relative name by relative name, each part already in its normalized form.
///
/// Lenient: a text that is no DN still gives one form, so that it compares equal to itself.
struct DNReader {
    private let bytes: [UInt8]
    private var position = 0
    private var isAtEnd = false

    init(_ dn: String) {
        bytes = Array(dn.utf8)
        isAtEnd = bytes.allSatisfy { $0 == UInt8(ascii: " ") }
    }

    /// The parts (`type=value`) of the next relative name; more than one when they are joined with `+`.
    mutating func nextRDN() -> [String]? {
        guard !isAtEnd else { return nil }
        var parts: [String] = []
        while true {
            let (part, end) = readPart()
            parts.append(part)
            if end == UInt8(ascii: "+") { continue }
            isAtEnd = end == nil
            return parts
        }
    }

    /// Reads `type = value` up to an unescaped `,`, `;` or `+`, which is returned; `nil` at the end of the text.
    private mutating func readPart() -> (text: String, end: UInt8?) {
        var type: [UInt8]?
        var text: [UInt8] = []
        var pendingBlank = false
        var end: UInt8?

        // Blanks count only between two other characters, and a run of them as one.
        func append(_ byte: UInt8, to text: inout [UInt8]) {
            if pendingBlank, !text.isEmpty { text.append(UInt8(ascii: " ")) }
            pendingBlank = false
            switch byte {
            case UInt8(ascii: ","), UInt8(ascii: "+"), UInt8(ascii: "="), UInt8(ascii: "\\"):
                text.append(UInt8(ascii: "\\"))
                text.append(byte)
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): text.append(byte | 0x20)
            default: text.append(byte)
            }
        }

        scan: while position < bytes.count {
            let byte = bytes[position]
            position += 1
            switch byte {
            case UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "+"):
                end = byte
                break scan
            case UInt8(ascii: "=") where type == nil:
                type = text
                text = []
                pendingBlank = false
            case UInt8(ascii: " "): pendingBlank = true
            case UInt8(ascii: "\\"):
                let unescaped = readEscaped()
                if unescaped == UInt8(ascii: " ") { pendingBlank = true } else { append(unescaped, to: &text) }
            default: append(byte, to: &text)
            }
        }
        let value = Self.lowercased(text)
        return (type.map { "\(Self.lowercased($0))=\(value)" } ?? value, end)
    }

    /// After a backslash: two hexadecimal digits, or the character itself.
    private mutating func readEscaped() -> UInt8 {
        guard position < bytes.count else { return UInt8(ascii: "\\") }
        let first = bytes[position]
        position += 1
        guard let high = PercentEncoding.hexValue(first), position < bytes.count,
            let low = PercentEncoding.hexValue(bytes[position])
        else { return first }
        position += 1
        return high << 4 | low
    }

    /// ASCII is in lower case already.
    private static func lowercased(_ bytes: [UInt8]) -> String {
        let text = String(decoding: bytes, as: UTF8.self)
        return bytes.contains { $0 >= 0x80 } ? text.lowercased() : text
    }
}
