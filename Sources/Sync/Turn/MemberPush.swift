// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON
internal import SCIM
internal import Storage
internal import UDM

/// Brings the members of one group to UDM, and settles only what UDM was seen to have.
///
/// UDM takes any DN of a user, also one of nothing, and keeps it; once a list holds the DN of an object, UDM follows its later renames and its
/// end. So a DN is read, and its identifier compared, after it was sent: before that a rename may have come between. What proves wrong is
/// taken out again, searched for, and sent once more. Of a group that is not there UDM takes nothing, whatever else is sent.
struct MemberPush {
    let push: Push
    let group: ResourceID
    /// Whether a resource is wanted in the group.
    let isMember: @Sendable (ResourceID) async throws -> Bool
    /// Stores what is settled so far, where much is still to come.
    typealias Store = (AppliedMembers) async throws -> Void

    /// To be sent.
    private var additions: [MemberDifference.Placed]
    /// To be taken out.
    private var removals: [MemberChange]
    /// Additions that UDM's list has and that still have to be looked at.
    private var sent: [MemberDifference.Placed] = []
    /// The DNs that this push put into the list, normalized.
    private var ownDNs: Set<String> = []
    /// Settled, and not stored yet.
    private(set) var applied = AppliedMembers()
    private(set) var learned: [LearnedDN] = []
    /// Something was sent that has not been looked at, or that proved wrong and is not taken out yet.
    private(set) var leavesDoubt = false

    /// Fewer additions than this are also looked at before they are sent, so that no stale hint gets into the list even for a moment.
    private static let firstLook = 100
    /// Removals in one PATCH, and members settled in one transaction: each is looked at by itself, and what is done must not be lost.
    private static let chunk = 500
    /// How often a DN that proved wrong is searched for.
    private static let corrections = 3

    init(
        _ difference: MemberDifference, of group: ResourceID, push: Push,
        isMember: @escaping @Sendable (ResourceID) async throws -> Bool
    ) {
        self.push = push
        self.group = group
        self.isMember = isMember
        additions = difference.added
        removals = difference.removed
    }

    // MARK: Before the group

    /// Puts hints right that are no longer true.
    mutating func look() async throws {
        guard additions.count <= Self.firstLook else { return }
        var seen: [MemberDifference.Placed] = []
        for member in additions {
            if case .own = try await holder(of: member) {
                seen.append(member)
            } else if let found = try await find(member, isPatient: member.change.isRecent) {
                seen.append(found)
            }
        }
        additions = seen
    }

    /// Puts the hints of groups right, because UDM has refused one of them, and all else with it.
    /// - Returns: Whether one was no longer true.
    mutating func lookAtGroups() async throws -> Bool {
        var members = additions
        let isAnyElsewhere = try await lookAtGroups(among: &members)
        additions = members
        return isAnyElsewhere
    }

    private mutating func lookAtGroups(among members: inout [MemberDifference.Placed]) async throws -> Bool {
        var seen: [MemberDifference.Placed] = []
        var isAnyElsewhere = false
        for member in members {
            if member.change.memberType == .group {
                if case .own = try await holder(of: member) {
                    seen.append(member)
                } else {
                    isAnyElsewhere = true
                    if let found = try await find(member, isPatient: member.change.isRecent) { seen.append(found) }
                }
            } else {
                seen.append(member)
            }
        }
        members = seen
        return isAnyElsewhere
    }

    /// What a group is created with.
    var initial: MemberDelta { delta(adding: additions, removing: []) }

    // MARK: The group's list

    /// - Parameter brought: The group as it is in UDM now.
    /// - Returns: Where the group is afterwards.
    mutating func settle(in brought: Push.Brought, _ store: Store) async throws -> String {
        var dn = brought.object.dn
        var fresh = brought.fresh
        if brought.isCreated {
            sent = additions
            leavesDoubt = !sent.isEmpty
            ownDNs = DN.normalizedSet(additions.map(\.dn))
            additions = []
            applied.removed = removals.map(\.memberID)
            removals = []
        }
        while !additions.isEmpty || !removals.isEmpty {
            let leaving = Array(removals.prefix(Self.chunk))
            var adding = additions
            dn = try await send(at: dn, fresh: fresh, adding: &adding, removing: leaving)
            fresh = nil
            removals.removeFirst(leaving.count)
            applied.removed += leaving.map(\.memberID)
            sent += adding
            additions = []
            if !removals.isEmpty { try await storeApplied(store) }
        }
        for _ in 0..<Self.corrections where !sent.isEmpty {
            dn = try await check(at: dn, store)
        }
        // Renamed at every look: the next turn begins anew.
        applied.missing += sent.map(\.change.memberID)
        leavesDoubt = !sent.isEmpty
        return dn
    }

    /// - Parameter adding: Without the groups that are gone, and with the present DNs of the others, when UDM has missed one.
    private mutating func send(
        at dn: String, fresh: UDMObject?, adding: inout [MemberDifference.Placed], removing: [MemberChange],
        taking wrong: [MemberDifference.Placed] = []
    ) async throws -> String {
        var fresh = fresh
        for _ in 0..<Self.corrections {
            do {
                return try await sendOnce(at: dn, fresh: fresh, adding: adding, removing: removing, taking: wrong)
            } catch let error as UDMError where error.missingGroup != nil {
                fresh = nil
                guard try await lookAtGroups(among: &adding) else { throw error }
            }
        }
        return try await sendOnce(at: dn, fresh: fresh, adding: adding, removing: removing, taking: wrong)
    }

