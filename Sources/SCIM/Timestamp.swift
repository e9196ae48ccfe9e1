// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#endif

/// An instant in UTC with microseconds, which is what PostgreSQL's `timestamptz` keeps.
package struct Timestamp: Sendable, Hashable {
    /// Microseconds since 1970-01-01T00:00:00Z, leap seconds not counted.
    package let microsecondsSinceEpoch: Int64

    package init(microsecondsSinceEpoch: Int64) { self.microsecondsSinceEpoch = microsecondsSinceEpoch }

    /// By the clock of this machine.
    package static func now() -> Timestamp {
        var time = timespec()
        // Cannot fail: the clock exists and the address is valid.
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(microsecondsSinceEpoch: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000)
    }

    package func advanced(by duration: Duration) -> Timestamp {
        let (seconds, attoseconds) = duration.components
        return Timestamp(
            microsecondsSinceEpoch: microsecondsSinceEpoch + seconds * 1_000_000 + attoseconds / 1_000_000_000_000)
    }

    package func duration(to other: Timestamp) -> Duration {
        .microseconds(other.microsecondsSinceEpoch - microsecondsSinceEpoch)
    }

    /// Such as `2026-11-21T09:15:29.900Z`; what is below a millisecond is cut off.
    package var iso8601Milliseconds: String { text(fractionDigits: 3) }

    /// Such as `2026-11-21T09:15:29.900123Z`.
    package var iso8601Microseconds: String { text(fractionDigits: 6) }

    /// Appends ``iso8601Milliseconds``.
    package func append(to bytes: inout [UInt8]) { write(fractionDigits: 3, to: &bytes) }

    private func text(fractionDigits: Int) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(32)
        write(fractionDigits: fractionDigits, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    private func write(fractionDigits: Int, to bytes: inout [UInt8]) {
        let (days, timeOfDay) = Self.floorDivide(microsecondsSinceEpoch, by: Self.microsecondsPerDay)
        let (year, month, day) = Self.date(days: days)
        if year < 0 { bytes.append(UInt8(ascii: "-")) }
        Self.append(year.magnitude, digits: 4, to: &bytes)
        bytes.append(UInt8(ascii: "-"))
        Self.append(UInt64(month), digits: 2, to: &bytes)
        bytes.append(UInt8(ascii: "-"))
        Self.append(UInt64(day), digits: 2, to: &bytes)
        bytes.append(UInt8(ascii: "T"))
        let (seconds, microseconds) = UInt64(timeOfDay).quotientAndRemainder(dividingBy: 1_000_000)
        Self.append(seconds / 3600, digits: 2, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
        Self.append(seconds / 60 % 60, digits: 2, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
        Self.append(seconds % 60, digits: 2, to: &bytes)
        bytes.append(UInt8(ascii: "."))
        Self.append(fractionDigits == 3 ? microseconds / 1000 : microseconds, digits: fractionDigits, to: &bytes)
        bytes.append(UInt8(ascii: "Z"))
    }

    private static func append(_ number: UInt64, digits: Int, to bytes: inout [UInt8]) {
        var power: UInt64 = 1
        for _ in 1..<digits { power *= 10 }
        while number / power >= 10 { power *= 10 }
        while power > 0 {
            bytes.append(UInt8(ascii: "0") + UInt8(number / power % 10))
            power /= 10
        }
    }

    private static let microsecondsPerDay: Int64 = 86_400_000_000

    private static func floorDivide(_ value: Int64, by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }

    // The two functions below count years from March, so that the leap day is the last of its year, in eras of 400
    // years of 146,097 days each. 719,468 days lie between 0000-03-01 and 1970-01-01.

    private static func date(days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let (era, dayOfEra) = floorDivide(days + 719_468, by: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }

    private static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
        let (era, yearOfEra) = floorDivide(month <= 2 ? year - 1 : year, by: 400)
        let monthFromMarch = month > 2 ? month - 3 : month + 9
        let dayOfYear = (153 * monthFromMarch + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}

extension Timestamp {
    /// Reads an `xsd:dateTime` with a year of four digits (RFC 7643 section 2.3.5), such as `2026-11-21T09:15:29Z` or
    /// `2026-11-21T10:15:29.9+01:00`. Without a time zone it is UTC; what is below a microsecond is cut off.
    package init?(iso8601 text: String) {
        var digits = DigitReader(text)
        guard let year = digits.number(of: 4), digits.skip("-"), let month = digits.number(of: 2), digits.skip("-"),
            let day = digits.number(of: 2), digits.skip("T"), let hour = digits.number(of: 2), digits.skip(":"),
            let minute = digits.number(of: 2), digits.skip(":"), let second = digits.number(of: 2)
        else { return nil }
        var microseconds: Int64 = 0
        if digits.skip(".") {
            guard let fraction = digits.fraction() else { return nil }
            microseconds = fraction
        }
        guard let offsetMinutes = digits.timeZone(), digits.isAtEnd else { return nil }
        guard year > 0, (1...12).contains(month), day >= 1, day <= Self.length(ofMonth: month, in: year) else {
            return nil
        }
        // xsd:dateTime writes the midnight that ends a day as 24:00:00.
        let endsDay = hour == 24 && minute == 0 && second == 0 && microseconds == 0
        guard hour < 24 || endsDay, minute < 60, second < 60 else { return nil }
        let seconds = Self.days(year: year, month: month, day: day) * 86_400 + hour * 3600 + minute * 60 + second
        self.init(microsecondsSinceEpoch: (seconds - offsetMinutes * 60) * 1_000_000 + microseconds)
    }

    private static func length(ofMonth month: Int64, in year: Int64) -> Int64 {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    private struct DigitReader {
        private var rest: Substring.UTF8View

        init(_ text: String) { rest = text[...].utf8 }

        var isAtEnd: Bool { rest.isEmpty }

        mutating func skip(_ character: Unicode.Scalar) -> Bool {
            guard let byte = rest.first, byte == UInt8(ascii: character) else { return false }
            rest.removeFirst()
            return true
        }

        mutating func number(of count: Int) -> Int64? {
            var number: Int64 = 0
            for _ in 0..<count {
                guard let digit = digit() else { return nil }
                number = number * 10 + digit
            }
            return number
        }

        mutating func fraction() -> Int64? {
            guard let first = digit() else { return nil }
            var microseconds = first * 100_000
            var unit: Int64 = 10_000
            while let next = digit() {
                microseconds += next * unit
                unit /= 10
            }
            return microseconds
        }

        /// Minutes east of UTC.
        mutating func timeZone() -> Int64? {
            if isAtEnd || skip("Z") { return 0 }
            let sign: Int64
            if skip("+") {
                sign = 1
            } else if skip("-") {
                sign = -1
            } else {
                return nil
            }
            guard let hours = number(of: 2), skip(":"), let minutes = number(of: 2) else { return nil }
            guard minutes < 60, hours < 14 || (hours == 14 && minutes == 0) else { return nil }
            return sign * (hours * 60 + minutes)
        }

        private mutating func digit() -> Int64? {
            guard let byte = rest.first, byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
            rest.removeFirst()
            return Int64(byte - UInt8(ascii: "0"))
        }
    }
}

extension Timestamp: Comparable {
    package static func < (left: Self, right: Self) -> Bool {
        left.microsecondsSinceEpoch < right.microsecondsSinceEpoch
    }
}

extension Timestamp: CustomStringConvertible {
    package var description: String { iso8601Microseconds }
}
