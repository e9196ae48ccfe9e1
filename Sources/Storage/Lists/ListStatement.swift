// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Postgres
internal import SCIM

/// The SQL of a ``ListQuery``.
///
/// A statement reads the page and the total in one snapshot. What is filtered is looked for twice, once to count it and once for the page; how it
/// is found for the page depends on the count, which PostgreSQL only guesses when it plans:
///
/// - Few: in the same way as for the count, and then sorted.
/// - Many: along an index in the order of the page, if PostgreSQL likes, leaving out what does not match. For few that would read nearly
///   every resource, in random order.
///
/// It is planned for its values each time, because how many they find decides how they are best found; ``prepared()`` tells which are not.
struct ListStatement {
    /// One type, and which of its resources.
    struct Arm {
        let type: ResourceType
        let condition: SQLCondition
        var sort: SortExpression?
        let withRelated: Bool

        /// Of rows `r` of `resource`.
        var place: String {
            "r.tenant = \(StatementParts.tenant) AND r.type = '\(type.rawValue)'\(condition.conjunct)"
        }

        var canHaveValue: Bool { sort?.isMissing == false }
        var canLackValue: Bool { sort?.isNullable != false }
    }

    /// Where the rest of a list is, as a condition for a sort key and an id. Two, where that is what an index can jump to.
    private typealias Slice = (_ key: String, _ id: String) -> String

    /// Up to so many are few.
    static let few: Int64 = 10_000
    static let limit = "$2::int8"
    /// Far beyond any list, and far from the end of `int8`.
    private static let largestOffset: Int64 = 1 << 53

    let query: ListQuery
    var parts: StatementParts
    let arms: [Arm]
    private let sortKind: SortExpression.Kind?

    /// - Parameter largestSearch: See ``StatementParts/largestSearch``.
    /// - Returns: nil: no resource can match, or is left behind the position.
    init?(_ query: ListQuery, largestSearch: Int64? = nil) {
        self.query = query
        var parts = StatementParts(tenant: query.tenant, client: query.client, baseURL: query.baseURL)
        parts.largestSearch = largestSearch
        if query.count > 0 {
            // One more tells that there are more. ReadStatements knows the client as $3.
            _ = parts.bind(.int(Int64(query.count) + (query.isPaged ? 1 : 0)), as: "int8")
            _ = parts.bindClient()
        }
        let kinds = Set(query.selections.compactMap { Self.sort($0, query, parts).sort?.kind })
        sortKind = kinds.count > 1 ? .text : kinds.first
        var arms: [Arm] = []
        for selection in query.selections {
            var (sort, compiler) = Self.sort(selection, query, parts)
            if let sortKind {
                sort = sort ?? .missing(sortKind)
                if kinds.count > 1 { sort = sort?.asText }
            }
            guard Self.hasMore(sort, query) else { continue }
            let condition = selection.filter.map { compiler.condition($0) } ?? .always
            guard condition != .never else { continue }
            parts = compiler.parts
            arms.append(
                Arm(type: selection.type, condition: condition, sort: sort, withRelated: selection.withRelated))
        }
        guard !arms.isEmpty else { return nil }
        self.arms = arms
        self.parts = parts
    }

    /// The sort key of a selection, and the compiler that has what it needs.
    private static func sort(
        _ selection: ListQuery.Selection, _ query: ListQuery, _ parts: StatementParts
    ) -> (sort: SortExpression?, compiler: FilterCompiler) {
        var compiler = FilterCompiler(type: selection.type, parts: parts)
        guard query.count > 0, let key = selection.sortKey else { return (nil, compiler) }
        let sort = compiler.sortExpression(key)
        return (sort, compiler)
    }

    /// Whether resources with this sort key can stand behind the position. What is in no part of the statement must not be compiled.
    private static func hasMore(_ sort: SortExpression?, _ query: ListQuery) -> Bool {
        guard query.count > 0, case .cursor(let position?) = query.start, let sort else { return true }
        let canHaveValue = !sort.isMissing
        return position.key == nil
            ? sort.isNullable || (canHaveValue && query.isDescending)
            : canHaveValue || (sort.isNullable && !query.isDescending)
    }

    // MARK: - Statements

    /// One row with the total.
    func count() -> PostgresCommand { command("SELECT \(total)") }

