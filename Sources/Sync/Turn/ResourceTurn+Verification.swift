// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Failpoints
internal import JSON
internal import Logging
internal import Metrics
internal import SCIM
internal import Storage
internal import UDM

/// The look at UDM that is owed after a call whose outcome nobody knew: every call that changes an object carries the ETag of a read, so what may
/// have come late is a create, or a change of what nobody has touched since.
extension ResourceTurn {
    /// A turn without a job, when UDM must have ended the call.
    mutating func verify(_ verification: Verification) async throws -> TurnEnd {
        let module = UDMModule(lease.type)
        let requestID = LowercaseUUID.random().description
        Failpoint.strike("verification.begins")
        do {
            let states = try await environment.jobs.lateStates(of: lease.resourceID, since: verification.since)
            possibleStates = states.compactMap { mapped($0) }
            isCareful = true
            var push = try await makePush(module, requestID: requestID)
            // What is not found is looked for again anyway.
            push.isPatient = false
            mayHaveCalled = true
            let hits = try await environment.client.search(
                module, identifier: lease.resourceID, properties: [UDMObject.identifierProperty],
                requestID: requestID)
            Failpoint.strike("verification.searched")
            if known == nil && !verification.resourceExists {
                for hit in hits {
                    logger.warning(
                        "A create that came late had brought a deleted resource back; it is removed again",
                        metadata: ["resource": "\(lease.resourceID)", "dn": "\(hit.dn)"])
                    environment.metrics.verified("repaired")
                    try await push.remove(KnownObject(dn: hit.dn))
                }
                return try await verified(verification)
            }
            if hits.count > 1 { return try await report(hits, verification) }
            guard let hit = hits.first else { return try await verified(verification) }
            // First: what UDM refuses of the user itself must not keep its groups from being looked at.
            if verification.concernsGroups { try await compareMemberships(at: hit.dn, push) }
            guard let properties = known?.properties else {
                // A create that was given up, and came: the next write of the resource changes it.
                known = KnownObject(dn: hit.dn)
                return try await verified(verification)
            }
            return try await restore(KnownObject(dn: hit.dn, properties: properties), push, verification)
        } catch let error as UDMError {
            if Task.isCancelled { return .lost }
            return try await verificationFailed(error, verification)
        }
    }

    /// Undoes what a late call has changed. What others did stays: only values of our own writes are looked for.
    private mutating func restore(
        _ object: KnownObject, _ push: Push, _ verification: Verification
    ) async throws -> TurnEnd {
        let goal = Push.Goal(
            properties: object.properties ?? JSONObject(), password: nil, members: MemberDelta())
        let brought = try await push.bring(object, to: goal)
        known = brought.object
        if brought.fresh == nil { noteRepair() }
        Failpoint.strike("verification.restored")
        var members: MemberPush?
        if lease.type == .group {
            let changes = try await strayMembers(brought, push)
            if changes.contains(where: { $0.hold != nil }) {
                // In doubt until the user has been looked at; lent for a moment.
                let wait = changes.contains { $0.hold == .doubtful } ? Self.verificationWait : Self.hindrance
                let result = JobOutcome.Result.verifyLater(dueIn: wait, isAmbiguous: false)
                return try await record(result, endsTurn: true) ? .forget : .lost
            }
            if !changes.isEmpty {
                noteRepair()
                var push = memberPush(MemberDifference(changes), push)
                try await settle(&push, in: brought)
                members = push
                Failpoint.strike("verification.members-settled")
            }
            try await removeGhosts(push)
        }
        return try await verified(verification, members?.applied ?? AppliedMembers())
    }

    /// Members that left, or left and came back, and are in UDM what they are not in SCIM.
    private func strayMembers(_ brought: Push.Brought, _ push: Push) async throws -> [MemberChange] {
        let candidates = try await environment.jobs.returningMembers(of: lease.resourceID)
        guard candidates.contains(where: { $0.dn != nil }) else { return [] }
        var object = brought.fresh
        if object == nil {
            object = try await environment.client.get(.group, dn: brought.object.dn, requestID: push.requestID)
        }
        let listed = DN.normalizedSet(object.map { MemberPush.listed(in: $0) } ?? [])
        return candidates.filter { candidate in
            candidate.dn.map { listed.contains(DN.normalized($0)) != candidate.isAddition } ?? false
        }
    }

