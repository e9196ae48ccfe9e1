// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

package import SCIM

/// What became of a job, or of a turn without one.
package struct JobOutcome: Sendable {
    /// How the job or the turn has ended.
    package enum Result: Sendable {
        /// UDM holds the state of the job.
        case done(job: JobID, udm: UDMObjectRecord, members: AppliedMembers)
        /// A delete reached UDM: nothing of the resource remains.
        case removed(job: JobID)
        /// The push of a later job, which is still to be recorded, carried it.
        case superseded(job: JobID, by: JobID)
        /// It concerns nobody any more; no event, unless one has told of its beginning.
        case cancelled(job: JobID)
        /// Failed for good. `error`: JSON object with a SCIM error's members and UDM's answer. `isAmbiguous`: its last call may have had
        /// its effect all the same.
        case dead(job: JobID, error: [UInt8], isAmbiguous: Bool)
        /// Tried again later. `isAmbiguous`: the call may have had its effect.
        case retry(job: JobID, dueIn: Duration, error: [UInt8]?, countsAttempt: Bool, isAmbiguous: Bool)
        /// Members of a group have been settled, in a turn without a job or before the end of one.
        case members(udm: UDMObjectRecord, AppliedMembers)
        /// Members of a group could not be settled in a turn without a job; tried again later. `error`: as for a job.
        case membersLater(dueIn: Duration, error: [UInt8], isAmbiguous: Bool)
        /// The same, for good: nobody waits for them any more, until a later write or replay of the group.
        case membersRefused(error: [UInt8], isAmbiguous: Bool)
        /// Another resource, with open jobs of its own, holds a unique value: tried again after that one's next outcome, or after `dueIn`. No
        /// attempt. `error`: as for a job.
        case waiting(job: JobID, dueIn: Duration, error: [UInt8])
        /// UDM was looked at after a call whose outcome nobody knew. `udm`: as it is now; nil when nothing is known to be there. `isGone`: the
        /// resource was deleted, nothing of it remains. `problem`: what was found and cannot be put right, as for a job.
        case verified(udm: UDMObjectRecord?, AppliedMembers, isGone: Bool, problem: [UInt8]?)
        /// UDM could not be looked at; tried again later. `isAmbiguous`: a call to put something right may have had its effect.
        case verifyLater(dueIn: Duration, isAmbiguous: Bool)
        /// Nothing was left to do.
        case ended

        /// All members of a group have been looked at: what still differs, others tell.
        var looksAtAllMembers: Bool {
            switch self {
            case .done, .members, .ended: true
            case .removed, .superseded, .cancelled, .dead, .retry, .membersLater, .membersRefused, .waiting, .verified,
                .verifyLater:
                false
            }
        }

        /// Whether the outcome may write events.
        package var mayTell: Bool {
            switch self {
            case .done, .removed, .superseded, .cancelled, .dead, .membersRefused, .verified: true
            case .retry, .members, .membersLater, .waiting, .verifyLater, .ended: false
            }
        }
    }

    package let lease: LeaseHandle
    package let result: Result
    /// Whether the lease ends with it.
    package let endsTurn: Bool
    /// The job carried all open jobs of the resource before it: they end with it, superseded by it, or cancelled as it is.
    package let merges: Bool
    /// With `done` only.
    package let parking: Parking
    /// What UDM refused is to be undone in SCIM: the whole job if it is dead, the parked attributes if it is done.
    package let reverts: Bool
    /// A group's list may hold what nobody has looked at since it was sent: it is looked at once more, later.
    package let leavesDoubt: Bool
    /// The resource has members; of another one none are looked for.
    package let hasMembers: Bool
    /// The resource may have waited for others; of another one no waits are looked for.
    package let hasWaits: Bool
    /// With `dead` only: members of the group that differ are work for a turn of its own, which the outcome leaves on record.
    package let leavesMembers: Bool
    /// Members of the group that could not be looked at, and have perhaps no record of that yet: not in UDM, or in doubt. It waits for them.
    package let awaited: [ResourceID]

    package init(
        lease: LeaseHandle, result: Result, endsTurn: Bool, merges: Bool = false, parking: Parking = Parking(),
        reverts: Bool = false, leavesDoubt: Bool = false, hasMembers: Bool = true, hasWaits: Bool = true,
        leavesMembers: Bool = false, awaited: [ResourceID] = []
    ) {
        self.lease = lease
        self.result = result
        self.endsTurn = endsTurn
        self.merges = merges
        self.parking = parking
        self.reverts = reverts
        self.leavesDoubt = leavesDoubt
        self.hasMembers = hasMembers
        self.hasWaits = hasWaits
        self.leavesMembers = leavesMembers
        self.awaited = awaited
    }
}

