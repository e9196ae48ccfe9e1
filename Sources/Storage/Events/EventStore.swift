// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Postgres
package import SCIM

/// The outbox: events written with the outcome of their job (I-6), or with its acceptance, and kept until every sink has taken them.
///
/// The rows that a sink has not taken are its position; a number that commits late is not passed over.
package final class EventStore: Sendable {
    let pipeline: PostgresPipeline
    let reader: PostgresPipeline
    /// For what may take longer: sinks come and go, counts, parked events.
    let pool: PostgresPool

    init(pipeline: PostgresPipeline, reader: PostgresPipeline, pool: PostgresPool) {
        self.pipeline = pipeline
        self.reader = reader
        self.pool = pool
    }

    /// How much of the outbox is read at a time; the first event comes whatever it takes.
    package static let largestRead = 16 << 20

    /// Events that `sink` has not taken, in their order: due, not put aside, and not behind one of the same resource that waits for its next
    /// try. The event of an accepted write waits for those of earlier writes that come with their outcome (the setting was another then).
    ///
    /// - Parameters:
    ///   - now: Nil: by PostgreSQL's clock, which the next tries were set by.
    ///   - bytes: As PostgreSQL keeps them; no event begins beyond.
    package func unsent(
        limit: Int, now: Timestamp? = nil, sink: SinkName = .provisioning, bytes: Int = largestRead
    ) async throws -> [OutboxEvent] {
        try await reader.execute(
            Self.reading,
            [.int(Int64(limit)), now.map { .time($0) } ?? .null, .text(sink.rawValue), .int(Int64(bytes))]
        ).map(Self.event)
    }

    private static let reading = PostgresStatement(
        "outbox_unsent",
        """
        SELECT id, "order", kind, operation, tenant, type, resource_id, revision, job_id, client, request_id, accepted_at,
            recorded_at, first_attempt_at, attempts, old_state, new_state, old_members, new_members, members_delta, udm_dn,
            error, failures::int8
        FROM (
            SELECT *, sum(size) OVER (ORDER BY "order", kind, id ROWS UNBOUNDED PRECEDING) - size AS before
            FROM (
                SELECT e.id, e."order", e.kind, e.operation, e.tenant, e.type, e.resource_id, e.revision, e.job_id, e.client,
                    e.request_id, e.accepted_at, e.recorded_at, e.first_attempt_at, e.attempts, e.old_state, e.new_state,
                    e.old_members, e.new_members, e.members_delta, e.udm_dn, e.error, d.attempts AS failures,
                    coalesce(pg_column_size(e.old_state), 0)::int8 + coalesce(pg_column_size(e.new_state), 0)
                    + coalesce(pg_column_size(e.old_members), 0) + coalesce(pg_column_size(e.new_members), 0)
                    + coalesce(pg_column_size(e.members_delta), 0) AS size
                FROM event_delivery d
                JOIN event_outbox e ON e.id = d.event_id
                WHERE d.sink = $3::text AND d.parked_at IS NULL
                    AND (d.due_at IS NULL OR d.due_at <= coalesce($2::timestamptz, statement_timestamp()))
                    AND NOT EXISTS (
                        SELECT FROM event_delivery w
                        WHERE w.sink = $3::text AND w.resource_id = d.resource_id AND w.parked_at IS NULL
                            AND w.due_at > coalesce($2::timestamptz, statement_timestamp())
                            AND (w."order", w.kind, w.event_id) < (d."order", d.kind, d.event_id))
                    AND (NOT e.is_early OR NOT EXISTS (
                        SELECT FROM job j
                        WHERE j.resource_id = e.resource_id AND j."order" < e."order" AND NOT j.is_announced))
                ORDER BY d."order", d.kind, d.event_id LIMIT $1::int8
            ) due
        ) measured
        WHERE before < $4::int8
        ORDER BY "order", kind, id
        """)

    /// Takes note that `sink` has the events, and deletes those that it was the last one to take.
    package func sent(_ ids: [EventID], to sink: SinkName) async throws {
        guard !ids.isEmpty else { return }
        _ = try await pipeline.execute(Self.taking, [.ids(ids.sorted()), .text(sink.rawValue)])
    }

    private static let taking = PostgresStatement(
        "outbox_taken",
        """
        WITH taken AS (
            DELETE FROM event_delivery WHERE event_id = ANY ($1::uuid[]) AND sink = $2::text RETURNING event_id
        )
        DELETE FROM event_outbox e USING taken t
        WHERE e.id = t.event_id AND NOT EXISTS (
            SELECT FROM event_delivery d WHERE d.event_id = t.event_id AND d.sink <> $2::text)
        """)

    /// Notes attempts that failed; the events are due for `sink` again after their wait.
    package func failed(
        _ failures: [(id: EventID, dueIn: Duration, error: String)], at sink: SinkName
    ) async throws {
        guard !failures.isEmpty else { return }
        _ = try await pipeline.execute(
            Self.delaying,
            [
                .ids(failures.map(\.id)), .intArray(failures.map { $0.dueIn.microseconds }),
                .textArray(failures.map { Self.shortened($0.error) }), .text(sink.rawValue),
            ])
    }

    private static let delaying = PostgresStatement(
        "outbox_failed",
        """
        UPDATE event_delivery d SET
            attempts = d.attempts + 1, last_error = f.error,
            due_at = clock_timestamp() + f.wait * interval '1 microsecond'
        FROM unnest($1::uuid[], $2::int8[], $3::text[]) AS f(id, wait, error)
        WHERE d.event_id = f.id AND d.sink = $4::text
        """)

    /// Puts an event aside for the operator: nobody sends it to `sink`, nothing deletes it.
    package func park(_ id: EventID, _ error: String, at sink: SinkName) async throws {
        _ = try await pipeline.execute(Self.parking, [.id(id), .text(Self.shortened(error)), .text(sink.rawValue)])
    }

    private static let parking = PostgresStatement(
        "outbox_park",
        """
        UPDATE event_delivery SET
            parked_at = clock_timestamp(), last_error = $2::text, attempts = attempts + 1, due_at = NULL
        WHERE event_id = $1::uuid AND sink = $3::text
        """)

    /// U+0000 cannot be stored.
    private static func shortened(_ error: String) -> String {
        String(error.prefix(500)).replacing("\0", with: "")
    }

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