    /// Rows for ``ListRow``: a page, or one row with nothing but the total.
    func page() throws -> PostgresCommand {
        var statement = self
        switch query.start {
        case .index(let index): return statement.countedPage(offset: Self.offset(of: index))
        case .cursor(nil):
            return statement.countedPage(offset: 0)
        case .cursor(let position?):
            let rows = statement.rows(of: try statement.keys(after: position))
            return statement.command("SELECT NULL::int8, p.* FROM (\(rows)) p ORDER BY \(order("p.key", "p.id"))")
        }
    }

    static func offset(of index: Int64) -> Int64 { min(max(index, 1) - 1, largestOffset) }

    private mutating func countedPage(offset: Int64) -> PostgresCommand {
        let rows = rows(of: keys(offset: offset))
        return command(
            "SELECT t.total, p.* FROM total t LEFT JOIN (\(rows)) p ON true ORDER BY \(order("p.key", "p.id"))",
            with: ["total AS MATERIALIZED (SELECT \(total) AS total)"])
    }

    private var total: String {
        arms.map { "(SELECT count(*) FROM resource r WHERE \($0.place))" }.joined(separator: " + ")
    }

    func command(_ sql: String, with tables: [String] = []) -> PostgresCommand {
        let tables = parts.tables + tables
        let with = tables.isEmpty ? "" : "WITH RECURSIVE \(tables.joined(separator: ", ")) "
        return PostgresCommand(PostgresStatement(unnamed: with + sql), parts.parameters)
    }

    // MARK: - Which resources are in the page

    private mutating func keys(offset: Int64) -> String {
        let isFiltered = arms.contains { $0.condition != .always }
        let ways: [Way] =
            isFiltered
            ? [
                Way(asForCount: true, gate: " AND (SELECT total FROM total) <= \(Self.few)"),
                Way(asForCount: false, gate: " AND (SELECT total FROM total) > \(Self.few)"),
            ] : [Way(asForCount: false)]
        let offset = offset > 0 ? parts.bind(.int(offset), as: "int8") : nil
        if arms.count == 1 {
            // One of the ways is not gone at all, so the other is the page.
            let end = page(limit: Self.limit, offset: offset)
            return ways.map { "(\(keys(arms[0], $0, nil)) \(end))" }.joined(separator: " UNION ALL ")
        }
        let all = arms.flatMap { arm in ways.map { keys(arm, $0, nil) } }
        return merged(all, offset: offset)
    }

    private mutating func keys(after position: ListPosition) throws -> String {
        let slices = try slices(after: position)
        let all = zip(arms, slices).flatMap { arm, slices in
            let isFew = position.total <= Self.few && arm.condition != .always
            return slices.map { bounded(keys(arm, Way(asForCount: isFew), $0)) }
        }
        return all.count == 1
            ? "\(all[0]) \(page(limit: Self.limit, offset: nil))" : merged(all, offset: nil)
    }

    /// How the resources of a page are found.
    private struct Way {
        var asForCount: Bool
        /// Whether it is gone; behind another condition.
        var gate = ""
    }

    /// Type, id and sort key, to be ordered and limited.
    private func keys(_ arm: Arm, _ way: Way, _ slice: Slice?) -> String {
        let key = arm.sort?.sql ?? "NULL::text"
        guard way.asForCount else {
            let rest = slice.map { " AND \($0(key, "r.id"))" } ?? ""
            return """
                SELECT r.type, r.id, \(key) AS key FROM resource r WHERE \(arm.place)\(rest)\(way.gate) \
                ORDER BY \(order(key, "r.id"))
                """
        }
        let rest = slice.map { " AND \($0("f.key", "f.id"))" } ?? ""
        // OFFSET 0 keeps the order and the limit from what is inside.
        return """
            SELECT f.type, f.id, f.key FROM (\
            SELECT r.type, r.id, \(key) AS key FROM resource r WHERE \(arm.place) OFFSET 0) f \
            WHERE true\(rest)\(way.gate) ORDER BY \(order("f.key", "f.id"))
            """
    }

    /// With a limit beside that of the page which is known to a plan for any values: PostgreSQL takes a limit that it does not know for a tenth of all,
    /// and would rather sort them all than go along an index. A power of two, so that there are few of them.
    private func bounded(_ keys: String) -> String {
        var bound = 1
        while bound <= query.count { bound *= 2 }
        return "SELECT * FROM (\(keys) LIMIT \(bound)) b ORDER BY \(order("b.key", "b.id"))"
    }

