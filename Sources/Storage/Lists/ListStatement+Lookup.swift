// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Postgres
internal import SCIM

extension ListStatement {
    /// A look-up that finds more is a list.
    static let lookupLimit: Int64 = 100

    /// What clients ask for before every write: who has this name, address or id. It is as small and as frequent as a read by id, so it is prepared
    /// and goes with these, and there are few such statements. Rows as of ``page()``, none if nothing is found, with a total of ``lookupLimit`` + 1 when
    /// there are too many.
    ///
    /// The plan is made when a client first asks, of an empty table perhaps, which an index that begins with the tenant serves as well as the one that
    /// is meant; and it is kept while an import fills the table. So tenant and type are compared where they serve no other index.
    ///
    /// nil: it is no look-up.
    func lookup() -> PostgresCommand? {
        guard query.selections.count == 1, let selection = query.selections.first, selection.sortKey == nil,
            let key = selection.filter?.lookupKey, selection.type == .user || !selection.withRelated
        else { return nil }
        switch query.start {
        // A page further on, if it is empty, would not tell the total.
        case .index(let index) where Self.offset(of: index) > 0: return nil
        case .index, .cursor(nil): break
        case .cursor: return nil
        }
        var statement = self
        switch key {
        case .id: return statement.foundAtOnce("resource r WHERE \(arms[0].place)")
        case .stored:
            return statement.foundAtOnce(
                """
                resource r WHERE (r.tenant || '') = \(StatementParts.tenant) AND (r.type || '') = '\(selection.type.rawValue)'\
                \(arms[0].condition.conjunct)
                """)
        case .externalId(let value):
            var unfiltered = query
            unfiltered.selections[0].filter = nil
            guard var statement = ListStatement(unfiltered) else { return nil }
            return statement.foundAtOnce(
                """
                (SELECT e.tenant, '\(selection.type.rawValue)'::text AS type, e.resource_id AS id FROM external_id e \
                WHERE e.tenant = \(StatementParts.tenant) AND e.client = \(statement.parts.bindClient()) \
                AND e.value = \(statement.parts.bind(.text(value), as: "text")) OFFSET 0) x \
                JOIN resource r ON r.tenant = x.tenant AND r.type = x.type AND r.id = x.id
                """)
        }
    }

    /// What is found is counted and told on the way: a statement of few parts, because for one row it costs more to set the parts up than to run them.
    ///
    /// - Parameter place: The rest of a SELECT of rows `r` of `resource`.
    private mutating func foundAtOnce(_ place: String) -> PostgresCommand {
        let related = arms[0].withRelated ? related(of: arms[0]) : "NULL::text"
        let sync = query.withSyncStatus ? SyncColumns.all : "NULL"
        let command = command(
            """
            SELECT count(*) OVER (), r.type, r.id, NULL::text, \(ReadStatements.columns), \(related), NULL::text, \(sync) \
            FROM (SELECT r.* FROM \(place) LIMIT \(Self.lookupLimit + 1)) r \
            ORDER BY \(order("r.id", "r.id")) \(page(limit: Self.limit, offset: nil))
            """)
        return PostgresCommand(PostgresStatement("list_lookup", command.statement.sql), command.parameters)
    }
}

/// How a look-up finds what it looks for.
private enum LookupKey {
    /// By the primary key.
    case id
    /// By an index of attributes.
    case stored
    case externalId(String)
}

extension Filter {
    /// One comparison by `eq`, which an index answers, with an attribute that hardly two resources share.
    fileprivate var lookupKey: LookupKey? {
        switch self {
        case .compare(let path, .equal, let literal):
            guard path.extensionURN == nil else { return nil }
            switch (path.attribute.name, path.subAttribute?.name) {
            case ("id", nil): return .id
            case ("externalId", nil): return literal.text.map { .externalId($0) }
            case ("userName", nil), ("displayName", nil), ("emails", "value"): return .stored
            default: return nil
            }
        case .value(let path, .and(let filters)):
            // `emails[type eq "work" and value eq "…"]`
            let names = filters.map { filter in
                if case .compare(let path, .equal, _) = filter { path.attribute.name } else { "" }
            }
            let isOfEmails = path.extensionURN == nil && path.attribute.name == "emails"
            return isOfEmails && names.sorted() == ["type", "value"] ? .stored : nil
        case .constant, .present, .compare, .and, .or, .not, .value:
            return nil
        }
    }
}
