// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON

/// One complaint of the service's data model about a request, in the words of pydantic.
struct ValidationProblem: Sendable, Equatable {
    enum Step: Sendable, Equatable {
        case name(String)
        case index(Int)
    }

    enum Input: Sendable, Equatable {
        case value(JSONValue)
        /// A body that was not parsed because its content type is not JSON.
        case bytes([UInt8])
    }

    /// pydantic's error type, such as `missing` or `string_type`.
    var kind: String
    /// Where: `body`, `query` or `path`, then member names and indexes.
    var location: [Step]
    var message: String
    var input: Input
    /// The one entry of `ctx` that some kinds have.
    var context: (name: String, value: String)?

    static func == (one: ValidationProblem, other: ValidationProblem) -> Bool {
        one.kind == other.kind && one.location == other.location && one.message == other.message
            && one.input == other.input && one.context?.name == other.context?.name
            && one.context?.value == other.context?.value
    }

    static func missing(_ location: [Step], in input: JSONValue) -> ValidationProblem {
        ValidationProblem(kind: "missing", location: location, message: "Field required", input: .value(input))
    }

    static func notAnObject(_ location: [Step], _ input: Input) -> ValidationProblem {
        ValidationProblem(
            kind: "model_attributes_type", location: location,
            message: "Input should be a valid dictionary or object to extract fields from", input: input)
    }

    static func notOne(of values: [String], _ location: [Step], _ input: JSONValue) -> ValidationProblem {
        let quoted = values.map { "'\($0)'" }
        let expected =
            quoted.count > 1
            ? quoted.dropLast().joined(separator: ", ") + " or " + (quoted.last ?? "") : quoted.joined()
        return ValidationProblem(
            kind: "enum", location: location, message: "Input should be \(expected)", input: .value(input),
            context: ("expected", expected))
    }

    /// A value of another type than the `expected` one, such as `string` or `list`.
    static func type(_ expected: String, _ name: String, _ location: [Step], _ input: JSONValue) -> ValidationProblem {
        ValidationProblem(
            kind: "\(expected)_type", location: location, message: "Input should be a valid \(name)",
            input: .value(input))
    }

    static func invalidJSON(_ error: JSONError) -> ValidationProblem {
        ValidationProblem(
            kind: "json_invalid", location: [.name("body"), .index(error.offset)], message: "JSON decode error",
            input: .value([:]), context: ("error", "\(error)"))
    }

    /// As Python prints the dictionary of the problem.
    var text: String {
        var places = location.map { step in
            switch step {
            case .name(let name): PythonRepresentation.of(name)
            case .index(let index): String(index)
            }
        }
        if places.count == 1 { places[0] += "," }
        var text = "{'type': \(PythonRepresentation.of(kind)), 'loc': (\(places.joined(separator: ", ")))"
        text += ", 'msg': \(PythonRepresentation.of(message)), 'input': "
        switch input {
        case .value(let value): text += PythonRepresentation.of(value)
        case .bytes(let bytes): text += PythonRepresentation.of(bytes: bytes)
        }
        if let context {
            text += ", 'ctx': {\(PythonRepresentation.of(context.name)): \(PythonRepresentation.of(context.value))}"
        }
        return text + "}"
    }
}

/// `repr()` of Python, in which the service quotes what it was sent.
enum PythonRepresentation {
    static func of(_ value: JSONValue) -> String {
        switch value {
        case .null: "None"
        case .bool(let bool): bool ? "True" : "False"
        case .number(let number): number.int64 == nil ? of(number) : number.literal
        case .string(let text): of(text)
        case .array(let elements): "[" + elements.map(of).joined(separator: ", ") + "]"
        case .object(let members):
            "{" + members.map { "\(of($0.key)): \(of($0.value))" }.joined(separator: ", ") + "}"
        }
    }

    static func of(_ text: String) -> String {
        let quote: Unicode.Scalar =
            text.unicodeScalars.contains("'") && !text.unicodeScalars.contains("\"") ? "\"" : "'"
        var result = String(quote)
        for scalar in text.unicodeScalars {
            switch scalar {
            case quote, "\\": result += "\\\(scalar)"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            default:
                if isPrintable(scalar) { result.unicodeScalars.append(scalar) } else { result += escape(scalar.value) }
            }
        }
        return result + String(quote)
    }

    static func of(bytes: [UInt8]) -> String {
        var result = "b'"
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "\n"): result += "\\n"
            case UInt8(ascii: "\r"): result += "\\r"
            case UInt8(ascii: "\t"): result += "\\t"
            case UInt8(ascii: "'"), UInt8(ascii: "\\"): result += "\\" + String(UnicodeScalar(byte))
            case 0x20...0x7E: result += String(UnicodeScalar(byte))
            default: result += escape(UInt32(byte))
            }
        }
        return result + "'"
    }

    private static func of(_ number: JSONNumber) -> String {
        // An integer of any size is kept as it is; anything else became a float.
        number.literal.utf8.allSatisfy { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 || $0 == UInt8(ascii: "-") }
            ? number.literal : number.double.description
    }

    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: false
        case .spaceSeparator: scalar == " "
        default: true
        }
    }

    private static func escape(_ value: UInt32) -> String {
        let digits = String(value, radix: 16)
        let (prefix, width) = value <= 0xFF ? ("\\x", 2) : value <= 0xFFFF ? ("\\u", 4) : ("\\U", 8)
        return prefix + String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
