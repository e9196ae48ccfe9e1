// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Postgres

/// What nobody needs any more.
extension JobStore {
    /// What one call of ``removeOld(historyDays:)`` did.
    package struct Removal: Sendable, Hashable {
        package var partitions = 0
        /// Rows of the history that lay outside of the daily partitions.
        package var rows = 0
        package var transactions = 0
        /// The history was locked, or there is more to do: call again.
        package var isUnfinished = false
    }

    /// Removes finished jobs older than `historyDays` days, except dead letters, and transactions older than a week.
    ///
    /// The history goes by whole days; one partition and a few thousand rows in a call, so that nothing is locked for long.
    package func removeOld(historyDays: Int) async throws -> Removal {
        var removal = Removal()
        do {
            let dropped = try await exclusive.withTransaction { connection in
                try await connection.run("SET LOCAL lock_timeout = '200ms'")
                return try await connection.execute(Self.dropping, [.int(Int64(historyDays))])[0].bool(0)
            }
            if dropped {
                removal.partitions = 1
                removal.isUnfinished = true
            }
        } catch let error as PostgresError where error.isLockNotAvailable {
            removal.isUnfinished = true
        }
        removal.rows = try await remove(Self.removingRows, [.int(Int64(historyDays)), .int(Int64(Self.rowLimit))])
        removal.transactions = try await remove(Self.removingTransactions, [.int(Int64(Self.rowLimit))])
        if max(removal.rows, removal.transactions) == Self.rowLimit { removal.isUnfinished = true }
        return removal
    }

    private func remove(_ statement: PostgresStatement, _ parameters: [PostgresParameter]) async throws -> Int {
        try await exclusive.withConnection { connection in
            Int(try await connection.execute(statement, parameters)[0].int(0))
        }
    }

    private static let rowLimit = 5_000

    private static let dropping = PostgresStatement(
        "history_drop",
        "SELECT drop_job_history_partition((clock_timestamp() AT TIME ZONE 'UTC')::date - $1::int8::integer)")

    private static let removingRows = PostgresStatement(
        "history_remove_rows",
        """
        WITH gone AS (
            DELETE FROM job_history_default WHERE ctid = ANY (ARRAY(
                SELECT ctid FROM job_history_default
                WHERE finished_at < date_trunc('day', clock_timestamp() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'
                        - $1::int8 * interval '1 day'
                    AND (state <> 'dead' OR settled_at IS NOT NULL)
                LIMIT $2::int8))
            RETURNING 1
        )
        SELECT count(*) FROM gone
        """)

    private static let removingTransactions = PostgresStatement(
        "transactions_remove",
        """
        WITH gone AS (
            DELETE FROM transaction_operation WHERE (transaction_id, number) IN (
                SELECT transaction_id, number FROM transaction_operation
                WHERE accepted_at < clock_timestamp() - interval '7 days' ORDER BY accepted_at LIMIT $1::int8
                FOR UPDATE SKIP LOCKED)
            RETURNING 1
        )
        SELECT count(*) FROM gone
        """)
}
