// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// The best SELECT for a ``ListQuery`` that can be written by hand on the bridge's tables: the same page, its total, and all
/// that the answer tells of each user, in one prepared statement.
///
/// A row is the total, the id, and the rest of the user. The total is left out where the answer does not count either: behind
/// a cursor, whose first page told it.
///
/// One plan serves all values (``planSettings``): that saves planning, which takes longer than a look-up. PostgreSQL must not
/// choose it for the limit and the order, though, because then it reads the users one by one in their order until it has
/// found enough.
struct ListSelect: Sendable {
    /// For the connections that run it.
    static let planSettings = [("plan_cache_mode", "force_generic_plan"), ("jit", "off"), ("work_mem", "32MB")]

    let query: ListQuery
    /// Whose `externalId` is meant.
    let client: String

    /// How many of ``ListSample/value`` and ``ListSample/end`` the statement has.
    var valueCount: Int {
        switch query {
        case .firstPage: 0
        case .displayName: 2
        default: 1
        }
    }

    /// - Parameters:
    ///   - value: A parameter or variable with a sample's value, and so for `end`.
    func sql(value: String = "$1", end: String = "$2") -> String {
        let text = "CAST(\(value) AS text)"
        switch query {
        case .userName:
            return small("sort_key(folded(r.attributes ->> 'userName')) COLLATE \"C\" = folded(\(text))")
        case .externalId:
            return """
                SELECT count(*) OVER (), \(columns) FROM (
                    SELECT r.* FROM external_id x
                    JOIN resource r ON r.tenant = x.tenant AND r.type = 'User' AND r.id = x.resource_id
                    WHERE x.tenant = 'default' AND x.client = '\(client)' AND x.value = \(text) OFFSET 0) r
                ORDER BY r.id LIMIT \(ListQuery.pageSize)
                """
        case .id:
            return small("r.id = CAST(\(value) AS uuid)")
        case .email:
            return small("email_values(r.attributes) ? folded(\(text))")
        case .workEmail:
            return small(
                """
                email_values(r.attributes) ? folded(\(text)) AND EXISTS (
                    SELECT FROM jsonb_array_elements(r.attributes -> 'emails') AS e (value)
                    WHERE folded(e.value ->> 'type') = 'work' AND folded(e.value ->> 'value') = folded(\(text)))
                """)
        case .displayName:
            // A range, because a prepared LIKE or starts_with() is planned for any pattern and uses no index.
            let key = "sort_key(folded(r.attributes ->> 'displayName')) COLLATE \"C\""
            return small("\(key) >= folded(\(text)) AND \(key) < folded(CAST(\(end) AS text))")
        case .partOfUserName:
            // The names that are claimed have the index; the attribute has the last word.
            return small(
                """
                r.id IN (
                    SELECT c.resource_id FROM unique_claim c
                    WHERE c.tenant = 'default' AND c.kind = 'name' AND c.value LIKE '%' || \(text) || '%')
                AND folded(r.attributes ->> 'userName') COLLATE "C" LIKE '%' || \(text) || '%'
                """)
        case .modifiedRecently:
            return middling("r.modified_at >= \(later(value))")
        case .modified:
            return large("r.modified_at >= \(later(value))")
        case .firstPage:
            return large("true")
        case .deepPage:
            return """
                SELECT NULL, \(columns) FROM resource r
                WHERE \(Self.users) AND r.id > CAST(\(value) AS uuid)
                ORDER BY r.id LIMIT \(ListQuery.pageSize)
                """
        }
    }

    private static let users = "r.tenant = 'default' AND r.type = 'User'"

    /// Clients see milliseconds: later than such a time means from the next one on.
    private func later(_ value: String) -> String { "CAST(\(value) AS timestamptz) + interval '1 millisecond'" }

    /// For conditions that few users meet: found once, counted and ordered on the way.
    private func small(_ condition: String) -> String {
        """
        SELECT count(*) OVER (), \(columns) FROM (
            SELECT * FROM resource r WHERE \(Self.users) AND \(condition) OFFSET 0) r
        ORDER BY r.id LIMIT \(ListQuery.pageSize)
        """
    }

    /// For conditions that thousands of users meet, and that an index answers alone: only who is in the page is read.
    private func middling(_ condition: String) -> String {
        """
        WITH found AS MATERIALIZED (SELECT r.id FROM resource r WHERE \(Self.users) AND \(condition))
        SELECT (SELECT count(*) FROM found), \(columns)
        FROM (SELECT id FROM found ORDER BY id LIMIT \(ListQuery.pageSize)) f
        JOIN resource r ON \(Self.users) AND r.id = f.id
        ORDER BY r.id
        """
    }

    /// For conditions that a great part of the users meets: counted in the index, and the page read in its order.
    private func large(_ condition: String) -> String {
        """
        SELECT (SELECT count(*) FROM resource r WHERE \(Self.users) AND \(condition)), \(columns) FROM resource r
        WHERE \(Self.users) AND \(condition)
        ORDER BY r.id LIMIT \(ListQuery.pageSize)
        """
    }

    private var columns: String {
        """
        r.id, r.revision, r.created_at, r.modified_at,
            (SELECT e.value FROM external_id e WHERE e.resource_id = r.id AND e.client = '\(client)'), r.attributes,
            (SELECT CAST(json_agg(json_build_object('value', m.group_id, 'display', g.attributes ->> 'displayName')) AS text)
            FROM group_member m JOIN resource g ON g.tenant = m.tenant AND g.type = 'Group' AND g.id = m.group_id
            WHERE m.member_id = r.id AND m.removed_revision IS NULL)
        """
    }
}
