// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Failpoints
internal import JSON
internal import Logging
internal import Queue
internal import SCIM
internal import Storage

/// Undoes in SCIM what UDM has refused for good, where the operator wants that (`ON_PERMANENT_REFUSAL=revert`, DESIGN section 4): a new revision
/// of our own, with its own job and event. Owed by a row that the outcome wrote, so that a crash loses none; doing it again finds nothing to do.
struct Compensation: Sendable {
    /// In whose name the revisions are written.
    static let client = "scim-bridge"
    private static let batch = 100

    let jobs: JobStore
    let resources: ResourceStore
    let queue: WorkQueue
    let logger: Logger

    func run() async throws {
        var failure: (any Error)?
        for owed in try await jobs.owedCompensations(limit: Self.batch) {
            let end: CompensationEnd
            do {
                try await Failpoint.hit("compensation.owed")
                guard let (found, problem) = try await undo(owed) else { continue }
                try await Failpoint.hit("compensation.before-end")
                try await jobs.compensated(owed, found, problem: problem)
                try await Failpoint.hit("compensation.ended")
                end = found
            } catch {
                // One that cannot be dealt with does not keep the others waiting.
                failure = error
                continue
            }
            logger.warning(
                "A write that was refused for good has been dealt with",
                metadata: ["resource": "\(owed.resourceID)", "job": "\(owed.job)", "end": "\(end.rawValue)"])
        }
        if let failure { throw failure }
    }

    /// - Returns: Nil when it has to be looked at later.
    private func undo(_ owed: OwedCompensation) async throws -> (CompensationEnd, [UInt8]?)? {
        let context = WriteContext(
            tenant: owed.tenant, client: Self.client, requestID: LowercaseUUID.random().description, lane: "repair")
        if owed.former == nil && owed.attributes == nil {
            // A create. One of the open jobs may still bring the resource to UDM.
            if owed.isInUDM { return (.overtaken, nil) }
            guard let revision = owed.revision else { return (.overtaken, nil) }
            switch try await resources.delete(owed.type, owed.resourceID, ifMatch: revision, context: context) {
            case .deleted:
                enqueue(owed)
                return (.removed, nil)
            case .revisionMismatch:
                // The client has written meanwhile, and may have put it right.
                return nil
            case .notFound:
                return (.overtaken, nil)
            }
        }
        let former = Self.former(of: owed)
        guard let refused = owed.refused.flatMap({ Self.object($0) }) else { return (.overtaken, nil) }
        let result = try await resources.update(owed.type, owed.resourceID, context: context) { current, present in
            ResourceChange(
                attributes: Self.reverted(present, refused: refused, former: former, only: owed.attributes),
                externalId: current.externalId)
        }
        switch result {
        case .updated:
            enqueue(owed)
            return (.reverted, nil)
        case .unchanged, .notFound:
            return (.overtaken, nil)
        case .uniqueness(let claim):
            return (.kept, Self.problem("\(claim.value) is another resource's now", owed))
        case .revisionMismatch, .unknownMembers, .memberTypeMismatch, .memberCycle:
            return (.kept, Self.problem("the former state is not possible any more", owed))
        }
    }

    private func enqueue(_ owed: OwedCompensation) {
        Failpoint.strike("compensation.written")
        let key = ResourceKey(tenant: owed.tenant, type: owed.type.rawValue, id: owed.resourceID.description)
        queue.enqueueDetached([Enqueue(key, lane: .repair)])
    }

    private static func problem(_ reason: String, _ owed: OwedCompensation) -> [UInt8] {
        let text: JSONValue = [
            "status": "409", "scimType": "uniqueness", "retryable": false,
            "detail": .string("\(owed.type.rawValue) \(owed.resourceID) keeps what UDM refused: \(reason)"),
        ]
        return text.serialize()
    }

    /// What is to come back.
    private static func former(of owed: OwedCompensation) -> JSONObject {
        var former = owed.former.flatMap { object($0) } ?? JSONObject()
        // Behind a create whose answer was lost: it is in UDM by that name, and there is no resource without one.
        let created = owed.created.flatMap { object($0) } ?? JSONObject()
        for name in required(owed.type) where former[name] == nil { former[name] = created[name] }
        return former
    }

    /// Attributes that no resource may be without.
    private static func required(_ type: ResourceType) -> [String] {
        switch type {
        case .user: ["userName", "name"]
        case .group: ["displayName"]
        }
    }

    private static func object(_ text: [UInt8]) -> JSONObject? {
        (try? JSONValue(parsing: text, limits: .ownText))?.objectValue
    }

    /// The present attributes, with the former value wherever the refused write changed one and no later write did. Extensions are looked at
    /// attribute by attribute.
    ///
    /// - Parameter only: SCIM attribute paths; nil for all.
    static func reverted(
        _ present: JSONObject, refused: JSONObject, former: JSONObject, only: [String]? = nil, in schema: String? = nil
    ) -> JSONObject {
        var reverted = present
        for name in Set(refused.keys).union(former.keys).sorted() {
            if schema == nil, name.hasPrefix("urn:") {
                let container = Self.reverted(
                    present[name]?.objectValue ?? JSONObject(), refused: refused[name]?.objectValue ?? JSONObject(),
                    former: former[name]?.objectValue ?? JSONObject(), only: only, in: name)
                reverted[name] = container.isEmpty ? nil : .object(container)
                continue
            }
            let path = schema.map { "\($0):\(name)" } ?? name
            if let only, !only.contains(path) {
                let parts = only.filter { $0.hasPrefix("\(path).") }.map { String($0.dropFirst(path.count + 1)) }
                if parts.isEmpty { continue }
                if let value = present[name]?.objectValue {
                    let object = Self.reverted(
                        value, refused: refused[name]?.objectValue ?? JSONObject(),
                        former: former[name]?.objectValue ?? JSONObject(), only: parts)
                    reverted[name] = object.isEmpty ? nil : .object(object)
                    continue
                }
            }
            if refused[name] != former[name], present[name] == refused[name] { reverted[name] = former[name] }
        }
        return reverted
    }
}
