// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Postgres
package import SCIM

extension JobStore {
    /// The members that differ between a group and UDM, over all stays of a member: wanted while a stay goes on, had while UDM lists one.
    package func memberDifference(of group: ResourceID) async throws -> [MemberChange] {
        let result = try await reader.execute(Self.difference, [.id(group)])
        return try result.map { row in
            MemberChange(
                memberID: try row.id(0), memberType: try ResourceType(stored: row.string(1)),
                isAddition: try row.bool(2), dn: try row.optionalString(3),
                hold: try row.bool(4) ? (row.optionalBool(5) ?? false ? .lent : .doubtful) : nil,
                isRecent: try row.optionalBool(6) ?? false)
        }
    }

    /// Whether the lease of a member is alive, asked of those whose `groups` a call is about.
    private static let isLent = """
        CASE WHEN v.group_id IS NOT NULL THEN EXISTS (
                SELECT FROM resource_sync s
                WHERE s.resource_id = d.member_id AND s.leased_until >= clock_timestamp()) END
        """

    /// Who is held by a call of another group, or for the opposite, is read by the same statement: after the lease of this group was taken.
    static let difference = PostgresStatement(
        "member_difference",
        """
        SELECT d.member_id, d.member_type, d.is_wanted, o.dn,
            v.group_id IS NOT NULL AND NOT (v.group_id = $1::uuid AND v.is_addition = d.is_wanted), \(isLent),
            o.synced_at > clock_timestamp() - interval '\(UDMObjectRecord.replicationTime.components.seconds) s'
        FROM (
            SELECT m.member_id, min(m.member_type) AS member_type, bool_or(m.removed_revision IS NULL) AS is_wanted,
                bool_or(m.synced) AS is_listed
            FROM group_member m
            WHERE m.group_id = $1::uuid AND m.member_id IN (
                SELECT x.member_id FROM group_member x
                WHERE x.group_id = $1::uuid AND x.synced = (x.removed_revision IS NOT NULL))
            GROUP BY m.member_id
        ) d
        LEFT JOIN udm_object o ON o.resource_id = d.member_id
        LEFT JOIN verification v ON v.resource_id = d.member_id
        WHERE d.is_wanted <> d.is_listed
        ORDER BY d.member_id
        """)

    /// Notes that a group waits for members that UDM does not have, unless they have arrived.
    ///
    /// The targets' rows in `resource_sync` are locked, made first where they are missing: an outcome that brings a target to UDM holds
    /// the same lock. So either it finds our rows and wakes the group, or we find the target. No wake-up is lost.
    ///
    /// - Parameter lease: Of the group.
    /// Rows of members that are settled meanwhile stay until an outcome of the group says so.
    /// - Returns: The targets that are still missing.
    package func wait(_ lease: ConfirmedLease, for targets: [ResourceID]) async throws -> [AwaitedMember] {
        guard !targets.isEmpty else { return [] }
        let sorted = PostgresParameter.ids(targets.sorted())
        let results = try await pipeline.transaction([
            PostgresCommand(Self.makingTargets, [sorted, .text(lease.tenant)]),
            PostgresCommand(Self.lockingTargets, [sorted]),
            PostgresCommand(
                Self.noting, [.id(lease.resourceID), .text(lease.tenant), .text(lease.type.rawValue), sorted]),
        ])
        return try results[2].map { row in
            AwaitedMember(
                memberID: try row.id(0), waited: .microseconds(try row.int(1)), hasOpenJob: try row.bool(2))
        }
    }

    private static let makingTargets = PostgresStatement(
        "wait_make_targets",
        """
        INSERT INTO resource_sync (resource_id, tenant, type)
        SELECT r.id, r.tenant, r.type FROM resource r
        WHERE r.tenant = $2::text AND r.type IN ('User', 'Group') AND r.id = ANY ($1::uuid[])
        ORDER BY r.id
        ON CONFLICT DO NOTHING
        """)

    private static let lockingTargets = PostgresStatement(
        "wait_lock_targets",
        "SELECT FROM resource_sync WHERE resource_id = ANY ($1::uuid[]) ORDER BY resource_id FOR UPDATE")

