// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// The parameters of one statement in the form `PQsendQueryParams` takes them. One buffer serves every statement of
/// a connection, so that encoding allocates nothing once it has grown.
///
/// Text goes as text, which every type reads; everything else goes in PostgreSQL's binary format. Values of
/// ``lendingThreshold`` bytes and more are not copied here but lent to libpq where they are.
struct ParameterBuffer: ~Copyable {
    typealias Arguments = (
        count: Int32, values: UnsafePointer<UnsafePointer<CChar>?>?, lengths: UnsafePointer<Int32>?,
        formats: UnsafePointer<Int32>?,
    )

    private static let lendingThreshold = 8 << 10
    /// Kept between statements; a larger one goes back to the heap.
    private static let keptCapacity = 256 << 10
    private static let nullOffset = -1
    private static let lentOffset = -2

    private var bytes: [UInt8] = []
    private var offsets: [Int] = []
    private var values: [UnsafePointer<CChar>?] = []
    private var lengths: [Int32] = []
    private var formats: [Int32] = []
    private var lent: [Int] = []

    /// Calls `body` with the encoded parameters, which must have passed ``validate(_:)``.
    mutating func withEncoded(_ parameters: [PostgresParameter], _ body: (Arguments) -> Bool) -> Bool {
        guard !parameters.isEmpty else { return body((0, nil, nil, nil)) }
        encode(parameters)
        if !lent.isEmpty { return lend(parameters, from: 0, body) }
        return call(body)
    }

    // MARK: - Encoding

    private mutating func encode(_ parameters: [PostgresParameter]) {
        if bytes.capacity > Self.keptCapacity { bytes = [] }
        bytes.removeAll(keepingCapacity: true)
        offsets.removeAll(keepingCapacity: true)
        lengths.removeAll(keepingCapacity: true)
        formats.removeAll(keepingCapacity: true)
        lent.removeAll(keepingCapacity: true)
        for index in parameters.indices {
            let offset = bytes.count
            switch parameters[index] {
            case .null:
                add(offset: Self.nullOffset, length: 0, isBinary: false)
                continue
            case .text(let text):
                if text.utf8.count >= Self.lendingThreshold {
                    addLent(index, length: text.utf8.count, isBinary: false)
                    continue
                }
                bytes.append(contentsOf: text.utf8)
                addText(from: offset)
                continue
            case .json(let text):
                bytes.append(contentsOf: text)
                addText(from: offset)
                continue
            case .bytes(let value):
                if value.count >= Self.lendingThreshold {
                    addLent(index, length: value.count, isBinary: true)
                    continue
                }
                bytes.append(contentsOf: value)
            case .int(let value): append(value)
            case .double(let value): append(value.bitPattern)
            case .bool(let value): bytes.append(value ? 1 : 0)
            case .uuid(let high, let low):
                append(high)
                append(low)
            case .timestamp(let value): append(Self.sinceEpoch(value))
            case .textArray(let elements):
                appendArray(elements, of: .text) { $0.bytes.append(contentsOf: $1.utf8) }
            case .jsonArray(let elements):
                appendArray(elements, of: .jsonb) {
                    $0.bytes.append(1)
                    $0.bytes.append(contentsOf: $1)
                }
            case .bytesArray(let elements):
                appendArray(elements, of: .bytea) { $0.bytes.append(contentsOf: $1) }
            case .intArray(let elements): appendArray(elements, of: .int8) { $0.append($1) }
            case .boolArray(let elements):
                appendArray(elements, of: .bool) { $0.bytes.append($1 ? 1 : 0) }
            case .uuidArray(let elements):
                appendArray(elements, of: .uuid) {
                    $0.append($1.high)
                    $0.append($1.low)
                }
            case .timestampArray(let elements):
                appendArray(elements, of: .timestamptz) { $0.append(Self.sinceEpoch($1)) }
            }
            add(offset: offset, length: bytes.count - offset, isBinary: true)
        }
        // An empty value is still a value: its pointer must not be null.
        bytes.append(0)
    }

    private mutating func add(offset: Int, length: Int, isBinary: Bool) {
        offsets.append(offset)
        lengths.append(Int32(truncatingIfNeeded: length))
        formats.append(isBinary ? 1 : 0)
    }

    /// libpq takes a text parameter up to its first NUL.
    private mutating func addText(from offset: Int) {
        add(offset: offset, length: bytes.count - offset, isBinary: false)
        bytes.append(0)
    }

    private mutating func addLent(_ index: Int, length: Int, isBinary: Bool) {
        lent.append(index)
        add(offset: Self.lentOffset, length: length, isBinary: isBinary)
    }

    private mutating func append<Number: FixedWidthInteger>(_ number: Number) {
        withUnsafeBytes(of: number.bigEndian) { bytes.append(contentsOf: $0) }
    }

