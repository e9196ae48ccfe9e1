// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON

/// The `ts` of a message: what the service's model takes for a point in time, and how it comes back.
///
/// The model is pydantic's `datetime`, serialised with Python's `isoformat()`: `Z` becomes `+00:00`, a time without
/// zone stays without, numbers are seconds (or milliseconds beyond 20,000,000,000) since the Unix epoch.
enum MessageTime {
    enum Problem: Error, Equatable {
        case notATime
        case invalid(String)
        case invalidDate(String)
    }

    /// The time as a subscriber sees it, such as `2026-11-21T01:02:03.456000+00:00`.
    static func normalised(_ value: JSONValue) throws(Problem) -> String {
        switch value {
        case .string(let text): try normalised(Array(text.utf8))
        case .number(let number):
            if let seconds = number.int64 { try epoch(seconds) } else { try epoch(number.double) }
        default: throw .notATime
        }
    }

    private static func normalised(_ text: [UInt8]) throws(Problem) -> String {
        if let number = decimal(text) {
            do {
                if let seconds = Int64(number) { return try epoch(seconds) }
                if let seconds = Double(number), number.utf8.contains(UInt8(ascii: ".")) { return try epoch(seconds) }
            } catch .invalid(let reason) {
                throw .invalidDate(reason)
            }
        }
        let date = try date(text)
        if text.count == 10 { return isoFormat(date, DayTime()) }
        guard let time = dayTime(text[10...]) else {
            throw .invalidDate("unexpected extra characters at the end of the input")
        }
        return isoFormat(date, time)
    }

    // MARK: Numbers

    private static let firstMillisecond: Int64 = -62_135_596_800_000
    private static let lastMillisecond: Int64 = 253_402_300_799_999
    /// A number farther from zero counts milliseconds.
    private static let watershed: Int64 = 20_000_000_000

    private static func epoch(_ number: Int64) throws(Problem) -> String {
        if number.magnitude <= watershed.magnitude { return isoFormat(seconds: number, microseconds: 0) }
        try checkRange(milliseconds: Double(number))
        let seconds = floorDivision(number, by: 1000)
        return isoFormat(seconds: seconds, microseconds: (number - seconds * 1000) * 1000)
    }

    private static func epoch(_ number: Double) throws(Problem) -> String {
        let isMilliseconds = number.magnitude > Double(watershed)
        try checkRange(milliseconds: isMilliseconds ? number : number * 1000)
        var seconds = (isMilliseconds ? number / 1000 : number).rounded(.down)
        let rest = isMilliseconds ? (number - seconds * 1000) * 1000 : (number - seconds) * 1_000_000
        var microseconds = rest.rounded(.toNearestOrAwayFromZero)
        if microseconds >= 1_000_000 {
            seconds += 1
            microseconds = 0
        }
        return isoFormat(seconds: Int64(seconds), microseconds: Int64(microseconds))
    }

    private static func checkRange(milliseconds: Double) throws(Problem) {
        if milliseconds > Double(lastMillisecond) {
            throw .invalid("dates after 9999 are not supported as unix timestamps")
        }
        if milliseconds < Double(firstMillisecond) {
            throw .invalid("dates before 0001 are not supported as unix timestamps")
        }
    }