    private static let noting = PostgresStatement(
        "wait_note",
        """
        INSERT INTO waits_for AS w (resource_id, target_id, tenant, type, since)
        SELECT $1::uuid, t.id, $2::text, $3::text, clock_timestamp() FROM unnest($4::uuid[]) AS t(id)
        WHERE NOT EXISTS (SELECT FROM udm_object o WHERE o.resource_id = t.id)
        ON CONFLICT (resource_id, target_id, reason) DO UPDATE SET since = w.since
        RETURNING w.target_id,
            greatest(0, (extract(epoch FROM clock_timestamp() - w.since) * 1000000)::int8),
            EXISTS (SELECT FROM job j WHERE j.resource_id = w.target_id)
        """)

    /// Members that have left the group, or have left and come back, since the calls to UDM that have to be looked for: where such a call may
    /// have had its way with them. As ``memberDifference(of:)`` tells them, but for all of them whether UDM lists them or not, and held by whatever call
    /// about their groups is under way or in doubt.
    package func returningMembers(of group: ResourceID) async throws -> [MemberChange] {
        let result = try await reader.execute(Self.returning, [.id(group)])
        return try result.map { row in
            MemberChange(
                memberID: try row.id(0), memberType: try ResourceType(stored: row.string(1)),
                isAddition: try row.bool(2), dn: try row.optionalString(3),
                hold: try row.bool(4) ? (row.optionalBool(5) ?? false ? .lent : .doubtful) : nil)
        }
    }

    private static let returning = PostgresStatement(
        "member_returning",
        """
        SELECT d.member_id, d.member_type, d.is_wanted, o.dn, v.group_id IS NOT NULL, \(isLent)
        FROM (
            SELECT m.member_id, min(m.member_type) AS member_type, bool_or(m.removed_revision IS NULL) AS is_wanted
            FROM group_member m
            WHERE m.group_id = $1::uuid AND m.member_id IN (
                SELECT x.member_id FROM group_member x WHERE x.group_id = $1::uuid AND x.removed_revision IS NOT NULL)
            GROUP BY m.member_id
        ) d
        LEFT JOIN udm_object o ON o.resource_id = d.member_id
        LEFT JOIN verification v ON v.resource_id = d.member_id
        ORDER BY d.member_id
        """)

    /// Where the members of a group are believed to be in UDM; those that UDM has not are left out.
    package func memberDNs(of group: ResourceID) async throws -> [String] {
        try await reader.execute(Self.placing, [.id(group)]).map { try $0.string(0) }
    }

    private static let placing = PostgresStatement(
        "member_dns",
        """
        SELECT u.dn FROM group_member m JOIN udm_object u ON u.resource_id = m.member_id
        WHERE m.group_id = $1::uuid AND m.removed_revision IS NULL
        """)

    /// Whether a resource is a member of a group as SCIM has it now.
    package func isMember(_ member: ResourceID, of group: ResourceID) async throws -> Bool {
        try await reader.execute(Self.membership, [.id(group), .id(member)])[0].bool(0)
    }

    private static let membership = PostgresStatement(
        "member_is_present",
        """
        SELECT EXISTS (
            SELECT FROM group_member
            WHERE group_id = $1::uuid AND member_id = $2::uuid AND removed_revision IS NULL)
        """)

    /// Keeps where UDM was found to have resources. Only a hint, so a newer one of the resource's own turn is left alone.
    package func learn(_ learned: [LearnedDN]) async throws {
        guard !learned.isEmpty else { return }
        let sorted = learned.sorted { $0.resourceID < $1.resourceID }
        _ = try await pipeline.execute(
            Self.learning,
            [.ids(sorted.map(\.resourceID)), .textArray(sorted.map(\.hint)), .textArray(sorted.map(\.dn))])
    }

    private static let learning = PostgresStatement(
        "udm_object_learn",
        """
        WITH learned AS (
            SELECT u.resource_id, l.dn FROM udm_object u
            JOIN unnest($1::uuid[], $2::text[], $3::text[]) AS l(resource_id, hint, dn)
                ON u.resource_id = l.resource_id AND u.dn = l.hint
            ORDER BY u.resource_id FOR UPDATE OF u
        )
        UPDATE udm_object u SET dn = learned.dn FROM learned WHERE u.resource_id = learned.resource_id
        """)
}
