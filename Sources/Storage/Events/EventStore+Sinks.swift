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
    /// without it, so that none is missed. What a removed one had not taken is given up, and only that. Whatever takes long goes by portions,
    /// and goes on where it was when it is called again.
    /// - Parameter between: Called after each portion; its error ends the change there.
    package func useSinks(
        _ sinks: Set<SinkName>, between: @Sendable () async throws -> Void = {}
    ) async throws -> SinkChange {
        let names = sinks.map(\.rawValue).sorted()
        var known: [String: Bool] = [:]
        for row in try await pool.withConnection({ try await $0.execute(Self.knownSinks) }) {
            known[try row.string(0)] = try row.bool(1)
        }
        var change = SinkChange(removed: known.keys.filter { !names.contains($0) }.sorted())
        change.added = names.filter { known[$0] != true }
        if !change.added.isEmpty {
            try await pool.withTransaction { [added = change.added] connection in
                _ = try await connection.execute(Self.sinkLockTimeout)
                _ = try await connection.execute(Self.lockOutbox)
                _ = try await connection.execute(Self.addSinks, [.textArray(added)])
            }
            change.backlog = try await deliverBacklog(to: change.added, between: between)
        }
        if !change.removed.isEmpty {
            _ = try await pool.withConnection { [removed = change.removed] connection in
                try await connection.execute(Self.removeSinks, [.textArray(removed)])
            }
            var portion: Int
            repeat {
                portion = try await pool.withConnection { [removed = change.removed] connection in
                    Int(try await connection.execute(Self.abandon, [.textArray(removed)])[0].int(0))
                }
                change.abandoned += portion
                try await between()
            } while portion > 0
        }
        return change
    }

    /// Events recorded meanwhile have their deliveries already.
    private func deliverBacklog(to sinks: [String], between: @Sendable () async throws -> Void) async throws -> Int {
        var count = 0
        var last: EventID? = EventID(high: 0, low: 0)
        while let after = last {
            let row = try await pool.withConnection { connection in
                try await connection.execute(Self.deliverBacklog, [.textArray(sinks), .id(after)])[0]
            }
            last = try row.optionalID(0)
            count += Int(try row.int(1))
            try await between()
        }
        _ = try await pool.withConnection { try await $0.execute(Self.completeSinks, [.textArray(sinks)]) }
        return count
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

    private static let knownSinks = PostgresStatement("sinks_known", "SELECT name, has_backlog FROM event_sink")

    private static let sinkLockTimeout = PostgresStatement(
        "sinks_lock_timeout", "SELECT set_config('lock_timeout', '5s', true)")

    private static let lockOutbox = PostgresStatement(
        "sinks_lock", "LOCK TABLE event_outbox IN SHARE ROW EXCLUSIVE MODE")

    private static let addSinks = PostgresStatement(
        "sinks_add",
        "INSERT INTO event_sink (name, has_backlog) SELECT unnest($1::text[]), false ON CONFLICT DO NOTHING")

    private static let deliverBacklog = PostgresStatement(
        "sinks_backlog",
        """
        WITH portion AS MATERIALIZED (
            SELECT id, "order", kind, resource_id, recorded_at FROM event_outbox
            WHERE id > $2::uuid ORDER BY id LIMIT 20000
        ), given AS (
            INSERT INTO event_delivery (event_id, sink, "order", kind, resource_id, recorded_at)
            SELECT e.id, s.name, e."order", e.kind, e.resource_id, e.recorded_at
            FROM portion e CROSS JOIN unnest($1::text[]) AS s(name)
            ON CONFLICT DO NOTHING RETURNING event_id
        )
        SELECT (SELECT id FROM portion ORDER BY id DESC LIMIT 1), (SELECT count(*) FROM given)
        """)

    private static let completeSinks = PostgresStatement(
        "sinks_complete", "UPDATE event_sink SET has_backlog = true WHERE name = ANY ($1::text[])")

    private static let removeSinks = PostgresStatement(
        "sinks_remove", "DELETE FROM event_sink WHERE name = ANY ($1::text[])")

    private static let abandon = PostgresStatement(
        "sinks_abandon",
        """
        WITH gone AS (
            DELETE FROM event_delivery WHERE (event_id, sink) IN (
                SELECT event_id, sink FROM event_delivery WHERE sink = ANY ($1::text[]) LIMIT 20000)
            RETURNING event_id
        )
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
