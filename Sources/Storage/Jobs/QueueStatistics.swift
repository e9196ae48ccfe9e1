// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Postgres
package import SCIM

/// Counts that are sampled, never taken by a scrape.
package struct QueueStatistics: Sendable {
    /// The open jobs of a lane or a tenant.
    package struct Count: Sendable, Hashable {
        package var openJobs: Int
        package var oldestAcceptedAt: Timestamp?

        package init(openJobs: Int, oldestAcceptedAt: Timestamp? = nil) {
            self.openJobs = openJobs
            self.oldestAcceptedAt = oldestAcceptedAt
        }
    }

    /// Open jobs by lane.
    package var lanes: [String: Count] = [:]
    /// Open jobs by tenant.
    package var tenants: [String: Count] = [:]
    /// Jobs that ended since PostgreSQL began to count; only differences mean something, and after a crash of the server it begins anew.
    package var endedJobs: Int64 = 0
    package var deadLetters = 0
    /// Of the sink that lacks most.
    package var unsentEvents = 0
    /// Over all sinks.
    package var parkedEvents = 0
    package var oldestUnsentEvent: Timestamp?

    package var openJobs: Int { lanes.values.reduce(0) { $0 + $1.openJobs } }
}

extension QueueStatistics.Count {
    fileprivate static let none = QueueStatistics.Count(openJobs: 0)

    fileprivate mutating func add(_ other: QueueStatistics.Count) {
        openJobs += other.openJobs
        oldestAcceptedAt = [oldestAcceptedAt, other.oldestAcceptedAt].compactMap { $0 }.min()
    }
}

extension JobStore {
    /// Counts open jobs, dead letters and unsent events; a scan of those tables, which hold only what is open.
    package func statistics() async throws -> QueueStatistics {
        var statistics = QueueStatistics()
        let (lanes, others) = try await lists.withConnection { connection in
            (try await connection.execute(Self.openCounts, []), try await connection.execute(Self.otherCounts, []))
        }
        for row in lanes {
            let count = QueueStatistics.Count(
                openJobs: Int(try row.int(2)), oldestAcceptedAt: try row.optionalTime(3))
            statistics.tenants[try row.string(0), default: .none].add(count)
            statistics.lanes[try row.string(1), default: .none].add(count)
        }
        for row in others {
            statistics.deadLetters = Int(try row.int(0))
            statistics.unsentEvents = Int(try row.int(1))
            statistics.parkedEvents = Int(try row.int(2))
            statistics.oldestUnsentEvent = try row.optionalTime(3)
            statistics.endedJobs = try row.int(4)
        }
        return statistics
    }

    private static let openCounts = PostgresStatement(
        "statistics_open", "SELECT tenant, lane, count(*), min(accepted_at) FROM job GROUP BY tenant, lane")

    private static let otherCounts = PostgresStatement(
        "statistics_others",
        """
        SELECT (SELECT count(*) FROM dead_letter),
            coalesce(max(open), 0), coalesce(sum(parked), 0)::int8, min(oldest),
            -- An open job is deleted when it ends.
            pg_stat_get_tuples_deleted('job'::regclass)
        FROM (
            SELECT count(*) FILTER (WHERE parked_at IS NULL) AS open, count(*) FILTER (WHERE parked_at IS NOT NULL) AS parked,
                min(recorded_at) FILTER (WHERE parked_at IS NULL) AS oldest
            FROM event_delivery GROUP BY sink
        ) sinks
        """)

    /// Jobs that have ended, see ``QueueStatistics/endedJobs``; costs nothing.
    package func endedJobs() async throws -> Int64 {
        let result = try await lists.withConnection { try await $0.execute(Self.ended, []) }
        return try result.first.map { try $0.int(0) } ?? 0
    }

    private static let ended = PostgresStatement(
        "statistics_ended", "SELECT pg_stat_get_tuples_deleted('job'::regclass)")

    /// Counts that only the metrics have. They read what is open and what failed, as ``statistics()`` does.
    package func openResources() async throws -> OpenResources {
        let result = try await lists.withConnection { try await $0.execute(Self.openResourceCount, []) }
        guard let row = result.first else { return OpenResources(withJobs: 0, parkedAttributes: 0) }
        return OpenResources(withJobs: Int(try row.int(0)), parkedAttributes: Int(try row.int(1)))
    }

    /// The index `job_resource` has them in order.
    private static let openResourceCount = PostgresStatement(
        "statistics_open_resources",
        """
        SELECT (SELECT count(*) FROM (SELECT FROM job GROUP BY resource_id) resources),
            (SELECT count(*) FROM sync_failure WHERE attribute <> '')
        """)

    /// Resources by type: counted by an index scan over all of them, so sampled seldom; of several millions what PostgreSQL estimates, within
    /// a few percent.
    package func resourceCounts() async throws -> [ResourceType: Int] {
        var counts: [ResourceType: Int] = [:]
        let estimated = try await lists.withConnection {
            try await $0.execute(Self.estimatedResources, [.int(Self.mostCounted)])
        }
        guard estimated.rowCount > 0 else {
            let rows = try await lists.withConnection { try await $0.execute(Self.resources, []) }
            for row in rows { counts[try ResourceType(stored: row.string(0))] = Int(try row.int(1)) }
            return counts
        }
        for row in estimated { counts[try ResourceType(stored: row.string(0))] = Int(try row.int(1)) }
        // So few of millions that PostgreSQL does not list them among the common values: quickly counted.
        for type in ResourceType.allCases where counts[type] == nil {
            let row = try await lists.withConnection {
                try await $0.execute(Self.resourcesOfType, [.text(type.rawValue)])
            }.first
            counts[type] = Int(try row?.int(0) ?? 0)
        }
        return counts
    }

    private static let mostCounted: Int64 = 2_000_000

    private static let resources = PostgresStatement(
        "statistics_resources", "SELECT type, count(*) FROM resource GROUP BY type")

    private static let resourcesOfType = PostgresStatement(
        "statistics_resources_of_type",
        """
        SELECT coalesce(sum(n), 0)::int8 FROM tenant t
        CROSS JOIN LATERAL (SELECT count(*) AS n FROM resource r WHERE r.tenant = t.id AND r.type = $1::text) counted
        """)

    /// Nothing when there are few, or when the table was not analysed yet.
    private static let estimatedResources = PostgresStatement(
        "statistics_estimated_resources",
        """
        SELECT common.type, (c.reltuples * common.share)::int8
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_stats s ON s.schemaname = n.nspname AND s.tablename = c.relname AND s.attname = 'type'
        CROSS JOIN unnest(s.most_common_vals::text::text[], s.most_common_freqs) AS common(type, share)
        WHERE c.oid = 'resource'::regclass AND c.reltuples > $1::int8
        """)
}

/// See ``JobStore/openResources()``.
package struct OpenResources: Sendable, Hashable {
    package let withJobs: Int
    package let parkedAttributes: Int

    package init(withJobs: Int, parkedAttributes: Int) {
        self.withJobs = withJobs
        self.parkedAttributes = parkedAttributes
    }
}