    /// `text` if it is a decimal number without exponent.
    private static func decimal(_ text: [UInt8]) -> String? {
        var digits = text[...]
        if let sign = digits.first, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") { digits.removeFirst() }
        let parts = digits.split(separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.contains(where: { !$0.isEmpty }), parts.allSatisfy({ $0.allSatisfy(isDigit) }) else { return nil }
        return String(decoding: text, as: UTF8.self)
    }

    // MARK: Text

    private struct Date {
        var year: Int
        var month: Int
        var day: Int
    }

    private struct DayTime {
        var hour = 0
        var minute = 0
        var second = 0
        var microsecond = 0
        /// `nil` is a time without zone.
        var offsetMinutes: Int?
    }

    private static func date(_ text: [UInt8]) throws(Problem) -> Date {
        guard text.count >= 10 else { throw .invalidDate("input is too short") }
        guard let year = number(text[0..<4]) else { throw .invalidDate("invalid character in year") }
        guard text[4] == UInt8(ascii: "-") else { throw .invalidDate("invalid date separator, expected `-`") }
        guard let month = number(text[5..<7]) else { throw .invalidDate("invalid character in month") }
        guard text[7] == UInt8(ascii: "-") else { throw .invalidDate("invalid date separator, expected `-`") }
        guard let day = number(text[8..<10]) else { throw .invalidDate("invalid character in day") }
        guard 1...12 ~= month else { throw .invalidDate("month value is outside expected range of 1-12") }
        let isLeap = year.isMultiple(of: 4) && (!year.isMultiple(of: 100) || year.isMultiple(of: 400))
        let days = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        guard 1...days[month - 1] ~= day else { throw .invalidDate("day value is outside expected range") }
        guard year > 0 else { throw .invalid("year 0 is out of range") }
        return Date(year: year, month: month, day: day)
    }

    /// The part after the date: a separator, `HH:MM`, then seconds, a fraction and a zone if they are there.
    private static func dayTime(_ text: ArraySlice<UInt8>) -> DayTime? {
        var rest = text
        guard let separator = rest.popFirst(), "Tt _".utf8.contains(separator) else { return nil }
        var time = DayTime()
        guard let hour = take(2, &rest), take(":", &rest), let minute = take(2, &rest), hour < 24, minute < 60 else {
            return nil
        }
        (time.hour, time.minute) = (hour, minute)
        if take(":", &rest) {
            guard let second = take(2, &rest), second < 60 else { return nil }
            time.second = second
            if take(".", &rest) || take(",", &rest) {
                let fraction = rest.prefix(while: isDigit)
                guard !fraction.isEmpty else { return nil }
                rest = rest.dropFirst(fraction.count)
                let sixDigits = Array(fraction.prefix(6)) + Array(repeating: UInt8(ascii: "0"), count: 6)
                guard let microsecond = number(sixDigits[..<6]) else { return nil }
                time.microsecond = microsecond
            }
        }
        if rest.isEmpty { return time }
        if take("Z", &rest) || take("z", &rest) {
            time.offsetMinutes = 0
            return rest.isEmpty ? time : nil
        }
        let isWest = take("-", &rest) || take("\u{2212}", &rest)
        guard isWest || take("+", &rest), let hours = take(2, &rest) else { return nil }
        _ = take(":", &rest)
        guard let minutes = take(2, &rest), rest.isEmpty, hours < 24, minutes < 60 else { return nil }
        time.offsetMinutes = (hours * 60 + minutes) * (isWest ? -1 : 1)
        return time
    }

    private static func isDigit(_ byte: UInt8) -> Bool { UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte }

    private static func number(_ digits: ArraySlice<UInt8>) -> Int? {
        guard digits.allSatisfy(isDigit) else { return nil }
        return digits.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
    }

    private static func take(_ count: Int, _ rest: inout ArraySlice<UInt8>) -> Int? {
        guard rest.count >= count, let value = number(rest.prefix(count)) else { return nil }
        rest = rest.dropFirst(count)
        return value
    }

    private static func take(_ text: String, _ rest: inout ArraySlice<UInt8>) -> Bool {
        guard rest.starts(with: text.utf8) else { return false }
        rest = rest.dropFirst(text.utf8.count)
        return true
    }

    // MARK: Output

    private static func isoFormat(_ date: Date, _ time: DayTime) -> String {
        var text = "\(padded(date.year, 4))-\(padded(date.month, 2))-\(padded(date.day, 2))"
        text += "T\(padded(time.hour, 2)):\(padded(time.minute, 2)):\(padded(time.second, 2))"
        if time.microsecond != 0 { text += ".\(padded(time.microsecond, 6))" }
        if let offset = time.offsetMinutes {
            let (hours, minutes) = offset.magnitude.quotientAndRemainder(dividingBy: 60)
            text += "\(offset < 0 ? "-" : "+")\(padded(Int(hours), 2)):\(padded(Int(minutes), 2))"
        }
        return text
    }

    private static func isoFormat(seconds: Int64, microseconds: Int64) -> String {
        let days = floorDivision(seconds, by: 86_400)
        let second = Int(seconds - days * 86_400)
        // Days to civil date, in years that begin in March and eras of 400 years (Howard Hinnant's algorithm).
        let shifted = days + 719_468
        let era = floorDivision(shifted, by: 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        let date = Date(
            year: Int(yearOfEra + era * 400 + (month <= 2 ? 1 : 0)), month: Int(month),
            day: Int(dayOfYear - (153 * marchMonth + 2) / 5 + 1))
        let time = DayTime(
            hour: second / 3600, minute: second / 60 % 60, second: second % 60, microsecond: Int(microseconds),
            offsetMinutes: 0)
        return isoFormat(date, time)
    }

    private static func floorDivision(_ dividend: Int64, by divisor: Int64) -> Int64 {
        let (quotient, remainder) = dividend.quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? quotient - 1 : quotient
    }

    private static func padded(_ number: Int, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
