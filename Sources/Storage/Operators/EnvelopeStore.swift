// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Postgres
package import SCIM

/// The sealed passwords of open jobs, for a change of the key that seals them.
package struct EnvelopeStore: Sendable {
    let exclusive: PostgresPool
    let reader: PostgresPipeline

    /// What became of the envelopes of one page, or of all.
    package struct Rewrapped: Sendable, Equatable {
        /// Under the current key now.
        package var rewrapped = 0
        /// Under the current key already.
        package var current = 0
        /// Their job has ended meanwhile, and with it the envelope.
        package var gone = 0
        /// Cannot be opened: their key is not in the file, or they are damaged; by job.
        package var failed: [(job: JobID, error: SecretError)] = []
        /// Where the next page begins; nil at the end.
        package var next: JobID?

        package init() {}

        package static func == (left: Self, right: Self) -> Bool {
            left.rewrapped == right.rewrapped && left.current == right.current && left.gone == right.gone
                && left.failed.map(\.job) == right.failed.map(\.job) && left.next == right.next
        }
    }

    /// How many open jobs have an envelope.
    package func count() async throws -> Int {
        Int(try await reader.execute(Self.counting)[0].int(0))
    }

    private static let counting = PostgresStatement(
        "envelope_count", "SELECT count(*) FROM job WHERE octet_length(secret) > 0")

    /// Seals one page of envelopes anew under the current key of `sealer`. Done again, it changes nothing.
    /// - Parameter position: ``Rewrapped/next`` of the page before; nil for the first one.
    package func rewrap(
        with sealer: SecretSealer, from position: JobID? = nil, limit: Int = 500
    ) async throws -> Rewrapped {
        let page = try await reader.execute(
            Self.reading, [.id(position ?? JobID(high: 0, low: 0)), .int(Int64(limit))])
        var result = Rewrapped()
        var jobs: [JobID] = []
        var old: [[UInt8]] = []
        var new: [[UInt8]] = []
        for row in page {
            let job = try row.id(0)
            let envelope = try row.bytes(2)
            result.next = job
            do throws(SecretError) {
                guard let wrapped = try sealer.rewrap(envelope, jobID: job, resourceID: try Self.resource(row)) else {
                    result.current += 1
                    continue
                }
                jobs.append(job)
                old.append(envelope)
                new.append(wrapped)
            } catch {
                result.failed.append((job, error))
            }
        }
        if page.rowCount < limit { result.next = nil }
        if !jobs.isEmpty {
            let parameters: [PostgresParameter] = [.ids(jobs), .bytesArray(old), .bytesArray(new)]
            result.rewrapped = try await exclusive.withConnection { connection in
                try await connection.execute(Self.writing, parameters).rowCount
            }
            result.gone = jobs.count - result.rewrapped
        }
        return result
    }

    private static func resource(_ row: PostgresRow) throws(SecretError) -> ResourceID {
        do throws(PostgresError) {
            return try row.id(1)
        } catch {
            throw .damaged
        }
    }

    private static let reading = PostgresStatement(
        "envelope_page",
        """
        SELECT j.id, j.resource_id, j.secret FROM job j WHERE octet_length(j.secret) > 0 AND j.id > $1::uuid
        ORDER BY j.id LIMIT $2::int8
        """)

    /// In the order of the ids, as outcomes are: by resource; few rows of both are the same, and each waits for the other at most once.
    private static let writing = PostgresStatement(
        "envelope_write",
        """
        UPDATE job j SET secret = e.new
        FROM unnest($1::uuid[], $2::bytea[], $3::bytea[]) AS e(id, old, new)
        WHERE j.id = e.id AND j.secret = e.old
        RETURNING j.id
        """)
}
