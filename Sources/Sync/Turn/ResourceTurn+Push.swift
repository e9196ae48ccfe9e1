// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON
internal import Logging
internal import SCIM
internal import Storage
internal import UDM

/// What a job wants, and how it is pushed.
extension ResourceTurn {
    /// What a push came to: the outcome of its carrier, and what UDM refused of it.
    struct Pushed {
        var result: JobOutcome.Result
        var parking = Parking()
    }

    /// So often more is left out before a write is given up: UDM names bad values all at once, and taken ones one by one.
    private static let refusalRounds = 10

    mutating func push(_ batch: JobBatch) async throws -> Pushed {
        let job = batch.carrier
        let push = try await makePush(UDMModule(lease.type), requestID: job.requestID)
        if job.operation == .delete {
            mayHaveCalled = true
            try await push.remove(known)
            known = nil
            arrived()
            return Pushed(result: .removed(job: job.id))
        }
        guard let text = job.newState else { throw JobError(missingStateOf: job.id) }
        let properties = try await properties(in: text, of: job)
        var refusals = PushRefusals()
        let password = try password(of: batch.newestPassword, &refusals)
        var looks = 0
        var round = 0
        while true {
            round += 1
            let goal = Push.Goal(
                properties: properties, password: refusals.properties.contains("password") ? nil : password,
                members: MemberDelta(), leftOut: leftOut(of: properties, refusals))
            do {
                let result = try await bring(job, to: goal, push, refusals)
                let parking = refusals.parking(
                    parked, goal: properties, sentPassword: goal.password != nil, mapping: environment.mapping,
                    operation: job.operation, type: lease.type, id: lease.resourceID)
                if let event = parking.event { noteParked(parking, event, of: job) }
                return Pushed(result: result, parking: parking)
            } catch let error as UDMError {
                guard !Task.isCancelled, error.class == .permanent, round < Self.refusalRounds else { throw error }
                if error.refusal?.isUniqueness == true {
                    // Merged, the write may clash with a value that one of its jobs passes through.
                    if batch.count > 1 { throw error }
                    looks += 1
                    let holder = try await lookForHolder(of: goal.wanted, refused: error, push, for: job)
                    // It may have let go of the value between UDM's refusal and our look; once, because nobody else's will go by waiting.
                    if looks == 1 { continue }
                    if try await wasWrittenMeanwhile(job) { throw CreateWait(remaining: Self.pauseForNewer) }
                    if holder == .nobody, error.errors.contains(where: { $0.refusal == .nameTaken }),
                        !hasOutlivedLocks(job)
                    {
                        throw error.ofLock
                    }
                }
                // Careful, it changed what a lost call has created: of an object that is there any property can be left out.
                if known == nil, isCareful, let found = try await push.findOwn() { known = KnownObject(dn: found) }
                if try await leaveOutUnlistable(error) { continue }
                guard let separable = separable(error, goal, refusals) else { throw error }
                refusals.add(separable, error)
            }
        }
    }

    private mutating func bring(
        _ job: LeasedJob, to goal: Push.Goal, _ push: Push, _ refusals: PushRefusals
    ) async throws -> JobOutcome.Result {
        let hasMembers = lease.type == .group && !refusals.properties.contains(MemberDelta.usersProperty)
        guard hasMembers else {
            mayHaveCalled = true
            let object = try await push.bring(known, to: goal).object
            known = object
            arrived()
            return .done(job: job.id, udm: object.record, members: AppliedMembers())
        }
        let difference = try await members()
        mayHaveCalled = true
        let byUser = try await settleByUser(difference, goal: goal, push)
        var applied = byUser.applied
        applied.missing += difference.postponed.map(\.memberID)
        if byUser.isWhole, let known {
            arrived()
            hasChangedUsers = false
            return .done(job: job.id, udm: known.record, members: applied)
        }
        var members = memberPush(byUser.rest, push)
        try await members.look()
        let brought = try await bring(goal, with: &members, push)
        known = brought.object
        try await settle(&members, in: brought)
        arrived()
        hasChangedUsers = false
        applied.add(members.applied)
        return .done(job: job.id, udm: (known ?? brought.object).record, members: applied)
    }

    /// A group begins with its members, and does not begin at all while one of its groups is not where it is believed to be.
    private func bring(_ goal: Push.Goal, with members: inout MemberPush, _ push: Push) async throws -> Push.Brought {
        var goal = goal
        goal.members = members.initial
        do {
            return try await push.bring(known, to: goal)
        } catch let error as UDMError where error.missingGroup != nil {
            guard try await members.lookAtGroups() else { throw error }
            goal.members = members.initial
            return try await push.bring(known, to: goal)
        }
    }

    private func leftOut(of properties: JSONObject, _ refusals: PushRefusals) -> Set<String> {
        let leftOut = parked.leftOut(of: properties).union(refusals.properties)
        // Without these there is no create at all.
        return known == nil ? leftOut.subtracting(UDMMapping.requiredProperties(lease.type)) : leftOut
    }

