// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import SCIM

/// The page that a list request asks for (RFC 7644 section 3.4.2.4).
struct Page: Equatable, Sendable {
    /// Counted from 1.
    let startIndex: Int
    let count: Int

    /// A `startIndex` below 1 is 1, a negative `count` is 0, and one beyond the limit is the limit.
    init(_ query: QueryParameters, limits: RequestLimits) throws(SCIMError) {
        startIndex = max(1, try Page.integer("startIndex", of: query) ?? 1)
        let count = try Page.integer("count", of: query) ?? limits.defaultPageSize
        self.count = min(max(0, count), limits.maximumPageSize)
    }

    private static func integer(_ name: String, of query: QueryParameters) throws(SCIMError) -> Int? {
        guard let text = query[name] else { return nil }
        let digits = text.utf8.first == UInt8(ascii: "-") ? text.utf8.dropFirst() : text.utf8[...]
        guard !digits.isEmpty, digits.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }) else {
            throw .invalidValue(attribute: name, reason: "must be a whole number, not \"\(text.prefix(40))\"")
        }
        // Far beyond any list either way; PostgreSQL's offset is a signed 64-bit number.
        return Int(text).map { min(max($0, -1), Int(Int32.max)) } ?? (text.hasPrefix("-") ? -1 : Int(Int32.max))
    }
}
