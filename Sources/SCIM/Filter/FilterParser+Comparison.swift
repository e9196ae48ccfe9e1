// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON

extension FilterParser {
    /// The operator and the value that follow a path.
    mutating func parseComparison(of target: Target) throws(SCIMError) -> Filter {
        skipWhitespace()
        let offset = position
        let word = readWord()
        guard !word.isEmpty else { throw error("expected an operator such as eq instead of \(found())") }
        let name = word.lowercased()
        if name == "pr" {
            guard case .attribute(let path) = target else { return .constant(false) }
            return .present(path)
        }
        if name == "ne" { return try parseValue(of: target, .equal, at: offset).opposite }
        guard let comparison = Filter.Comparison(rawValue: name) else {
            let known = "eq, ne, co, sw, ew, gt, ge, lt, le and pr"
            throw error("\(Self.shortened(word)) is no operator; there are \(known)", at: offset)
        }
        return try parseValue(of: target, comparison, at: offset)
    }

    /// The value that follows the operator; `offset` is where the operator begins.
    private mutating func parseValue(
        of target: Target, _ comparison: Filter.Comparison, at offset: Int
    ) throws(SCIMError) -> Filter {
        guard case .attribute(let path) = target else {
            let (value, valueOffset) = try parseLiteral()
            guard value.isNull else { return .constant(false) }
            try checkNull(comparison, at: valueOffset)
            return .constant(true)
        }
        let simple = path.simple
        try check(comparison, simple ?? path, at: offset)
        let (value, valueOffset) = try parseLiteral()
        if value.isNull {
            try checkNull(comparison, at: valueOffset)
            return .not(.present(path))
        }
        guard let simple else {
            throw error("\(path) is complex; name one of its sub-attributes", at: offset)
        }
        return .compare(simple, comparison, try literal(value, for: simple, at: valueOffset))
    }

    private func checkNull(_ comparison: Filter.Comparison, at offset: Int) throws(SCIMError) {
        guard comparison == .equal else { throw error("null can be compared by eq and ne only", at: offset) }
    }

    /// Whether values of the attribute's type can be compared in this way (RFC 7644 table 3).
    private func check(
        _ comparison: Filter.Comparison, _ path: AttributePath, at offset: Int
    ) throws(SCIMError) {
        let isPossible =
            switch comparison {
            case .equal: true
            case .contains, .startsWith, .endsWith: path.leaf.isText
            case .greaterThan, .greaterOrEqual, .lessThan, .lessOrEqual:
                switch path.leaf.type {
                case .boolean, .binary, .complex: false
                case .string, .decimal, .integer, .dateTime, .reference: true
                }
            }
        guard !isPossible else { return }
        throw error("\(path) is \(path.leaf.type.noun), which \(comparison.rawValue) does not compare", at: offset)
    }

    // MARK: Values

    /// A JSON value without arrays and objects, and where it begins.
    private mutating func parseLiteral() throws(SCIMError) -> (JSONValue, offset: Int) {
        skipWhitespace()
        let start = position
        if peek() == UInt8(ascii: "\"") {
            position = endOfString
            let value = try parseJSON(from: start)
            guard value.stringValue?.utf8.contains(0) != true else {
                throw error("the string has U+0000, which no value contains", at: start)
            }
            return (value, start)
        }
        let word = readWord()
        if let keyword = Tolerance.keywordInAnyCase(word) { return (keyword, start) }
        guard let first = word.utf8.first else { throw error("expected a value instead of \(found())", at: start) }
        guard AttributeName.isDigit(first) || first == UInt8(ascii: "-") else {
            throw error("\(Self.shortened(word)) is no value; write texts in quotation marks", at: start)
        }
        guard case .number(let number) = try parseJSON(from: start) else {
            throw error("\(Self.shortened(word)) is no number", at: start)
        }
        return (.number(try inRange(number, at: start)), start)
    }

    /// Behind the closing quotation mark, or the end; `position` is at the opening one.
    private var endOfString: Int {
        var end = position + 1
        while end < bytes.count, bytes[end] != UInt8(ascii: "\"") { end += bytes[end] == UInt8(ascii: "\\") ? 2 : 1 }
        return min(end + 1, bytes.count)
    }

    /// What stands between `start` and `position`.
    private func parseJSON(from start: Int) throws(SCIMError) -> JSONValue {
        do throws(JSONError) {
            return try JSONValue(parsing: Array(bytes[start..<position]))
        } catch {
            let reason = error.kind == .unexpectedEnd ? "the value is not complete" : error.reason
            throw .invalidFilter(reason: reason, offset: start + error.offset)
        }
    }

    /// Numbers beyond `Double` are refused (RFC 8259 section 6 expects no more of readers); PostgreSQL's `numeric`, which
    /// does not take every exponent, takes all that remain.
    private func inRange(_ number: JSONNumber, at offset: Int) throws(SCIMError) -> JSONNumber {
        if number == 0 { return 0 }
        guard number.double.isFinite, number.double != 0 else {
            throw error("the number is out of range", at: offset)
        }
        return number
    }

    private func literal(
        _ value: JSONValue, for path: AttributePath, at offset: Int
    ) throws(SCIMError) -> Filter.Literal {
        switch path.leaf.type {
        case .boolean:
            guard let bool = value.boolValue ?? Tolerance.booleanAsString(value) else {
                throw error("\(path) is a Boolean; compare it with true or false", at: offset)
            }
            return .boolean(bool)
        case .integer, .decimal:
            guard case .number(let number) = value else {
                throw error("\(path) is a number; compare it with a number without quotation marks", at: offset)
            }
            return .number(number)
        case .dateTime:
            guard case .string(let text) = value, let instant = Timestamp(iso8601: text),
                // Of an hour before the year 1, or after 9999, there is no text in UTC.
                Timestamp(iso8601: instant.iso8601Microseconds) == instant
            else {
                throw error(
                    "\(path) is a date and time; compare it with a value such as \"2026-11-21T09:15:29Z\"", at: offset)
            }
            return .dateTime(instant)
        case .string, .reference, .binary, .complex:
            guard case .string(let text) = value else {
                throw error("\(path) is \(path.leaf.type.noun); compare it with a quoted value", at: offset)
            }
            return .string(text)
        }
    }
}

extension Filter {
    /// True where this is false, without `not` of `not`.
    fileprivate var opposite: Filter {
        switch self {
        case .constant(let value): .constant(!value)
        case .not(let filter): filter
        default: .not(self)
        }
    }
}

extension SchemaAttribute {
    /// Whether its values are compared as text.
    var isText: Bool {
        switch type {
        case .string, .reference, .binary: true
        case .boolean, .decimal, .integer, .dateTime, .complex: false
        }
    }
}

extension SchemaAttribute.Kind {
    /// For a sentence.
    var noun: String {
        switch self {
        case .string: "a string"
        case .boolean: "a Boolean"
        case .decimal, .integer: "a number"
        case .dateTime: "a date and time"
        case .reference: "a reference"
        case .binary: "binary"
        case .complex: "complex"
        }
    }
}
