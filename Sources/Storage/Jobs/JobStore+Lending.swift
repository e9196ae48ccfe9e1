// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Postgres
package import SCIM

/// What became of the call for which a user's lease was lent.
package enum LoanEnd: Sendable, Hashable {
    /// UDM's state is known, or no call was made.
    case known
    /// The call has ended, and may have done something else than it was made for: the user's groups are looked at now.
    case odd
    /// The call may still arrive: they are looked at when UDM must have ended it.
    case unknown
}

/// A membership that UDM was seen to have, as far as we know.
package struct SettledMembership: Sendable, Hashable {
    package let groupID: ResourceID
    /// Of the group; a hint.
    package let dn: String
}

/// Leases of users for turns of groups, which change a user's `groups` in UDM instead of their own list.
///
/// UDM takes the whole list of a user's groups and changes no ETag of the user with it. So nobody else may change whether this user is in a group
/// between our read and the end of our call. Each side first writes that it is at work, and then looks for the other:
///
/// | | writes | then reads |
/// |---|---|---|
/// | the turn that borrows the user | the user's row in `verification`, by ``lend(_:to:isAddition:worker:length:takingBack:)`` | ``isContended(_:besides:)``: gives the user back |
/// | the turn of any group that sends its list | its lease | ``memberDifference(of:)``: leaves the user for later |
///
/// So at least one of the two sees the other and makes way.
extension JobStore {
    // MARK: Lending

    /// Takes the lease of a user who is in UDM, whom nobody works on, and of whom no call is in doubt; its open jobs stay as they are.
    ///
    /// - Parameters:
    ///   - group: Whose turn it is for.
    ///   - isAddition: What the call is for.
    ///   - takingBack: Ends a loan that cannot be used, as by ``takeBack(_:_:)``; this task may be cancelled.
    /// - Returns: Nil when the user is not to be had now.
    package func lend(
        _ user: ResourceID, to group: ConfirmedLease, isAddition: Bool, worker: String, length: Duration,
        takingBack: (LeaseHandle) async -> Void
    ) async throws -> LeaseHandle? {
        let token = LeaseToken.random()
        let results: [PostgresResult]
        do throws(PostgresError) {
            let commands = [
                PostgresCommand(
                    Self.lending, [.id(user), .text(group.tenant), .id(token), .text(worker), .length(length)]),
                PostgresCommand(
                    Self.notingCall,
                    [.id(user), .id(token), .length(verifyAfter), .id(group.resourceID), .bool(isAddition)]),
                PostgresCommand(Self.telling, [.id(user), .id(token), .id(group.resourceID)]),
            ]
            // A cancelled task would not learn what it has taken.
            results = try await confirmations.transaction(commands, isCancellable: false)
        } catch {
            // Whatever it took, nobody works on.
            if error.mayHaveCommitted {
                await takingBack(LeaseHandle(resourceID: user, epoch: Self.unansweredEpoch, token: token))
            }
            throw error
        }
        guard let row = results[2].first else { return nil }
        let handle = LeaseHandle(resourceID: user, epoch: try row.int(0), token: token)
        if try row.bool(1) { return handle }
        await takingBack(handle)
        return nil
    }

    /// Of a lease that was perhaps taken, in a transaction that perhaps has still to commit.
    private static let unansweredEpoch: Int64 = 0

    private static let lending = PostgresStatement(
        "loan_take",
        """
        INSERT INTO resource_sync AS s
            (resource_id, tenant, type, lease_epoch, lease_token, leased_by, leased_until, call_started_at)
        SELECT o.resource_id, o.tenant, o.type, 1, $3::uuid, $4::text,
            clock_timestamp() + $5::int8 * interval '1 microsecond', clock_timestamp()
        FROM udm_object o
        WHERE o.resource_id = $1::uuid AND o.tenant = $2::text AND o.type = 'User'
            AND NOT EXISTS (SELECT FROM verification v WHERE v.resource_id = o.resource_id)
        ON CONFLICT (resource_id) DO UPDATE SET
            lease_epoch = s.lease_epoch + 1, lease_token = excluded.lease_token, leased_by = excluded.leased_by,
            leased_until = excluded.leased_until, call_started_at = excluded.call_started_at
        WHERE s.leased_until IS NULL AND s.ambiguous_since IS NULL
        """)

