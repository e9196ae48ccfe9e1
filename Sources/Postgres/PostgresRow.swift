// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import CPostgres

/// One row of a result. Columns are counted from 0; a column of another type than the one asked for, or NULL where a
/// value is asked for, is a ``PostgresError/Kind/decoding`` error.
package struct PostgresRow: Sendable {
    let handle: ResultHandle
    let index: Int32

    package var columnCount: Int { handle.columnCount }

    /// Whether the column is NULL, whatever its type.
    package func isNull(_ column: Int) -> Bool {
        precondition(column >= 0 && column < handle.columnCount, "column \(column) of \(handle.columnCount)")
        return PQgetisnull(handle.pointer, index, Int32(column)) == 1
    }

    /// Text types, `name`, `uuid` (in lower case), `json`, `jsonb` and the server's own enumerations.
    package func string(_ column: Int) throws(PostgresError) -> String {
        try required(column, "text", optionalString(column))
    }

    package func optionalString(_ column: Int) throws(PostgresError) -> String? {
        try decode(column, "text") { type, bytes in
            if type == .uuid, let uuid = PostgresBinary.uuid(bytes) { return PostgresBinary.text(ofUUID: uuid) }
            return PostgresBinary.text(bytes, type).flatMap { String(validating: $0, as: UTF8.self) }
        }
    }

    /// `int2`, `int4`, `int8` and `oid`.
    package func int(_ column: Int) throws(PostgresError) -> Int64 {
        try required(column, "integer", optionalInt(column))
    }

    package func optionalInt(_ column: Int) throws(PostgresError) -> Int64? {
        try decode(column, "integer") { type, bytes in PostgresBinary.integer(bytes, type) }
    }

    /// `float4` and `float8`.
    package func double(_ column: Int) throws(PostgresError) -> Double {
        try required(column, "float", optionalDouble(column))
    }

    package func optionalDouble(_ column: Int) throws(PostgresError) -> Double? {
        try decode(column, "float") { type, bytes in PostgresBinary.double(bytes, type) }
    }

    package func bool(_ column: Int) throws(PostgresError) -> Bool {
        try required(column, "bool", optionalBool(column))
    }

    package func optionalBool(_ column: Int) throws(PostgresError) -> Bool? {
        try decode(column, "bool") { type, bytes in PostgresBinary.bool(bytes, type) }
    }

    /// The first and the last 8 bytes as big-endian numbers.
    package func uuid(_ column: Int) throws(PostgresError) -> (high: UInt64, low: UInt64) {
        try required(column, "uuid", optionalUUID(column))
    }

    package func optionalUUID(_ column: Int) throws(PostgresError) -> (high: UInt64, low: UInt64)? {
        try decode(column, "uuid") { type, bytes in type == .uuid ? PostgresBinary.uuid(bytes) : nil }
    }

    /// `timestamptz` or `timestamp` in microseconds since the Unix epoch; `infinity` and `-infinity` are the largest
    /// and the smallest number.
    package func timestamp(_ column: Int) throws(PostgresError) -> Int64 {
        try required(column, "timestamp", optionalTimestamp(column))
    }

    package func optionalTimestamp(_ column: Int) throws(PostgresError) -> Int64? {
        try decode(column, "timestamp") { type, bytes in PostgresBinary.timestamp(bytes, type) }
    }

    /// A copy of `bytea`, a text type, `json`, or `jsonb` as JSON text.
    package func bytes(_ column: Int) throws(PostgresError) -> [UInt8] {
        try required(column, "bytes", optionalBytes(column))
    }

    package func optionalBytes(_ column: Int) throws(PostgresError) -> [UInt8]? {
        try decode(column, "bytes") { type, bytes in PostgresBinary.bytes(bytes, type).map { Array($0) } }
    }

    /// `text[]` and arrays of the other types of ``string(_:)``, without NULL elements.
    package func textArray(_ column: Int) throws(PostgresError) -> [String] {
        try required(column, "text[]", optionalTextArray(column))
    }

    package func optionalTextArray(_ column: Int) throws(PostgresError) -> [String]? {
        try array(column, "text[]") { type, bytes in
            PostgresBinary.text(bytes, type).flatMap { String(validating: $0, as: UTF8.self) }
        }
    }

    package func uuidArray(_ column: Int) throws(PostgresError) -> [(high: UInt64, low: UInt64)] {
        try required(column, "uuid[]", optionalUUIDArray(column))
    }

    package func optionalUUIDArray(_ column: Int) throws(PostgresError) -> [(high: UInt64, low: UInt64)]? {
        try array(column, "uuid[]") { type, bytes in type == .uuid ? PostgresBinary.uuid(bytes) : nil }
    }

    /// `int2[]`, `int4[]` and `int8[]`, without NULL elements.
    package func intArray(_ column: Int) throws(PostgresError) -> [Int64] {
        try required(column, "integer[]", array(column, "integer[]") { PostgresBinary.integer($1, $0) })
    }

    /// `bytea[]`, `text[]` and `jsonb[]`, without NULL elements.
    package func bytesArray(_ column: Int) throws(PostgresError) -> [[UInt8]] {
        try required(
            column, "bytes[]",
            array(column, "bytes[]") { type, bytes in PostgresBinary.bytes(bytes, type).map { Array($0) } })
    }

    // MARK: - From libpq

    private typealias Decoder<Value> = (PostgresType, UnsafeRawBufferPointer) -> Value?

    /// The type and the bytes of a column, nil when it is NULL.
    private func raw(_ column: Int) throws(PostgresError) -> (PostgresType, UnsafeRawBufferPointer)? {
        // libpq answers an index out of range with a notice and a null pointer: never ask it.
        guard column >= 0, column < handle.columnCount else {
            throw PostgresError(
                kind: .decoding, message: "column \(column) was asked for, the result has \(handle.columnCount)")
        }
        let number = Int32(column)
        guard PQgetisnull(handle.pointer, index, number) == 0 else { return nil }
        let type = PostgresType(rawValue: PQftype(handle.pointer, number))
        let length = Int(PQgetlength(handle.pointer, index, number))
        return (type, UnsafeRawBufferPointer(start: PQgetvalue(handle.pointer, index, number), count: length))
    }

    private func decode<Value>(
        _ column: Int, _ expected: String, _ decoder: Decoder<Value>
    ) throws(PostgresError) -> Value? {
        guard let (type, bytes) = try raw(column) else { return nil }
        guard let value = decoder(type, bytes) else { throw mismatch(column, expected) }
        return value
    }

    private func array<Element>(
        _ column: Int, _ expected: String, _ decoder: Decoder<Element>
    ) throws(PostgresError) -> [Element]? {
        guard let (type, bytes) = try raw(column) else { return nil }
        guard type.isArray, let elements = PostgresBinary.array(bytes, decoder) else {
            throw mismatch(column, expected)
        }
        return elements
    }

    private func required<Value>(
        _ column: Int, _ expected: String, _ value: Value?
    ) throws(PostgresError) -> Value {
        guard let value else { throw mismatch(column, expected) }
        return value
    }

    private func mismatch(_ column: Int, _ expected: String) -> PostgresError {
        let name = handle.columnName(column)
        let found = isNull(column) ? "NULL" : "type \(PQftype(handle.pointer, Int32(column)))"
        return PostgresError(kind: .decoding, message: "column \(name): \(expected) was asked for, found \(found)")
    }
}
