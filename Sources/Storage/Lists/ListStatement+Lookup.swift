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
    /// nil: it is no look-up.
    func lookup() -> PostgresCommand? {
        guard query.selections.count == 1, let selection = query.selections.first, selection.sortKey == nil,
            selection.filter?.isLookup == true, selection.type == .user || !selection.withRelated
        else { return nil }
        switch query.start {
        // A page further on, if it is empty, would not tell the total.
        case .index(let index) where Self.offset(of: index) > 0: return nil
        case .index, .cursor(nil): break
        case .cursor: return nil
        }
        var statement = self
        return statement.foundAtOnce()
    }

    /// What is found is counted and told on the way: a statement of few parts, because for one row it costs more to set the parts up than to run them.
    private mutating func foundAtOnce() -> PostgresCommand {
        let arm = arms[0]
        let related = arm.withRelated ? related(of: arm) : "NULL::text"
        let sync = query.withSyncStatus ? SyncColumns.all : "NULL"
        let command = command(
            """
            SELECT count(*) OVER (), r.type, r.id, NULL::text, \(ReadStatements.columns), \(related), NULL::text, \(sync) \
            FROM (SELECT r.* FROM resource r WHERE \(arm.place) LIMIT \(Self.lookupLimit + 1)) r \
            ORDER BY \(order("r.id", "r.id")) \(page(limit: Self.limit, offset: nil))
            """)
        return PostgresCommand(PostgresStatement("list_lookup", command.statement.sql), command.parameters)
    }
}

extension Filter {
    /// One comparison by `eq`, which an index answers, with an attribute that hardly two resources share.
    fileprivate var isLookup: Bool {
        switch self {
        case .compare(let path, .equal, _):
            guard path.extensionURN == nil else { return false }
            switch (path.attribute.name, path.subAttribute?.name) {
            case ("id", nil), ("externalId", nil), ("userName", nil), ("displayName", nil), ("emails", "value"):
                return true
            default: return false
            }
        case .value(let path, .and(let filters)):
            // `emails[type eq "work" and value eq "…"]`
            let names = filters.map { filter in
                if case .compare(let path, .equal, _) = filter { path.attribute.name } else { "" }
            }
            return path.extensionURN == nil && path.attribute.name == "emails" && names.sorted() == ["type", "value"]
        case .constant, .present, .compare, .and, .or, .not, .value:
            return false
        }
    }
}
