// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

package import SCIM

/// One operation of a request that its client asked to be told the end of (RFC 9967).
package struct TransactionOperation: Sendable, Equatable {
    /// Upper case, such as `POST`; nil when the client named none that exists.
    package let method: String
    package let bulkID: String?
    package let type: ResourceType?
    package let id: ResourceID?
    package let revision: Int64?
    /// The HTTP status of the answer that the client would have got at once.
    package let status: Int
    /// Text of a JSON object, the SCIM error of an operation that was refused at once.
    package let error: [UInt8]?
    /// What is owed to UDM; nil when nothing is.
    package let job: JobID?

    package init(
        method: String, bulkID: String? = nil, type: ResourceType? = nil, id: ResourceID? = nil,
        revision: Int64? = nil, status: Int, error: [UInt8]? = nil, job: JobID? = nil
    ) {
        self.method = method
        self.bulkID = bulkID
        self.type = type
        self.id = id
        self.revision = revision
        self.status = status
        self.error = error
        self.job = job
    }
}

/// How far an operation has come.
package struct TransactionProgress: Sendable {
    /// What became of the operation so far.
    package enum State: Sendable, Equatable {
        /// UDM does not have it yet.
        case open
        /// UDM has it, or nothing had to be done there, or it was refused at once.
        case finished(at: Timestamp)
        /// UDM refused it for good. `error`: text of a JSON object that begins as a SCIM error.
        case failed(at: Timestamp, error: [UInt8]?)
    }

    package let number: Int
    package let operation: TransactionOperation
    package let state: State
}
