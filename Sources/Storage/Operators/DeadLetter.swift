// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Postgres
package import SCIM

/// A job as operators see it, open or finished; without its states and its secret.
package struct JobSummary: Sendable, Hashable {
    /// What became of a dead letter that nobody has to look at any more.
    package struct Settlement: Sendable, Hashable {
        package let at: Timestamp
        /// `replayed`, `edited`, `discarded` or `overtaken`.
        package let how: String
        /// The job that pushes, or pushed, the resource instead.
        package let job: JobID?
    }

    package let id: JobID
    package let tenant: String
    package let type: ResourceType
    package let resourceID: ResourceID
    /// `userName` or `displayName` of the resource as this job has it.
    package let name: String?
    package let revision: Int64
    package let order: Int64
    package let operation: JobOperation
    package let lane: String
    package let client: String
    package let requestID: String
    package let acceptedAt: Timestamp
    package let firstAttemptAt: Timestamp?
    /// Of an open job.
    package let dueAt: Timestamp?
    /// Of a finished job.
    package let finishedAt: Timestamp?
    /// `open`, `done`, `superseded`, `cancelled` or `dead`.
    package let state: String
    package let attempts: Int64
    package let crashes: Int64
    /// Text of a JSON object.
    package let error: [UInt8]?
    package let supersededBy: JobID?
    package let replayOf: JobID?
    package let settlement: Settlement?
    /// Of a dead letter: the resource still owes its failure to it; otherwise a later write failed too, or went through.
    package let isCurrentFailure: Bool
}

extension JobSummary {
    /// Columns of `job_history h`, for ``init(_:)``.
    static let historyColumns = """
        h.id, h.tenant, h.type, h.resource_id, \(ResourceName.of("(coalesce(h.new_state, h.old_state) -> 'resource')")),
        h.revision, h."order", h.operation, h.lane, h.client, h.request_id, h.accepted_at, h.first_attempt_at,
        NULL::timestamptz, h.finished_at, h.state, h.attempts::int8, h.crashes::int8, h.last_error, h.superseded_by,
        h.replay_of, h.settled_at, h.settled_as, h.settled_by,
        h.state = 'dead' AND EXISTS (
            SELECT FROM sync_failure f
            WHERE f.resource_id = h.resource_id AND f.attribute = '' AND f.job_id = h.id)
        """

    /// Columns of `job j`, for ``init(_:)``.
    static let openColumns = """
        j.id, j.tenant, j.type, j.resource_id, \(ResourceName.of("(coalesce(j.new_state, j.old_state) -> 'resource')")),
        j.revision, j."order", j.operation, j.lane, j.client, j.request_id, j.accepted_at, j.first_attempt_at,
        j.due_at, NULL::timestamptz, 'open'::text, j.attempts::int8, j.crashes::int8, j.last_error, NULL::uuid,
        j.replay_of, NULL::timestamptz, NULL::text, NULL::uuid, false
        """

    init(_ row: PostgresRow) throws {
        let operation = try row.string(7)
        guard let known = JobOperation(rawValue: operation) else { throw StorageError.unknownValue(operation) }
        let settlement: Settlement? =
            if let at = try row.optionalTime(21), let how = try row.optionalString(22) {
                Settlement(at: at, how: how, job: try row.optionalID(23))
            } else { nil }
        self.init(
            id: try row.id(0), tenant: try row.string(1), type: try ResourceType(stored: row.string(2)),
            resourceID: try row.id(3), name: try row.optionalString(4), revision: try row.int(5),
            order: try row.int(6), operation: known, lane: try row.string(8), client: try row.string(9),
            requestID: try row.string(10), acceptedAt: try row.time(11), firstAttemptAt: try row.optionalTime(12),
            dueAt: try row.optionalTime(13), finishedAt: try row.optionalTime(14), state: try row.string(15),
            attempts: try row.int(16), crashes: try row.int(17), error: try row.optionalBytes(18),
            supersededBy: try row.optionalID(19), replayOf: try row.optionalID(20), settlement: settlement,
            isCurrentFailure: try row.bool(24))
    }
}

/// An attribute that was left out because UDM refused its value.
package struct ParkedAttribute: Sendable, Hashable {
    package let tenant: String
    package let type: ResourceType
    package let resourceID: ResourceID
    package let name: String?
    package let attribute: String
    package let revision: Int64
    package let jobID: JobID
    package let failedAt: Timestamp
    /// Text of a JSON object.
    package let error: [UInt8]
}