/// Attributes that UDM refused while the rest of a write went through, and attributes that went through at last.
package struct Parking: Sendable {
    /// An attribute that UDM refused.
    package struct Attribute: Sendable {
        /// SCIM attribute path.
        package let name: String
        /// JSON object: UDM property → refused value, which is left out until the resource has another one; empty for a password. Nil: every
        /// later write tries again.
        package let refused: [UInt8]?
        /// JSON object, as for a job.
        package let error: [UInt8]

        package init(name: String, refused: [UInt8]?, error: [UInt8]) {
            self.name = name
            self.refused = refused
            self.error = error
        }
    }

    package var refused: [Attribute] = []
    /// Attributes whose refusal is over.
    package var cleared: [String] = []
    /// The error that the event shows; nil when nothing was refused.
    package var event: [UInt8]? {
        didSet { if event != nil, eventID == nil { eventID = .random() } }
    }
    /// Chosen before the outcome is stored, so that an outcome that is stored again brings no second event.
    package private(set) var eventID: EventID?

    package init() {}
}

/// Members of a group whose presence in UDM a push has settled, or has found that it cannot.
package struct AppliedMembers: Sendable {
    package var added: [ResourceID]
    package var removed: [ResourceID]
    /// Not in UDM although a former push had brought them there: the group waits for their next push.
    package var missing: [ResourceID]

    package init(added: [ResourceID] = [], removed: [ResourceID] = [], missing: [ResourceID] = []) {
        self.added = added
        self.removed = removed
        self.missing = missing
    }
}

/// A member that a group waits for.
package struct AwaitedMember: Sendable, Hashable {
    package let memberID: ResourceID
    /// How long the group has waited for it, by PostgreSQL's clock.
    package let waited: Duration
    /// A push of it is still to come; without one, waiting brings nothing.
    package let hasOpenJob: Bool
}

/// Where UDM was found to have a resource, in place of the hint that was no longer true.
package struct LearnedDN: Sendable, Hashable {
    package let resourceID: ResourceID
    package let hint: String
    package let dn: String

    package init(resourceID: ResourceID, hint: String, dn: String) {
        self.resourceID = resourceID
        self.hint = hint
        self.dn = dn
    }
}

/// One member that UDM's group lacks or has too many.
package struct MemberChange: Sendable, Hashable {
    package let memberID: ResourceID
    package let memberType: ResourceType
    /// Otherwise a removal.
    package let isAddition: Bool
    /// Where UDM has the member; nil while it has not.
    package let dn: String?
    /// Why it cannot be sent now.
    package var hold: MemberHold?
    /// Written to UDM so shortly ago that UDM may not find it yet (``UDMObjectRecord/replicationTime``).
    package var isRecent = false
}

/// A call about a user's `groups` that is not over: what a group sends of this user might be undone by it.
package enum MemberHold: Sendable, Hashable {
    /// Another turn makes it now.
    case lent
    /// Nobody knows what became of it.
    case doubtful
}

/// What recording came to.
package struct RecordedOutcomes: Sendable {
    /// Resources whose lease was still the current one; the outcomes of all others changed nothing.
    package var matched: Set<ResourceID> = []
    /// Resources that waited for one that is in UDM now, or gone.
    package var wake: [WokenResource] = []
}

/// A resource to be enqueued, because what it waited for has happened.
package struct WokenResource: Sendable, Hashable {
    package let resourceID: ResourceID
    package let tenant: String
    package let type: ResourceType
}
