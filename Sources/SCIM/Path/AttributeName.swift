// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// The syntax of attribute names: ATTRNAME of RFC 7644 figure 1, and `$` for `$ref`.
enum AttributeName {
    /// The first byte of `name` that no attribute name has there, with a sentence about it; nil for a name.
    static func fault(in name: some Collection<UInt8>) -> (reason: String, offset: Int)? {
        guard let first = name.first else { return ("an attribute name is missing", 0) }
        guard isLetter(first) || first == UInt8(ascii: "$") else {
            return ("an attribute name begins with a letter", 0)
        }
        for (offset, byte) in name.enumerated() where !isNameCharacter(byte) {
            return byte == UInt8(ascii: ".")
                ? ("a path has one sub-attribute at most", offset)
                : ("an attribute name has letters, digits, - and _ only", offset)
        }
        return nil
    }

    static func isLetter(_ byte: UInt8) -> Bool {
        byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "z")
    }

    static func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }

    private static func isNameCharacter(_ byte: UInt8) -> Bool {
        isLetter(byte) || isDigit(byte) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
            || byte == UInt8(ascii: "$")
    }
}
