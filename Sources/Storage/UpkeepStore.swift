// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Postgres

/// What PostgreSQL does to indexes and statistics, done beside the writes of clients (record 29).
///
/// On a connection of its own, because it may take seconds. Whoever does it owns the tables, or is a member of the role that does.
package struct UpkeepStore: Sendable {
    let pool: PostgresPool

    /// What lists are answered from.
    static let tables = ["resource", "unique_claim", "external_id", "group_member"]

    /// What there is to do.
    package struct Findings: Sendable, Hashable {
        /// Whether PostgreSQL lets us do it.
        package let isOwner: Bool
        /// Tables that hold more than a thousand rows, and more than twice as many as when their statistics were made. Writes count within a second or
        /// so after their commit.
        package let outgrown: [String]
    }

    package func findings() async throws -> Findings {
        try await pool.withConnection { connection in
            let row = try await connection.execute(Self.looking, [.textArray(Self.tables)])[0]
            return Findings(isOwner: try row.bool(0), outgrown: try row.textArray(1))
        }
    }

    // `reltuples` is negative before the first ANALYZE. Those that autovacuum makes count as well.
    private static let looking = PostgresStatement(
        "upkeep_findings",
        """
        SELECT coalesce(bool_and(pg_has_role(c.relowner, 'USAGE')), true),
            coalesce(array_agg(t.name ORDER BY t.name)
                FILTER (WHERE pg_stat_get_live_tuples(c.oid) > greatest(1000, 2 * c.reltuples)), '{}')
        FROM unnest($1::text[]) AS t(name) JOIN pg_class c ON c.oid = to_regclass(t.name)
        """)

    /// Moves what writes have appended to the index of parts of names into it. Only one session does that at a time; writes go on meanwhile.
    /// - Returns: How many pages it was; nil when there is no such index, or somebody else has it.
    package func cleanPendingList() async throws -> Int? {
        do {
            return try await pool.withConnection { connection in
                try await connection.execute(Self.cleaning)[0].optionalInt(0).map { Int($0) }
            }
        } catch let error as PostgresError where error.isLockNotAvailable {
            return nil
        }
    }

    private static let cleaning = PostgresStatement(
        "upkeep_pending_list", "SELECT gin_clean_pending_list(to_regclass('unique_claim_name_trigrams'))")

    /// Makes the statistics of a table anew, from a small sample; plans that were made with the old ones are given up. Autovacuum makes better ones,
    /// when a tenth of the table has changed since.
    /// - Parameter table: One of ``Findings/outgrown``.
    /// - Returns: False when a vacuum or a migration has the table.
    package func analyze(_ table: String) async throws -> Bool {
        do {
            return try await pool.withConnection { connection in
                _ = try await connection.execute(PostgresStatement(unnamed: "ANALYZE \(table)"))
                return true
            }
        } catch let error as PostgresError where error.isLockNotAvailable {
            return false
        }
    }
}

extension StorageConfiguration {
    /// A wait for a lock is over before `deadlock_timeout`, after which a vacuum would be ended for it.
    var upkeep: PostgresConfiguration {
        var upkeep = postgres
        upkeep.lockTimeout = .milliseconds(200)
        upkeep.statementTimeout = .seconds(60)
        upkeep.responseTimeout = nil
        // A sample of 6,000 rows and not 30,000: a tenth of a second of a core, where writes want all of them.
        upkeep.sessionSettings.append(("default_statistics_target", "20"))
        return upkeep
    }
}
