// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// A strict, single-pass parser of RFC 8259 over borrowed bytes.
///
/// It descends by recursion, bounded by ``JSONLimits/maximumDepth``, so hostile nesting costs a bounded piece of stack
/// and is refused at the bracket that is one too deep.
struct JSONParser {
    let bytes: UnsafeBufferPointer<UInt8>
    let end: Int
    var position = 0
    private var depth: Int
    private let maximumDepth: Int
    private let maximumBytes: Int
    private let maximumMembers: Int
    private let maximumElements: Int
    private let maximumValues: Int
    private var valuesLeft: Int

    /// `bytes` must outlive the parser.
    ///
    /// - Parameter depth: Of arrays and objects that are open around what is parsed.
    init(_ bytes: UnsafeRawBufferPointer, limits: JSONLimits, depth: Int = 0) {
        self.depth = depth
        self.bytes = bytes.assumingMemoryBound(to: UInt8.self)
        end = bytes.count
        maximumDepth = limits.maximumDepth
        maximumBytes = limits.maximumBytes
        maximumMembers = limits.maximumMembers ?? .max
        maximumElements = limits.maximumElements ?? .max
        valuesLeft = limits.maximumValues ?? .max
        maximumValues = valuesLeft
    }

    mutating func parse() throws(JSONError) -> JSONValue {
        guard end <= maximumBytes else { throw JSONError(.tooLarge(limit: maximumBytes), at: maximumBytes) }
        skipWhitespace()
        let value = try parseValue()
        skipWhitespace()
        guard position == end else { throw JSONError(.trailingBytes, at: position) }
        return value
    }

    /// `position` is at the first byte of the value, afterwards behind its last one.
    mutating func parseValue() throws(JSONError) -> JSONValue {
        guard position < end else { throw JSONError(.unexpectedEnd, at: end) }
        guard valuesLeft > 0 else { throw JSONError(.tooManyValues(limit: maximumValues), at: position) }
        valuesLeft -= 1
        let byte = bytes[position]
        switch byte {
        case UInt8(ascii: "\""):
            position += 1
            return .string(try parseString())
        case UInt8(ascii: "{"): return .object(try parseObject())
        case UInt8(ascii: "["): return .array(try parseArray())
        case UInt8(ascii: "t"):
            try expect("true")
            return .bool(true)
        case UInt8(ascii: "f"):
            try expect("false")
            return .bool(false)
        case UInt8(ascii: "n"):
            try expect("null")
            return .null
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            return .number(try parseNumber())
        default:
            throw JSONError(.unexpectedByte(byte), at: position)
        }
    }

    // MARK: Arrays and objects

    private mutating func parseArray() throws(JSONError) -> [JSONValue] {
        try enter()
        var elements: [JSONValue] = []
        skipWhitespace()
        if peek() == UInt8(ascii: "]") {
            leave()
            return elements
        }
        while true {
            guard elements.count < maximumElements else {
                throw JSONError(.tooManyElements(limit: maximumElements), at: position)
            }
            elements.append(try parseValue())
            skipWhitespace()
            switch try next() {
            case UInt8(ascii: ","):
                position += 1
                skipWhitespace()
            case UInt8(ascii: "]"):
                leave()
                return elements
            case let byte:
                throw JSONError(.unexpectedByte(byte), at: position)
            }
        }
    }

    private mutating func parseObject() throws(JSONError) -> JSONObject {
        try enter()
        var members: [JSONObject.Element] = []
        var positions: [ExactString: Int]?
        skipWhitespace()
        if peek() == UInt8(ascii: "}") {
            leave()
            return JSONObject()
        }
        members.reserveCapacity(4)
        while true {
            guard members.count < maximumMembers else {
                throw JSONError(.tooManyMembers(limit: maximumMembers), at: position)
            }
            let keyOffset = position
            try consume(UInt8(ascii: "\""))
            let key = try parseString()
            try note(key, at: keyOffset, among: members, positions: &positions)
            skipWhitespace()
            try consume(UInt8(ascii: ":"))
            skipWhitespace()
            members.append((key: key, value: try parseValue()))
            skipWhitespace()
            switch try next() {
            case UInt8(ascii: ","):
                position += 1
                skipWhitespace()
            case UInt8(ascii: "}"):
                leave()
                return JSONObject(checkedMembers: members, positions: positions)
            case let byte:
                throw JSONError(.unexpectedByte(byte), at: position)
            }
        }
    }

