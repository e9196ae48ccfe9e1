// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Postgres
package import SCIM

/// Counts that are sampled, never taken by a scrape.
package struct QueueStatistics: Sendable {
    package struct LaneCount: Sendable {
        package var openJobs: Int
        package var oldestAcceptedAt: Timestamp?
    }

    /// Open jobs by lane.
    package var lanes: [String: LaneCount] = [:]
    package var deadLetters = 0
    package var unsentEvents = 0
    package var parkedEvents = 0
    package var oldestUnsentEvent: Timestamp?

    package var openJobs: Int { lanes.values.reduce(0) { $0 + $1.openJobs } }
}

extension JobStore {
    /// Counts open jobs, dead letters and unsent events; a scan of those tables, which hold only what is open.
    package func statistics() async throws -> QueueStatistics {
        var statistics = QueueStatistics()
        let (lanes, others) = try await lists.withConnection { connection in
            (try await connection.execute(Self.laneCounts, []), try await connection.execute(Self.otherCounts, []))
        }
        for row in lanes {
            statistics.lanes[try row.string(0)] = QueueStatistics.LaneCount(
                openJobs: Int(try row.int(1)), oldestAcceptedAt: try row.optionalTime(2))
        }
        for row in others {
            statistics.deadLetters = Int(try row.int(0))
            statistics.unsentEvents = Int(try row.int(1))
            statistics.parkedEvents = Int(try row.int(2))
            statistics.oldestUnsentEvent = try row.optionalTime(3)
        }
        return statistics
    }

    private static let laneCounts = PostgresStatement(
        "statistics_lanes", "SELECT lane, count(*), min(accepted_at) FROM job GROUP BY lane")

    private static let otherCounts = PostgresStatement(
        "statistics_others",
        """
        SELECT (SELECT count(*) FROM dead_letter),
            count(*) FILTER (WHERE parked_at IS NULL), count(*) FILTER (WHERE parked_at IS NOT NULL),
            min(recorded_at) FILTER (WHERE parked_at IS NULL)
        FROM event_outbox
        """)

    /// Resources by type; an index scan over all of them, so sampled seldom.
    package func resourceCounts() async throws -> [ResourceType: Int] {
        var counts: [ResourceType: Int] = [:]
        for row in try await lists.withConnection({ try await $0.execute(Self.resources, []) }) {
            counts[try ResourceType(stored: row.string(0))] = Int(try row.int(1))
        }
        return counts
    }

    private static let resources = PostgresStatement(
        "statistics_resources", "SELECT type, count(*) FROM resource GROUP BY type")
}
