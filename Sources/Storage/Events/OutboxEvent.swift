// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

package import SCIM

/// An event that a sink has not taken yet.
package struct OutboxEvent: Sendable {
    /// The realm that the event goes to.
    package enum Kind: String, Sendable {
        /// Realm `scim`: a write has reached UDM, or was accepted (`EVENTS_EMIT_ON`).
        case change
        /// Realm `sync-error`: a write failed for good.
        case error
    }

    /// The event's id, stable over retries.
    package var id: EventID
    package var order: Int64
    package var kind: Kind
    package var operation: JobOperation
    package var tenant: String
    package var type: ResourceType
    package var resourceID: ResourceID
    package var revision: Int64
    package var jobID: JobID
    package var client: String
    package var requestID: String
    package var acceptedAt: Timestamp
    package var recordedAt: Timestamp
    package var firstAttemptAt: Timestamp?
    /// Of the job.
    package var attempts: Int
    /// `{"resource": …, "externalId": …, "created": …, "modified": …}` as JSON text; nil where there was no resource.
    package var oldState: [UInt8]?
    package var newState: [UInt8]?
    /// `[{"value", "type", "display"}]` as JSON text; nil for users, and for groups of more than 1,000.
    package var oldMembers: [UInt8]?
    package var newMembers: [UInt8]?
    /// `{"added": [id], "removed": [id]}` as JSON text.
    package var membersDelta: [UInt8]?
    package var udmDN: String?
    /// For `error`: JSON object with a SCIM error's members and UDM's answer.
    package var error: [UInt8]?
    /// Failed attempts to send it to the sink that it was read for.
    package var sendAttempts: Int

    package init(
        id: EventID,
        order: Int64,
        kind: Kind,
        operation: JobOperation,
        tenant: String,
        type: ResourceType,
        resourceID: ResourceID,
        revision: Int64,
        jobID: JobID,
        client: String,
        requestID: String,
        acceptedAt: Timestamp,
        recordedAt: Timestamp,
        firstAttemptAt: Timestamp? = nil,
        attempts: Int,
        oldState: [UInt8]? = nil,
        newState: [UInt8]? = nil,
        oldMembers: [UInt8]? = nil,
        newMembers: [UInt8]? = nil,
        membersDelta: [UInt8]? = nil,
        udmDN: String? = nil,
        error: [UInt8]? = nil,
        sendAttempts: Int
    ) {
        self.id = id
        self.order = order
        self.kind = kind
        self.operation = operation
        self.tenant = tenant
        self.type = type
        self.resourceID = resourceID
        self.revision = revision
        self.jobID = jobID
        self.client = client
        self.requestID = requestID
        self.acceptedAt = acceptedAt
        self.recordedAt = recordedAt
        self.firstAttemptAt = firstAttemptAt
        self.attempts = attempts
        self.oldState = oldState
        self.newState = newState
        self.oldMembers = oldMembers
        self.newMembers = newMembers
        self.membersDelta = membersDelta
        self.udmDN = udmDN
        self.error = error
        self.sendAttempts = sendAttempts
    }
}
