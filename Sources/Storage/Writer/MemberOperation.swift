// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import SCIM

/// One accepted change of a few members of a group, and of nothing else.
struct MemberOperation: Sendable {
    /// One member who comes or goes.
    struct Change: Sendable {
        let member: ResourceID
        let isAddition: Bool
        /// As far as the client said.
        let type: ResourceType?
    }

    /// More are written alone, so that nobody waits for them.
    static let mostChanges = 200

    let group: ResourceID
    /// No member twice.
    let changes: [Change]
    /// The group as it was when the change was made from it, nil: the change does not depend on it. Its members may be others meanwhile.
    let seen: StoredResource?
    let jobID: JobID
    let time: Timestamp
    let context: WriteContext

    var tenant: String { context.tenant }

    /// nil when the intent is for the members as a whole, or for too many of them, or for none.
    init?(_ intent: MemberIntent, group: ResourceID, seen: StoredResource?, context: WriteContext) {
        let count = intent.added.count + intent.removed.count
        guard intent.keepsPresent, count > 0, count <= Self.mostChanges else { return nil }
        changes =
            intent.added.map { Change(member: $0.id, isAddition: true, type: $0.type) }
            + intent.removed.map { Change(member: $0, isAddition: false, type: nil) }
        self.group = group
        self.seen = seen
        self.context = context
        time = Timestamp.now()
        jobID = JobID.timeOrdered(at: time)
    }
}

/// What became of an operation.
enum MemberOutcome: Sendable {
    case written(StoredResource, JobID)
    case unchanged(StoredResource)
    case notFound
    /// The group's attributes are not those that were seen.
    case stale
    /// The group is locked elsewhere, or was until a moment ago.
    case contended
    /// Somebody is to come who is not a user, or no user who may: that is judged in a transaction of its own.
    case special
}

struct GroupKey: Hashable, Comparable, Sendable {
    let tenant: String
    let group: ResourceID

    static func < (left: Self, right: Self) -> Bool { (left.tenant, left.group) < (right.tenant, right.group) }
}

struct MemberKey: Hashable {
    let group: GroupKey
    let member: ResourceID
}
