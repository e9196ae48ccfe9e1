// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// One RESP2 reply.
package enum RedisReply: Sendable, Hashable {
    /// The nil bulk string or the nil array.
    case null
    case integer(Int64)
    /// A simple string such as `OK` or `PONG`.
    case status(String)
    /// A bulk string, any bytes.
    case bulk([UInt8])
    case array([RedisReply])
    /// An error inside an array; an error as the whole reply is thrown instead.
    case error(RedisError)

    /// The text of a bulk string (invalid UTF-8 repaired) or of a status; `nil` for anything else.
    package var string: String? {
        switch self {
        case .bulk(let bytes): String(decoding: bytes, as: UTF8.self)
        case .status(let text): text
        default: nil
        }
    }

    /// An integer reply, or a bulk string that is a decimal integer.
    package var integer: Int64? {
        switch self {
        case .integer(let value): value
        case .bulk(let bytes): Int64(String(decoding: bytes, as: UTF8.self))
        default: nil
        }
    }

    package var array: [RedisReply]? {
        guard case .array(let elements) = self else { return nil }
        return elements
    }

    package var isNull: Bool { self == .null }
}
