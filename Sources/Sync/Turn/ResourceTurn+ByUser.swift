// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Failpoints
internal import Logging
internal import SCIM
internal import Storage
internal import UDM

/// A few members of a very large group come and go by the `groups` of each of them: UDM neither sends nor gets a list of a hundred thousand DNs.
///
/// The group's list is always right as well, so it takes whatever is in doubt: a group that was called without an answer, other changes of the
/// group in the same write, groups in groups, a user that somebody else works on or that UDM refuses.
extension ResourceTurn {
    /// What came of the members that could go this way.
    struct ByUser {
        var applied = AppliedMembers()
        /// For the group's list.
        var rest: MemberDifference
        /// Nothing of the turn is left for the group itself.
        var isWhole = false
    }

    /// - Parameter goal: What the group's own attributes are to be; nil when they are not to be sent.
    mutating func settleByUser(
        _ difference: MemberDifference, goal: Push.Goal?, _ push: Push
    ) async throws -> ByUser {
        var byUser = ByUser(rest: difference)
        // Of an earlier try in this turn that failed: what it has changed may be no part of the difference any more.
        if hasChangedUsers { (leavesDoubt, hasChangedUsers) = (true, false) }
        guard try await mayGoByUser(difference, goal), let groupDN = try await located(push), DN.isListable(groupDN)
        else { return byUser }
        for change in difference.changes {
            // Without a DN UDM never had it, or removed it together with the object.
            if let hint = change.dn, try await !settle(change, at: hint, in: groupDN, push) { continue }
            if change.isAddition {
                byUser.applied.added.append(change.memberID)
            } else {
                byUser.applied.removed.append(change.memberID)
            }
        }
        // Renamed by somebody else meanwhile: what was sent to its old DN is looked at again, in its list.
        guard let now = try await located(push), DN.areEqual(now, groupDN) else { return ByUser(rest: difference) }
        known?.dn = groupDN
        byUser.rest = difference.without(byUser.applied)
        byUser.isWhole = byUser.rest.isEmpty
        logger.debug(
            "Members of a large group were changed by their own objects",
            metadata: [
                "group": "\(lease.resourceID)", "settled": "\(difference.changes.count - byUser.rest.changes.count)",
                "left": "\(byUser.rest.changes.count)",
            ])
        return byUser
    }

    private func mayGoByUser(_ difference: MemberDifference, _ goal: Push.Goal?) async throws -> Bool {
        let (changes, smallest) = (difference.changes, configuration.membersByUserFrom)
        guard smallest > 0, lease.type == .group, !isCareful, lease.verification == nil, let base = known?.properties,
            !changes.isEmpty, changes.count <= SyncConfiguration.membersByUserMax,
            changes.allSatisfy({ $0.memberType == .user })
        else { return false }
        if let goal {
            guard goal.leftOut.isEmpty, environment.mapping.difference(from: base, to: goal.wanted).isEmpty else {
                return false
            }
        }
        return try await environment.jobs.memberCount(of: lease) >= smallest
    }

    /// Where UDM has the group, without its members.
    private func located(_ push: Push) async throws -> String? {
        let dns = try await environment.client.locate(
            .group, identifier: lease.resourceID, requestID: push.requestID)
        return dns.count == 1 ? dns.first : nil
    }

    /// - Returns: Whether UDM was seen to have it.
    private mutating func settle(
        _ change: MemberChange, at hint: String, in groupDN: String, _ push: Push
    ) async throws -> Bool {
        guard
            let loan = try await environment.lender.lend(
                change.memberID, to: lease, isAddition: change.isAddition, within: term)
        else { return false }
        Failpoint.strike("members.lent")
        let membership = MembershipPush(
            push: Push(
                client: environment.client, mapping: environment.mapping, module: .user, resourceID: change.memberID,
                requestID: push.requestID, term: loan.term, isCareful: false, logger: logger),
            groupDN: groupDN, isAddition: change.isAddition)
        let result = await membership.send(to: hint)
        if result.isSettled || result.end != .known { hasChangedUsers = true }
        Failpoint.strike("members.before-return")
        await environment.lender.takeBack(loan, result.end)
        Failpoint.strike("members.returned")
        if let error = result.error { throw error }
        return result.isSettled
    }

    // MARK: Looking

    /// The look at a user of whom nobody knows what a call about the groups has done: whatever UDM lacks is settled anew by its group.
    func compareMemberships(at dn: String, _ push: Push) async throws {
        let user = try await environment.client.get(.user, dn: dn, requestID: push.requestID)
        let listed = DN.normalizedSet(MembershipPush.groups(of: user))
        let lost = try await environment.jobs.settledMemberships(of: lease.resourceID)
            .filter { !listed.contains(DN.normalized($0.dn)) }
        guard !lost.isEmpty else { return }
        logger.warning(
            "A user is not in groups in which it should be; they are pushed again",
            metadata: ["user": "\(lease.resourceID)", "groups": "\(lost.count)"])
        try await environment.jobs.unsettle(lost.map(\.groupID), under: lease.handle)
    }
}
