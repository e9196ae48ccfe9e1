// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Logging
internal import Postgres

/// How safely the PostgreSQL under measurement keeps what it commits.
struct Durability: Sendable, Equatable {
    /// What is shown in the report, in this order.
    static let reported = [
        "fsync", "synchronous_commit", "full_page_writes", "wal_sync_method", "wal_level", "commit_delay",
        "shared_buffers", "max_wal_size", "checkpoint_timeout", "autovacuum", "max_connections",
    ]

    /// Names and values of the settings, as the server writes them.
    var settings: [(name: String, value: String)]
    /// Roles or databases that weaken `synchronous_commit` for themselves, in words.
    var exceptions: [String]

    static func == (left: Self, right: Self) -> Bool {
        left.settings.elementsEqual(right.settings, by: ==) && left.exceptions == right.exceptions
    }

    /// A rate that was reached by risking accepted writes is no rate: nil when every commit is flushed before it is
    /// answered, otherwise why not.
    var problem: String? {
        for name in ["fsync", "synchronous_commit"]
        where settings.contains(where: { $0.name == name && $0.value == "off" }) {
            return "\(name) is off on this PostgreSQL: what it confirms can be lost. Turn it on and measure again"
        }
        if let first = exceptions.first {
            return "synchronous_commit is off for \(first). Remove that and measure again"
        }
        return nil
    }

    static func read(on connection: PostgresConnection) async throws -> Durability {
        var settings: [(String, String)] = []
        for name in reported {
            let rows = try await connection.execute(
                PostgresStatement(unnamed: "SELECT current_setting($1::text)"), [.text(name)])
            if let row = rows.first { settings.append((name, try row.string(0))) }
        }
        let rows = try await connection.execute(
            PostgresStatement(
                unnamed: """
                    SELECT concat_ws(' in ', 'role ' || r.rolname, 'database ' || d.datname)
                    FROM pg_db_role_setting s
                    LEFT JOIN pg_roles r ON r.oid = s.setrole LEFT JOIN pg_database d ON d.oid = s.setdatabase
                    WHERE (s.setdatabase = 0 OR d.datname = current_database())
                        AND EXISTS (
                            SELECT FROM unnest(s.setconfig) AS setting
                            WHERE setting ~* '^synchronous_commit=(off|false|no|0)$')
                    ORDER BY 1
                    """))
        return Durability(settings: settings, exceptions: try rows.map { try $0.string(0) })
    }
}
