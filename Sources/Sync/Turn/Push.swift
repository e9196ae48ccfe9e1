// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON
internal import Logging
internal import SCIM
internal import UDM

/// Brings UDM to the state one job stands for, and reports what UDM holds afterwards.
///
/// Idempotent in effect: creates carry our identifier, changes are differences, lists are merged into a fresh read under `If-Match`
/// (I-9, queue-patterns section 8). After an unknown outcome (`isCareful`) it reads before it writes.
struct Push {
    let client: UDMClient
    let mapping: UDMMapping
    let module: UDMModule
    let resourceID: ResourceID
    let requestID: String
    /// A former call may have had its effect, or may still be running.
    let isCareful: Bool
    let logger: Logger

    /// How often a change is merged anew when somebody else changes the object between our read and our write.
    private static let mergeAttempts = 4

    /// What a create or modify job wants to be true.
    struct Goal {
        /// Mapped properties of the SCIM state.
        var properties: JSONObject
        var password: String?
        var members: MemberDelta
    }

    // MARK: Create and modify

    /// - Parameter known: What UDM held after the last push, or nil when nothing was ever pushed.
    /// - Returns: What UDM holds now.
    func bring(_ known: KnownObject?, to goal: Goal) async throws(UDMError) -> KnownObject {
        if let known {
            return try await modify(known, to: goal)
        }
        if isCareful, let found = try await find() {
            logger.info("A create whose answer was lost had reached UDM", metadata: ["dn": "\(found.dn)"])
            return try await modify(found, to: goal.withoutPassword)
        }
        return try await create(goal)
    }

    private func create(_ goal: Goal) async throws(UDMError) -> KnownObject {
        var properties = try mapping.createProperties(
            goal.properties, type: module.resourceType, identifier: resourceID, password: goal.password)
        for (property, list) in goal.members.merged(into: JSONObject()) { properties[property] = list }
        do {
            let written = try await client.create(
                module, properties: properties, options: mapping.options(for: properties), requestID: requestID)
            return KnownObject(dn: written.dn, properties: goal.properties)
        } catch  where error.mayBeOwnEarlierTry {
            // "Exists" may be ourselves: an earlier try whose answer was lost, perhaps of a process that is gone.
            guard let found = try await find() else { throw error }
            return try await modify(found, to: goal.withoutPassword)
        }
    }

    private func modify(_ known: KnownObject, to goal: Goal) async throws(UDMError) -> KnownObject {
        var dn = known.dn
        var goal = goal
        let base = isCareful ? nil : known.properties
        var isResolved = false
        var lastError: UDMError?

        for _ in 0..<Self.mergeAttempts {
            do {
                guard let change = try await change(of: dn, from: base, to: goal) else {
                    return KnownObject(dn: dn, properties: goal.properties)
                }
                let written = try await client.modify(
                    module, dn: change.dn, properties: change.properties,
                    options: mapping.options(for: change.properties), ifMatch: change.etag, requestID: requestID)
                return KnownObject(dn: written.dn, properties: goal.properties)
            } catch {
                lastError = error
                switch error.class {
                case .preconditionFailed:
                    continue
                case .notFound where !isResolved:
                    // The DN was a hint: only a search by identifier tells whether the object is gone.
                    isResolved = true
                    guard let found = try await find() else { throw error }
                    dn = found.dn
                default:
                    // After an unknown outcome "used before" means that the lost call had set it.
                    guard isCareful, goal.password != nil, error.refusal == .passwordUsedBefore else { throw error }
                    goal.password = nil
                }
            }
        }
        throw lastError ?? UDMError(.preconditionFailed, detail: "\(dn) changed at every try", module: module, dn: dn)
    }

    private struct Change {
        let dn: String
        let properties: JSONObject
        /// Of the read that lists were merged into; nil when only single values change.
        let etag: String?
    }

    /// What to send, or nil when UDM holds everything already.
    private func change(of dn: String, from base: JSONObject?, to goal: Goal) async throws(UDMError) -> Change? {
        if let base {
            let difference = mapping.difference(from: base, to: goal.properties)
            if !difference.needsRead && goal.members.isEmpty {
                var properties = difference.scalars
                if let password = goal.password { properties["password"] = .string(password) }
                return properties.isEmpty ? nil : Change(dn: dn, properties: properties, etag: nil)
            }
        }
        let fresh = try await client.get(module, dn: dn, requestID: requestID)
        try check(fresh)
        let difference = mapping.difference(from: base ?? fresh.properties, to: goal.properties)
        var properties = difference.merged(into: fresh.properties)
        for (property, list) in goal.members.merged(into: fresh.properties) { properties[property] = list }
        if let password = goal.password { properties["password"] = .string(password) }
        return properties.isEmpty ? nil : Change(dn: fresh.dn, properties: properties, etag: fresh.etag)
    }

    // MARK: Delete

    /// - Parameter known: nil when nothing is known to be in UDM; a lost create may still have put it there.
    func remove(_ known: KnownObject?) async throws(UDMError) {
        var target = known?.dn
        if target == nil { target = try await find()?.dn }
        guard let target else { return }
        do {
            try await client.delete(module, dn: target, requestID: requestID)
        } catch  where error.class == .notFound {
            guard let found = try await find() else {
                logger.notice("UDM no longer had the object that was to be deleted", metadata: ["dn": "\(target)"])
                return
            }
            try await client.delete(module, dn: found.dn, requestID: requestID)
        }
    }

    // MARK: Finding

    /// The object that carries our identifier; a search, which costs UDM as much as two creates.
    private func find() async throws(UDMError) -> KnownObject? {
        let hits = try await client.search(
            module, identifier: resourceID, properties: [UDMObject.identifierProperty], requestID: requestID)
        guard hits.count <= 1 else {
            throw UDMError(
                .permanent, detail: "\(hits.count) objects carry the identifier \(resourceID)", module: module)
        }
        return hits.first.map { KnownObject(dn: $0.dn, properties: nil) }
    }

    /// A DN is a hint: a foreign object may have taken it since. Then ours is elsewhere or gone, as after a 404.
    private func check(_ object: UDMObject) throws(UDMError) {
        if let identifier = object.identifier, identifier != resourceID.description {
            throw UDMError(
                .notFound, detail: "\(object.dn) is another object now", module: module, dn: object.dn)
        }
    }
}

extension Push.Goal {
    /// The lost create has set it; a second time UDM would refuse it as used before.
    fileprivate var withoutPassword: Push.Goal {
        var goal = self
        goal.password = nil
        return goal
    }
}
