// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Failpoints
internal import JSON
internal import Logging
internal import SCIM
internal import Storage
internal import UDM

/// The members of a group: with its own write, or late in a turn without one.
extension ResourceTurn {
    /// The members to send now.
    /// - Throws: ``MemberWait`` while members are not in UDM yet and the group may still wait for them.
    func members() async throws -> MemberDifference {
        let difference = try await unhinderedDifference()
        guard !difference.missing.isEmpty else { return difference }
        Failpoint.strike("turn.before-wait")
        let awaited = try await environment.jobs.wait(lease, for: difference.missing.map(\.memberID))
        Failpoint.strike("turn.waits")
        // A member whose own write has failed does not come by itself.
        if let youngest = awaited.filter(\.hasOpenJob).map(\.waited).min(), youngest < configuration.memberWait {
            throw MemberWait(remaining: configuration.memberWait - youngest)
        }
        if !awaited.isEmpty {
            logger.info(
                "A group is pushed without members that are not in UDM yet",
                metadata: ["missing": "\(awaited.count)", "group": "\(lease.resourceID)"])
        }
        // Some may have arrived between our two looks.
        return try await unhinderedDifference()
    }

    /// So long a group waits when another one has a member for a call.
    static let hindrance = Duration.milliseconds(500)

    private func unhinderedDifference() async throws -> MemberDifference {
        let difference = try await currentDifference()
        if difference.isHindered { throw MemberWait(remaining: Self.hindrance) }
        return difference
    }

    func currentDifference() async throws -> MemberDifference {
        let difference = MemberDifference(try await environment.jobs.memberDifference(of: lease.resourceID))
        return leavesOutUnlistable ? difference.withoutUnlistable() : difference
    }

    /// Whether the refusal may be about members whose name UDM does not take in a list: they stay out from now on, so that one of them does not
    /// keep all others out.
    mutating func leaveOutUnlistable(_ error: UDMError) async throws -> Bool {
        guard lease.type == .group, !leavesOutUnlistable, error.class == .permanent,
            error.properties.contains(where: [MemberDelta.usersProperty, MemberDelta.groupsProperty].contains)
        else { return false }
        let unlistable = try await currentDifference().withoutUnlistable().unlistable
        guard !unlistable.isEmpty else { return false }
        leavesOutUnlistable = true
        logger.error(
            "UDM does not take members by names with a comma or an equals sign; the group goes on without them",
            metadata: [
                "group": "\(lease.resourceID)", "names": "\(unlistable.compactMap(\.dn).joined(separator: "; "))",
                "error": "\(error)",
            ])
        return true
    }

    func memberPush(_ difference: MemberDifference, _ push: Push) -> MemberPush {
        let (jobs, group) = (environment.jobs, lease.resourceID)
        return MemberPush(difference, of: group, push: push) { try await jobs.isMember($0, of: group) }
    }

    /// Settles the members in UDM's group, and keeps what was settled even when the rest could not be.
    mutating func settle(_ members: inout MemberPush, in brought: Push.Brought) async throws {
        let (lease, environment) = (lease.handle, environment)
        let store: MemberPush.Store = { settled in
            let outcome = JobOutcome(
                lease: lease, result: .members(udm: brought.object.record, settled), endsTurn: false)
            guard try await environment.record(outcome) else { throw CancellationError() }
            Failpoint.strike("turn.members-stored")
        }
        do {
            let dn = try await members.settle(in: brought, store)
            known?.dn = dn
        } catch let error as UDMError {
            leavesDoubt = leavesDoubt || members.leavesDoubt
            await learn(members)
            if !Task.isCancelled, brought.isCreated || !members.applied.isEmpty { try await store(members.applied) }
            throw error
        }
        leavesDoubt = leavesDoubt || members.leavesDoubt
        await learn(members)
    }

    private func learn(_ members: MemberPush) async {
        do {
            try await environment.jobs.learn(members.learned)
        } catch {
            // Only hints: the next push finds the same again.
            logger.debug("DNs of members were not kept", metadata: ["error": "\(error)"])
        }
    }

    /// A turn without a job: members that a group was pushed without have arrived.
    mutating func settleMembers() async throws -> TurnEnd {
        guard lease.type == .group, let object = known else {
            return try await record(.ended, endsTurn: true) ? .forget : .lost
        }
        let difference = try await currentDifference()
        if difference.isHindered { return try await giveBack(dueIn: Self.hindrance) }
        if difference.isEmpty && difference.unlistable.isEmpty {
            // The write that would have noted them may have failed before it could.
            let stored = try await record(
                .ended, endsTurn: true, awaited: (difference.doubtful + difference.missing).map(\.memberID))
            return stored ? .forget : .lost
        }
        let push = try await makePush(.group, requestID: LowercaseUUID.random().description)
        do {
            mayHaveCalled = true
            let byUser = try await settleByUser(difference, goal: nil, push)
            var applied = byUser.applied
            if !byUser.rest.isEmpty {
                var members = memberPush(byUser.rest, push)
                try await members.look()
                try await settle(&members, in: Push.Brought(object: known ?? object, isCreated: false, fresh: nil))
                applied.add(members.applied)
            }
            applied.missing += difference.postponed.map(\.memberID)
            hasChangedUsers = false
            let stored = try await record(
                .members(udm: (known ?? object).record, applied), endsTurn: true,
                awaited: difference.missing.map(\.memberID))
            return stored ? .forget : .lost
        } catch let error as UDMError {
            if Task.isCancelled { return .lost }
            if try await leaveOutUnlistable(error) { return try await settleMembers() }
            return try await membersFailed(error)
        }
    }

    private mutating func membersFailed(_ error: UDMError) async throws -> TurnEnd {
        var generator = SystemRandomNumberGenerator()
        let now = configuration.now()
        let former = FailureSeries(storedIn: lease.membersError)
        let series = FailureSeries(after: former, kind: error.class.series, retryAfter: error.retryAfter, at: now)
        let disposition = Disposition.of(
            error, attempts: series.count, series: series, accepted: series.first, now: now,
            configuration: configuration, using: &generator)
        let details = JobError(error, operation: .modify, type: lease.type, id: lease.resourceID)
        let metadata: Logger.Metadata = [
            "group": "\(lease.resourceID)", "attempt": "\(series.count)", "error": "\(error)",
        ]
        switch disposition {
        case .dead:
            logger.error("Late members of a group are refused for good", metadata: metadata)
            let result = JobOutcome.Result.membersRefused(
                error: details.json(), isAmbiguous: error.class == .unknownOutcome)
            return try await record(result, endsTurn: true) ? .forget : .lost
        case .hold:
            let wait = UDMBreaker.firstLength
            let result = JobOutcome.Result.membersLater(
                dueIn: wait, error: details.json(former ?? series), isAmbiguous: false)
            return try await record(result, endsTurn: true) ? .due(wait) : .lost
        case .retry(let wait, let isAmbiguous):
            logger.warning("Late members of a group could not be pushed; they will be tried again", metadata: metadata)
            let result = JobOutcome.Result.membersLater(
                dueIn: wait, error: details.json(series), isAmbiguous: isAmbiguous)
            return try await record(result, endsTurn: true) ? .due(wait) : .lost
        }
    }
}

extension AppliedMembers {
    var isEmpty: Bool { added.isEmpty && removed.isEmpty && missing.isEmpty }

    mutating func add(_ others: AppliedMembers) {
        added += others.added
        removed += others.removed
        missing += others.missing
    }
}