    /// What the refusal is about, when the rest of the write may go through without it.
    private func separable(_ error: UDMError, _ goal: Push.Goal, _ refusals: PushRefusals) -> Set<String>? {
        let mapping = environment.mapping
        var sent = goal.wanted
        // Careful pushes send more than a difference shows.
        if let base = known?.properties, !isCareful {
            let changed = mapping.difference(from: base, to: sent).properties
            for property in sent.keys where !changed.contains(property) { sent[property] = nil }
        }
        return mapping.separable(
            error, type: lease.type, sent: sent, sendsPassword: goal.password != nil,
            sendsMembers: lease.type == .group && !refusals.properties.contains(MemberDelta.usersProperty),
            isCreate: known == nil)
    }

    private func noteParked(_ parking: Parking, _ event: [UInt8], of job: LeasedJob) {
        logger.error(
            "Attributes were refused for good; the rest of the write went through without them",
            metadata: [
                "resource": "\(lease.resourceID)", "job": "\(job.id)", "requestID": "\(job.requestID)",
                "attributes": "\(parking.refused.map(\.name).joined(separator: ", "))",
                "error": "\(String(decoding: event, as: UTF8.self))",
            ])
    }

    mutating func makePush(_ module: UDMModule, requestID: String) async throws -> Push {
        if isCareful && possibleStates == nil {
            // The lost call may have been of any job that is open still, or of one that has failed for good since.
            let buried = try await environment.jobs.buriedStates(of: lease.resourceID, after: lease.syncedRevision)
            possibleStates = (lease.jobs.compactMap(\.newState) + buried).compactMap { mapped($0) }
        }
        return Push(
            client: environment.client, mapping: environment.mapping, module: module, resourceID: lease.resourceID,
            requestID: requestID, term: term, isCareful: isCareful, isPatient: isPatient,
            createWait: module == .group ? lease.verification?.remaining : nil,
            possibleStates: isCareful ? possibleStates ?? [] : [],
            logger: logger)
    }

    /// Whether the object may only not have reached the LDAP server that UDM reads from.
    private var isPatient: Bool {
        guard let synced else { return false }
        return synced.duration(to: configuration.now()) < UDMObjectRecord.replicationTime
    }

    /// UDM's state is known now, whatever became of earlier calls.
    mutating func arrived() {
        synced = known == nil ? nil : configuration.now()
        isCareful = false
        possibleStates = []
    }

    private func properties(in state: [UInt8], of job: LeasedJob) async throws -> JSONObject {
        let value: JSONValue
        do throws(JSONError) {
            value = try JSONValue(parsing: state, limits: .ownText)
        } catch {
            throw JobError(unreadableStateOf: job.id, error)
        }
        return try await properties(of: value["resource"]?.objectValue ?? JSONObject())
    }

    func mapped(_ state: [UInt8]) -> JSONObject? {
        guard let value = try? JSONValue(parsing: state, limits: .ownText),
            let resource = value["resource"]?.objectValue
        else { return nil }
        return environment.mapping.properties(of: resource, type: lease.type)
    }

    private func properties(of attributes: JSONObject) async throws -> JSONObject {
        let mapping = environment.mapping
        var (properties, leftOut) = mapping.state(of: attributes, type: lease.type)
        environment.leftOut.note(leftOut, type: lease.type, id: lease.resourceID, logger: logger)
        guard let externalID = mapping.externalID, externalID.properties[lease.type] != nil else { return properties }
        let value = try await environment.jobs.externalID(of: lease.resourceID, client: externalID.client)
        for (property, value) in mapping.properties(ofExternalID: value, type: lease.type) {
            properties[property] = value
        }
        return properties
    }

    /// - Parameter refusals: Learns of a password that is too old.
    private func password(of job: LeasedJob?, _ refusals: inout PushRefusals) throws -> String? {
        guard let job, let sealed = job.secret else { return nil }
        let lifetime = configuration.passwordLifetime
        // What was erased meanwhile leaves an empty envelope behind.
        if sealed.isEmpty || job.acceptedAt.duration(to: configuration.now()) >= lifetime {
            refusals.expiry = JobError(passwordExpiredAfter: lifetime, type: lease.type, id: lease.resourceID)
            return nil
        }
        guard let sealer = environment.sealer else { throw PasswordKeyError(reason: "PASSWORD_KEY_FILE is not set") }
        do throws(SecretError) {
            let bytes = try sealer.open(sealed, jobID: job.id, resourceID: lease.resourceID)
            return String(decoding: bytes, as: UTF8.self)
        } catch {
            throw PasswordKeyError(reason: "\(error)")
        }
    }
}

extension KnownObject {
    /// As PostgreSQL keeps it.
    var record: UDMObjectRecord {
        UDMObjectRecord(dn: dn, properties: (properties.map { JSONValue.object($0) } ?? .null).serialize())
    }
}
