// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Failpoints
internal import JSON
internal import Logging
internal import SCIM
internal import UDM

/// Brings the object of one resource to the state one job stands for, and reports what UDM holds afterwards.
///
/// Idempotent in effect: creates carry our identifier, changes are differences (I-9, queue-patterns section 8). A DN is a hint, which a
/// foreign object may have taken: whatever is changed or deleted was read before, is ours by its identifier, and is sent under the ETag
/// of that read. After an unknown outcome (`isCareful`) it also looks before it creates.
struct Push: Sendable {
    let client: UDMClient
    let mapping: UDMMapping
    let module: UDMModule
    let resourceID: ResourceID
    let requestID: String
    var term = LeaseTerm(until: nil)
    /// A former call may have had its effect, or may still be running.
    let isCareful: Bool
    /// The object was written a short time ago: if it is not found, it is looked for again before it counts as gone.
    var isPatient = false
    /// How long a create that may still be on its way may take: UDM has no lock that keeps a group from being made twice.
    var createWait: Duration?
    /// Mapped states of other writes, any of which may be what UDM holds all the same.
    var possibleStates: [JSONObject] = []
    let logger: Logger

    /// How often a change is merged anew when somebody else changes the object between our read and our write.
    private static let mergeAttempts = 4

    /// What a create or modify job wants to be true.
    struct Goal: Sendable {
        /// Mapped properties of the SCIM state.
        var properties: JSONObject
        var password: String?
        /// For a create only: what a group begins with.
        var members: MemberDelta
        /// Properties that stay as UDM has them, because it has refused their values.
        var leftOut: Set<String> = []

        /// What is to be true in UDM.
        var wanted: JSONObject {
            var wanted = properties
            for property in leftOut { wanted[property] = nil }
            return wanted
        }
    }

    /// What UDM holds now.
    struct Brought: Sendable {
        let object: KnownObject
        let isCreated: Bool
        /// The object as it was read, when nothing had to be sent.
        let fresh: UDMObject?
    }

    // MARK: Create and modify

    /// - Parameter known: What UDM held after the last push, or nil when nothing was ever pushed.
    func bring(_ known: KnownObject?, to goal: Goal) async throws -> Brought {
        if let known {
            return try await modify(known, to: goal, mayRepeat: isCareful)
        }
        if isCareful {
            if let found = try await findOwn() {
                logger.info("A create whose answer was lost had reached UDM", metadata: ["dn": "\(found)"])
                return try await modify(KnownObject(dn: found), to: goal, mayRepeat: true)
            }
            if let createWait, createWait > .zero { throw CreateWait(remaining: createWait) }
        }
        return try await create(goal)
    }

    private func create(_ goal: Goal) async throws -> Brought {
        let wanted = goal.wanted
        var properties = try mapping.createProperties(
            wanted, type: module.resourceType, identifier: resourceID, password: goal.password)
        for (property, list) in goal.members.merged(into: JSONObject()) { properties[property] = list }
        try term.check()
        let written: UDMWritten
        Failpoint.strike("push.before-create")
        do throws(UDMError) {
            written = try await client.create(
                module, properties: properties, options: mapping.options(for: properties), requestID: requestID)
        } catch {
            // "Exists" may be ourselves: an earlier try whose answer was lost, perhaps of a process that is gone.
            guard error.mayBeOwnEarlierTry, let found = try await findOwn() else { throw error }
            return try await modify(KnownObject(dn: found), to: goal, mayRepeat: true)
        }
        Failpoint.strike("push.created")
        logWarnings(of: written)
        return Brought(object: KnownObject(dn: written.dn, properties: wanted), isCreated: true, fresh: nil)
    }

    /// - Parameter mayRepeat: A call whose answer was lost may have brought the password, or an older one: it is sent all the same.
    private func modify(_ known: KnownObject, to goal: Goal, mayRepeat: Bool) async throws -> Brought {
        do {
            return try await change(known, to: goal)
        } catch let error as UDMError
            where mayRepeat && goal.password != nil
            && error.errors.contains(where: { $0.refusal == .passwordUsedBefore })
        {
            // After an unknown outcome "used before" means that the lost call had set it (R-88), whatever else is refused beside it.
            return try await change(known, to: goal.withoutPassword)
        }
    }

