// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

package import SCIM

/// What a write did to its resource.
package enum JobOperation: String, Sendable {
    case create, modify, delete
}

/// An open job as a worker gets it with the lease of its resource.
package struct LeasedJob: Sendable {
    package let id: JobID
    package let revision: Int64
    package let order: Int64
    package let operation: JobOperation
    package let lane: String
    package let client: String
    package let requestID: String
    package let traceParent: String?
    package let acceptedAt: Timestamp
    package let dueAt: Timestamp
    package let firstAttemptAt: Timestamp?
    /// Leased tries that ended with a failure of UDM's.
    package let attempts: Int
    /// Leases whose holder never ended its turn. The one that would end the job is counted when its turn begins, and taken back when that ends.
    package let crashes: Int
    /// The error of the last attempt, as the worker stored it.
    package let lastError: [UInt8]?
    /// Sealed password.
    package let secret: [UInt8]?
    /// `{"resource": …, "externalId": …, "created": …, "modified": …}` as JSON text; nil for a delete.
    package let newState: [UInt8]?
}
