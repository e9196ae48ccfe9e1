// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Postgres
import TestSupport
import Testing

/// A parameter, the type it is cast to, and the server's own text for it.
struct ParameterCase: Sendable, CustomTestStringConvertible {
    let type: String
    let parameter: PostgresParameter
    let text: String?

    init(_ type: String, _ parameter: PostgresParameter, _ text: String?) {
        self.type = type
        self.parameter = parameter
        self.text = text
    }

    var testDescription: String { "\(type) \(text ?? "NULL")" }

    static let all: [ParameterCase] = [
        ParameterCase("text", .null, nil),
        ParameterCase("uuid", .null, nil),
        ParameterCase("jsonb", .null, nil),
        ParameterCase("text", .text(""), ""),
        ParameterCase("text", .text("Grüße, 世界 👩‍👩‍👧 'quoted' \\ $1"), "Grüße, 世界 👩‍👩‍👧 'quoted' \\ $1"),
        ParameterCase("int4", .text("42"), "42"),
        ParameterCase("timestamptz", .text("2026-11-21T09:15:29Z"), "2026-11-21 09:15:29+00"),
        ParameterCase("jsonb", .json(Array(#"{"b":[1,2],"a":"ü"}"#.utf8)), #"{"a": "ü", "b": [1, 2]}"#),
        ParameterCase("json", .json(Array(#"{"b":1, "a":2}"#.utf8)), #"{"b":1, "a":2}"#),
        ParameterCase("bytea", .bytes([0, 1, 255]), "\\x0001ff"),
        ParameterCase("bytea", .bytes([]), "\\x"),
        ParameterCase("int8", .int(.min), "-9223372036854775808"),
        ParameterCase("int8", .int(.max), "9223372036854775807"),
        ParameterCase("float8", .double(-0.5), "-0.5"),
        ParameterCase("float8", .double(.infinity), "Infinity"),
        ParameterCase("bool", .bool(true), "true"),
        ParameterCase("bool", .bool(false), "false"),
        ParameterCase(
            "uuid", .uuid(high: 0x0123_4567_89ab_cdef, low: 0xfedc_ba98_7654_3210),
            "01234567-89ab-cdef-fedc-ba9876543210"),
        ParameterCase("timestamptz", .timestamp(0), "1970-01-01 00:00:00+00"),
        ParameterCase("timestamptz", .timestamp(-1), "1969-12-31 23:59:59.999999+00"),
        ParameterCase("timestamptz", .timestamp(1_795_252_529_900_001), "2026-11-21 09:15:29.900001+00"),
        ParameterCase("timestamptz", .timestamp(.max), "infinity"),
        ParameterCase("text[]", .textArray([]), "{}"),
        ParameterCase("text[]", .textArray(["a", nil, "", "ü,\""]), #"{a,NULL,"","ü,\""}"#),
        ParameterCase("jsonb[]", .jsonArray([Array("{}".utf8), nil, Array("[1]".utf8)]), "{\"{}\",NULL,[1]}"),
        ParameterCase("bytea[]", .bytesArray([[1], [], nil]), #"{"\\x01","\\x",NULL}"#),
        ParameterCase("int8[]", .intArray([1, nil, -3]), "{1,NULL,-3}"),
        ParameterCase("bool[]", .boolArray([true, false]), "{t,f}"),
        ParameterCase("uuid[]", .uuidArray([(0, 1), nil]), "{00000000-0000-0000-0000-000000000001,NULL}"),
        ParameterCase("uuid[]", .uuidArray([]), "{}"),
        ParameterCase("timestamptz[]", .timestampArray([0, nil]), "{\"1970-01-01 00:00:00+00\",NULL}"),
    ]
}

@Suite(.timeLimit(.minutes(2))) struct ParameterTests {
    @Test("The server reads every kind of parameter as it was meant", arguments: ParameterCase.all)
    func parameter(_ example: ParameterCase) async throws {
        try await withConnection(PostgresForTests.configuration()) { connection async throws in
            let statement = PostgresStatement(unnamed: "SELECT ($1::\(example.type))::text")
            let row = try await connection.execute(statement, [example.parameter])[0]
            #expect(try row.optionalString(0) == example.text)
        }
    }

    @Test("Several parameters, large ones among them, keep their places")
    func severalParameters() async throws {
        let text = String(repeating: "ä", count: 1 << 20)
        let bytes = (0..<(2 << 20)).map { UInt8(truncatingIfNeeded: $0) }
        let json = Array("\"\(String(repeating: "x", count: 2 << 20))\"".utf8)
        let sql = "SELECT $1::int8, $2::text, $3::bool, $4::bytea, $5::text, $6::jsonb, $7::text"
        try await withConnection(PostgresForTests.configuration()) { connection async throws in
            for statement in [PostgresStatement("large", sql), PostgresStatement(unnamed: sql)] {
                let row = try await connection.execute(
                    statement, [.int(7), .text(text), .null, .bytes(bytes), .text("end"), .json(json), .text("")])[0]
                #expect(try row.int(0) == 7)
                #expect(try row.string(1) == text)
                #expect(row.isNull(2))
                #expect(try row.bytes(3) == bytes)
                #expect(try row.string(4) == "end")
                #expect(try row.bytes(5) == json)
                #expect(try row.string(6) == "")
            }
        }
    }

    @Test(
        "U+0000 is refused before anything is sent", arguments: [PostgresParameter.text("a\0b"), .json([34, 0, 34])])
    func nul(_ parameter: PostgresParameter) async throws {
        try await withConnection(PostgresForTests.configuration()) { connection async throws in
            let error = await postgresError {
                try await connection.execute(PostgresStatement(unnamed: "SELECT $1::text"), [parameter])
            }
            #expect(error.sqlState == "22021")
            #expect(try await connection.ints("SELECT 1") == [1])
        }
    }

    @Test("More parameters than the protocol counts are refused, and the connection stays usable")
    func tooManyParameters() async throws {
        try await withConnection(PostgresForTests.configuration()) { connection async throws in
            let error = await postgresError {
                try await connection.execute(
                    PostgresStatement(unnamed: "SELECT 1"), Array(repeating: .null, count: 65_536))
            }
            #expect(error.sqlState == "54000")
            #expect(try await connection.ints("SELECT 1") == [1])
        }
    }

    @Test("Rows go in by unnest of arrays, NULLs included")
    func unnest() async throws {
        try await withConnection { connection async throws in
            try await connection.run("CREATE TABLE t (id uuid PRIMARY KEY, name text, doc jsonb, at timestamptz)")
            let count = 1_000
            let result = try await connection.execute(
                PostgresStatement(
                    "insert",
                    "INSERT INTO t SELECT * FROM unnest($1::uuid[], $2::text[], $3::jsonb[], $4::timestamptz[])"),
                [
                    .uuidArray((0..<count).map { (0, UInt64($0)) }),
                    .textArray((0..<count).map { $0 % 10 == 0 ? nil : "n\($0)" }),
                    .jsonArray((0..<count).map { Array("{\"n\":\($0)}".utf8) }),
                    .timestampArray((0..<count).map { Int64($0) * 1_000_000 }),
                ])
            #expect(result.affectedRows == count)
            let rows = try await connection.execute(
                PostgresStatement(unnamed: "SELECT name, doc, at, id FROM t ORDER BY id"))
            #expect(rows.count == count)
            for (number, row) in rows.enumerated() {
                #expect(try row.optionalString(0) == (number % 10 == 0 ? nil : "n\(number)"))
                #expect(try row.string(1) == "{\"n\": \(number)}")
                #expect(try row.timestamp(2) == Int64(number) * 1_000_000)
                #expect(try row.uuid(3) == (0, UInt64(number)))
            }
        }
    }
}
