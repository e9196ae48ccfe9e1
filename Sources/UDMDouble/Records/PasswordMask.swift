// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import JSON

/// The text of a body that may be kept: passwords are replaced by `***`.
enum PasswordMask {
    /// - Parameter parsed: the body's value; nil if it is no JSON, of which nothing is kept that might be a password.
    static func text(_ body: [UInt8], parsed: JSONValue?, limit: Int) -> String? {
        guard !body.isEmpty else { return nil }
        guard let parsed else { return "*** (\(body.count) bytes that are no JSON)" }
        return cut(mayHoldPassword(body) ? mask(parsed).serialize() : body, limit)
    }

    private static func cut(_ bytes: [UInt8], _ limit: Int) -> String {
        bytes.count <= limit
            ? String(decoding: bytes, as: UTF8.self)
            : String(decoding: bytes.prefix(limit), as: UTF8.self) + "… (\(bytes.count) bytes)"
    }

    /// A backslash can hide the word behind escapes.
    private static func mayHoldPassword(_ body: [UInt8]) -> Bool {
        body.withUnsafeBytes { bytes in
            let word: StaticString = "password"
            var start = 0
            while let base = bytes.baseAddress, start < bytes.count,
                let found = memchr(base + start, CInt(word.utf8Start.pointee), bytes.count - start)
            {
                start = base.distance(to: found)
                if bytes.count - start >= word.utf8CodeUnitCount,
                    memcmp(found, word.utf8Start, word.utf8CodeUnitCount) == 0
                {
                    return true
                }
                start += 1
            }
            return bytes.contains(UInt8(ascii: "\\"))
        }
    }

    private static func mask(_ value: JSONValue) -> JSONValue {
        switch value {
        case .array(let elements): return .array(elements.map(mask))
        case .object(var object):
            // A JSON Patch operation names the property in its path.
            let isPatch = object["path"]?.stringValue?.hasSuffix("/password") == true
            for (key, value) in object {
                if key == "password" || isPatch && key == "value" {
                    object[key] = value.isNull ? .null : "***"
                } else {
                    object[key] = mask(value)
                }
            }
            return .object(object)
        default: return value
        }
    }
}
