// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import Testing

@Suite("JSON numbers")
struct JSONNumberTests {
    @Test(
        "a number is written back as it came",
        arguments: [
            "0", "-0", "1", "-1", "9223372036854775807", "-9223372036854775808", "9223372036854775808",
            "-9223372036854775809", "18446744073709551615", "18446744073709551616", "123456789012345678901234567890",
            "0.1", "1.0", "1.10", "-0.0", "1e5", "1E5", "1e+5", "1e-5", "0e0", "1.7976931348623157e308", "1e400",
            "5e-324",
            "0.00000000000000000000000000000000000000000001", "1e99999999999999999999",
        ])
    func literal(text: String) throws {
        let value = try JSONValue(parsing: text)
        #expect(value.text == text)
        #expect(JSONNumber(literal: text)?.literal == text)
        #expect(try JSONValue(parsing: "[\(text),\(text)]").text == "[\(text),\(text)]")
    }

    @Test(
        "an integer has an Int64 when it is written as one and fits",
        arguments: [
            ("0", 0), ("-0", 0), ("42", 42), ("9223372036854775807", .max), ("-9223372036854775808", .min),
            ("9223372036854775808", nil), ("-9223372036854775809", nil), ("1.0", nil), ("1e2", nil),
            ("99999999999999999999", nil),
        ] as [(String, Int64?)])
    func int64(text: String, value: Int64?) {
        #expect(JSONNumber(literal: text)?.int64 == value)
    }

    @Test(
        "doubles are the nearest",
        arguments: [
            ("0.1", 0.1), ("1e2", 100), ("-5", -5), ("9007199254740993", 9_007_199_254_740_992), ("1e400", .infinity),
            ("1e-400", 0),
        ] as [(String, Double)])
    func double(text: String, value: Double) {
        #expect(JSONNumber(literal: text)?.double == value)
    }

    @Test(
        "a Double is written so that it reads back equal",
        arguments: [
            0, -0.0, 0.1, 1, 100, 1e15, 1e16, 1e21, 1e-7, .pi, .greatestFiniteMagnitude,
            -.leastNonzeroMagnitude,
        ] as [Double])
    func fromDouble(value: Double) throws {
        let text = JSONValue.number(JSONNumber(value)).text
        #expect(try JSONValue(parsing: text).doubleValue == value)
    }

    @Test(
        "what is no number has no value",
        arguments: [
            "", " ", "1 ", " 1", "\n1", "01", "1.", ".1", "+1", "-", "1e", "0x1", "NaN", "Infinity", "true", "\"1\"",
            "1,2", "1\0",
        ])
    func notANumber(text: String) {
        #expect(JSONNumber(literal: text) == nil)
    }

    @Test(
        "equality goes by value, not by spelling",
        arguments: [
            ("1", "1.0"), ("1", "1e0"), ("100", "1e2"), ("100", "1E+2"), ("0", "-0"), ("0", "0.000e7"), ("0.1", "1e-1"),
            ("120", "1.20e2"), ("-1.5", "-15e-1"),
            ("123456789012345678901234567890", "1.2345678901234567890123456789e29"),
            ("1e99999999999999999999", "1e99999999999999999999"),
        ])
    func equal(left: String, right: String) throws {
        let (a, b) = (try #require(JSONNumber(literal: left)), try #require(JSONNumber(literal: right)))
        #expect(a == b)
        #expect(a.hashValue == b.hashValue)
    }

    @Test(
        "different values are not equal, however close",
        arguments: [
            ("1", "-1"), ("1", "10"), ("1", "2"), ("0.1", "0.10000000000000000000000001"), ("1e2", "1e3"),
            ("1.01", "1.1"),
            ("9223372036854775807", "9223372036854775808"), ("1e99999999999999999999", "1e99999999999999999998"),
            ("9007199254740992", "9007199254740993.0"),
        ])
    func notEqual(left: String, right: String) throws {
        #expect(try #require(JSONNumber(literal: left)) != (try #require(JSONNumber(literal: right))))
    }

    @Test("numbers are in the order of their values, however they are written")
    func order() throws {
        let ascending = [
            ["-1e99999999999999999999"], ["-1e400"], ["-9223372036854775809"], ["-9223372036854775808"],
            ["-10", "-1e1"],
            ["-1.5", "-15e-1", "-0.15E1"], ["-1", "-1.0"], ["-1e-400"], ["-1e-99999999999999999999"],
            ["0", "-0", "0.0", "0e99999999999999999999"], ["1e-99999999999999999999"], ["1e-400"],
            ["0.1", "0.10", "1e-1"], ["0.10000000000000001"], ["0.12"], ["1", "1.0", "10e-1"], ["1.5"], ["9"],
            ["10", "1e1"], ["9007199254740992"], ["9007199254740993"], ["9223372036854775807"], ["9223372036854775808"],
            ["1e400", "10e399"], ["1e99999999999999999999"],
        ]
        for (left, leftTexts) in ascending.enumerated() {
            for (right, rightTexts) in ascending.enumerated() {
                for leftText in leftTexts {
                    for rightText in rightTexts {
                        let a = try #require(JSONNumber(literal: leftText))
                        let b = try #require(JSONNumber(literal: rightText))
                        #expect((a < b) == (left < right), "\(leftText) < \(rightText)")
                        #expect((a == b) == (left == right), "\(leftText) = \(rightText)")
                    }
                }
            }
        }
    }
}
