// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Postgres

/// Who holds which resource, as PostgreSQL says.
struct LeaseTable: Sendable {
    let connection: PostgresConnection

    struct Lease: Sendable, Equatable {
        let resource: String
        let epoch: Int64
    }

    /// How many resources each worker holds, by the random name of its process.
    func holders() async throws -> [String: Int] {
        var holders: [String: Int] = [:]
        for row in try await connection.execute(Self.counting, []) { holders[try row.string(0)] = Int(try row.int(1)) }
        return holders
    }

    func held(by worker: String) async throws -> [Lease] {
        try await connection.execute(Self.holding, [.text(worker)]).map {
            Lease(resource: try $0.string(0), epoch: try $0.int(1))
        }
    }

    /// PostgreSQL's clock, in microseconds since 1970.
    func now() async throws -> Int64 { try await connection.execute(Self.clock, []).first?.timestamp(0) ?? 0 }

    /// Which of `leases` have passed to somebody else, and when; nil for one whose holder had ended its turn after all.
    func taken(_ leases: [Lease]) async throws -> [String: Int64?] {
        let rows = try await connection.execute(
            Self.taking, [.textArray(leases.map(\.resource)), .intArray(leases.map(\.epoch))])
        var taken: [String: Int64?] = [:]
        for row in rows { taken[try row.string(0)] = .some(try row.optionalTimestamp(1)) }
        return taken
    }

    private static let counting = PostgresStatement(
        "bench_lease_holders",
        """
        SELECT leased_by, count(*) FROM resource_sync
        WHERE leased_until > clock_timestamp() AND leased_by IS NOT NULL GROUP BY leased_by
        """)

    private static let holding = PostgresStatement(
        "bench_leases_of",
        """
        SELECT resource_id::text, lease_epoch FROM resource_sync
        WHERE leased_by = $1::text AND leased_until > clock_timestamp()
        """)

    private static let clock = PostgresStatement("bench_clock", "SELECT clock_timestamp()")

    /// `last_attempt_at` is when the confirmation of the present lease was written.
    private static let taking = PostgresStatement(
        "bench_leases_taken",
        """
        SELECT s.resource_id::text, CASE WHEN s.lease_epoch > l.epoch THEN s.last_attempt_at END
        FROM unnest($1::text[], $2::int8[]) AS l(id, epoch) JOIN resource_sync s ON s.resource_id = l.id::uuid
        WHERE s.lease_epoch > l.epoch OR s.leased_until IS NULL
        """)
}
