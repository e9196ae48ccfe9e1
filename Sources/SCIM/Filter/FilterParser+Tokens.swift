// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

extension FilterParser {
    func peek() -> UInt8? { position < bytes.count ? bytes[position] : nil }

    mutating func skipWhitespace() {
        while let byte = peek(), Self.isWhitespace(byte) { position += 1 }
    }

    /// Takes everything up to white space, a parenthesis, a bracket, a quotation mark or the end.
    mutating func readWord() -> String {
        let end = endOfWord
        defer { position = end }
        return String(decoding: bytes[position..<end], as: UTF8.self)
    }

    /// Takes white space, the word if it is there, and then the white space behind it.
    mutating func skipKeyword(_ keyword: String) -> Bool {
        skipWhitespace()
        let end = endOfWord
        guard end - position == keyword.utf8.count,
            String(decoding: bytes[position..<end], as: UTF8.self).equalsIgnoringASCIICase(keyword)
        else { return false }
        position = end
        skipWhitespace()
        return true
    }

    private var endOfWord: Int {
        var end = position
        while end < bytes.count, !Self.isWhitespace(bytes[end]), !Self.isDelimiter(bytes[end]) { end += 1 }
        return end
    }

    static func isWhitespace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D
    }

    private static func isDelimiter(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "\""): true
        default: false
        }
    }

    // MARK: Errors

    /// `offset`: nil is the current position.
    func error(_ reason: String, at offset: Int? = nil) -> SCIMError {
        .invalidFilter(reason: reason, offset: offset ?? position)
    }

    /// What stands at the current position, for a sentence.
    func found() -> String {
        guard position < bytes.count else { return "the end" }
        let end = max(endOfWord, position + 1)
        return Self.shortened(String(decoding: bytes[position..<end], as: UTF8.self))
    }

    /// A piece of the client's text for a sentence.
    static func shortened(_ text: String, to count: Int = 32) -> String {
        let beginning = text.unicodeScalars.prefix(count)
        return beginning.endIndex == text.endIndex ? text : "\(String(beginning))…"
    }
}
