// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Postgres
package import SCIM

/// An event that a sink refused for good; an operator sends it again or gives it up.
package struct ParkedEvent: Sendable, Equatable {
    package let id: EventID
    package let sink: String
    package let order: Int64
    package let kind: OutboxEvent.Kind
    package let operation: JobOperation
    package let tenant: String
    package let type: ResourceType
    package let resourceID: ResourceID
    package let revision: Int64
    package let jobID: JobID
    package let requestID: String
    package let recordedAt: Timestamp
    package let parkedAt: Timestamp
    /// Failed ones, the last one included.
    package let attempts: Int
    package let reason: String?
}

/// Which parked events are meant.
package struct ParkedSelection: Sendable {
    /// nil: of any.
    package var sink: SinkName?
    /// nil: all.
    package var ids: [EventID]?

    package init(sink: SinkName? = nil, ids: [EventID]? = nil) {
        self.sink = sink
        self.ids = ids
    }

    fileprivate var parameters: [PostgresParameter] {
        [sink.map { .text($0.rawValue) } ?? .null, ids.map { .ids($0) } ?? .null]
    }
}

extension EventStore {
    /// Parked events, the one that has waited longest first.
    package func listParked(_ selection: ParkedSelection = .init(), limit: Int = 100) async throws -> [ParkedEvent] {
        try await pool.withConnection {
            try await $0.execute(Self.listing, selection.parameters + [.int(Int64(limit))])
        }.map(Self.parked)
    }

    /// Lets the sender try them again, at once and as if for the first time. An event sent now comes after later ones of its resource, which
    /// its `order` tells.
    ///
    /// - Parameter actor: Who says so, for the audit log.
    /// - Returns: The events concerned, one for each sink.
    package func resendParked(_ selection: ParkedSelection, actor: String) async throws -> [ParkedEvent] {
        try await settleParked(selection, Self.resending, "event-resend", actor)
    }

    /// Gives them up: the sinks concerned never get them.
    ///
    /// - Parameter actor: Who says so, for the audit log.
    /// - Returns: The events concerned, one for each sink.
    package func discardParked(_ selection: ParkedSelection, actor: String) async throws -> [ParkedEvent] {
        try await settleParked(selection, Self.discarding, "event-discard", actor)
    }

    private func settleParked(
        _ selection: ParkedSelection, _ settling: PostgresStatement, _ action: String, _ actor: String
    ) async throws -> [ParkedEvent] {
        try await pool.withTransaction { connection in
            let locked = try await connection.execute(Self.locking, selection.parameters)
            // What is parked meanwhile is not meant.
            let pairs: [PostgresParameter] = [
                .ids(try locked.map { try $0.id(0) }), .textArray(try locked.map { try $0.string(1) }),
            ]
            let concerned = try await connection.execute(Self.listingPairs, pairs).map(Self.parked)
            _ = try await connection.execute(Self.auditing, pairs + [.text(action), .text(actor)])
            _ = try await connection.execute(settling, pairs)
            return concerned
        }
    }

    private static let columns = """
        e.id, d.sink, e."order", e.kind, e.operation, e.tenant, e.type, e.resource_id, e.revision, e.job_id, e.request_id,
            e.recorded_at, d.parked_at, d.attempts::int8, d.last_error
        """

    private static let selected = """
        d.parked_at IS NOT NULL AND ($1::text IS NULL OR d.sink = $1::text)
            AND ($2::uuid[] IS NULL OR d.event_id = ANY ($2::uuid[]))
        """

    private static let listing = PostgresStatement(
        "parked_list",
        """
        SELECT \(columns) FROM event_delivery d JOIN event_outbox e ON e.id = d.event_id
        WHERE \(selected) ORDER BY d.parked_at, e.id, d.sink LIMIT $3::int8
        """)

    private static let locking = PostgresStatement(
        "parked_lock",
        "SELECT d.event_id, d.sink FROM event_delivery d WHERE \(selected) ORDER BY d.event_id, d.sink FOR UPDATE")

    private static let pairs = "unnest($1::uuid[], $2::text[]) AS p(event_id, sink)"

    private static let listingPairs = PostgresStatement(
        "parked_pairs",
        """
        SELECT \(columns) FROM \(pairs)
        JOIN event_delivery d ON d.event_id = p.event_id AND d.sink = p.sink
        JOIN event_outbox e ON e.id = d.event_id ORDER BY d.parked_at, e.id, d.sink
        """)

    private static let auditing = PostgresStatement(
        "parked_audit",
        """
        INSERT INTO audit_log (tenant, actor, action, resource_id, job_id, details)
        SELECT e.tenant, $4::text, $3::text, e.resource_id, e.job_id,
            jsonb_build_object('eventId', e.id, 'sink', d.sink, 'order', e."order", 'reason', d.last_error)
        FROM \(pairs)
        JOIN event_delivery d ON d.event_id = p.event_id AND d.sink = p.sink
        JOIN event_outbox e ON e.id = d.event_id
        """)

    private static let resending = PostgresStatement(
        "parked_resend",
        """
        UPDATE event_delivery d SET parked_at = NULL, due_at = NULL, attempts = 0
        FROM \(pairs) WHERE d.event_id = p.event_id AND d.sink = p.sink
        """)

    private static let discarding = PostgresStatement(
        "parked_discard",
        """
        WITH gone AS (
            DELETE FROM event_delivery d USING \(pairs)
            WHERE d.event_id = p.event_id AND d.sink = p.sink RETURNING d.event_id, d.sink
        )
        DELETE FROM event_outbox e
        WHERE e.id IN (SELECT event_id FROM gone) AND NOT EXISTS (
            SELECT FROM event_delivery o
            WHERE o.event_id = e.id AND NOT EXISTS (
                SELECT FROM gone x WHERE x.event_id = o.event_id AND x.sink = o.sink))
        """)

    private static func parked(_ row: PostgresRow) throws -> ParkedEvent {
        let kind = try row.string(3)
        let operation = try row.string(4)
        guard let kind = OutboxEvent.Kind(rawValue: kind) else { throw StorageError.unknownValue(kind) }
        guard let operation = JobOperation(rawValue: operation) else { throw StorageError.unknownValue(operation) }
        return ParkedEvent(
            id: try row.id(0), sink: try row.string(1), order: try row.int(2), kind: kind, operation: operation,
            tenant: try row.string(5), type: try ResourceType(stored: row.string(6)), resourceID: try row.id(7),
            revision: try row.int(8), jobID: try row.id(9), requestID: try row.string(10),
            recordedAt: try row.time(11), parkedAt: try row.time(12), attempts: Int(try row.int(13)),
            reason: try row.optionalString(14))
    }
}
