// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Postgres
package import SCIM

extension JobStore {
    /// Notes that a resource waits for others that hold a unique value which it is to have, as far as these have open jobs.
    ///
    /// As in ``wait(_:for:)`` the holders' rows are locked first: either the next outcome of a holder finds our row and wakes the resource, or
    /// we find that nothing of it is open any more. A deleted holder has no resource left, but its job.
    ///
    /// - Parameters:
    ///   - lease: Of the resource that waits.
    ///   - holders: Identifiers that UDM gave; those of others are no resources here and have no jobs.
    /// - Returns: The holders that are waited for; none when none has an open job.
    package func waitForValue(_ lease: ConfirmedLease, heldBy holders: [ResourceID]) async throws -> [ResourceID] {
        guard !holders.isEmpty else { return [] }
        let sorted = PostgresParameter.ids(Set(holders).sorted())
        let results = try await pipeline.transaction([
            PostgresCommand(Self.makingHolders, [sorted]),
            PostgresCommand(Self.lockingHolders, [sorted]),
            PostgresCommand(
                Self.notingHolders, [.id(lease.resourceID), .text(lease.tenant), .text(lease.type.rawValue), sorted]),
        ])
        return try results[2].map { try $0.id(0) }
    }

    private static let makingHolders = PostgresStatement(
        "value_make_holders",
        """
        INSERT INTO resource_sync (resource_id, tenant, type)
        SELECT DISTINCT ON (j.resource_id) j.resource_id, j.tenant, j.type FROM job j
        WHERE j.resource_id = ANY ($1::uuid[])
        ORDER BY j.resource_id
        ON CONFLICT DO NOTHING
        """)

    private static let lockingHolders = PostgresStatement(
        "value_lock_holders",
        "SELECT FROM resource_sync WHERE resource_id = ANY ($1::uuid[]) ORDER BY resource_id FOR UPDATE")

    private static let notingHolders = PostgresStatement(
        "value_note_holders",
        """
        INSERT INTO waits_for AS w (resource_id, target_id, tenant, type, since, reason)
        SELECT $1::uuid, t.id, $2::text, $3::text, clock_timestamp(), 'value' FROM unnest($4::uuid[]) AS t(id)
        WHERE t.id <> $1::uuid AND EXISTS (SELECT FROM job j WHERE j.resource_id = t.id)
        ON CONFLICT (resource_id, target_id, reason) DO UPDATE SET since = w.since
        RETURNING w.target_id
        """)
}
