// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// A distinguished name (RFC 4514) with the form that LDAP compares: attribute types and values without regard to
/// letter case, spaces around separators and the way a character was escaped.
struct DistinguishedName: Sendable {
    struct Component: Sendable {
        /// As sent, without spaces around it.
        let text: String
        /// As compared.
        let key: String
        /// Attribute type, lower case.
        let attribute: String
        /// Value without escapes.
        let value: String
    }

    let components: [Component]
    /// As compared; equal for names that mean the same object.
    let key: String

    var text: String { components.map(\.text).joined(separator: ",") }

    /// Nil for a name of one component.
    var parent: String? {
        components.count < 2 ? nil : components.dropFirst().map(\.text).joined(separator: ",")
    }

    init?(_ text: String) {
        let bytes = Array(text.utf8)
        var components: [Component] = []
        var start = 0
        var index = 0
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "\\") {
                index += 2
                continue
            }
            if bytes[index] == UInt8(ascii: ",") {
                guard let component = Component(bytes[start..<index]) else { return nil }
                components.append(component)
                start = index + 1
            }
            index += 1
        }
        guard let last = Component(bytes[start...]) else { return nil }
        components.append(last)
        self.components = components
        key = components.map(\.key).joined(separator: ",")
    }

    /// What follows the first component in the `text` or the `key` of a name, neither of which has spaces around its commas; nil for one component.
    static func parent(of text: String) -> String? {
        var isEscaped = false
        for index in text.utf8.indices {
            let byte = text.utf8[index]
            if byte == UInt8(ascii: ","), !isEscaped { return String(text[text.utf8.index(after: index)...]) }
            isEscaped = byte == UInt8(ascii: "\\") && !isEscaped
        }
        return nil
    }

    /// Whether the name is `base` or lies below it.
    func isWithin(_ base: DistinguishedName) -> Bool {
        components.count >= base.components.count
            && zip(components.suffix(base.components.count), base.components).allSatisfy { $0.key == $1.key }
    }

    /// The compared form of `text`, nil if it is not a distinguished name.
    static func key(of text: String) -> String? {
        simpleKey(of: text) ?? DistinguishedName(text)?.key
    }

    /// The compared form of a name in a list of names; nil if the server does not take it there: its rule for such values (`UDM_Objects` in
    /// `syntax.py`) knows no escaped comma and no escaped equals sign.
    static func listKey(of text: String) -> String? {
        if let key = simpleKey(of: text) { return key }
        guard let name = DistinguishedName(text),
            name.components.allSatisfy({ !$0.value.contains { $0 == "," || $0 == "=" } })
        else { return nil }
        return name.key
    }

    /// Escapes a value for use in a name (RFC 4514 section 2.4).
    static func escape(_ value: String) -> String {
        var escaped = ""
        let last = value.unicodeScalars.count - 1
        for (offset, scalar) in value.unicodeScalars.enumerated() {
            let isEdgeSpace = scalar == " " && (offset == 0 || offset == last)
            let isLeadingHash = scalar == "#" && offset == 0
            if isEdgeSpace || isLeadingHash || ",+\"\\<>;=".unicodeScalars.contains(scalar) {
                escaped.append("\\")
            }
            escaped.unicodeScalars.append(scalar)
        }
        return escaped
    }

    /// The usual case, without allocating components: plain ASCII, no escapes and no spaces at separators.
    ///
    /// A group of 100,000 members compares as many names for each replacement of its list.
    private static func simpleKey(of text: String) -> String? {
        var text = text
        return text.withUTF8 { bytes -> String? in
            guard let first = bytes.first, first != UInt8(ascii: " "), bytes.last != UInt8(ascii: " ") else {
                return nil
            }
            var hasValue = false
            var length = 0
            for (offset, byte) in bytes.enumerated() {
                switch byte {
                case UInt8(ascii: "\\"), UInt8(ascii: "+"), UInt8(ascii: ";"), 0x80...: return nil
                case UInt8(ascii: ","):
                    guard hasValue, length > 0 else { return nil }
                    hasValue = false
                    length = 0
                case UInt8(ascii: "="):
                    guard !hasValue, length > 0 else { return nil }
                    hasValue = true
                    length = 0
                case UInt8(ascii: " "):
                    let next = bytes[offset + 1]
                    guard length > 0, next != UInt8(ascii: ","), next != UInt8(ascii: "=") else { return nil }
                    length += 1
                default: length += 1
                }
            }
            guard hasValue, length > 0 else { return nil }
            return String(unsafeUninitializedCapacity: bytes.count) { target in
                for (offset, byte) in bytes.enumerated() {
                    target[offset] = (0x41...0x5A).contains(byte) ? byte | 0x20 : byte
                }
                return bytes.count
            }
        }
    }
}

extension DistinguishedName.Component {
    fileprivate init?(_ raw: ArraySlice<UInt8>) {
        let raw = Self.trimmed(raw)
        guard let equals = raw.firstIndex(of: UInt8(ascii: "=")) else { return nil }
        let type = Self.trimmed(raw[raw.startIndex..<equals])
        guard !type.isEmpty, type.allSatisfy(Self.isTypeByte) else { return nil }
        guard let value = Self.unescaped(Self.trimmed(raw[(equals + 1)...])), !value.isEmpty,
            let text = String(validating: raw, as: UTF8.self), let plain = String(validating: value, as: UTF8.self)
        else { return nil }
        self.text = text
        attribute = String(decoding: type, as: UTF8.self).lowercased()
        self.value = plain
        var key = Array(attribute.utf8)
        key.append(UInt8(ascii: "="))
        for byte in plain.lowercased().utf8 {
            switch byte {
            case UInt8(ascii: ","), UInt8(ascii: "\\"), UInt8(ascii: "+"), UInt8(ascii: ";"):
                key.append(UInt8(ascii: "\\"))
            default: break
            }
            key.append(byte)
        }
        self.key = String(decoding: key, as: UTF8.self)
    }

    private static func isTypeByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."):
            true
        default: false
        }
    }

    /// Without spaces at both ends; an escaped space at the end stays.
    private static func trimmed(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var bytes = bytes.drop { $0 == UInt8(ascii: " ") }
        while bytes.last == UInt8(ascii: " "), bytes.dropLast().last != UInt8(ascii: "\\") { bytes.removeLast() }
        return bytes
    }

    private static func unescaped(_ bytes: ArraySlice<UInt8>) -> [UInt8]? {
        guard bytes.contains(UInt8(ascii: "\\")) else { return Array(bytes) }
        var result: [UInt8] = []
        var index = bytes.startIndex
        while index < bytes.endIndex {
            guard bytes[index] == UInt8(ascii: "\\") else {
                result.append(bytes[index])
                index += 1
                continue
            }
            guard index + 1 < bytes.endIndex else { return nil }
            if index + 2 < bytes.endIndex, let high = Hex.value(of: bytes[index + 1]),
                let low = Hex.value(of: bytes[index + 2])
            {
                result.append(high << 4 | low)
                index += 3
            } else {
                result.append(bytes[index + 1])
                index += 2
            }
        }
        return result
    }
}
