// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

package import SCIM

/// What became of a POST. Errors of the database are thrown.
package enum CreateResult: Sendable {
    case created(StoredResource, JobID)
    /// Another resource of the tenant has the value.
    case uniqueness(UniqueClaim)
    case unknownMembers([ResourceID])
    /// The client named another type than the resource has.
    case memberTypeMismatch(ResourceID)
}

/// What became of a PUT or another change.
package enum UpdateResult: Sendable {
    case updated(StoredResource, JobID)
    /// Nothing differs: no revision and no job.
    case unchanged(StoredResource)
    case notFound
    /// `ifMatch` is not the current revision.
    case revisionMismatch(current: Int64)
    case uniqueness(UniqueClaim)
    case unknownMembers([ResourceID])
    case memberTypeMismatch(ResourceID)
    /// A group would become a member of itself, directly or through others.
    case memberCycle
}

/// What became of a DELETE.
package enum DeleteResult: Sendable, Equatable {
    case deleted(JobID)
    case notFound
    case revisionMismatch(current: Int64)
}

/// A write that this service is not set up for.
package enum WriteError: Error, Equatable, Sendable, CustomStringConvertible {
    /// A password came, and there is nothing to seal it with.
    case noPasswordKey

    package var description: String { "a password cannot be accepted, because no key to seal it with is configured" }
}
