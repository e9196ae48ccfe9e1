// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Postgres
package import SCIM

/// How much is open for a tenant, as the leader counted it last.
package struct TenantLoad: Sendable, Hashable {
    package var openJobs: Int
    package var oldestAcceptedAt: Timestamp
    /// How long the open jobs will take at the present rate; nil when nothing is finished now.
    package var drainTime: Duration?

    package init(openJobs: Int, oldestAcceptedAt: Timestamp, drainTime: Duration? = nil) {
        self.openJobs = openJobs
        self.oldestAcceptedAt = oldestAcceptedAt
        self.drainTime = drainTime
    }
}

extension JobStore {
    /// Publishes what was counted; tenants that are missing have nothing open.
    package func store(_ loads: [String: TenantLoad]) async throws {
        let loads = loads.sorted { $0.key < $1.key }
        _ = try await exclusive.withConnection { connection in
            try await connection.execute(
                Self.storing,
                [
                    .textArray(loads.map(\.key)), .intArray(loads.map { Int64($0.value.openJobs) }),
                    .intArray(loads.map { $0.value.oldestAcceptedAt.microsecondsSinceEpoch }),
                    .intArray(loads.map { $0.value.drainTime?.microseconds }),
                ])
        }
    }

    private static let storing = PostgresStatement(
        "tenant_load_store",
        """
        WITH counted AS (
            SELECT * FROM unnest($1::text[], $2::int8[], $3::int8[], $4::int8[]) AS c(tenant, jobs, oldest, drain)
        ), gone AS (
            DELETE FROM tenant_load l WHERE NOT EXISTS (SELECT FROM counted c WHERE c.tenant = l.tenant)
        )
        INSERT INTO tenant_load (tenant, open_jobs, oldest_accepted_at, drain_seconds, sampled_at)
        SELECT tenant, jobs, 'epoch'::timestamptz + oldest * interval '1 microsecond', drain / 1e6, clock_timestamp()
        FROM counted
        ON CONFLICT (tenant) DO UPDATE SET
            open_jobs = excluded.open_jobs, oldest_accepted_at = excluded.oldest_accepted_at,
            drain_seconds = excluded.drain_seconds, sampled_at = excluded.sampled_at
        """)
}

extension ResourceStore {
    /// What the leader counted last, by tenant: a table of a few rows. Tenants that are missing have nothing open.
    package func tenantLoads() async throws -> [String: TenantLoad] {
        var loads: [String: TenantLoad] = [:]
        for row in try await readers[0].execute(Self.loads, []) {
            loads[try row.string(0)] = TenantLoad(
                openJobs: Int(try row.int(1)), oldestAcceptedAt: try row.time(2),
                drainTime: try row.optionalInt(3).map { .microseconds($0) })
        }
        return loads
    }

    private static let loads = PostgresStatement(
        "tenant_load_read",
        "SELECT tenant, open_jobs, oldest_accepted_at, (drain_seconds * 1000000)::int8 FROM tenant_load")
}
