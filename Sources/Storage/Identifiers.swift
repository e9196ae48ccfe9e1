// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Postgres
internal import SCIM

// PostgreSQL's words for our identifiers and times.

extension PostgresParameter {
    static func id(_ id: LowercaseUUID) -> PostgresParameter { .uuid(high: id.high, low: id.low) }

    static func id(_ id: LowercaseUUID?) -> PostgresParameter { id.map { .id($0) } ?? .null }

    static func ids(_ ids: [LowercaseUUID]) -> PostgresParameter {
        .uuidArray(ids.map { (high: $0.high, low: $0.low) })
    }

    static func ids(_ ids: [LowercaseUUID?]) -> PostgresParameter {
        .uuidArray(ids.map { id in id.map { (high: $0.high, low: $0.low) } })
    }

    static func time(_ time: Timestamp) -> PostgresParameter { .timestamp(time.microsecondsSinceEpoch) }

    static func times(_ times: [Timestamp]) -> PostgresParameter {
        .timestampArray(times.map(\.microsecondsSinceEpoch))
    }

    /// Microseconds, for `$n::int8 * interval '1 microsecond'`.
    static func length(_ length: Duration) -> PostgresParameter { .int(length.microseconds) }
}

extension PostgresRow {
    func id(_ column: Int) throws(PostgresError) -> LowercaseUUID {
        let (high, low) = try uuid(column)
        return LowercaseUUID(high: high, low: low)
    }

    func optionalID(_ column: Int) throws(PostgresError) -> LowercaseUUID? {
        try optionalUUID(column).map { LowercaseUUID(high: $0.high, low: $0.low) }
    }

    func time(_ column: Int) throws(PostgresError) -> Timestamp {
        Timestamp(microsecondsSinceEpoch: try timestamp(column))
    }

    func optionalTime(_ column: Int) throws(PostgresError) -> Timestamp? {
        try optionalTimestamp(column).map { Timestamp(microsecondsSinceEpoch: $0) }
    }
}

extension Duration {
    var microseconds: Int64 { components.seconds * 1_000_000 + components.attoseconds / 1_000_000_000_000 }
}
