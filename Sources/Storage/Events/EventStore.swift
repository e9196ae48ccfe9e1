// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Postgres
package import SCIM

/// The outbox: events written with the outcome of their job (I-6), deleted when the Provisioning service has accepted them.
///
/// The unsent rows are the sender's position; a number that commits late is not passed over.
package final class EventStore: Sendable {
    private let pipeline: PostgresPipeline
    private let reader: PostgresPipeline

    init(pipeline: PostgresPipeline, reader: PostgresPipeline) {
        self.pipeline = pipeline
        self.reader = reader
    }

    /// Events to send, in `order`: due, not put aside, and not behind one of the same resource that is still waiting for its next try.
    package func unsent(limit: Int, now: Timestamp) async throws -> [OutboxEvent] {
        try await reader.execute(Self.reading, [.int(Int64(limit)), .time(now)]).map(Self.event)
    }

    private static let reading = PostgresStatement(
        "outbox_unsent",
        """
        SELECT e.id, e."order", e.kind, e.operation, e.tenant, e.type, e.resource_id, e.revision, e.job_id, e.client,
            e.request_id, e.accepted_at, e.recorded_at, e.first_attempt_at, e.attempts, e.old_state, e.new_state,
            e.old_members, e.new_members, e.members_delta, e.udm_dn, e.error, e.send_attempts
        FROM event_outbox e
        WHERE e.parked_at IS NULL AND e.due_at <= $2::timestamptz
            AND NOT EXISTS (
                SELECT FROM event_outbox w
                WHERE w.resource_id = e.resource_id AND w."order" < e."order" AND w.parked_at IS NULL
                    AND w.due_at > $2::timestamptz)
        ORDER BY e."order", e.id LIMIT $1::int8
        """)

    /// Deletes what was accepted.
    package func sent(_ ids: [EventID]) async throws {
        guard !ids.isEmpty else { return }
        _ = try await pipeline.execute(Self.deleting, [.ids(ids.sorted())])
    }

    private static let deleting = PostgresStatement(
        "outbox_sent", "DELETE FROM event_outbox WHERE id = ANY ($1::uuid[])")

    /// Notes attempts that failed; the events are due again after their wait.
    package func failed(_ failures: [(id: EventID, dueIn: Duration, error: String)]) async throws {
        guard !failures.isEmpty else { return }
        _ = try await pipeline.execute(
            Self.delaying,
            [
                .ids(failures.map(\.id)), .intArray(failures.map { $0.dueIn.microseconds }),
                .textArray(failures.map { String($0.error.prefix(500)) }),
            ])
    }

    private static let delaying = PostgresStatement(
        "outbox_failed",
        """
        UPDATE event_outbox e SET
            send_attempts = e.send_attempts + 1, last_error = f.error,
            due_at = clock_timestamp() + f.wait * interval '1 microsecond'
        FROM unnest($1::uuid[], $2::int8[], $3::text[]) AS f(id, wait, error) WHERE e.id = f.id
        """)

    /// Puts an event aside for the operator: nobody sends it, nothing deletes it.
    package func park(_ id: EventID, _ error: String) async throws {
        _ = try await pipeline.execute(Self.parking, [.id(id), .text(String(error.prefix(500)))])
    }

    private static let parking = PostgresStatement(
        "outbox_park",
        """
        UPDATE event_outbox SET parked_at = clock_timestamp(), last_error = $2::text, send_attempts = send_attempts + 1
        WHERE id = $1::uuid
        """)

    private static func event(_ row: PostgresRow) throws -> OutboxEvent {
        let kind = try row.string(2)
        let operation = try row.string(3)
        guard let kind = OutboxEvent.Kind(rawValue: kind) else { throw StorageError.unknownValue(kind) }
        guard let operation = JobOperation(rawValue: operation) else { throw StorageError.unknownValue(operation) }
        return OutboxEvent(
            id: try row.id(0), order: try row.int(1), kind: kind, operation: operation, tenant: try row.string(4),
            type: try ResourceType(stored: row.string(5)), resourceID: try row.id(6), revision: try row.int(7),
            jobID: try row.id(8), client: try row.string(9), requestID: try row.string(10),
            acceptedAt: try row.time(11),
            recordedAt: try row.time(12), firstAttemptAt: try row.optionalTime(13), attempts: Int(try row.int(14)),
            oldState: try row.optionalBytes(15), newState: try row.optionalBytes(16),
            oldMembers: try row.optionalBytes(17), newMembers: try row.optionalBytes(18),
            membersDelta: try row.optionalBytes(19), udmDN: try row.optionalString(20),
            error: try row.optionalBytes(21),
            sendAttempts: Int(try row.int(22)))
    }
}
