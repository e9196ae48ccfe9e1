// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import FuzzSupport
import JSON

/// Random JSON values with everything that is awkward in them.
enum RandomJSON {
    static func value(depth: Int = 4, using generator: inout SeededGenerator) -> JSONValue {
        switch Int.random(in: 0..<(depth > 0 ? 10 : 6), using: &generator) {
        case 0: return .null
        case 1: return .bool(Bool.random(using: &generator))
        case 2: return .number(JSONNumber(Int64.random(in: .min ... .max, using: &generator)))
        case 3: return .number(number(using: &generator))
        case 4, 5: return .string(string(using: &generator))
        case 6, 7:
            let count = Int.random(in: 0...6, using: &generator)
            return .array((0..<count).map { _ in value(depth: depth - 1, using: &generator) })
        default:
            // Beyond 16 members an object searches by hash.
            let count = Int.random(in: 0...(depth == 4 ? 40 : 6), using: &generator)
            var object = JSONObject()
            for _ in 0..<count {
                object[string(using: &generator)] = value(depth: depth - 1, using: &generator)
            }
            return .object(object)
        }
    }

    static func string(using generator: inout SeededGenerator) -> String {
        var text = String.UnicodeScalarView()
        for _ in 0..<Int.random(in: 0...24, using: &generator) {
            let highest: UInt32 =
                switch Int.random(in: 0..<8, using: &generator) {
                case 0: 0x1F
                case 1...5: 0x7F
                case 6: 0xFFFF
                default: 0x10FFFF
                }
            if let scalar = Unicode.Scalar(UInt32.random(in: 0...highest, using: &generator)) { text.append(scalar) }
        }
        return String(text)
    }

    private static func number(using generator: inout SeededGenerator) -> JSONNumber {
        var literal = Bool.random(using: &generator) ? "-" : ""
        literal += String(
            UInt64.random(in: 0...UInt64.max, using: &generator) >> UInt64.random(in: 0..<64, using: &generator))
        if Bool.random(using: &generator) { literal += "." + String(Int.random(in: 0...9999, using: &generator)) }
        if Bool.random(using: &generator) { literal += "E" + String(Int.random(in: -400...400, using: &generator)) }
        return JSONNumber(literal: literal) ?? 0
    }
}
