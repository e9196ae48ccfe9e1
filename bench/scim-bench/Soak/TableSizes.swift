// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Logging
internal import Postgres

/// How large tables of the bridge are; partitions count for their table.
struct TableSizes: Sendable {
    struct Size: Sendable, Equatable {
        /// Bytes, without indexes.
        var heap: Int64
        /// Bytes of all its indexes.
        var indexes: Int64
        /// As PostgreSQL's statistics have them.
        var rows: Int64
        /// Rows that are left of changes and removals until vacuum comes.
        var deadRows: Int64
    }

    private let connection: PostgresConnection

    static func open(_ configuration: PostgresConfiguration) async throws -> TableSizes {
        do {
            return TableSizes(
                connection: try await PostgresConnection.open(
                    configuration, label: "bench.sizes", logger: Logger(label: "scim-bench")))
        } catch {
            throw BenchFailure("the database cannot be reached: \(error.message)")
        }
    }

    func close() async { await connection.close() }

    func sizes(of tables: [String]) async throws -> [String: Size] {
        var sizes: [String: Size] = [:]
        for row in try await connection.execute(Self.statement, [.textArray(tables)]) {
            sizes[try row.string(0)] = Size(
                heap: try row.int(1), indexes: try row.int(2), rows: try row.int(3), deadRows: try row.int(4))
        }
        return sizes
    }

    /// Each index of the tables, with its bytes.
    func indexes(of tables: [String]) async throws -> [(table: String, index: String, bytes: Int64)] {
        try await connection.execute(Self.indexStatement, [.textArray(tables)]).map {
            (try $0.string(0), try $0.string(1), try $0.int(2))
        }
    }

    /// Rows that are there, counted.
    func count(_ table: String) async throws -> Int64 {
        try await connection.execute(PostgresStatement(unnamed: "SELECT count(*) FROM \(table)")).first?.int(0) ?? 0
    }

    func vacuum(_ tables: [String]) async throws {
        for table in tables { try await connection.run("VACUUM ANALYZE \(table)") }
    }

    /// Writes that were accepted since the database was made: the number of the latest.
    func latestWrite() async throws -> Int64 {
        try await connection.execute(Self.latest, []).first?.int(0) ?? 0
    }

    private static let latest = PostgresStatement("bench_latest_write", "SELECT last_value FROM write_order")

    /// Tables and their partitions, by the name of the table.
    private static let parts = """
        WITH part AS (
            SELECT t.name, t.name::regclass AS id FROM unnest($1::text[]) AS t(name)
            UNION ALL
            SELECT t.name, i.inhrelid FROM unnest($1::text[]) AS t(name) JOIN pg_inherits i ON i.inhparent = t.name::regclass
        )
        """

    private static let statement = PostgresStatement(
        "bench_table_sizes",
        """
        \(parts)
        SELECT p.name, sum(pg_relation_size(p.id))::int8, sum(pg_indexes_size(p.id))::int8,
            coalesce(sum(s.n_live_tup), 0)::int8, coalesce(sum(s.n_dead_tup), 0)::int8
        FROM part p LEFT JOIN pg_stat_user_tables s ON s.relid = p.id GROUP BY p.name
        """)

    private static let indexStatement = PostgresStatement(
        "bench_index_sizes",
        """
        \(parts)
        SELECT p.name, c.relname::text, pg_relation_size(c.oid) FROM part p
        JOIN pg_index i ON i.indrelid = p.id JOIN pg_class c ON c.oid = i.indexrelid
        WHERE pg_relation_size(c.oid) > 0 ORDER BY 1, 3 DESC
        """)
}
