// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Postgres
internal import SCIM

/// The attributes of the extension `SchemaURN.sync` as SQL over a row `r` of `resource`: one definition for answers, filters and sorting.
enum SyncColumns {
    static let status = """
        CASE WHEN EXISTS (SELECT FROM job j WHERE j.resource_id = r.id) THEN
            CASE WHEN EXISTS (
                SELECT FROM resource_sync s WHERE s.resource_id = r.id AND s.leased_until > clock_timestamp()
            ) THEN 'syncing' ELSE 'pending' END
        WHEN EXISTS (SELECT FROM sync_failure f WHERE f.resource_id = r.id AND f.attribute = '') THEN 'failed'
        WHEN EXISTS (SELECT FROM sync_failure f WHERE f.resource_id = r.id AND f.attribute <> '')
            OR EXISTS (SELECT FROM waits_for w WHERE w.resource_id = r.id) THEN 'partial'
        ELSE 'synced' END
        """

    /// Where the resources are that can have a status; nil: nowhere but in `resource`.
    static func source(of status: SyncStatus.Status) -> String? {
        switch status {
        case .pending, .syncing: "SELECT resource_id FROM job"
        case .failed: "SELECT resource_id FROM sync_failure WHERE attribute = ''"
        case .partial:
            "SELECT resource_id FROM sync_failure WHERE attribute <> '' UNION ALL SELECT resource_id FROM waits_for"
        case .synced: nil
        }
    }

    /// A time as answers have it, in milliseconds: what looks the same is sorted by id.
    static func shown(_ time: String) -> String { "date_trunc('milliseconds', \(time))" }

    static let pendingRevisions = "(SELECT count(*) FROM job j WHERE j.resource_id = r.id)"

    static let syncedRevision = """
        coalesce((SELECT s.synced_revision FROM resource_sync s WHERE s.resource_id = r.id), 0)
        """

    static let lastAttempt = "(SELECT s.last_attempt_at FROM resource_sync s WHERE s.resource_id = r.id)"

    /// Of the oldest open job, because the others wait for it.
    static let nextAttempt = "(SELECT j.due_at FROM job j WHERE j.resource_id = r.id ORDER BY j.revision LIMIT 1)"

    /// A `jsonb` object of which clients see `status`, `scimType` and `detail`; the rest is for operators.
    static let error = """
        coalesce(
            (SELECT j.last_error FROM job j WHERE j.resource_id = r.id AND j.last_error IS NOT NULL
            ORDER BY j.revision DESC LIMIT 1),
            (SELECT f.error FROM sync_failure f WHERE f.resource_id = r.id ORDER BY f.attribute LIMIT 1))
        """

    /// Where the resources are that can have an error.
    static let sourceOfErrors = """
        SELECT resource_id FROM job WHERE last_error IS NOT NULL UNION ALL SELECT resource_id FROM sync_failure
        """

    /// What is wrong with a parked attribute: `failure` is a row of `sync_failure`.
    static func reason(_ failure: String) -> String { "nullif(\(failure).error ->> 'detail', '')" }

    private static let parked = """
        ARRAY(SELECT f.attribute::text FROM sync_failure f
            WHERE f.resource_id = r.id AND f.attribute <> '' ORDER BY f.attribute),
        ARRAY(SELECT coalesce(\(reason("f")), '') FROM sync_failure f
            WHERE f.resource_id = r.id AND f.attribute <> '' ORDER BY f.attribute),
        ARRAY(SELECT (extract(epoch FROM f.failed_at) * 1000000)::int8 FROM sync_failure f
            WHERE f.resource_id = r.id AND f.attribute <> '' ORDER BY f.attribute)
        """

    /// What ``SyncStatus/init(_:from:)`` reads.
    static let all = """
        \(status), \(pendingRevisions), \(syncedRevision), \(lastAttempt), \(nextAttempt), \(parked), \(error)
        """
}

extension SyncStatus {
    /// - Parameter first: The column where ``SyncColumns/all`` begin.
    init(_ row: PostgresRow, from first: Int) throws {
        let text = try row.string(first)
        guard let status = Status(rawValue: text) else { throw StorageError.unknownValue(text) }
        let parked = zip(
            zip(try row.textArray(first + 5), try row.textArray(first + 6)), try row.intArray(first + 7))
        self.init(
            status: status, pendingRevisions: try row.int(first + 1), syncedRevision: try row.int(first + 2),
            lastAttempt: try row.optionalTime(first + 3), nextAttempt: try row.optionalTime(first + 4),
            parked: parked.map { texts, since in
                ParkedAttribute(
                    attribute: texts.0, reason: texts.1.isEmpty ? nil : texts.1,
                    since: Timestamp(microsecondsSinceEpoch: since))
            },
            error: try row.optionalBytes(first + 8))
    }
}
