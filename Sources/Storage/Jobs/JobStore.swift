// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Logging
internal import Postgres
package import SCIM

/// Open jobs, the leases of their resources, and what became of them. Every state change is one transaction.
///
/// A resource's row in `resource_sync`:
///
/// | state | holds |
/// |---|---|
/// | free | `leased_until` is null; nobody works on the resource |
/// | leased | `leased_until` lies ahead; epoch and token are those of its holder, and only its outcomes count |
/// | abandoned | `leased_until` has passed: the holder is gone or cut off. The next confirmation counts a crash and sets `ambiguous_since` |
///
/// Rows are always locked in the order of their id, so that no two transactions wait for each other.
package final class JobStore: Sendable {
    /// Each carries out one transaction after the other: where outcomes are stored one by one, several have to wait for the disk at once.
    let outcomes: [PostgresPipeline]
    /// Leases are taken while outcomes are stored, which need another processor of the server.
    let confirmations: PostgresPipeline
    /// Leases are kept on a connection of their own, which no outcome can hold up.
    let renewals: PostgresPipeline
    /// For turns and sweeps, which must not delay the reads of clients.
    let reader: PostgresPipeline
    /// For counts of whole tables.
    let lists: PostgresPool
    /// For changes of tables.
    let exclusive: PostgresPool
    /// How long after its start a lost call has ended in UDM, whatever became of it.
    let verifyAfter: Duration
    let logger: Logger

    init(
        outcomes: [PostgresPipeline], confirmations: PostgresPipeline, renewals: PostgresPipeline,
        reader: PostgresPipeline, lists: PostgresPool, exclusive: PostgresPool, verifyAfter: Duration, logger: Logger
    ) {
        precondition(!outcomes.isEmpty, "outcomes need a connection")
        self.outcomes = outcomes
        self.confirmations = confirmations
        self.renewals = renewals
        self.reader = reader
        self.lists = lists
        self.exclusive = exclusive
        self.verifyAfter = verifyAfter
        self.logger = logger
    }

    /// What turns write besides their outcomes.
    var pipeline: PostgresPipeline { outcomes[0] }

    /// Transactions of outcomes that may be under way at once, see ``record(_:on:)``.
    package var outcomeConnections: Int { outcomes.count }

    // MARK: Keeping and giving back

    /// Extends leases.
    /// - Returns: The tokens of those that are still ours; what is missing must not be worked on any more. A user can have two leases here: an ended one
    ///   and a loan, or the other way round.
    package func renew(
        _ leases: [LeaseHandle], worker: String, length: Duration
    ) async throws -> Set<LeaseToken> {
        guard !leases.isEmpty else { return [] }
        let result = try await renewals.execute(Self.renewal, Self.handles(leases) + [.length(length)])
        var ours: Set<LeaseToken> = []
        for row in result { ours.insert(try row.id(0)) }
        return ours
    }

    private static let renewal = PostgresStatement(
        "lease_renew",
        """
        WITH ours AS (
            SELECT s.resource_id FROM resource_sync s
            JOIN unnest($1::uuid[], $2::int8[], $3::uuid[]) AS l(resource_id, epoch, token)
                ON s.resource_id = l.resource_id AND s.lease_epoch = l.epoch AND s.lease_token = l.token
            WHERE s.leased_until IS NOT NULL
            ORDER BY s.resource_id FOR UPDATE OF s
        )
        UPDATE resource_sync s SET leased_until = clock_timestamp() + $4::int8 * interval '1 microsecond'
        FROM ours WHERE s.resource_id = ours.resource_id
        RETURNING s.lease_token
        """)

    /// Ends leases without an outcome: no attempt is counted.
    /// - Parameter callMayHaveStarted: Whether the next holder has to look before it writes.
    package func giveBack(_ leases: [LeaseHandle], callMayHaveStarted: Bool) async throws {
        guard !leases.isEmpty else { return }
        _ = try await renewals.execute(
            Self.handingBack, Self.handles(leases) + [.bool(callMayHaveStarted), .length(verifyAfter)])
    }

    private static let handingBack = PostgresStatement(
        "lease_give_back",
        """
        WITH ours AS (
            SELECT s.resource_id, s.tenant, s.type, s.call_started_at FROM resource_sync s
            JOIN unnest($1::uuid[], $2::int8[], $3::uuid[]) AS l(resource_id, epoch, token)
                ON s.resource_id = l.resource_id AND s.lease_epoch = l.epoch AND s.lease_token = l.token
            ORDER BY s.resource_id FOR UPDATE OF s
        ), doubt AS (
            INSERT INTO verification AS v (resource_id, tenant, type, since, due_at)
            SELECT resource_id, tenant, type, call_started_at, call_started_at + $5::int8 * interval '1 microsecond'
            FROM ours WHERE $4::bool AND call_started_at IS NOT NULL
            ON CONFLICT (resource_id) DO UPDATE SET
                since = least(v.since, excluded.since), due_at = greatest(v.due_at, excluded.due_at)
        )
        UPDATE resource_sync s SET
            leased_until = NULL, leased_by = NULL, call_started_at = NULL,
            ambiguous_since = CASE WHEN $4::bool THEN coalesce(s.ambiguous_since, s.call_started_at) ELSE s.ambiguous_since END
        FROM ours WHERE s.resource_id = ours.resource_id
        """)

    static func handles(_ leases: [LeaseHandle]) -> [PostgresParameter] {
        [
            .ids(leases.map(\.resourceID)), .intArray(leases.map(\.epoch)), .ids(leases.map(\.token)),
        ]
    }
}
