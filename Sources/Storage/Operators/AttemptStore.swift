// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Postgres
package import SCIM

/// One failed try of a job.
package struct JobAttempt: Sendable, Hashable {
    /// What came of the try.
    package enum Outcome: String, Sendable {
        /// Tried again later.
        case retry
        /// UDM or our account was out of order, which is no attempt of the job's.
        case held
        case dead
    }

    /// 1, 2, 3 … per job; where some are missing in between, they were not kept.
    package let number: Int64
    package let at: Timestamp
    package let outcome: Outcome
    /// What kind of failure, as the worker classified it: `transient(5)`, `name_lock`, `permanent`.
    package let kind: String
    /// UDM's; nil when no answer came.
    package let httpStatus: Int64?
    /// Text of a JSON object with a SCIM error's members and UDM's answer.
    package let error: [UInt8]
    package let worker: String?
}

/// The attempts of jobs: written with the outcomes, read by operators, removed after the jobs.
package struct AttemptStore: Sendable {
    let exclusive: PostgresPool

    /// The first attempts of a job that are kept; they tell how the trouble began.
    package static let keptFirst = 5
    /// The latest attempts of a job that are kept.
    package static let keptLatest = 20

    /// The last statement but one of an outcome transaction, before the lease ends. `$4…`: job, state, error, attempts to add; a job
    /// without an error has not failed.
    static let recording = PostgresStatement(
        "outcome_attempts",
        """
        WITH o AS (
            SELECT i.job_id, i.resource_id, i.epoch, i.error, s.leased_by,
                CASE WHEN i.state = 'dead' THEN 'dead' WHEN i.attempts = 0 THEN 'held' ELSE 'retry' END AS outcome,
                (SELECT coalesce(max(a.number), 0) + 1 FROM job_attempt a WHERE a.job_id = i.job_id) AS number
            FROM unnest($1::uuid[], $2::int8[], $3::uuid[], $4::uuid[], $5::text[], $6::jsonb[], $7::int8[])
                AS i(resource_id, epoch, token, job_id, state, error, attempts)
            JOIN resource_sync s
                ON s.resource_id = i.resource_id AND s.lease_epoch = i.epoch AND s.lease_token = i.token
                AND s.leased_until IS NOT NULL
            WHERE i.job_id IS NOT NULL AND i.error IS NOT NULL AND (i.state IS NULL OR i.state = 'dead')
                AND NOT EXISTS (SELECT FROM job_attempt a WHERE a.job_id = i.job_id AND a.lease_epoch = i.epoch)
        ), outdated AS (
            DELETE FROM job_attempt a USING o
            WHERE a.job_id = o.job_id AND a.number > \(keptFirst) AND a.number <= o.number - \(keptLatest)
        )
        INSERT INTO job_attempt (job_id, number, resource_id, lease_epoch, at, outcome, class, http_status, error, worker)
        SELECT job_id, number, resource_id, epoch, clock_timestamp(), outcome,
            coalesce(error #>> '{series,class}', CASE WHEN error -> 'retryable' = 'true' THEN 'retryable' ELSE 'permanent' END),
            CASE WHEN jsonb_typeof(error #> '{udm,httpStatus}') = 'number' THEN (error #>> '{udm,httpStatus}')::int8 END,
            error, leased_by
        FROM o
        """)

    /// Removes attempts whose job is neither open nor in the history any more.
    ///
    /// - Parameter position: Where to begin, in the order of the jobs' ids; nil at the beginning.
    /// - Returns: Where to go on; nil at the end.
    package func prune(from position: JobID?, limit: Int = 2_000) async throws -> JobID? {
        try await exclusive.withConnection { connection in
            let row = try await connection.execute(
                Self.pruning, [.id(position ?? JobID(high: 0, low: 0)), .int(Int64(limit))])[0]
            return try row.int(0) < Int64(limit) ? nil : try row.optionalID(1)
        }
    }

    private static let pruning = PostgresStatement(
        "attempts_prune",
        """
        WITH page AS MATERIALIZED (
            SELECT DISTINCT job_id FROM job_attempt WHERE job_id > $1::uuid ORDER BY job_id LIMIT $2::int8
        ), gone AS (
            DELETE FROM job_attempt a USING page p
            WHERE a.job_id = p.job_id AND NOT EXISTS (SELECT FROM job j WHERE j.id = p.job_id)
                AND NOT EXISTS (SELECT FROM job_history h WHERE h.id = p.job_id)
        )
        SELECT count(*), (SELECT p.job_id FROM page p ORDER BY p.job_id DESC LIMIT 1) FROM page
        """)

    /// Of some jobs, each in the order of their numbers.
    static func read(_ jobs: [JobID], on connection: PostgresConnection) async throws -> [JobID: [JobAttempt]] {
        var attempts: [JobID: [JobAttempt]] = [:]
        for row in try await connection.execute(reading, [.ids(jobs)]) {
            let text = try row.string(3)
            guard let outcome = JobAttempt.Outcome(rawValue: text) else { throw StorageError.unknownValue(text) }
            attempts[try row.id(0), default: []].append(
                JobAttempt(
                    number: try row.int(1), at: try row.time(2), outcome: outcome, kind: try row.string(4),
                    httpStatus: try row.optionalInt(5), error: try row.bytes(6), worker: try row.optionalString(7)))
        }
        return attempts
    }

    private static let reading = PostgresStatement(
        "attempts_read",
        """
        SELECT job_id, number, at, outcome, class, http_status, error, worker FROM job_attempt
        WHERE job_id = ANY ($1::uuid[]) ORDER BY job_id, number
        """)
}