    private func change(_ known: KnownObject, to goal: Goal) async throws -> Brought {
        let wanted = goal.wanted
        let written = try await write(at: known.dn) { object in
            let difference = difference(from: known.properties, to: wanted, in: object.properties)
            var properties = difference.merged(into: object.properties)
            if let password = goal.password { properties["password"] = .string(password) }
            let note = (
                base: known.properties ?? object.properties,
                derived: mapping.derivedAnew(by: properties, from: object.properties)
            )
            return Change(properties: properties, note: note)
        }
        try await keep(written.note.derived, at: written.dn)
        // What was left out stays on record as it was: the next difference begins there.
        var held = wanted
        for property in goal.leftOut { held[property] = written.note.base[property] }
        return Brought(
            object: KnownObject(dn: written.dn, properties: held), isCreated: false, fresh: written.unchanged)
    }

    /// Sets values again that UDM has derived anew from others. Whether it did depends on its configuration, so the object is looked at first; where
    /// UDM reads from a replica that is late, they stay as derived.
    ///
    /// - Throws: Class `unknownOutcome`, whatever went wrong: the change itself has arrived, with its password, and the next try has to know that.
    private func keep(_ values: JSONObject, at dn: String) async throws {
        if values.isEmpty { return }
        do {
            _ = try await write(at: dn) { object in
                Change(properties: mapping.difference(from: object.properties, to: values).scalars, note: ())
            }
        } catch var error as UDMError {
            guard error.class != .permanent else {
                logger.warning(
                    "UDM derives a value anew and refuses the one that it had",
                    metadata: ["resource": "\(resourceID)", "dn": "\(dn)", "error": "\(error)"])
                return
            }
            error.class = .unknownOutcome
            throw error
        }
    }

    /// What differs from the last state that UDM took. What others changed since is not ours to undo, so a fresh read is the base only of an
    /// object that was just found. Where it is not known whether a later state arrived, that one's traces are undone too.
    private func difference(
        from base: JSONObject?, to goal: JSONObject, in fresh: JSONObject
    ) -> PropertyDifference {
        var difference = mapping.difference(from: base ?? fresh, to: goal)
        for state in possibleStates {
            let other = mapping.difference(from: state, to: goal)
            for (property, value) in other.scalars where difference.scalars[property] == nil {
                guard let held = state[property] else { continue }
                let arrived: JSONObject = [property: held]
                if mapping.difference(from: fresh, to: arrived).isEmpty { difference.scalars[property] = value }
            }
            for (property, list) in other.lists {
                if difference.lists[property] == nil {
                    difference.lists[property] = ListDelta(comparison: list.comparison, placement: list.placement)
                }
                difference.lists[property]?.removed += list.removed
            }
        }
        return difference
    }

    // MARK: Conditional writes

    struct Change<Note> {
        /// To be sent; empty for nothing.
        let properties: JSONObject
        /// What the caller wants to know of the read that was sent upon.
        let note: Note
    }

    struct Written<Note> {
        /// Where the object is now.
        let dn: String
        /// The object itself, when nothing was sent.
        let unchanged: UDMObject?
        let note: Note
    }

    /// Reads our object and sends what `change` makes of it, under the ETag of that read; again when somebody was faster.
    ///
    /// - Parameters:
    ///   - hint: Where the object is believed to be.
    ///   - fresh: The object, when it has just been read.
    ///   - change: Errors of class `notFound` must not leave it.
    func write<Note>(
        at hint: String, fresh: UDMObject? = nil, _ change: (UDMObject) async throws -> Change<Note>
    ) async throws -> Written<Note> {
        var dn = hint
        var fresh = fresh
        var isResolved = false
        for _ in 1..<Self.mergeAttempts {
            do {
                return try await writeOnce(at: dn, fresh: fresh, change)
            } catch let error as UDMError {
                fresh = nil
                if error.class == .preconditionFailed { continue }
                // The DN was a hint: only a search by identifier tells whether the object is gone.
                guard error.class == .notFound else { throw error }
                guard !isResolved, let found = try await findOwn() else { throw isPatient ? error.late : error }
                isResolved = true
                dn = found
            }
        }
        return try await writeOnce(at: dn, fresh: fresh, change)
    }

