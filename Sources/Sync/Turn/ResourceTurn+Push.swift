// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON
internal import Logging
internal import SCIM
internal import Storage
internal import UDM

/// What a job wants, and how it is pushed.
extension ResourceTurn {
    mutating func push(_ batch: JobBatch) async throws -> JobOutcome.Result {
        let job = batch.carrier
        let push = try await makePush(UDMModule(lease.type), requestID: job.requestID)
        if job.operation == .delete {
            mayHaveCalled = true
            try await push.remove(known)
            known = nil
            arrived()
            return .removed(job: job.id)
        }
        guard let text = job.newState else { throw JobError(missingStateOf: job.id) }
        var goal = Push.Goal(
            properties: try await properties(in: text, of: job), password: try password(of: batch.newestPassword),
            members: MemberDelta())
        guard lease.type == .group else {
            mayHaveCalled = true
            let object = try await push.bring(known, to: goal).object
            known = object
            arrived()
            return .done(job: job.id, udm: object.record, members: AppliedMembers())
        }
        var members = memberPush(try await members(), push)
        mayHaveCalled = true
        try await members.look()
        goal.members = members.initial
        let brought = try await push.bring(known, to: goal)
        known = brought.object
        try await settle(&members, in: brought)
        arrived()
        return .done(job: job.id, udm: (known ?? brought.object).record, members: members.applied)
    }

    mutating func makePush(_ module: UDMModule, requestID: String) async throws -> Push {
        if isCareful && possibleStates == nil {
            // The lost call may have been of any job that is open still, or of one that has failed for good since.
            let buried = try await environment.jobs.buriedStates(of: lease.resourceID, after: lease.syncedRevision)
            possibleStates = (lease.jobs.compactMap(\.newState) + buried).compactMap { mapped($0) }
        }
        return Push(
            client: environment.client, mapping: environment.mapping, module: module, resourceID: lease.resourceID,
            requestID: requestID, isCareful: isCareful, possibleStates: isCareful ? possibleStates ?? [] : [],
            logger: logger)
    }

    /// UDM's state is known now, whatever became of earlier calls.
    mutating func arrived() {
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

    private func mapped(_ state: [UInt8]) -> JSONObject? {
        guard let value = try? JSONValue(parsing: state, limits: .ownText),
            let resource = value["resource"]?.objectValue
        else { return nil }
        return environment.mapping.properties(of: resource, type: lease.type)
    }

    private func properties(of attributes: JSONObject) async throws -> JSONObject {
        let mapping = environment.mapping
        environment.leftOut.note(
            mapping.leftOut(of: attributes, type: lease.type), type: lease.type, id: lease.resourceID, logger: logger)
        var properties = mapping.properties(of: attributes, type: lease.type)
        guard let externalID = mapping.externalID, externalID.properties[lease.type] != nil else { return properties }
        let value = try await environment.jobs.externalID(of: lease.resourceID, client: externalID.client)
        for (property, value) in mapping.properties(ofExternalID: value, type: lease.type) {
            properties[property] = value
        }
        return properties
    }

    private func password(of job: LeasedJob?) throws -> String? {
        guard let job, let sealed = job.secret else { return nil }
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
        UDMObjectRecord(dn: dn, properties: JSONValue.object(properties ?? JSONObject()).serialize())
    }
}
