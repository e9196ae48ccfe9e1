// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// A JSON number, kept exactly as it was written.
///
/// Two numbers are equal when they have the same value: `1`, `1.0` and `10e-1` are equal, though each is written back
/// as it came. (PostgreSQL's `jsonb` turns `1e2` into `100`; that must not look like a change.)
package struct JSONNumber: Sendable {
    private enum Storage {
        case int64(Int64)
        case literal(String)
    }

    private let storage: Storage

    package init(_ value: Int64) { storage = .int64(value) }

    /// - Precondition: `value` is finite; JSON has no other numbers.
    package init(_ value: Double) {
        precondition(value.isFinite, "JSON has no number for \(value)")
        storage = .literal(value.description)
    }

    /// A number of the grammar of RFC 8259 section 6; nil for any other text.
    package init?(literal: String) {
        guard let number = Self.parse(literal) else { return nil }
        self = number
    }

    /// `literal` was checked by the parser, and is not the canonical text of an `Int64`.
    init(checkedLiteral literal: String) { storage = .literal(literal) }

    /// The value of a number that is written without fraction and exponent and fits; `1.0` has none.
    package var int64: Int64? {
        switch storage {
        case .int64(let value): value
        case .literal(let text): text == "-0" ? 0 : nil
        }
    }

    /// The nearest `Double`; infinite when the number is beyond its range.
    package var double: Double {
        switch storage {
        case .int64(let value): Double(value)
        // The grammar of JSON numbers is a part of what Double reads, so there is always a value.
        case .literal(let text): Double(text) ?? .nan
        }
    }

    package var literal: String {
        switch storage {
        case .int64(let value): String(value)
        case .literal(let text): text
        }
    }

    private static func parse(_ literal: String) -> JSONNumber? {
        var literal = literal
        return literal.withUTF8 { bytes in
            // A JSON text may have blanks around the number, a literal may not.
            guard let first = bytes.first, let last = bytes.last else { return nil }
            guard first == UInt8(ascii: "-") || isDigit(first), isDigit(last) else { return nil }
            guard case .number(let number) = try? JSONValue(parsing: UnsafeRawBufferPointer(bytes)) else { return nil }
            return number
        }
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }
}

extension JSONNumber: Hashable {
    package static func == (left: Self, right: Self) -> Bool {
        switch (left.storage, right.storage) {
        case (.int64(let a), .int64(let b)): a == b
        case (.literal(let a), .literal(let b)) where a == b: true
        default: left.decimal == right.decimal
        }
    }

    /// Equal values have the same nearest Double, and few others share it.
    package func hash(into hasher: inout Hasher) { hasher.combine(double) }

    private var decimal: Decimal { Decimal(literal) }

    /// The value as 0.d1d2d3… × 10^exponent with no zero at either end, so that equal values are equal here.
    private struct Decimal: Comparable {
        var isNegative = false
        var digits: [UInt8] = []
        var exponent = 0
        /// Set when `exponent` is beyond `Int` and therefore at its end: such numbers are equal only when written alike.
        var hugeLiteral: String?

        init(_ literal: String) {
            var pointSeen = false
            var integerDigits = 0
            var rest = literal.utf8[...]
            if rest.first == UInt8(ascii: "-") {
                isNegative = true
                rest = rest.dropFirst()
            }
            while let byte = rest.first, byte != UInt8(ascii: "e"), byte != UInt8(ascii: "E") {
                rest = rest.dropFirst()
                if byte == UInt8(ascii: ".") {
                    pointSeen = true
                } else {
                    digits.append(byte)
                    if !pointSeen { integerDigits += 1 }
                }
            }
            let leadingZeros = digits.prefix { $0 == UInt8(ascii: "0") }.count
            digits.removeFirst(leadingZeros)
            while digits.last == UInt8(ascii: "0") { digits.removeLast() }
            guard !digits.isEmpty else {
                isNegative = false
                return
            }
            exponent = integerDigits - leadingZeros
            guard !rest.isEmpty else { return }
            let written = Int(Substring(rest.dropFirst()))
            if let written, case (let sum, false) = exponent.addingReportingOverflow(written) {
                exponent = sum
            } else {
                exponent = rest.dropFirst().first == UInt8(ascii: "-") ? .min : .max
                hugeLiteral = literal
            }
        }

        static func < (left: Self, right: Self) -> Bool {
            guard left.sign == right.sign else { return left.sign < right.sign }
            return left.isNegative ? right.isCloserToZero(than: left) : left.isCloserToZero(than: right)
        }

        private var sign: Int { digits.isEmpty ? 0 : isNegative ? -1 : 1 }

        private func isCloserToZero(than other: Self) -> Bool {
            guard exponent == other.exponent else { return exponent < other.exponent }
            guard digits == other.digits else { return digits.lexicographicallyPrecedes(other.digits) }
            return (hugeLiteral ?? "") < (other.hugeLiteral ?? "")
        }
    }
}

extension JSONNumber: Comparable {
    /// By value. Numbers whose exponents are beyond `Int` are greater, or closer to zero, than all others; their order
    /// among each other is a total one, but not by value.
    package static func < (left: Self, right: Self) -> Bool {
        switch (left.storage, right.storage) {
        case (.int64(let a), .int64(let b)): a < b
        default: left.decimal < right.decimal
        }
    }
}

extension JSONNumber: ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral {
    package init(integerLiteral value: Int64) { self.init(value) }
    package init(floatLiteral value: Double) { self.init(value) }
}