    /// Refuses a key that the object has already. Large objects get an index, so that no object costs quadratic time.
    @inline(__always)
    private func note(
        _ key: String, at offset: Int, among members: [JSONObject.Element], positions: inout [ExactString: Int]?
    ) throws(JSONError) {
        if members.count < JSONObject.searchedByComparison {
            for member in members where member.key.hasSameBytes(as: key) {
                throw JSONError(.duplicateKey(key), at: offset)
            }
            return
        }
        if positions == nil {
            var index: [ExactString: Int] = [:]
            for (position, member) in members.enumerated() { index[ExactString(member.key)] = position }
            positions = index
        }
        guard positions?.updateValue(members.count, forKey: ExactString(key)) == nil else {
            throw JSONError(.duplicateKey(key), at: offset)
        }
    }

    private mutating func enter() throws(JSONError) {
        guard depth < maximumDepth else { throw JSONError(.tooDeep(limit: maximumDepth), at: position) }
        depth += 1
        position += 1
    }

    private mutating func leave() {
        depth -= 1
        position += 1
    }

    // MARK: Bytes

    @inline(__always)
    private mutating func skipWhitespace() {
        while position < end {
            switch bytes[position] {
            case 0x20, 0x0A, 0x0D, 0x09: position += 1
            default: return
            }
        }
    }

    @inline(__always)
    func peek() -> UInt8? { position < end ? bytes[position] : nil }

    @inline(__always)
    func next() throws(JSONError) -> UInt8 {
        guard position < end else { throw JSONError(.unexpectedEnd, at: end) }
        return bytes[position]
    }

    @inline(__always)
    private mutating func consume(_ expected: UInt8) throws(JSONError) {
        let byte = try next()
        guard byte == expected else { throw JSONError(.unexpectedByte(byte), at: position) }
        position += 1
    }

    private mutating func expect(_ word: StaticString) throws(JSONError) {
        for index in 0..<word.utf8CodeUnitCount {
            let byte = try next()
            guard byte == word.utf8Start[index] else { throw JSONError(.unexpectedByte(byte), at: position) }
            position += 1
        }
    }

    // MARK: Numbers

    private mutating func parseNumber() throws(JSONError) -> JSONNumber {
        let start = position
        let isNegative = bytes[position] == UInt8(ascii: "-")
        if isNegative { position += 1 }
        let firstDigit = position
        var magnitude: UInt64 = 0
        var overflow = false
        while let digit = digit() {
            let (product, high) = magnitude.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(UInt64(digit))
            overflow = overflow || high || carry
            magnitude = sum
            position += 1
        }
        let digits = position - firstDigit
        guard digits > 0 else { throw malformedNumber() }
        guard digits == 1 || bytes[firstDigit] != UInt8(ascii: "0") else {
            throw JSONError(.invalidNumber, at: firstDigit + 1)
        }
        var isInteger = true
        if peek() == UInt8(ascii: ".") {
            isInteger = false
            position += 1
            try skipDigits()
        }
        if let byte = peek(), byte == UInt8(ascii: "e") || byte == UInt8(ascii: "E") {
            isInteger = false
            position += 1
            if let sign = peek(), sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") { position += 1 }
            try skipDigits()
        }
        if isInteger && !overflow {
            if !isNegative, let value = Int64(exactly: magnitude) { return JSONNumber(value) }
            // "-0" keeps its sign and so its text.
            if isNegative, magnitude > 0, magnitude <= Int64.min.magnitude {
                return JSONNumber(Int64(truncatingIfNeeded: 0 &- magnitude))
            }
        }
        let literal = UnsafeBufferPointer(rebasing: bytes[start..<position])
        return JSONNumber(checkedLiteral: String(decoding: literal, as: UTF8.self))
    }

    private mutating func skipDigits() throws(JSONError) {
        let start = position
        while digit() != nil { position += 1 }
        guard position > start else { throw malformedNumber() }
    }

    @inline(__always)
    private func digit() -> UInt8? {
        guard position < end else { return nil }
        let value = bytes[position] &- UInt8(ascii: "0")
        return value < 10 ? value : nil
    }

    private func malformedNumber() -> JSONError {
        position < end ? JSONError(.invalidNumber, at: position) : JSONError(.unexpectedEnd, at: end)
    }
}
