// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Postgres
package import SCIM

/// Some resources that are due and that nobody works on, and where to go on.
package struct DueWork: Sendable {
    package var entries: [OpenWork]
    /// Nil at the end: begin anew.
    package var next: JobID?
}

extension JobStore {
    /// Work found without Redis, a few jobs at a look: for the time in which Redis is away. Whose a resource is, ``confirm(_:worker:length:maximumCrashes:)``
    /// decides as always.
    ///
    /// - Parameters:
    ///   - after: Where the last look ended; nil for the oldest jobs.
    ///   - limit: Most resources.
    package func dueWork(after: JobID?, limit: Int) async throws -> DueWork {
        let after = after ?? JobID(high: 0, low: 0)
        let result = try await reader.execute(
            Self.dueWindow, [.id(after), .int(Int64(Self.window)), .int(Int64(limit))])
        var entries: [OpenWork] = []
        var next: JobID?
        for row in result {
            next = try row.optionalID(0)
            guard let resource: ResourceID = try row.optionalID(1) else { continue }
            entries.append(
                OpenWork(
                    resourceID: resource, tenant: try row.string(2), type: try ResourceType(stored: row.string(3)),
                    lane: try row.string(4), dueAt: try row.time(5)))
        }
        return DueWork(entries: entries, next: next)
    }

    /// Jobs looked at in one statement; most of them may be waiting for their time.
    private static let window = 1_000

    /// The last row has no resource and says where the window ended, unless it was the last one.
    private static let dueWindow = PostgresStatement(
        "due_window",
        """
        WITH jobs AS (
            SELECT id, resource_id, tenant, type, lane, due_at FROM job WHERE id > $1::uuid ORDER BY id LIMIT $2::int8
        ), due AS (
            SELECT DISTINCT ON (j.resource_id) j.id, j.resource_id, j.tenant, j.type, j.lane, j.due_at
            FROM jobs j
            WHERE j.due_at <= clock_timestamp()
                AND NOT EXISTS (
                    SELECT FROM resource_sync s
                    WHERE s.resource_id = j.resource_id AND s.leased_until >= clock_timestamp())
                -- Redis would not give them out; operations are looked at by the confirmation.
                AND NOT EXISTS (
                    SELECT FROM queue_pause p WHERE p.scope IN ('all', 'lane:' || j.lane, 'tenant:' || j.tenant))
            ORDER BY j.resource_id, j.id
        ), picked AS (
            SELECT * FROM due ORDER BY id LIMIT $3::int8
        )
        (SELECT NULL::uuid, resource_id, tenant, type, lane, due_at FROM picked ORDER BY id)
        UNION ALL
        SELECT CASE
                WHEN (SELECT count(*) FROM picked) = $3::int8 THEN (SELECT max(id::text)::uuid FROM picked)
                WHEN (SELECT count(*) FROM jobs) = $2::int8 THEN (SELECT max(id::text)::uuid FROM jobs) END,
            NULL, NULL, NULL, NULL, NULL
        """)
}
