// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Postgres
package import SCIM

/// Asynchronous requests (RFC 9967): which writes belong to a transaction, and how far UDM has followed them. A transaction is kept for a week.
package final class TransactionStore: Sendable {
    private let pool: PostgresPool
    private let reader: PostgresPipeline

    init(pool: PostgresPool, reader: PostgresPipeline) {
        self.pool = pool
        self.reader = reader
    }

    /// Keeps a transaction whose writes are committed. The client is told its id afterwards, so none is announced that does not exist.
    package func record(
        _ transaction: LowercaseUUID, _ operations: [TransactionOperation], context: WriteContext, now: Timestamp
    ) async throws {
        let parameters: [PostgresParameter] = [
            .id(transaction), .text(context.tenant), .text(context.client), .time(now),
            .textArray(operations.map(\.method)), .textArray(operations.map(\.bulkID)),
            .textArray(operations.map(\.type?.rawValue)), .ids(operations.map(\.id)),
            .intArray(operations.map(\.revision)), .intArray(operations.map { Int64($0.status) }),
            .jsonArray(operations.map(\.error)), .ids(operations.map(\.job)),
        ]
        try await pool.withConnection { connection in _ = try await connection.execute(Self.recording, parameters) }
    }

    /// The operations of a transaction, in the order of the request; none if the client has no such transaction.
    package func progress(
        of transaction: LowercaseUUID, tenant: String, client: String
    ) async throws -> [TransactionProgress] {
        try await reader.execute(Self.reading, [.id(transaction), .text(tenant), .text(client)]).map(Self.progress)
    }

    private static func progress(_ row: PostgresRow) throws -> TransactionProgress {
        let type: ResourceType? =
            if let text = try row.optionalString(3) { try ResourceType(stored: text) } else { nil }
        let operation = TransactionOperation(
            method: try row.string(1), bulkID: try row.optionalString(2), type: type, id: try row.optionalID(4),
            revision: try row.optionalInt(5), status: Int(try row.int(6)), error: try row.optionalBytes(7),
            job: try row.optionalID(8))
        let state: TransactionProgress.State =
            if operation.job == nil {
                .finished(at: try row.time(9))
            } else if let finished = try row.optionalTime(10) {
                try row.string(11) == "dead"
                    ? .failed(at: finished, error: try row.optionalBytes(12)) : .finished(at: finished)
            } else {
                .open
            }
        return TransactionProgress(number: Int(try row.int(0)), operation: operation, state: state)
    }

    /// Removes some of those that are too old, so that a table which nobody else tidies does not grow.
    private static let recording = PostgresStatement(
        "transaction_record",
        """
        WITH expired AS (
            DELETE FROM transaction_operation WHERE (transaction_id, number) IN (
                SELECT transaction_id, number FROM transaction_operation
                WHERE accepted_at < $4::timestamptz - interval '7 days' ORDER BY accepted_at LIMIT 2000
                FOR UPDATE SKIP LOCKED)
        )
        INSERT INTO transaction_operation (
            transaction_id, number, tenant, client, method, bulk_id, type, resource_id, revision, status, error, job_id,
            accepted_at)
        SELECT $1::uuid, o.number - 1, $2::text, $3::text, o.method, o.bulk_id, o.type, o.resource_id, o.revision, o.status,
            o.error, o.job_id, $4::timestamptz
        FROM unnest(
            $5::text[], $6::text[], $7::text[], $8::uuid[], $9::int8[], $10::int8[], $11::jsonb[], $12::uuid[]
        ) WITH ORDINALITY AS o(method, bulk_id, type, resource_id, revision, status, error, job_id, number)
        """)

    private static let reading = PostgresStatement(
        "transaction_read",
        """
        SELECT o.number::int8, o.method, o.bulk_id, o.type, o.resource_id, o.revision, o.status::int8, o.error, o.job_id,
            o.accepted_at, h.finished_at, h.state, h.last_error
        FROM transaction_operation o
        LEFT JOIN LATERAL (
            SELECT finished_at, state, last_error FROM job_history WHERE id = o.job_id LIMIT 1
        ) h ON true
        WHERE o.transaction_id = $1::uuid AND o.tenant = $2::text AND o.client = $3::text
        ORDER BY o.number
        """)
}
