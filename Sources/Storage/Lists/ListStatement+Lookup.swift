// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Postgres
internal import SCIM

extension ListStatement {
    /// A look-up that finds more is a list.
    static let lookupLimit: Int64 = 100

    /// What clients ask for before every write: who has this name, address or id. It is as small and as frequent as a read by id, so it is prepared
    /// and goes with these, and there are few such statements. Rows as of ``page()``, with a total of ``lookupLimit`` + 1 when there are too many.
    ///
    /// nil: it is no look-up.
    func lookup() -> PostgresCommand? {
        guard query.selections.count == 1, let selection = query.selections.first, selection.sortKey == nil,
            selection.filter?.isLookup == true, selection.type == .user || !selection.withRelated
        else { return nil }
        var offset: Int64 = 0
        switch query.start {
        case .index(let index): offset = Self.offset(of: index)
        case .cursor(nil): break
        case .cursor: return nil
        }
        var statement = self
        let command = statement.found(upTo: Self.lookupLimit, offset: offset)
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
