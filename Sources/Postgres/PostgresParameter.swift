// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// The value of `$1`, `$2` …; the comment names the type that the statement casts it to.
package enum PostgresParameter: Sendable {
    /// NULL of any type.
    case null
    /// `text`, or any type that PostgreSQL reads from text. U+0000 is refused, as the server would.
    case text(String)
    /// `jsonb` or `json`: UTF-8 JSON text.
    case json([UInt8])
    /// `bytea`
    case bytes([UInt8])
    /// `int8`
    case int(Int64)
    /// `float8`
    case double(Double)
    /// `bool`
    case bool(Bool)
    /// `uuid`, its first and last 8 bytes as big-endian numbers.
    case uuid(high: UInt64, low: UInt64)
    /// `timestamptz`: microseconds since the Unix epoch.
    case timestamp(Int64)
    /// `text[]`
    case textArray([String?])
    /// `jsonb[]`: UTF-8 JSON texts.
    case jsonArray([[UInt8]?])
    /// `bytea[]`
    case bytesArray([[UInt8]?])
    /// `int8[]`
    case intArray([Int64?])
    /// `bool[]`
    case boolArray([Bool])
    /// `uuid[]`
    case uuidArray([(high: UInt64, low: UInt64)?])
    /// `timestamptz[]`: microseconds since the Unix epoch.
    case timestampArray([Int64?])

    /// Whether both are the same value and no array; arrays are not worth the look.
    func isSameScalar(as other: PostgresParameter) -> Bool {
        switch (self, other) {
        case (.null, .null): true
        case (.text(let left), .text(let right)): left == right
        case (.int(let left), .int(let right)): left == right
        case (.bool(let left), .bool(let right)): left == right
        case (.uuid(let high, let low), .uuid(let otherHigh, let otherLow)): high == otherHigh && low == otherLow
        case (.timestamp(let left), .timestamp(let right)): left == right
        default: false
        }
    }
}