    /// Takes DNs of nobody out of the group's list. UDM takes a DN whose object was renamed a moment before, and a turn that ended before it had
    /// looked at it left it there: whoever gets that name next would be a member.
    private mutating func removeGhosts(_ push: Push) async throws {
        guard let dn = known?.dn else { return }
        let members = DN.normalizedSet(try await environment.jobs.memberDNs(of: lease.resourceID))
        let base: String
        do throws(UDMError) {
            base = try await environment.client.findBase(requestID: push.requestID)
        } catch {
            // A UDM that does not tell its base cannot be asked who is nobody.
            guard error.class == .notFound else { throw error }
            return
        }
        let written = try await push.write(at: dn) { object in
            let users = try await ghosts(MemberDelta.usersProperty, in: object, besides: members, under: base, push)
            let groups = try await ghosts(MemberDelta.groupsProperty, in: object, besides: members, under: base, push)
            let delta = MemberDelta(removedUsers: users, removedGroups: groups)
            return Push.Change(properties: delta.merged(into: object.properties), note: users + groups)
        }
        known?.dn = written.dn
        guard !written.note.isEmpty else { return }
        logger.warning(
            "DNs of nobody were taken out of a group",
            metadata: ["group": "\(lease.resourceID)", "count": "\(written.note.count)"])
        environment.metrics.verified("repaired")
    }

    /// Listed DNs at which UDM has nothing. Those of members are looked at when they are pushed; whoever else is listed is somebody else's, and
    /// may be written otherwise than UDM writes it.
    private func ghosts(
        _ property: String, in group: UDMObject, besides members: Set<String>, under base: String, _ push: Push
    ) async throws -> [String] {
        let listed = group.properties[property]?.arrayValue?.compactMap(\.stringValue) ?? []
        let strangers = listed.filter { !members.contains(DN.normalized($0)) }.prefix(Self.mostStrangers)
        var ghosts: [String] = []
        for dn in strangers {
            // What is outside of UDM's base, UDM cannot judge.
            guard let name = DN.spelled(dn, under: base) else { continue }
            // Whatever kind of object is there, it is not ours to take out.
            if try await !environment.client.exists(dn: name, requestID: push.requestID) { ghosts.append(dn) }
        }
        return ghosts
    }

    /// Strangers in one group that are looked at: each costs UDM a read.
    private static let mostStrangers = 500

    private func noteRepair() {
        logger.warning(
            "A call that came late had changed the object; its state is restored",
            metadata: ["resource": "\(lease.resourceID)"])
        environment.metrics.verified("repaired")
    }

    private mutating func verified(
        _ verification: Verification, _ members: AppliedMembers = AppliedMembers(), problem: [UInt8]? = nil
    ) async throws -> TurnEnd {
        let isGone = known == nil && !verification.resourceExists
        let result = JobOutcome.Result.verified(udm: known?.record, members, isGone: isGone, problem: problem)
        let stored = try await record(result, endsTurn: true)
        environment.metrics.verified(problem == nil ? "done" : "problem")
        // Members may have come meanwhile that another turn settles.
        return stored ? (lease.type == .group && !isGone ? .again : .forget) : .lost
    }

    private mutating func report(_ hits: [UDMObject], _ verification: Verification) async throws -> TurnEnd {
        let dns = hits.map(\.dn).sorted().joined(separator: "; ")
        let error = UDMError(
            .permanent,
            detail: "\(hits.count) objects carry its identifier, of which one has to be removed by hand: \(dns)",
            module: UDMModule(lease.type))
        logger.error(
            "UDM has more than one object of a resource",
            metadata: ["resource": "\(lease.resourceID)", "objects": "\(dns)"])
        let details = JobError(error, operation: .modify, type: lease.type, id: lease.resourceID)
        return try await verified(verification, problem: details.json())
    }

    /// UDM may be away for a while; nothing has to be hurried.
    private static let verificationWait = Duration.seconds(60)

    private mutating func verificationFailed(_ error: UDMError, _ verification: Verification) async throws -> TurnEnd {
        logger.warning(
            "UDM could not be looked at after a call of unknown outcome",
            metadata: ["resource": "\(lease.resourceID)", "error": "\(error)"])
        if error.class == .permanent {
            let details = JobError(error, operation: .modify, type: lease.type, id: lease.resourceID)
            return try await verified(verification, problem: details.json())
        }
        let wait = max(Self.verificationWait, error.retryAfter ?? .zero)
        let isAmbiguous = error.class == .unknownOutcome
        // Enqueued when it is due, as at first.
        return try await record(.verifyLater(dueIn: wait, isAmbiguous: isAmbiguous), endsTurn: true) ? .forget : .lost
    }
}
