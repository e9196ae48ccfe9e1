// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// Reads a JSON object while its text arrives, a piece at a time: memory is needed for the largest piece and not for the text.
///
/// A piece is a member of the object or, of the members that are to be split, one element of the array. Every piece is read by ``JSONParser``, so
/// the rules are those of ``JSONValue/init(parsing:limits:)``, and what that refuses is refused with the same error at the same byte. Only the
/// length of the text is not known before it has come.
///
///     try reader.append(bytes)
///     while let piece = try reader.next() { … }
///
/// and once more after ``finish()``. A reader that has thrown is of no use any more.
package struct JSONStreamReader: Sendable {
    /// What ``next()`` hands out.
    package enum Piece: Hashable, Sendable {
        /// A member of the object, whole.
        case member(key: String, JSONValue)
        /// A member that is to be split, and an array; its elements follow, one by one.
        case array(key: String)
        case element(JSONValue, index: Int)
        /// The text is no object, but this.
        case value(JSONValue)
    }

    /// What comes next, white space apart.
    private enum State: Sendable {
        case text
        /// A key or the end of the object, which has just begun.
        case firstMember
        /// A key, after a comma.
        case member
        case colon(key: String)
        case memberValue(key: String)
        /// A comma or the end of the object.
        case memberEnd
        /// An element or the end of the array, which has just begun.
        case firstElement
        /// An element, after a comma.
        case element
        /// A comma or the end of the array.
        case elementEnd
        /// Nothing.
        case end
    }

    /// How far a value that has not arrived completely was looked through.
    private struct Scan: Sendable {
        /// From the value's first byte on.
        var length = 0
        var depth = 0
        var isInString = false
        var isEscaped = false
    }

    private let limits: JSONLimits
    private let maximumElementBytes: Int
    private let maximumMemberBytes: Int
    private let isSplit: @Sendable (String) -> Bool

    private var state = State.text
    /// What has not been read yet begins at `position`.
    private var buffer: [UInt8] = []
    private var position = 0
    /// Where the buffer begins in the text.
    private var bufferOffset = 0
    private var isFinished = false
    private var scan = Scan()
    private var keys: Set<ExactString> = []
    private var memberBytes = 0
    private var elementCount = 0

    /// - Parameters:
    ///   - limits: As for a text that is read at once.
    ///   - maximumElementBytes: Of one element of a split array.
    ///   - maximumMemberBytes: Of everything else together, white space apart.
    ///   - isSplit: Whether the array of this key comes in elements.
    package init(
        limits: JSONLimits, maximumElementBytes: Int, maximumMemberBytes: Int,
        isSplit: @escaping @Sendable (_ key: String) -> Bool
    ) {
        self.limits = limits
        self.maximumElementBytes = maximumElementBytes
        self.maximumMemberBytes = maximumMemberBytes
        self.isSplit = isSplit
    }

    // MARK: Arriving text

    /// Takes the next part of the text, which may end anywhere.
    ///
    /// - Throws: `tooLarge` as soon as the text is longer than allowed.
    package mutating func append(_ bytes: UnsafeRawBufferPointer) throws(JSONError) {
        if position > 0 {
            buffer.removeSubrange(..<position)
            bufferOffset += position
            position = 0
        }
        let (length, overflow) = (bufferOffset + buffer.count).addingReportingOverflow(bytes.count)
        guard !overflow, length <= limits.maximumBytes else {
            throw JSONError(.tooLarge(limit: limits.maximumBytes), at: limits.maximumBytes)
        }
        buffer.append(contentsOf: bytes)
    }

    package mutating func append(_ bytes: [UInt8]) throws(JSONError) {
        try bytes.withUnsafeBufferPointer { (bytes) throws(JSONError) in try append(UnsafeRawBufferPointer(bytes)) }
    }

    /// No more text comes: what is missing now is an error of the next ``next()``.
    package mutating func finish() { isFinished = true }

    /// The next piece; nil when more text is needed for it, and at the end.
    package mutating func next() throws(JSONError) -> Piece? {
        while true {
            skipWhitespace()
            guard position < buffer.count else {
                if case .end = state { return nil }
                if isFinished { throw JSONError(.unexpectedEnd, at: offset) }
                return nil
            }
            switch try step(buffer[position]) {
            case .piece(let piece): return piece
            case .starved: return nil
            case .moved: break
            }
        }
    }

    // MARK: Structure

    private enum Step {
        case piece(Piece)
        case moved
        case starved
    }

    private mutating func step(_ byte: UInt8) throws(JSONError) -> Step {
        switch state {
        case .text:
            if byte == UInt8(ascii: "{") { return try enter(depth: 0, .firstMember) }
            guard let value = try value(depth: 0) else { return .starved }
            state = .end
            return .piece(.value(value))
        case .firstMember where byte == UInt8(ascii: "}"): return move(to: .end)
        case .firstMember, .member: return try key(byte)
        case .colon(let key):
            guard byte == UInt8(ascii: ":") else { throw unexpected(byte) }
            return move(to: .memberValue(key: key))
        case .memberValue(let key):
            if byte == UInt8(ascii: "["), isSplit(key) {
                elementCount = 0
                _ = try enter(depth: 1, .firstElement)
                return .piece(.array(key: key))
            }
            guard let value = try value(depth: 1) else { return .starved }
            state = .memberEnd
            return .piece(.member(key: key, value))
        case .memberEnd: return move(to: try next(after: byte, .member, closing: UInt8(ascii: "}"), .end))
        case .firstElement where byte == UInt8(ascii: "]"): return move(to: .memberEnd)
        case .firstElement, .element:
            if let limit = limits.maximumElements, elementCount >= limit {
                throw JSONError(.tooManyElements(limit: limit), at: offset)
            }
            guard let value = try value(depth: 2) else { return .starved }
            state = .elementEnd
            elementCount += 1
            return .piece(.element(value, index: elementCount - 1))
        case .elementEnd: return move(to: try next(after: byte, .element, closing: UInt8(ascii: "]"), .memberEnd))
        case .end: throw JSONError(.trailingBytes, at: offset)
        }
    }

    private mutating func key(_ byte: UInt8) throws(JSONError) -> Step {
        if let limit = limits.maximumMembers, keys.count >= limit {
            throw JSONError(.tooManyMembers(limit: limit), at: offset)
        }
        guard byte == UInt8(ascii: "\"") else { throw unexpected(byte) }
        let start = offset
        guard case .string(let key)? = try value(depth: 1) else { return .starved }
        guard keys.insert(ExactString(key)).inserted else { throw JSONError(.duplicateKey(key), at: start) }
        state = .colon(key: key)
        return .moved
    }

    private mutating func enter(depth: Int, _ next: State) throws(JSONError) -> Step {
        guard depth < limits.maximumDepth else { throw JSONError(.tooDeep(limit: limits.maximumDepth), at: offset) }
        return move(to: next)
    }

    private mutating func move(to next: State) -> Step {
        position += 1
        state = next
        return .moved
    }

    private func next(
        after byte: UInt8, _ another: State, closing: UInt8, _ end: State
    ) throws(JSONError) -> State {
        if byte == UInt8(ascii: ",") { return another }
        guard byte == closing else { throw unexpected(byte) }
        return end
    }

    private func unexpected(_ byte: UInt8) -> JSONError { JSONError(.unexpectedByte(byte), at: offset) }

    /// Of `position` in the text.
    private var offset: Int { bufferOffset + position }

    private mutating func skipWhitespace() {
        while position < buffer.count {
            switch buffer[position] {
            case 0x20, 0x0A, 0x0D, 0x09: position += 1
            default: return
            }
        }
    }

    // MARK: Values

    /// The value at `position`, or nil when its end has not arrived.
    ///
    /// - Parameter depth: Of what is around it; 2: it is an element of a split array.
    private mutating func value(depth: Int) throws(JSONError) -> JSONValue? {
        let isComplete = scanValue(depth: depth)
        if depth == 2 {
            guard scan.length <= maximumElementBytes else {
                throw JSONError(.valueTooLarge(limit: maximumElementBytes), at: offset)
            }
        } else if memberBytes + scan.length > maximumMemberBytes {
            throw JSONError(.membersTooLarge(limit: maximumMemberBytes), at: offset)
        }
        guard isComplete || isFinished else { return nil }
        let limits = limits
        let start = position
        let base = offset
        let (value, length) = try buffer.withUnsafeBufferPointer { (bytes) throws(JSONError) -> (JSONValue, Int) in
            // With what follows the value, so that an error is seen as in the whole text.
            var parser = JSONParser(
                UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: bytes[start...])), limits: limits, depth: depth)
            do throws(JSONError) {
                return (try parser.parseValue(), parser.position)
            } catch {
                throw JSONError(error.kind, at: error.offset + base)
            }
        }
        if depth < 2 { memberBytes += length }
        position += length
        scan = Scan()
        return value
    }

    /// Looks for the end of the value at `position`, going on where it stopped the last time. It knows brackets and strings only: whether it
    /// found the end of something that is JSON is for the parser to say.
    ///
    /// - Returns: Whether the parser can tell: the value, and after a number or a word one byte more, is there, or it is too deep.
    private mutating func scanValue(depth: Int) -> Bool {
        let allowed = limits.maximumDepth - depth
        var scan = scan
        let start = position
        let isComplete = buffer.withUnsafeBufferPointer { buffer in
            var index = start + scan.length
            defer { scan.length = index - start }
            while index < buffer.count {
                let byte = buffer[index]
                if scan.isInString {
                    index += 1
                    if scan.isEscaped {
                        scan.isEscaped = false
                    } else if byte == UInt8(ascii: "\\") {
                        scan.isEscaped = true
                    } else if byte == UInt8(ascii: "\"") {
                        scan.isInString = false
                        if scan.depth == 0 { return true }
                    }
                    continue
                }
                switch byte {
                case UInt8(ascii: "\"") where index == start || scan.depth > 0: scan.isInString = true
                case UInt8(ascii: "{") where index == start || scan.depth > 0,
                    UInt8(ascii: "[") where index == start || scan.depth > 0:
                    scan.depth += 1
                    if scan.depth > allowed { return true }
                case UInt8(ascii: "}") where scan.depth > 0, UInt8(ascii: "]") where scan.depth > 0:
                    scan.depth -= 1
                    if scan.depth == 0 {
                        index += 1
                        return true
                    }
                default:
                    if scan.depth == 0, !Self.isWordByte(byte) { return true }
                }
                index += 1
            }
            return false
        }
        self.scan = scan
        return isComplete
    }

    /// Of numbers, `true`, `false` and `null`.
    private static func isWordByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."):
            true
        default: false
        }
    }
}
