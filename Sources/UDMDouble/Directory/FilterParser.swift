// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// Reads a filter in parentheses.
struct FilterParser {
    private static let deepest = 50

    private let bytes: [UInt8]
    private var index = 0

    init(_ text: String) { bytes = Array(text.utf8) }

    mutating func parse() -> Filter? {
        guard let filter = filter(depth: 0) else { return nil }
        while index < bytes.count, bytes[index] == UInt8(ascii: " ") { index += 1 }
        return index == bytes.count ? filter : nil
    }

    private mutating func filter(depth: Int) -> Filter? {
        guard depth < Self.deepest, take("(") else { return nil }
        let filter: Filter?
        if take("&") {
            filter = list(depth: depth).map(Filter.and)
        } else if take("|") {
            filter = list(depth: depth).map(Filter.or)
        } else if take("!") {
            filter = self.filter(depth: depth + 1).map(Filter.not)
        } else {
            filter = comparison()
        }
        return take(")") ? filter : nil
    }

    private mutating func list(depth: Int) -> [Filter]? {
        var filters: [Filter] = []
        while index < bytes.count, bytes[index] == UInt8(ascii: "(") {
            guard let filter = filter(depth: depth + 1) else { return nil }
            filters.append(filter)
        }
        return filters.isEmpty ? nil : filters
    }

    private mutating func comparison() -> Filter? {
        let start = index
        while index < bytes.count, Self.isAttributeByte(bytes[index]) { index += 1 }
        guard index > start, index < bytes.count else { return nil }
        let attribute = String(decoding: bytes[start..<index], as: UTF8.self)
        if take(">"), take("=") { return value().flatMap { single($0) }.map { .atLeast(attribute, $0) } }
        if take("<"), take("=") { return value().flatMap { single($0) }.map { .atMost(attribute, $0) } }
        _ = take("~")
        guard take("="), let parts = value() else { return nil }
        if parts.count == 1 { return .equal(attribute, parts[0]) }
        return parts.allSatisfy(\.isEmpty) ? .present(attribute) : Filter.substrings(attribute, parts: parts)
    }

    private func single(_ parts: [String]) -> String? { parts.count == 1 ? parts[0] : nil }

    /// The value up to the closing parenthesis, split at unescaped asterisks.
    private mutating func value() -> [String]? {
        var parts: [[UInt8]] = [[]]
        while index < bytes.count, bytes[index] != UInt8(ascii: ")") {
            let byte = bytes[index]
            switch byte {
            case UInt8(ascii: "("), 0: return nil
            case UInt8(ascii: "*"):
                parts.append([])
                index += 1
            case UInt8(ascii: "\\"):
                guard index + 2 < bytes.count, let high = Hex.value(of: bytes[index + 1]),
                    let low = Hex.value(of: bytes[index + 2])
                else { return nil }
                parts[parts.count - 1].append(high << 4 | low)
                index += 3
            default:
                parts[parts.count - 1].append(byte)
                index += 1
            }
        }
        return parts.map { String(decoding: $0, as: UTF8.self) }
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard index < bytes.count, bytes[index] == UInt8(ascii: character) else { return false }
        index += 1
        return true
    }

    private static func isAttributeByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."),
            UInt8(ascii: ";"):
            true
        default: false
        }
    }
}
