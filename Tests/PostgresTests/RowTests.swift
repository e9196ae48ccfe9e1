// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Postgres
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(2))) struct RowTests {
    private func row(_ sql: String, _ body: (PostgresRow) throws -> Void) async throws {
        try await withConnection(PostgresForTests.configuration()) { connection async throws in
            try body(try await connection.execute(PostgresStatement(unnamed: sql))[0])
        }
    }

    @Test("Integers of every width")
    func integers() async throws {
        try await row("SELECT (-2)::int2, (-3)::int4, (-4)::int8, 4294967295::oid, NULL::int8") { row throws in
            let integers: [Int64] = try (0..<4).map { column in try row.int(column) }
            #expect(integers == [-2, -3, -4, 4_294_967_295])
            #expect(try row.optionalInt(4) == nil)
            #expect(row.isNull(4))
            #expect(!row.isNull(0))
        }
    }

    @Test("Floats, booleans, and their NULLs")
    func scalars() async throws {
        try await row("SELECT 1.5::float4, -2.25::float8, true, false, NULL::float8, NULL::bool") { row throws in
            #expect(try row.double(0) == 1.5)
            #expect(try row.double(1) == -2.25)
            #expect(try row.bool(2) == true)
            #expect(try row.bool(3) == false)
            #expect(try row.optionalDouble(4) == nil)
            #expect(try row.optionalBool(5) == nil)
        }
    }

    @Test("Text of every kind, and a uuid in lower case")
    func strings() async throws {
        let sql = """
            SELECT 'ü'::text, 'v'::varchar(9), 'c'::char(1), 'n'::name, '[1]'::json, '[1]'::jsonb,
                'ABCDEF00-89ab-cdef-fedc-ba9876543210'::uuid, ''::text, NULL::text
            """
        try await row(sql) { row throws in
            let texts: [String] = try (0..<8).map { column in try row.string(column) }
            #expect(
                texts == ["ü", "v", "c", "n", "[1]", "[1]", "abcdef00-89ab-cdef-fedc-ba9876543210", ""])
            #expect(try row.optionalString(8) == nil)
        }
    }

    @Test("An enumeration of the database is text")
    func enumeration() async throws {
        try await withConnection { connection async throws in
            try await connection.run("CREATE TYPE state AS ENUM ('open', 'done')")
            let row = try await connection.execute(
                PostgresStatement(unnamed: "SELECT 'done'::state, ARRAY['open', 'done']::state[]"))[0]
            #expect(try row.string(0) == "done")
            #expect(try row.textArray(1) == ["open", "done"])
        }
    }

    @Test("Times are microseconds since the Unix epoch; infinity is the largest and smallest number")
    func times() async throws {
        let sql = """
            SELECT '1970-01-01T00:00:00.000001Z'::timestamptz, '1999-12-31'::timestamp, 'infinity'::timestamptz,
                '-infinity'::timestamptz, NULL::timestamptz
            """
        try await row(sql) { row throws in
            #expect(try row.timestamp(0) == 1)
            #expect(try row.timestamp(1) == 946_598_400_000_000)
            #expect(try row.timestamp(2) == .max)
            #expect(try row.timestamp(3) == .min)
            #expect(try row.optionalTimestamp(4) == nil)
        }
    }

    @Test("Bytes are bytea, text, and jsonb without its version")
    func bytes() async throws {
        try await row(#"SELECT '\x00ff'::bytea, 'ab'::text, '{"a":1}'::jsonb, NULL::bytea, ''::bytea"#) { row throws in
            #expect(try row.bytes(0) == [0, 255])
            #expect(try row.bytes(1) == Array("ab".utf8))
            #expect(try row.bytes(2) == Array(#"{"a": 1}"#.utf8))
            #expect(try row.optionalBytes(3) == nil)
            #expect(try row.bytes(4) == [])
        }
    }

    @Test("Arrays of text, uuid, integers and bytes; a NULL array is not an empty one")
    func arrays() async throws {
        let sql = """
            SELECT ARRAY['a', '', 'ü'], '{}'::text[], NULL::text[], ARRAY[1, 2]::int4[], ARRAY[3]::int8[],
                ARRAY['00000000-0000-0001-0000-000000000002']::uuid[], ARRAY['{}']::jsonb[], NULL::uuid[]
            """
        try await row(sql) { row throws in
            #expect(try row.textArray(0) == ["a", "", "ü"])
            #expect(try row.textArray(1) == [])
            #expect(try row.optionalTextArray(2) == nil)
            #expect(try row.intArray(3) == [1, 2])
            #expect(try row.intArray(4) == [3])
            let uuids = try row.uuidArray(5)
            #expect(uuids.count == 1 && uuids[0] == (1, 2))
            #expect(try row.bytesArray(6) == [Array("{}".utf8)])
            #expect(try row.optionalUUIDArray(7) == nil)
        }
    }

    @Test(
        "A value that does not fit is an error, not a guess",
        arguments: [
            "'1'::text", "1.5::numeric", "NULL::int8", "true", "ARRAY[1]", "now()",
        ])
    func wrongType(expression: String) async throws {
        try await row("SELECT \(expression) AS answer") { row throws in
            let error = #expect(throws: PostgresError.self) { try row.int(0) }
            #expect(error?.kind == .decoding)
            #expect(error?.message.contains("answer") == true)
        }
    }

    @Test("A column that is not there is an error; so are NULL and a second dimension in an array")
    func misfits() async throws {
        try await row("SELECT ARRAY['a', NULL], ARRAY[[1, 2], [3, 4]], 'x'::text") { row throws in
            #expect(throws: PostgresError.self) { try row.string(3) }
            #expect(throws: PostgresError.self) { try row.string(-1) }
            #expect(throws: PostgresError.self) { try row.textArray(0) }
            #expect(throws: PostgresError.self) { try row.intArray(1) }
            #expect(throws: PostgresError.self) { try row.textArray(2) }
            #expect(throws: PostgresError.self) { try row.uuid(2) }
            #expect(throws: PostgresError.self) { try row.bool(2) }
            #expect(throws: PostgresError.self) { try row.double(2) }
            #expect(throws: PostgresError.self) { try row.timestamp(2) }
            #expect(throws: PostgresError.self) { try row.bytes(1) }
        }
    }

    @Test("Rows outlive the connection, and may be read on many threads")
    func rowsOutliveTheConnection() async throws {
        let result = try await withConnection(PostgresForTests.configuration()) { connection async throws in
            try await connection.execute(PostgresStatement(unnamed: "SELECT n FROM generate_series(1, 1000) n"))
        }
        #expect(result.rowCount == 1_000)
        #expect(result.columnNames == ["n"])
        let sums = try await withThrowingTaskGroup(of: Int64.self) { group in
            for _ in 0..<8 { group.addTask { try result.reduce(0) { try $0 + $1.int(0) } } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(sums == Array(repeating: 500_500, count: 8))
    }

    @Test("What a statement touched is counted; other statements count nothing")
    func affectedRows() async throws {
        try await withConnection { connection async throws in
            try await connection.run("CREATE TABLE t (id int8)")
            func affected(_ sql: String) async throws -> Int {
                try await connection.execute(PostgresStatement(unnamed: sql)).affectedRows
            }
            #expect(try await affected("INSERT INTO t SELECT generate_series(1, 5)") == 5)
            #expect(try await affected("UPDATE t SET id = id + 10 WHERE id > 3") == 2)
            #expect(try await affected("DELETE FROM t WHERE id = 99") == 0)
            #expect(try await affected("SELECT * FROM t") == 5)
            #expect(try await affected("SET TIME ZONE 'UTC'") == 0)
        }
    }
}