    private static let notingCall = PostgresStatement(
        "loan_note_call",
        """
        INSERT INTO verification (resource_id, tenant, type, since, due_at, group_id, is_addition)
        SELECT s.resource_id, s.tenant, s.type, clock_timestamp(), clock_timestamp() + $3::int8 * interval '1 microsecond',
            $4::uuid, $5::bool
        FROM resource_sync s WHERE s.resource_id = $1::uuid AND s.lease_token = $2::uuid
        ON CONFLICT DO NOTHING
        """)

    private static let telling = PostgresStatement(
        "loan_tell",
        """
        SELECT s.lease_epoch,
            EXISTS (SELECT FROM verification v WHERE v.resource_id = s.resource_id AND v.group_id = $3::uuid)
        FROM resource_sync s WHERE s.resource_id = $1::uuid AND s.lease_token = $2::uuid
        """)

    /// Whether another group's turn may be about to change whether this user is in it: asked after the loan is committed.
    package func isContended(_ user: ResourceID, besides group: ResourceID) async throws -> Bool {
        try await reader.execute(Self.contention, [.id(user), .id(group)])[0].bool(0)
    }

    static let contention = PostgresStatement(
        "loan_contention",
        """
        SELECT EXISTS (
            SELECT FROM group_member m JOIN resource_sync g ON g.resource_id = m.group_id
            WHERE m.member_id = $1::uuid AND m.removed_revision IS NULL AND NOT m.synced AND m.group_id <> $2::uuid
                AND g.leased_until IS NOT NULL)
        OR EXISTS (
            SELECT FROM group_member m JOIN resource_sync g ON g.resource_id = m.group_id
            WHERE m.member_id = $1::uuid AND m.removed_revision IS NOT NULL AND m.group_id <> $2::uuid
                AND g.leased_until IS NOT NULL)
        """)

    // MARK: Giving back

    /// Ends a loan; the same again changes nothing.
    /// - Returns: The lane in which the user is to be enqueued now, as a worker may have been turned away meanwhile.
    package func takeBack(_ loan: LeaseHandle, _ end: LoanEnd) async throws -> String? {
        let user = PostgresParameter.id(loan.resourceID)
        let token = PostgresParameter.id(loan.token)
        var commands: [PostgresCommand] = []
        if loan.epoch == Self.unansweredEpoch { commands.append(PostgresCommand(Self.awaiting, [user])) }
        commands.append(PostgresCommand(Self.locking, [user]))
        switch end {
        case .known:
            commands.append(PostgresCommand(Self.forgettingCall, [user, token]))
            commands.append(PostgresCommand(Self.hurrying, [user, token]))
        case .odd: commands.append(PostgresCommand(Self.doubting, [user, token, .length(.zero)]))
        case .unknown: commands.append(PostgresCommand(Self.doubting, [user, token, .length(verifyAfter)]))
        }
        let note = commands.count - 1
        commands.append(PostgresCommand(Self.ending, [user, token]))
        // A statement of its own, after the lock: whoever was turned away had read a job that was committed before.
        commands.append(PostgresCommand(Self.waitingLane, [user]))
        let results = try await renewals.transaction(commands)
        if let lane = try results.last?.first?.string(0) { return lane }
        let isDue = end == .odd || end == .known && results[note].first != nil
        return isDue ? "repair" : nil
    }

    /// Waits for a first row that a lost loan is still about to commit.
    private static let awaiting = PostgresStatement(
        "loan_await_unanswered",
        """
        INSERT INTO resource_sync (resource_id, tenant, type)
        SELECT o.resource_id, o.tenant, o.type FROM udm_object o WHERE o.resource_id = $1::uuid
        ON CONFLICT DO NOTHING
        """)

    /// By the id alone, and before tokens are compared: a loan that still commits has the lock, and its token is not to be seen before.
    private static let locking = PostgresStatement(
        "loan_lock", "SELECT FROM resource_sync WHERE resource_id = $1::uuid FOR UPDATE")