    private mutating func sendOnce(
        at dn: String, fresh: UDMObject?, adding: [MemberDifference.Placed], removing: [MemberChange],
        taking wrong: [MemberDifference.Placed]
    ) async throws -> String {
        let look = self
        if !adding.isEmpty { leavesDoubt = true }
        let written = try await push.write(at: dn, fresh: fresh) { object in
            let listed = DN.normalizedSet(Self.listed(in: object))
            // Whoever is in the list and is renamed after our read changes the list, and with it the ETag.
            let leaving = try await look.located(removing, listed)
            let delta = look.delta(adding: adding, removing: leaving + wrong)
            let own = DN.normalizedSet(adding.map(\.dn)).subtracting(listed)
            return Push.Change(properties: delta.merged(into: object.properties), note: own)
        }
        ownDNs.formUnion(written.note)
        return written.dn
    }

    /// The DNs to take out for members that left. A hint may be somebody else's DN now.
    private func located(
        _ removals: [MemberChange], _ listed: Set<String>
    ) async throws -> [MemberDifference.Placed] {
        var leaving: [MemberDifference.Placed] = []
        for change in removals {
            // Without a DN UDM never had it, or removed it together with the object.
            guard let dn = change.dn else { continue }
            let hint = MemberDifference.Placed(change: change, dn: dn)
            switch try await holder(of: hint) {
            case .own:
                leaving.append(hint)
                continue
            case .nobody:
                if listed.contains(DN.normalized(dn)) { leaving.append(hint) }
            case .other:
                break
            }
            if let found = try await push.find(change.memberID, in: UDMModule(change.memberType)) {
                leaving.append(MemberDifference.Placed(change: change, dn: found))
            }
        }
        return leaving
    }

    private func delta(
        adding: [MemberDifference.Placed], removing: [MemberDifference.Placed]
    ) -> MemberDelta {
        func dns(_ members: [MemberDifference.Placed], _ type: ResourceType) -> [String] {
            members.filter { $0.change.memberType == type }.map(\.dn)
        }
        return MemberDelta(
            addedUsers: dns(adding, .user), removedUsers: dns(removing, .user), addedGroups: dns(adding, .group),
            removedGroups: dns(removing, .group))
    }

    static func listed(in group: UDMObject) -> [String] {
        MemberDelta.listProperties.flatMap { property in
            group.properties[property]?.arrayValue?.compactMap(\.stringValue) ?? []
        }
    }

    // MARK: After the group

    /// Looks at every member that was sent, and replaces what proves wrong.
    private mutating func check(at dn: String, _ store: Store) async throws -> String {
        var wrong: [MemberDifference.Placed] = []
        var found: [MemberDifference.Placed] = []
        while let member = sent.first {
            let holder = try await holder(of: member)
            sent.removeFirst()
            if case .own = holder {
                applied.added.append(member.change.memberID)
                if applied.added.count >= Self.chunk { try await storeApplied(store) }
                continue
            }
            if try await mayTakeOut(member, holder) { wrong.append(member) }
            if let now = try await find(member) { found.append(now) }
        }
        guard !wrong.isEmpty || !found.isEmpty else { return dn }
        let corrected = try await send(at: dn, fresh: nil, adding: &found, removing: [], taking: wrong)
        sent = found
        return corrected
    }

    /// A wrong DN is taken out unless somebody else may have put its present holder into the group.
    private func mayTakeOut(_ member: MemberDifference.Placed, _ holder: Holder) async throws -> Bool {
        guard case .other(let identifier) = holder else { return true }
        guard ownDNs.contains(DN.normalized(member.dn)) || push.isCareful else { return false }
        guard let id = identifier.flatMap({ ResourceID($0.lowercased()) }) else { return true }
        return try await !isMember(id)
    }

    private mutating func storeApplied(_ store: Store) async throws {
        let settled = applied
        applied = AppliedMembers()
        try await store(settled)
    }

    // MARK: One member

    private enum Holder {
        case own
        case nobody
        case other(identifier: String?)
    }

    /// Whose object the DN of a member is: 4 ms of UDM's time, a fifteenth of a search.
    private func holder(of member: MemberDifference.Placed) async throws -> Holder {
        let object: UDMObject
        do throws(UDMError) {
            object = try await push.client.get(
                UDMModule(member.change.memberType), dn: member.dn, requestID: push.requestID)
        } catch {
            guard error.class == .notFound else { throw error }
            return .nobody
        }
        return object.isOf(member.change.memberID) ? .own : .other(identifier: object.identifier)
    }

    /// Where UDM has a member whose hint is wrong; one that it has not is left to wait for its next push.
    /// - Parameter isPatient: It may only not be seen yet, and nothing that would have to be taken back was sent.
    private mutating func find(
        _ member: MemberDifference.Placed, isPatient: Bool = false
    ) async throws -> MemberDifference.Placed? {
        let change = member.change
        let module = UDMModule(change.memberType)
        guard let dn = try await push.find(change.memberID, in: module) else {
            if isPatient {
                throw UDMError(
                    .notFound, detail: "the member \(change.memberID) is not found", module: module, dn: member.dn
                ).late
            }
            applied.missing.append(change.memberID)
            return nil
        }
        if let hint = change.dn { learned.append(LearnedDN(resourceID: change.memberID, hint: hint, dn: dn)) }
        return MemberDifference.Placed(change: change, dn: dn)
    }
}
