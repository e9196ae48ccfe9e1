// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

package import SCIM

/// A resource that Redis gave out and PostgreSQL is asked to confirm.
package struct LeaseRequest: Sendable, Hashable {
    package let resourceID: ResourceID
    package let tenant: String
    package let type: ResourceType

    package init(resourceID: ResourceID, tenant: String, type: ResourceType) {
        self.resourceID = resourceID
        self.tenant = tenant
        self.type = type
    }
}

/// What proves that a lease is the current one: every outcome is guarded by epoch and token (I-4).
package struct LeaseHandle: Sendable, Hashable {
    package let resourceID: ResourceID
    package let epoch: Int64
    package let token: LeaseToken

    package init(resourceID: ResourceID, epoch: Int64, token: LeaseToken) {
        self.resourceID = resourceID
        self.epoch = epoch
        self.token = token
    }
}

/// What UDM is known to hold for a resource.
package struct UDMObjectRecord: Sendable, Hashable {
    /// A hint.
    package let dn: String
    /// JSON object of the mapped UDM properties of the last push.
    package let properties: [UInt8]

    package init(dn: String, properties: [UInt8]) {
        self.dn = dn
        self.properties = properties
    }

    /// How long an object that UDM has written may not be found: UDM may read from an LDAP server that hears of it later. Replication takes
    /// seconds; what is longer away than this is out of order.
    package static let replicationTime = Duration.seconds(30)
}

/// The right to work on a resource, and all that is open for it: one object, because the worker hands it round and looks at it all the time.
package final class ConfirmedLease: Sendable {
    package let handle: LeaseHandle
    package let tenant: String
    package let type: ResourceType
    /// The earliest call of a former holder whose outcome nobody knows.
    package let ambiguousSince: Timestamp?
    package let syncedRevision: Int64
    package let udmObject: UDMObjectRecord?
    /// How long ago the last push of ``udmObject`` was recorded, by PostgreSQL's clock.
    package let syncedAgo: Duration?
    /// The error of the last try to settle members without a job, as the worker stored it.
    package let membersError: [UInt8]?
    /// JSON object: attribute that UDM has refused → its refused values by property, or null when they are to be tried again.
    package let parked: [UInt8]?
    /// A call may still be on its way, or has to be looked for.
    package let verification: Verification?
    /// In revision order, at most ``JobStore/turnLimit``.
    package let jobs: [LeasedJob]
    /// Later jobs are open too.
    package let hasMoreJobs: Bool
    /// Some operations are paused: nothing may be concluded from jobs beyond these.
    package let hasPauses: Bool
    /// It waits for others, or a group's members differ from what UDM has.
    package let isUnsettled: Bool

    package var resourceID: ResourceID { handle.resourceID }
    package var epoch: Int64 { handle.epoch }

    init(
        handle: LeaseHandle, tenant: String, type: ResourceType, ambiguousSince: Timestamp?, syncedRevision: Int64,
        udmObject: UDMObjectRecord?, syncedAgo: Duration?, membersError: [UInt8]?, parked: [UInt8]?,
        verification: Verification?, jobs: [LeasedJob], hasMoreJobs: Bool, hasPauses: Bool, isUnsettled: Bool
    ) {
        self.handle = handle
        self.tenant = tenant
        self.type = type
        self.ambiguousSince = ambiguousSince
        self.syncedRevision = syncedRevision
        self.udmObject = udmObject
        self.syncedAgo = syncedAgo
        self.membersError = membersError
        self.parked = parked
        self.verification = verification
        self.jobs = jobs
        self.hasMoreJobs = hasMoreJobs
        self.hasPauses = hasPauses
        self.isUnsettled = isUnsettled
    }
}

/// A look at UDM that is owed since a call of unknown outcome: whatever it did, it did before the look is due.
package struct Verification: Sendable {
    /// When the earliest such call began.
    package let since: Timestamp
    /// Until it is due, by PostgreSQL's clock.
    package let remaining: Duration
    /// The resource has not been deleted meanwhile.
    package let resourceExists: Bool
    /// It was about the groups of a user.
    package let concernsGroups: Bool

    package var isDue: Bool { remaining <= .zero }
}

/// PostgreSQL's answer to one ``LeaseRequest``.
package enum Confirmation: Sendable {
    case leased(ConfirmedLease)
    /// No job, no member to settle, no look that is due: the key can be forgotten.
    case nothingToDo(ResourceID)
    /// Another worker's lease is not over, by PostgreSQL's clock.
    case heldElsewhere(ResourceID, remaining: Duration)
    /// The next job is of an operation that is paused; the lease has ended.
    case paused(ResourceID)

    package var resourceID: ResourceID {
        switch self {
        case .leased(let lease): lease.resourceID
        case .nothingToDo(let id), .heldElsewhere(let id, _), .paused(let id): id
        }
    }
}