    /// The form that `array_recv` reads; see ``PostgresBinary/array(_:_:)``.
    private mutating func appendArray<Element>(
        _ elements: [Element?], of type: PostgresType, _ appendElement: (inout Self, Element) -> Void
    ) {
        append(Int32(elements.isEmpty ? 0 : 1))
        append(Int32(elements.contains { $0 == nil } ? 1 : 0))
        append(type.rawValue)
        if elements.isEmpty { return }
        append(Int32(truncatingIfNeeded: elements.count))
        append(Int32(1))
        for element in elements {
            guard let element else {
                append(Int32(-1))
                continue
            }
            let start = bytes.count
            append(Int32(0))
            appendElement(&self, element)
            let length = Int32(truncatingIfNeeded: bytes.count - start - 4)
            withUnsafeBytes(of: length.bigEndian) { length in
                for index in 0..<4 { bytes[start + index] = length[index] }
            }
        }
    }

    /// Saturates, as `infinity` does.
    private static func sinceEpoch(_ microseconds: Int64) -> Int64 {
        if microseconds == .max || microseconds == .min { return microseconds }
        let (value, overflow) = microseconds.subtractingReportingOverflow(PostgresBinary.epoch)
        return overflow ? .min : value
    }

    // MARK: - Lending to libpq

    private mutating func lend(
        _ parameters: [PostgresParameter], from position: Int, _ body: (Arguments) -> Bool
    ) -> Bool {
        guard position < lent.count else { return call(body) }
        let index = lent[position]
        if position == 0 { values = Array(repeating: nil, count: offsets.count) }
        switch parameters[index] {
        case .text(let text):
            return text.withCString { pointer in
                values[index] = pointer
                return lend(parameters, from: position + 1, body)
            }
        case .bytes(let value):
            return value.withUnsafeBytes { buffer in
                values[index] = buffer.baseAddress?.assumingMemoryBound(to: CChar.self)
                return lend(parameters, from: position + 1, body)
            }
        default:
            return false
        }
    }

    private mutating func call(_ body: (Arguments) -> Bool) -> Bool {
        let count = offsets.count
        if lent.isEmpty {
            values.removeAll(keepingCapacity: true)
            for _ in 0..<count { values.append(nil) }
        }
        return bytes.withUnsafeBytes { memory in
            let base = memory.baseAddress?.assumingMemoryBound(to: CChar.self)
            for index in 0..<count where offsets[index] >= 0 { values[index] = base.map { $0 + offsets[index] } }
            return values.withUnsafeBufferPointer { values in
                lengths.withUnsafeBufferPointer { lengths in
                    formats.withUnsafeBufferPointer { formats in
                        body((Int32(count), values.baseAddress, lengths.baseAddress, formats.baseAddress))
                    }
                }
            }
        }
    }
}

// MARK: - What libpq or the protocol cannot carry

extension ParameterBuffer {
    /// The protocol counts parameters in 16 bits.
    private static let largestCount = 65_535
    /// A message must stay below 1 GB.
    private static let largestSize = (1 << 30) - (1 << 20)

    /// Refuses, before anything is sent, what would be cut short or would break the connection.
    static func validate(_ parameters: [PostgresParameter]) throws(PostgresError) {
        guard parameters.count <= largestCount else {
            throw PostgresError(
                kind: .server, message: "a statement takes at most \(largestCount) parameters", sqlState: "54000")
        }
        var size = 0
        for parameter in parameters {
            switch parameter {
            case .text(let text):
                size += text.utf8.count
                var text = text
                if text.withUTF8({ containsNUL(UnsafeRawBufferPointer($0)) }) { throw nulInText }
            case .json(let text):
                size += text.count
                if text.withUnsafeBytes({ containsNUL($0) }) { throw nulInText }
            case .bytes(let value): size += value.count
            case .textArray(let elements): size += elements.reduce(0) { $0 + 4 + ($1?.utf8.count ?? 0) }
            case .jsonArray(let elements): size += elements.reduce(0) { $0 + 5 + ($1?.count ?? 0) }
            case .bytesArray(let elements): size += elements.reduce(0) { $0 + 4 + ($1?.count ?? 0) }
            case .intArray(let elements): size += elements.count * 12
            case .timestampArray(let elements): size += elements.count * 12
            case .uuidArray(let elements): size += elements.count * 20
            case .boolArray(let elements): size += elements.count * 5
            case .null, .int, .double, .bool, .uuid, .timestamp: size += 16
            }
        }
        guard size <= largestSize else {
            throw PostgresError(kind: .server, message: "the parameters exceed 1 GB", sqlState: "54000")
        }
    }

    /// What the server says to a NUL in a text that was sent with its length.
    private static var nulInText: PostgresError {
        PostgresError(kind: .server, message: "invalid byte sequence for encoding \"UTF8\": 0x00", sqlState: "22021")
    }

    private static func containsNUL(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let base = bytes.baseAddress else { return false }
        return memchr(base, 0, bytes.count) != nil
    }
}
