// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// The object id of a PostgreSQL type, from `pg_type.dat`.
struct PostgresType: RawRepresentable, Hashable {
    let rawValue: UInt32

    static let bool = PostgresType(rawValue: 16)
    static let bytea = PostgresType(rawValue: 17)
    static let char = PostgresType(rawValue: 18)
    static let name = PostgresType(rawValue: 19)
    static let int8 = PostgresType(rawValue: 20)
    static let int2 = PostgresType(rawValue: 21)
    static let int4 = PostgresType(rawValue: 23)
    static let text = PostgresType(rawValue: 25)
    static let oid = PostgresType(rawValue: 26)
    static let json = PostgresType(rawValue: 114)
    static let float4 = PostgresType(rawValue: 700)
    static let float8 = PostgresType(rawValue: 701)
    static let unknown = PostgresType(rawValue: 705)
    static let bpchar = PostgresType(rawValue: 1042)
    static let varchar = PostgresType(rawValue: 1043)
    static let timestamp = PostgresType(rawValue: 1114)
    static let timestamptz = PostgresType(rawValue: 1184)
    static let uuid = PostgresType(rawValue: 2950)
    static let jsonb = PostgresType(rawValue: 3802)

    private static let arrays: Set<UInt32> = [
        199, 1000, 1001, 1002, 1003, 1005, 1007, 1009, 1014, 1015, 1016, 1021, 1022, 1028, 1115, 1185, 2951, 3807,
    ]

    /// Made by this database (`FirstNormalObjectId`): an enumeration or a type of an extension.
    var isUserDefined: Bool { rawValue >= 16_384 }

    var isArray: Bool { Self.arrays.contains(rawValue) || isUserDefined }

    /// Its binary form is its text.
    var isText: Bool {
        switch self {
        case .text, .varchar, .bpchar, .name, .unknown, .json, .char: true
        default: isUserDefined
        }
    }
}

/// PostgreSQL's binary formats, as the `…_recv` and `…_send` functions of its sources have them.
enum PostgresBinary {
    /// PostgreSQL counts from 2000-01-01.
    static let epoch: Int64 = 946_684_800_000_000

    static func text(_ bytes: UnsafeRawBufferPointer, _ type: PostgresType) -> UnsafeRawBufferPointer? {
        if type.isText { return bytes }
        return type == .jsonb ? json(bytes) : nil
    }

    static func bytes(_ bytes: UnsafeRawBufferPointer, _ type: PostgresType) -> UnsafeRawBufferPointer? {
        type == .bytea ? bytes : text(bytes, type)
    }

    static func integer(_ bytes: UnsafeRawBufferPointer, _ type: PostgresType) -> Int64? {
        switch type {
        case .int8: load(bytes, Int64.self)
        case .int4: load(bytes, Int32.self).map(Int64.init)
        case .int2: load(bytes, Int16.self).map(Int64.init)
        case .oid: load(bytes, UInt32.self).map(Int64.init)
        default: nil
        }
    }

    static func double(_ bytes: UnsafeRawBufferPointer, _ type: PostgresType) -> Double? {
        switch type {
        case .float8: load(bytes, UInt64.self).map { Double(bitPattern: $0) }
        case .float4: load(bytes, UInt32.self).map { Double(Float(bitPattern: $0)) }
        default: nil
        }
    }

    static func bool(_ bytes: UnsafeRawBufferPointer, _ type: PostgresType) -> Bool? {
        guard type == .bool, bytes.count == 1 else { return nil }
        return bytes[0] != 0
    }

    static func uuid(_ bytes: UnsafeRawBufferPointer) -> (high: UInt64, low: UInt64)? {
        guard bytes.count == 16 else { return nil }
        return (
            UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)),
            UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)),
        )
    }

    static func timestamp(_ bytes: UnsafeRawBufferPointer, _ type: PostgresType) -> Int64? {
        guard type == .timestamptz || type == .timestamp, let value = load(bytes, Int64.self) else { return nil }
        if value == .max || value == .min { return value }
        let (sum, overflow) = value.addingReportingOverflow(epoch)
        return overflow ? .max : sum
    }

    /// `array_send`: dimensions, flags, element type, then per dimension its length and lower bound, then the
    /// elements with their lengths. Only one dimension is known here; nil for more, and for a NULL element.
    static func array<Element>(
        _ bytes: UnsafeRawBufferPointer, _ decoder: (PostgresType, UnsafeRawBufferPointer) -> Element?
    ) -> [Element]? {
        guard bytes.count >= 12 else { return nil }
        let dimensions = Int32(bigEndian: bytes.loadUnaligned(as: Int32.self))
        if dimensions == 0 { return [] }
        guard dimensions == 1, bytes.count >= 20 else { return nil }
        let type = PostgresType(rawValue: UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt32.self)))
        let count = Int(Int32(bigEndian: bytes.loadUnaligned(fromByteOffset: 12, as: Int32.self)))
        guard count >= 0, count <= bytes.count / 4 else { return nil }
        var elements: [Element] = []
        elements.reserveCapacity(count)
        var offset = 20
        for _ in 0..<count {
            guard offset + 4 <= bytes.count else { return nil }
            let length = Int(Int32(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Int32.self)))
            offset += 4
            guard length >= 0, offset + length <= bytes.count else { return nil }
            let element = UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + length])
            guard let value = decoder(type, element) else { return nil }
            elements.append(value)
            offset += length
        }
        return elements
    }

    static func text(ofUUID uuid: (high: UInt64, low: UInt64)) -> String {
        String(unsafeUninitializedCapacity: 36) { text in
            var position = 0
            for byte in 0..<16 {
                if byte == 4 || byte == 6 || byte == 8 || byte == 10 {
                    text[position] = UInt8(ascii: "-")
                    position += 1
                }
                let word = byte < 8 ? uuid.high : uuid.low
                let value = UInt8(truncatingIfNeeded: word >> UInt64(56 - 8 * (byte & 7)))
                text[position] = hexadecimal(value >> 4)
                text[position + 1] = hexadecimal(value & 15)
                position += 2
            }
            return position
        }
    }

    private static func hexadecimal(_ digit: UInt8) -> UInt8 {
        digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
    }

    /// `jsonb_send` puts a version, 1, before the text.
    private static func json(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
        guard let version = bytes.first, version == 1 else { return nil }
        return UnsafeRawBufferPointer(rebasing: bytes.dropFirst())
    }

    private static func load<Number: FixedWidthInteger>(
        _ bytes: UnsafeRawBufferPointer, _ type: Number.Type
    ) -> Number? {
        guard bytes.count == MemoryLayout<Number>.size else { return nil }
        return Number(bigEndian: bytes.loadUnaligned(as: Number.self))
    }
}