    private func writeOnce<Note>(
        at dn: String, fresh: UDMObject?, _ change: (UDMObject) async throws -> Change<Note>
    ) async throws -> Written<Note> {
        var object = fresh
        if object == nil { object = try await own(at: dn) }
        guard let object else { throw UDMError(.notFound, detail: "\(dn) was not read", module: module, dn: dn) }
        let change = try await change(object)
        if change.properties.isEmpty { return Written(dn: object.dn, unchanged: object, note: change.note) }
        Failpoint.strike("push.before-modify")
        try term.check()
        let written = try await client.modify(
            module, dn: object.dn, properties: change.properties, options: mapping.options(for: change.properties),
            ifMatch: object.etag, requestID: requestID)
        Failpoint.strike("push.modified")
        logWarnings(of: written)
        return Written(dn: written.dn, unchanged: nil, note: change.note)
    }

    /// What UDM took and did not keep as it was sent: nothing that a retry would change.
    private func logWarnings(of written: UDMWritten) {
        if written.warnings.isEmpty { return }
        logger.notice(
            "UDM took a write with a warning",
            metadata: [
                "resource": "\(resourceID)", "dn": "\(written.dn)", "requestID": "\(requestID)",
                "warnings": "\(written.warnings.joined(separator: "; "))",
            ])
    }

    // MARK: Delete

    /// - Parameter known: nil when nothing is known to be in UDM; a lost create may still have put it there.
    func remove(_ known: KnownObject?) async throws {
        // Careful, it expects to find nothing: a former call may have removed it. What was only late after all is found by the later verification.
        let isPatient = isPatient && !isCareful
        var isResolved = known == nil
        var target = known?.dn
        if target == nil { target = try await findOwn() }
        for _ in 1..<Self.mergeAttempts {
            guard let dn = target else { return }
            do {
                return try await removeOnce(at: dn)
            } catch let error as UDMError {
                if error.class == .preconditionFailed { continue }
                guard error.class == .notFound else { throw error }
                // UDM said it itself, of a DN that it gave for our identifier a moment ago.
                if isResolved && error.status != nil {
                    if isPatient { throw error.late }
                    return
                }
                // Another object is at the DN, or none: ours is elsewhere, or gone.
                isResolved = true
                target = try await findOwn()
                if target == nil {
                    if isPatient { throw error.late }
                    logger.notice("UDM no longer had the object that was to be deleted", metadata: ["dn": "\(dn)"])
                }
            }
        }
        if let target { try await removeOnce(at: target) }
    }

    private func removeOnce(at dn: String) async throws {
        let object = try await own(at: dn)
        Failpoint.strike("push.before-delete")
        try term.check()
        try await client.delete(module, dn: object.dn, ifMatch: object.etag, requestID: requestID)
        Failpoint.strike("push.deleted")
    }

    // MARK: Finding

    /// Our object, read by its DN.
    /// - Throws: Class `notFound`, without a status, when another object is there now.
    private func own(at dn: String) async throws -> UDMObject {
        let object = try await client.get(module, dn: dn, requestID: requestID)
        guard object.isOf(resourceID) else {
            throw UDMError(.notFound, detail: "\(object.dn) is another object now", module: module, dn: object.dn)
        }
        return object
    }

    /// Our object, wherever it is now; nil when it is gone.
    func read(at hint: String) async throws -> UDMObject? {
        do {
            return try await write(at: hint) { _ in Change(properties: JSONObject(), note: ()) }.unchanged
        } catch let error as UDMError where error.class == .notFound && !error.mayBeLate {
            return nil
        }
    }

    /// The DN of the object that carries our identifier; a search, which costs UDM as much as two creates.
    func findOwn() async throws -> String? { try await find(resourceID, in: module) }

    func find(_ identifier: ResourceID, in module: UDMModule) async throws -> String? {
        let hits = try await client.search(
            module, identifier: identifier, properties: [UDMObject.identifierProperty], requestID: requestID)
        guard hits.count <= 1 else {
            throw UDMError(
                .permanent, detail: "\(hits.count) objects carry the identifier \(identifier)", module: module)
        }
        return hits.first?.dn
    }
}

/// A create of which nobody knows may still be on its way.
struct CreateWait: Error {
    let remaining: Duration
}

extension Push.Goal {
    /// UDM has it already.
    fileprivate var withoutPassword: Push.Goal {
        var goal = self
        goal.password = nil
        return goal
    }
}

extension UDMError {
    /// Of an object that was written a short time ago.
    var late: UDMError {
        var error = self
        error.mayBeLate = true
        return error
    }
}

extension UDMObject {
    /// Every object that we made carries its resource's id; one without identifier is somebody else's.
    func isOf(_ id: ResourceID) -> Bool { identifier?.lowercased() == id.description }
}
