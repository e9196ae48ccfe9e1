// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Postgres
package import SCIM

/// What a change of the sinks came to.
package struct SinkChange: Sendable, Equatable {
    package var added: [String] = []
    /// Of each new sink: events of the outbox that it gets too.
    package var backlog = 0
    package var removed: [String] = []
    /// Events that a removed sink had not taken, parked ones included, and now never gets.
    package var abandoned = 0
}

/// What a sink has still to get.
package struct SinkStatistics: Sendable, Equatable {
    package var open = 0
    package var parked = 0
    /// Of the oldest one that is not parked.
    package var oldest: Timestamp?

    package init(open: Int = 0, parked: Int = 0, oldest: Timestamp? = nil) {
        self.open = open
        self.parked = parked
        self.oldest = oldest
    }
}

extension EventStore {
    /// Makes `sinks` those that get events from now on. Called by the leading sender before it sends.
    ///
    /// A new one gets what the outbox holds too. First it is known to whoever records events; the lock waits for those who recorded theirs
    /// without it, so that none is missed. What a removed one had not taken is given up, and only that.
    package func useSinks(_ sinks: Set<SinkName>) async throws -> SinkChange {
        let names = sinks.map(\.rawValue).sorted()
        let known = try await pool.withConnection { try await $0.execute(Self.knownSinks) }
            .map { try $0.string(0) }
        var change = SinkChange(
            added: names.filter { !known.contains($0) }, removed: known.filter { !names.contains($0) })
        if !change.added.isEmpty {
            try await pool.withTransaction { [added = change.added] connection in
                _ = try await connection.execute(Self.sinkLockTimeout)
                _ = try await connection.execute(Self.lockOutbox)
                _ = try await connection.execute(Self.addSinks, [.textArray(added)])
            }
            change.backlog = try await pool.withTransaction { [added = change.added] connection in
                try await connection.execute(Self.deliverBacklog, [.textArray(added)])
                    .first.map { Int(try $0.int(0)) } ?? 0
            }
        }
        if !change.removed.isEmpty {
            change.abandoned = try await pool.withTransaction { [removed = change.removed] connection in
                _ = try await connection.execute(Self.removeSinks, [.textArray(removed)])
                return try await connection.execute(Self.abandon, [.textArray(removed)])
                    .first.map { Int(try $0.int(0)) } ?? 0
            }
        }
        try await removeSettled()
        return change
    }

    /// Deletes events that no sink waits for, and deliveries of events that are gone: what two senders leave that did not know of each other.
    package func removeSettled() async throws {
        try await pool.withTransaction { connection in
            _ = try await connection.execute(Self.deleteOrphans)
            _ = try await connection.execute(Self.deleteSettled)
        }
    }

    /// Of every sink that there is; a scan of the narrow rows of deliveries, never part of a scrape.
    package func statistics() async throws -> [String: SinkStatistics] {
        var statistics: [String: SinkStatistics] = [:]
        for row in try await pool.withConnection({ try await $0.execute(Self.counts) }) {
            statistics[try row.string(0)] = SinkStatistics(
                open: Int(try row.int(1)), parked: Int(try row.int(2)), oldest: try row.optionalTime(3))
        }
        return statistics
    }

    private static let knownSinks = PostgresStatement("sinks_known", "SELECT name FROM event_sink ORDER BY name")

    private static let sinkLockTimeout = PostgresStatement(
        "sinks_lock_timeout", "SELECT set_config('lock_timeout', '5s', true)")

    private static let lockOutbox = PostgresStatement(
        "sinks_lock", "LOCK TABLE event_outbox IN SHARE ROW EXCLUSIVE MODE")

    private static let addSinks = PostgresStatement(
        "sinks_add", "INSERT INTO event_sink (name) SELECT unnest($1::text[]) ON CONFLICT DO NOTHING")

    private static let deliverBacklog = PostgresStatement(
        "sinks_backlog",
        """
        WITH given AS (
            INSERT INTO event_delivery (event_id, sink, "order", kind, resource_id, recorded_at)
            SELECT e.id, s.name, e."order", e.kind, e.resource_id, e.recorded_at
            FROM event_outbox e CROSS JOIN unnest($1::text[]) AS s(name)
            ON CONFLICT DO NOTHING RETURNING event_id
        )
        SELECT count(*) FROM given
        """)

    private static let removeSinks = PostgresStatement(
        "sinks_remove", "DELETE FROM event_sink WHERE name = ANY ($1::text[])")

    private static let abandon = PostgresStatement(
        "sinks_abandon",
        """
        WITH gone AS (DELETE FROM event_delivery WHERE sink = ANY ($1::text[]) RETURNING event_id)
        SELECT count(*) FROM gone
        """)

    private static let deleteOrphans = PostgresStatement(
        "sinks_orphans",
        """
        DELETE FROM event_delivery d
        WHERE NOT EXISTS (SELECT FROM event_outbox e WHERE e.id = d.event_id)
            OR NOT EXISTS (SELECT FROM event_sink s WHERE s.name = d.sink)
        """)

    private static let deleteSettled = PostgresStatement(
        "sinks_settled",
        "DELETE FROM event_outbox e WHERE NOT EXISTS (SELECT FROM event_delivery d WHERE d.event_id = e.id)")

    private static let counts = PostgresStatement(
        "sinks_counts",
        """
        SELECT s.name, count(d.sink) FILTER (WHERE d.parked_at IS NULL),
            count(d.sink) FILTER (WHERE d.parked_at IS NOT NULL), min(d.recorded_at) FILTER (WHERE d.parked_at IS NULL)
        FROM event_sink s LEFT JOIN event_delivery d ON d.sink = s.name GROUP BY s.name
        """)
}
