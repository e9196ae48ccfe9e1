// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON

extension Filter: CustomStringConvertible {
    /// The filter in its canonical text: names in the spelling of the schemas, a blank between tokens, only the
    /// parentheses that are needed. It parses to the same filter again, if it is not too long: it can have more bytes
    /// than what the client sent.
    package var description: String {
        var text: [UInt8] = []
        append(to: &text)
        return String(decoding: text, as: UTF8.self)
    }

    private func append(to text: inout [UInt8]) {
        switch self {
        // No attribute of this path is ever defined, because `id` is not complex.
        case .constant(let value): text.append(contentsOf: (value ? "id.none eq null" : "id.none pr").utf8)
        case .present(let path): text.append(contentsOf: "\(path) pr".utf8)
        case .compare(let path, let comparison, let literal):
            Self.append(path, comparison.rawValue, literal, to: &text)
        case .not(.present(let path)): text.append(contentsOf: "\(path) eq null".utf8)
        case .not(.compare(let path, .equal, let literal)): Self.append(path, "ne", literal, to: &text)
        case .not(let filter):
            text.append(contentsOf: "not (".utf8)
            filter.append(to: &text)
            text.append(UInt8(ascii: ")"))
        case .and(let filters):
            Self.append(filters, joinedBy: " and ", to: &text) { filter in
                switch filter {
                case .and, .or: true
                default: false
                }
            }
        case .or(let filters):
            Self.append(filters, joinedBy: " or ", to: &text) { if case .or = $0 { true } else { false } }
        case .value(let path, let filter):
            text.append(contentsOf: "\(path)[".utf8)
            filter.append(to: &text)
            text.append(UInt8(ascii: "]"))
        }
    }

    private static func append(
        _ path: AttributePath, _ comparison: String, _ literal: Literal, to text: inout [UInt8]
    ) {
        text.append(contentsOf: "\(path) \(comparison) ".utf8)
        switch literal {
        case .string(let value): appendJSONString(value, to: &text)
        case .boolean(let value): JSONValue.bool(value).append(to: &text)
        case .number(let value): JSONValue.number(value).append(to: &text)
        case .dateTime(let value): appendJSONString(value.iso8601Microseconds, to: &text)
        }
    }

    private static func append(
        _ filters: [Filter], joinedBy word: String, to text: inout [UInt8], inParentheses: (Filter) -> Bool
    ) {
        for (index, filter) in filters.enumerated() {
            if index > 0 { text.append(contentsOf: word.utf8) }
            let isNested = inParentheses(filter)
            if isNested { text.append(UInt8(ascii: "(")) }
            filter.append(to: &text)
            if isNested { text.append(UInt8(ascii: ")")) }
        }
    }
}