    private static let ending = PostgresStatement(
        "loan_end",
        """
        UPDATE resource_sync SET leased_until = NULL, leased_by = NULL, call_started_at = NULL
        WHERE resource_id = $1::uuid AND lease_token = $2::uuid
        """)

    private static let forgettingCall = PostgresStatement(
        "loan_forget_call",
        """
        DELETE FROM verification v USING resource_sync s
        WHERE v.resource_id = $1::uuid AND v.group_id IS NOT NULL
            AND s.resource_id = v.resource_id AND s.lease_token = $2::uuid AND s.leased_until >= clock_timestamp()
        """)

    /// Since the lease was over, other groups may have left the user for later: only a look at the user calls them.
    private static let hurrying = PostgresStatement(
        "loan_hurry_look",
        """
        UPDATE verification v SET due_at = clock_timestamp() FROM resource_sync s
        WHERE v.resource_id = $1::uuid AND v.group_id IS NOT NULL
            AND s.resource_id = v.resource_id AND s.lease_token = $2::uuid AND s.leased_until < clock_timestamp()
        RETURNING v.resource_id
        """)

    private static let doubting = PostgresStatement(
        "loan_doubt",
        """
        UPDATE verification v SET due_at = clock_timestamp() + $3::int8 * interval '1 microsecond'
        FROM resource_sync s
        WHERE v.resource_id = $1::uuid AND v.group_id IS NOT NULL
            AND s.resource_id = v.resource_id AND s.lease_token = $2::uuid
        """)

    private static let waitingLane = PostgresStatement(
        "loan_waiting_lane",
        "SELECT j.lane FROM job j WHERE j.resource_id = $1::uuid ORDER BY j.revision, j.id LIMIT 1")

    // MARK: Looking

    /// How many members a group has.
    package func memberCount(of group: ConfirmedLease) async throws -> Int {
        let result = try await reader.execute(Self.counting, [.text(group.tenant), .id(group.resourceID)])
        return Int(try result.first?.int(0) ?? 0)
    }

    private static let counting = PostgresStatement(
        "member_count", "SELECT member_count FROM resource WHERE tenant = $1::text AND type = 'Group' AND id = $2::uuid"
    )

    /// The groups that UDM was seen to list a user in.
    package func settledMemberships(of user: ResourceID) async throws -> [SettledMembership] {
        try await reader.execute(Self.memberships, [.id(user)]).map { row in
            SettledMembership(groupID: try row.id(0), dn: try row.string(1))
        }
    }

    private static let memberships = PostgresStatement(
        "settled_memberships",
        """
        SELECT m.group_id, o.dn FROM group_member m JOIN udm_object o ON o.resource_id = m.group_id
        WHERE m.member_id = $1::uuid AND m.removed_revision IS NULL AND m.synced
        ORDER BY m.group_id
        """)

    /// Memberships that UDM was found to lack: their groups settle them anew, and wait for this user until then.
    ///
    /// - Parameter lease: Of the user.
    package func unsettle(_ groups: [ResourceID], under lease: LeaseHandle) async throws {
        guard !groups.isEmpty else { return }
        _ = try await pipeline.execute(
            Self.unsettling, [.id(lease.resourceID), .int(lease.epoch), .id(lease.token), .ids(groups)])
    }

    private static let unsettling = PostgresStatement(
        "unsettle_memberships",
        """
        WITH own AS (
            SELECT s.resource_id, s.tenant FROM resource_sync s
            WHERE s.resource_id = $1::uuid AND s.lease_epoch = $2::int8 AND s.lease_token = $3::uuid
                AND s.leased_until IS NOT NULL
            FOR UPDATE
        ), lost AS (
            UPDATE group_member m SET synced = false FROM own
            WHERE m.member_id = own.resource_id AND m.group_id = ANY ($4::uuid[]) AND m.removed_revision IS NULL AND m.synced
            RETURNING m.group_id, m.member_id, own.tenant
        )
        INSERT INTO waits_for (resource_id, target_id, tenant, type, since)
        SELECT group_id, member_id, tenant, 'Group', clock_timestamp() FROM lost
        ON CONFLICT DO NOTHING
        """)
}
