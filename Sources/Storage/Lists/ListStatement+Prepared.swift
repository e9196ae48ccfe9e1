// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Postgres
internal import SCIM

extension ListStatement {
    /// The same list with one plan for all values, which is made once and kept: to plan takes several times as long as to find a few by an index.
    /// Rows as of ``page()``, with a total of ``few`` + 1 when there are too many, which are then left to ``page()``.
    ///
    /// nil: the best plan depends on the values. It does not
    ///
    /// - for a filter that an index answers, see ``SCIM/Filter/isAnsweredByIndex(of:)``, as long as it finds few: they are found once, counted and sorted;
    /// - behind a position without a filter, where an index has the order of the page.
    func prepared() throws -> PostgresCommand? {
        guard query.selections.count == 1, let selection = query.selections.first,
            selection.sortKey?.hasIndex(for: selection.type) != false
        else { return nil }
        guard let filter = selection.filter else {
            // To count all takes longer than anything else.
            return query.knownTotal == nil ? nil : try kept(page())
        }
        guard filter.isAnsweredByIndex(of: selection.type) else { return nil }
        if let total = query.knownTotal { return total <= Self.few ? try kept(page()) : nil }
        let offset: Int64 = if case .index(let index) = query.start { Self.offset(of: index) } else { 0 }
        var statement = ListStatement(query, largestSearch: Self.few)
        return (statement?.found(upTo: Self.few, offset: offset)).map(kept)
    }

    private func kept(_ command: PostgresCommand) -> PostgresCommand {
        PostgresCommand(PostgresStatement(oneOfMany: "list_page", command.statement.sql), command.parameters)
    }

    /// What is found is found once, then counted, sorted and cut. The number that is too large is known to the plan, the others are bound.
    ///
    /// - Parameter largest: One more is found at most.
    mutating func found(upTo largest: Int64, offset: Int64) -> PostgresCommand {
        let arm = arms[0]
        let page = page(limit: Self.limit, offset: parts.bind(.int(offset), as: "int8"))
        let rows = rows(of: "SELECT m.type, m.id, m.key FROM found m ORDER BY \(order("m.key", "m.id")) \(page)")
        let found = """
            found AS MATERIALIZED (\
            SELECT r.type, r.id, \(arm.sort?.sql ?? "NULL::text") AS key FROM resource r WHERE \(arm.place) LIMIT \(largest + 1))
            """
        // What was not searched to its end may have found more.
        let cuts = parts.searches.map { "WHEN (SELECT count(*) FROM \($0)) > \(largest) THEN \(largest + 1) " }
        let total = cuts.isEmpty ? "count(*)" : "CASE \(cuts.joined())ELSE count(*) END"
        return command(
            """
            SELECT t.total, p.* FROM (SELECT \(total) AS total FROM found) t LEFT JOIN (\(rows)) p ON true \
            ORDER BY \(order("p.key", "p.id"))
            """, with: [found])
    }
}

extension SortKey {
    /// Whether resources are found in the order of the key.
    fileprivate func hasIndex(for type: ResourceType) -> Bool {
        guard path.extensionURN == nil else { return false }
        switch (path.attribute.name, path.subAttribute?.name) {
        case ("id", nil), ("meta", "lastModified"): return true
        case ("userName", nil): return type == .user && !path.attribute.caseExact
        case ("displayName", nil): return !path.attribute.caseExact
        default: return false
        }
    }
}

extension Filter {
    private enum Index {
        /// Of names, addresses and ids: hardly ever are many found.
        case keys
        /// Of parts of names, which are looked for first; not beside others in an `or`.
        case claims
        /// Of times, which may find anything from nothing to all.
        case times
    }

    /// Whether an index finds all that match, and little else. Beside a comparison that it answers, `and` may have others of stored attributes, which
    /// what was found is then filtered by; beside a time nothing else, because what is found by it may be many more than match; and there is one
    /// search for a part of a name at most.
    func isAnsweredByIndex(of type: ResourceType) -> Bool { index(of: type) != nil }

    private func index(of type: ResourceType) -> Index? {
        switch self {
        case .compare(let path, let comparison, let literal):
            guard path.extensionURN == nil else { return nil }
            return Self.index(of: type, path, comparison, literal)
        case .value(let path, let filter):
            guard path.extensionURN == nil, path.attribute.name == "emails", type == .user else { return nil }
            return filter.requiredValues == nil ? nil : .keys
        case .and(let filters):
            let indexes = filters.map { $0.index(of: type) }
            if indexes.allSatisfy({ $0 == .times }) { return .times }
            guard let index = [Index.keys, .claims].first(where: { indexes.contains($0) }) else { return nil }
            let others = zip(filters, indexes).filter { $0.1 != index }
            return others.allSatisfy { $0.0.isOfStoredAttributes } ? index : nil
        case .or(let filters):
            return filters.allSatisfy { $0.index(of: type) == .keys } ? .keys : nil
        case .constant, .present, .not: return nil
        }
    }

    private static func index(
        of type: ResourceType, _ path: AttributePath, _ comparison: Comparison, _ literal: Literal
    ) -> Index? {
        let isName: Bool
        switch (path.attribute.name, path.subAttribute?.name) {
        case ("id", nil), ("externalId", nil): return comparison == .equal ? .keys : nil
        case ("meta", "lastModified"): return comparison.sign == nil ? nil : .times
        case ("emails", "value"):
            let isFolded = path.subAttribute?.caseExact == false
            return type == .user && isFolded && comparison == .equal ? .keys : nil
        case ("userName", nil): isName = type == .user && !path.attribute.caseExact
        case ("displayName", nil): isName = !path.attribute.caseExact
        default: return nil
        }
        guard isName, let text = literal.text else { return nil }
        let isClaimed = path.attribute.name == "userName" || type == .group
        switch comparison {
        case .equal: return .keys
        case .startsWith: return SearchKey.isWhole(text) ? .keys : nil
        // Shorter texts have no trigrams.
        case .contains, .endsWith: return isClaimed && text.unicodeScalars.count >= 3 ? .claims : nil
        case .greaterThan, .greaterOrEqual, .lessThan, .lessOrEqual: return nil
        }
    }

    /// Only of what is in the row of a resource, and no second search for parts of names.
    private var isOfStoredAttributes: Bool {
        switch self {
        case .constant: true
        case .compare(let path, let comparison, _) where comparison == .contains || comparison == .endsWith:
            path.isStored && !["userName", "displayName"].contains(path.attribute.name)
        case .present(let path), .compare(let path, _, _), .value(let path, _): path.isStored
        case .and(let filters), .or(let filters): filters.allSatisfy(\.isOfStoredAttributes)
        case .not(let filter): filter.isOfStoredAttributes
        }
    }
}

extension AttributePath {
    fileprivate var isStored: Bool {
        extensionURN != SchemaURN.sync && !["externalId", "meta", "members", "groups"].contains(attribute.name)
    }
}