    /// As many of each as the page may have, and of these the page.
    private func merged(_ all: [String], offset: String?) -> String {
        let limit = offset.map { "\(Self.limit) + \($0)" } ?? Self.limit
        let union = all.map { "(\($0) \(page(limit: limit, offset: nil)))" }.joined(separator: " UNION ALL ")
        return """
            SELECT * FROM (\(union)) u ORDER BY \(order("u.key", "u.id")) \(page(limit: Self.limit, offset: offset))
            """
    }

    func page(limit: String, offset: String?) -> String {
        "LIMIT \(limit)\(offset.map { " OFFSET \($0)" } ?? "")"
    }

    /// NULL is last in ascending and first in descending order, by itself.
    func order(_ key: String, _ id: String) -> String {
        let direction = query.isDescending ? " DESC" : ""
        return sortKind == nil ? "\(id)\(direction)" : "\(key)\(direction), \(id)\(direction)"
    }

    // MARK: - Behind a position

    /// For each arm.
    private mutating func slices(after position: ListPosition) throws -> [[Slice]] {
        let sign = query.isDescending ? "<" : ">"
        guard let sortKind else {
            let lastID = parts.bind(.id(position.id), as: "uuid")
            return arms.map { _ in [{ _, id in "\(id) \(sign) \(lastID)" }] }
        }
        return try position.key == nil
            ? slicesAfterMissing(position, sign) : slicesAfterValue(position, sortKind, sign)
    }

    /// The rest of the resources with a value, and in ascending order those without.
    private mutating func slicesAfterValue(
        _ position: ListPosition, _ kind: SortExpression.Kind, _ sign: String
    ) throws -> [[Slice]] {
        guard let key = position.key, let parameter = SortExpression.parameter(key, kind) else {
            throw SCIMError.invalidCursor()
        }
        // All types may be such that have no value.
        var last = ""
        if arms.contains(where: \.canHaveValue) {
            last = "(\(parts.bind(parameter, as: kind.rawValue)), \(parts.bind(.id(position.id), as: "uuid")))"
        }
        return arms.map { arm in
            var slices: [Slice] = []
            if arm.canHaveValue { slices.append { key, id in "(\(key), \(id)) \(sign) \(last)" } }
            if arm.canLackValue && !query.isDescending { slices.append { key, _ in "\(key) IS NULL" } }
            return slices
        }
    }

    /// The rest of the resources without a value, and in descending order those with one.
    private mutating func slicesAfterMissing(_ position: ListPosition, _ sign: String) -> [[Slice]] {
        var last = ""
        if arms.contains(where: \.canLackValue) { last = parts.bind(.id(position.id), as: "uuid") }
        return arms.map { arm in
            var slices: [Slice] = []
            if arm.canLackValue { slices.append { key, id in "\(key) IS NULL AND \(id) \(sign) \(last)" } }
            if arm.canHaveValue && query.isDescending { slices.append { key, _ in "\(key) IS NOT NULL" } }
            return slices
        }
    }

    // MARK: - What is told of them

    mutating func rows(of keys: String) -> String {
        let key = sortKind.map { SortExpression.text(ofKey: "k.key", $0) } ?? "NULL::text"
        let sync = query.withSyncStatus ? SyncColumns.all : "NULL"
        return """
            SELECT k.type, k.id, \(key) AS key_text, \(ReadStatements.columns), \(related()), k.key, \(sync) FROM (\(keys)) k \
            JOIN resource r ON r.tenant = \(StatementParts.tenant) AND r.type = k.type AND r.id = k.id
            """
    }

    private mutating func related() -> String {
        let cases = arms.filter(\.withRelated).map { arm in "WHEN '\(arm.type.rawValue)' THEN \(related(of: arm))" }
        return cases.isEmpty ? "NULL::text" : "CASE k.type \(cases.joined(separator: " ")) END"
    }

    /// JSON text of the groups or members of a resource `r`.
    mutating func related(of arm: Arm) -> String {
        let baseURL = parts.bindBaseURL()
        return switch arm.type {
        case .user: ReadStatements.groups(of: "r.id", baseURL: baseURL)
        case .group: ReadStatements.members(of: "r.id", baseURL: baseURL)
        }
    }
}
