// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

extension JSONParser {
    /// `position` is behind the opening quotation mark, afterwards behind the closing one.
    mutating func parseString() throws(JSONError) -> String {
        let start = position
        var highBits: UInt8 = 0
        while position < end {
            let byte = bytes[position]
            if byte == UInt8(ascii: "\"") {
                let string = UnsafeBufferPointer(rebasing: bytes[start..<position])
                if highBits >= 0x80, let offset = firstInvalidUTF8(in: string) {
                    throw JSONError(.invalidUTF8, at: start + offset)
                }
                position += 1
                return String(decoding: string, as: UTF8.self)
            }
            if byte == UInt8(ascii: "\\") { return try parseEscapedString(from: start) }
            guard byte >= 0x20 else { throw JSONError(.controlCharacter(byte), at: position) }
            highBits |= byte
            position += 1
        }
        throw JSONError(.unexpectedEnd, at: end)
    }

    /// The slower way for strings with escapes; `position` is at the first backslash.
    private mutating func parseEscapedString(from start: Int) throws(JSONError) -> String {
        var text: [UInt8] = []
        var runStart = start
        while position < end {
            let byte = bytes[position]
            if byte == UInt8(ascii: "\"") {
                try appendRun(from: runStart, to: &text)
                position += 1
                return String(decoding: text, as: UTF8.self)
            }
            if byte == UInt8(ascii: "\\") {
                try appendRun(from: runStart, to: &text)
                position += 1
                try parseEscape(into: &text)
                runStart = position
                continue
            }
            guard byte >= 0x20 else { throw JSONError(.controlCharacter(byte), at: position) }
            position += 1
        }
        throw JSONError(.unexpectedEnd, at: end)
    }

    private func appendRun(from start: Int, to text: inout [UInt8]) throws(JSONError) {
        let run = UnsafeBufferPointer(rebasing: bytes[start..<position])
        if let offset = firstInvalidUTF8(in: run) { throw JSONError(.invalidUTF8, at: start + offset) }
        text.append(contentsOf: run)
    }

    /// `position` is behind the backslash.
    private mutating func parseEscape(into text: inout [UInt8]) throws(JSONError) {
        let escapeOffset = position - 1
        let byte = try next()
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"):
            var scalar = UInt32(try parseHexadecimal(escapeOffset))
            if scalar >= 0xDC00 && scalar <= 0xDFFF { throw JSONError(.unpairedSurrogate, at: escapeOffset) }
            if scalar >= 0xD800 && scalar <= 0xDBFF {
                guard peek() != nil else { throw JSONError(.unexpectedEnd, at: end) }
                guard position + 1 < end, bytes[position] == UInt8(ascii: "\\"),
                    bytes[position + 1] == UInt8(ascii: "u")
                else { throw JSONError(.unpairedSurrogate, at: escapeOffset) }
                position += 2
                let low = UInt32(try parseHexadecimal(position - 2))
                guard low >= 0xDC00 && low <= 0xDFFF else { throw JSONError(.unpairedSurrogate, at: escapeOffset) }
                scalar = 0x10000 + ((scalar - 0xD800) << 10) + (low - 0xDC00)
            }
            // Surrogates are excluded above and pairs stay below U+110000, so there is always a scalar.
            guard let scalar = Unicode.Scalar(scalar) else { throw JSONError(.unpairedSurrogate, at: escapeOffset) }
            text.append(contentsOf: scalar.utf8)
        default:
            throw JSONError(.invalidEscape, at: escapeOffset)
        }
    }

    private mutating func parseHexadecimal(_ escapeOffset: Int) throws(JSONError) -> UInt16 {
        var value: UInt16 = 0
        for _ in 0..<4 {
            let digit: UInt8
            switch try next() {
            case let byte where byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9"): digit = byte - 0x30
            case let byte where byte >= UInt8(ascii: "a") && byte <= UInt8(ascii: "f"): digit = byte - 0x57
            case let byte where byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "F"): digit = byte - 0x37
            default: throw JSONError(.invalidEscape, at: escapeOffset)
            }
            value = value << 4 | UInt16(digit)
            position += 1
        }
        return value
    }
}
