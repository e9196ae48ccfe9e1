// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Logging
internal import Postgres

/// The samples of every list in a schema of their own, for pgbench to draw from; and the hand-written SELECTs run on them
/// once, as proof that they answer what the server answers.
struct SampleTable: Sendable {
    static let schemaName = "scim_bench_samples"
    /// The first sample has the number 1.
    static let name = "\(schemaName).sample"

    private let schema: BenchSchema

    static func create(
        _ configuration: PostgresConfiguration, _ samples: [ListQuery: [ListSample]]
    ) async throws -> SampleTable {
        let schema = try await BenchSchema.create(schemaName, configuration)
        let table = SampleTable(schema: schema)
        do {
            for (name, value) in ListSelect.planSettings { try await schema.connection.run("SET \(name) = '\(value)'") }
            try await schema.connection.run(
                """
                CREATE TABLE \(name) (
                    query text, n integer, value text NOT NULL, value_end text NOT NULL, PRIMARY KEY (query, n))
                """)
            for (query, samples) in samples { try await table.insert(samples, of: query) }
            try await schema.connection.run("ANALYZE \(name)")
        } catch {
            // What stopped the bench is what its user has to know.
            try? await schema.remove()
            throw error
        }
        return table
    }

    func remove() async throws { try await schema.remove() }

    /// - Returns: The total, nil where the SELECT does not count, and the ids of the page in lower case.
    func page(_ select: ListSelect, _ sample: ListSample) async throws -> (total: Int?, ids: [String]) {
        let values: [PostgresParameter] = [.text(sample.value), .text(sample.end)]
        let rows = try await schema.connection.execute(
            PostgresStatement("bench_list_\(select.query.rawValue)", select.sql()),
            Array(values.prefix(select.valueCount)))
        let total = try rows.first.map { row in row.isNull(0) ? nil : Int(try row.int(0)) } ?? 0
        return (total, try rows.map { row in Self.text(try row.uuid(1)) })
    }

    private func insert(_ samples: [ListSample], of query: ListQuery) async throws {
        _ = try await schema.connection.execute(
            PostgresStatement(
                unnamed: """
                    INSERT INTO \(Self.name) (query, n, value, value_end)
                    SELECT $1::text, n, value, value_end
                    FROM unnest($2::text[], $3::text[]) WITH ORDINALITY AS s (value, value_end, n)
                    """),
            [.text(query.rawValue), .textArray(samples.map(\.value)), .textArray(samples.map(\.end))])
    }

    private static func text(_ id: (high: UInt64, low: UInt64)) -> String {
        let digits = [id.high, id.low].map { part in
            let text = String(part, radix: 16)
            return String(repeating: "0", count: 16 - text.count) + text
        }
        let text = digits.joined()
        let ends = [8, 12, 16, 20, 32]
        return zip([0] + ends, ends).map { begin, end in text.prefix(end).dropFirst(begin) }.joined(separator: "-")
    }
}
