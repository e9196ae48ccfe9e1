// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Postgres
package import SCIM

/// Which dead letters, open jobs or parked attributes are meant: those that fulfil every condition that is given.
package struct BacklogFilter: Sendable, Hashable {
    package var tenant: String?
    package var type: ResourceType?
    package var resource: ResourceID?
    /// Of jobs; parked attributes have none.
    package var client: String?
    /// Of jobs; parked attributes have none.
    package var operation: JobOperation?
    /// Somewhere in the stored error, in any case.
    package var errorText: String?
    /// Of the stored error, such as `uniqueness`.
    package var scimType: String?
    /// Failed, or for open jobs accepted, at this time or later.
    package var since: Timestamp?
    /// Failed, or for open jobs accepted, before this time.
    package var until: Timestamp?

    package init() {}

    package var isEmpty: Bool { self == BacklogFilter() }

    /// The values of `$1` to `$9` in ``condition(_:time:error:isJob:)``, after which a statement's own begin.
    var parameters: [PostgresParameter] {
        [
            .optional(tenant), .optional(type?.rawValue), .id(resource), .optional(client),
            .optional(operation?.rawValue), .optional(errorText), .optional(scimType),
            since.map { .time($0) } ?? .null, until.map { .time($0) } ?? .null,
        ]
    }

    /// SQL over the row `row`. What is not given is folded away, because the statements are planned with their values.
    ///
    /// - Parameter isJob: Otherwise there are no columns `client` and `operation`.
    static func condition(_ row: String, time: String, error: String, isJob: Bool = true) -> String {
        let ofJob =
            isJob
            ? """
            ($4::text IS NULL OR \(row).client = $4::text)
                AND ($5::text IS NULL OR \(row).operation = $5::text)
            """ : "$4::text IS NULL AND $5::text IS NULL"
        return """
            ($1::text IS NULL OR \(row).tenant = $1::text)
                AND ($2::text IS NULL OR \(row).type = $2::text)
                AND ($3::uuid IS NULL OR \(row).resource_id = $3::uuid)
                AND \(ofJob)
                AND ($6::text IS NULL OR strpos(lower(\(row).\(error)::text), lower($6::text)) > 0)
                AND ($7::text IS NULL OR \(row).\(error) ->> 'scimType' = $7::text)
                AND ($8::timestamptz IS NULL OR \(row).\(time) >= $8::timestamptz)
                AND ($9::timestamptz IS NULL OR \(row).\(time) < $9::timestamptz)
            """
    }
}

extension PostgresParameter {
    static func optional(_ text: String?) -> PostgresParameter { text.map { .text($0) } ?? .null }
}

/// Some rows of a list, and where to go on.
package struct BacklogPage<Element: Sendable>: Sendable {
    package var entries: [Element]
    /// For the next page; nil at the end.
    package var next: String?
}

/// A page was asked for that begins at no place of the list.
package struct BadPosition: Error, CustomStringConvertible {
    package let position: String

    package var description: String { "\"\(position)\" is no position that a list has given" }
}

/// What a resource is called by people: `userName` or `displayName`, as SQL.
enum ResourceName {
    static func of(_ attributes: String) -> String {
        "coalesce(\(attributes) ->> 'userName', \(attributes) ->> 'displayName')"
    }
}
