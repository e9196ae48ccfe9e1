// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON
internal import SCIM
internal import UDM

/// Failures of one kind in a row: what the limits of that kind are measured against, so that six outages of LDAP do not use up the tries
/// of the first internal error. Kept in the error of the job, as `{"series": {"class", "count", "since", "first", "notBefore"}}`.
struct FailureSeries: Hashable, Sendable {
    /// The error's class, with its limit: `transient`, `transient(5)`, `name_lock`.
    var kind: String
    /// Failures in this series.
    var count: Int
    var since: Timestamp
    /// The first failure of any kind, for work that has no time of acceptance.
    var first: Timestamp
    /// Until when the server asked to be left alone.
    var notBefore: Timestamp?

    /// The series after one more failure.
    /// - Parameter former: As stored; nil for the first failure.
    init(after former: FailureSeries?, kind: String, retryAfter: Duration? = nil, at now: Timestamp) {
        self.kind = kind
        if let former, former.kind == kind {
            (count, since) = (former.count + 1, former.since)
        } else {
            (count, since) = (1, now)
        }
        first = former?.first ?? now
        notBefore = retryAfter.map { now.advanced(by: $0) }
    }

    /// - Parameter error: JSON text of the stored error; nil, or a text without a series, is no series.
    init?(storedIn error: [UInt8]?) {
        guard let error, let value = try? JSONValue(parsing: error, limits: .ownText),
            let series = value[Self.member], let kind = series["class"]?.stringValue,
            let count = series["count"]?.integerValue,
            let since = series["since"]?.stringValue.flatMap({ Timestamp(iso8601: $0) }),
            let first = series["first"]?.stringValue.flatMap({ Timestamp(iso8601: $0) })
        else { return nil }
        self.kind = kind
        self.count = Int(clamping: count)
        self.since = since
        self.first = first
        notBefore = series["notBefore"]?.stringValue.flatMap { Timestamp(iso8601: $0) }
    }

    static let member = "series"

    var json: JSONValue {
        var object: JSONObject = [
            "class": .string(kind), "count": .number(JSONNumber(Int64(count))),
            "since": .string(since.iso8601Microseconds), "first": .string(first.iso8601Microseconds),
        ]
        if let notBefore { object["notBefore"] = .string(notBefore.iso8601Microseconds) }
        return .object(object)
    }
}

extension UDMErrorClass {
    /// What a series of failures is of.
    var series: String {
        if case .transient(let limit?) = self { "\(label)(\(limit))" } else { label }
    }
}

extension JSONLimits {
    /// For what this system wrote itself: a group's state may be longer than what a client may send elsewhere.
    static let ownText = JSONLimits(maximumBytes: .max, maximumDepth: 128)
}
