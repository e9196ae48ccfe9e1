// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// Why a text is not JSON, or not JSON within the limits.
package struct JSONError: Error, Hashable, Sendable {
    /// What is wrong with the text.
    package enum Kind: Hashable, Sendable {
        /// The text ends inside a value, or is empty.
        case unexpectedEnd
        /// A byte that the grammar of RFC 8259 does not allow here.
        case unexpectedByte(UInt8)
        /// A control character (below U+0020) stands unescaped in a string.
        case controlCharacter(UInt8)
        /// A byte sequence in a string that is not UTF-8.
        case invalidUTF8
        /// A backslash followed by something other than the escapes of RFC 8259 section 7.
        case invalidEscape
        /// `\u` with half of a surrogate pair, which no Unicode text contains.
        case unpairedSurrogate
        /// Something that begins like a number and is none, such as `01`, `1.` or `-`.
        case invalidNumber
        /// An object names a member twice; which one counts would depend on the reader.
        case duplicateKey(String)
        case tooDeep(limit: Int)
        /// The text has more bytes than the limit.
        case tooLarge(limit: Int)
        case tooManyMembers(limit: Int)
        case tooManyElements(limit: Int)
        case tooManyValues(limit: Int)
        /// Of a text that is read in pieces: one value has more bytes than the limit.
        case valueTooLarge(limit: Int)
        /// Of a text that is read in pieces: the members of its object, the arrays that are split up apart, have more bytes together.
        case membersTooLarge(limit: Int)
        /// Something other than white space follows the value.
        case trailingBytes
    }

    package let kind: Kind
    /// Byte at which the trouble begins, counted from 0; the length of the text for ``Kind/unexpectedEnd``.
    package let offset: Int

    package init(_ kind: Kind, at offset: Int) {
        self.kind = kind
        self.offset = offset
    }
}

extension JSONError: CustomStringConvertible {
    /// One sentence without a full stop, fit for the detail of an answer.
    package var description: String { "\(reason) (at byte \(offset))" }

    /// The sentence without the offset.
    package var reason: String {
        switch kind {
        case .unexpectedEnd: "the text ends too early"
        case .unexpectedByte(let byte): "\(Self.name(of: byte)) is not expected here"
        case .controlCharacter(let byte): "\(Self.name(of: byte)) must be escaped in a string"
        case .invalidUTF8: "a string is not UTF-8"
        case .invalidEscape: "a string has an escape that JSON does not know"
        case .unpairedSurrogate: "a string has half of a surrogate pair"
        case .invalidNumber: "a number is malformed"
        case .duplicateKey(let key): "the member \(JSONValue.string(key).text) occurs twice in its object"
        case .tooDeep(let limit): "arrays and objects are nested deeper than \(limit)"
        case .tooLarge(let limit): "the text is longer than \(limit) bytes"
        case .tooManyMembers(let limit): "an object has more than \(limit) members"
        case .tooManyElements(let limit): "an array has more than \(limit) elements"
        case .tooManyValues(let limit): "there are more than \(limit) values"
        case .valueTooLarge(let limit): "a value is longer than \(limit) bytes"
        case .membersTooLarge(let limit): "an object is longer than \(limit) bytes even without its long lists"
        case .trailingBytes: "something follows the value"
        }
    }

    private static func name(of byte: UInt8) -> String {
        if byte > 0x20 && byte < 0x7F { return "'\(Character(Unicode.Scalar(byte)))'" }
        let digits = String(byte, radix: 16, uppercase: true)
        return "byte 0x\(digits.count == 1 ? "0" : "")\(digits)"
    }
}
