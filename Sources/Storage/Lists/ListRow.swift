// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Postgres
internal import SCIM

/// A row of a ``ListStatement``.
struct ListRow {
    /// In the order of the statement; ``ReadStatements/columns`` are six.
    private enum Column {
        static let total = 0
        static let type = 1
        static let id = 2
        static let key = 3
        static let resource = 4
        static let related = 10
        static let sync = 12
    }

    /// nil behind a cursor.
    let total: Int64?
    /// nil in the one row of an empty page.
    let resource: StoredResource?
    let position: (key: String?, id: ResourceID)?
    let syncStatus: SyncStatus?

    init(_ row: PostgresRow, withSyncStatus: Bool) throws {
        total = try row.optionalInt(Column.total)
        guard let id = try row.optionalID(Column.id) else {
            (resource, position, syncStatus) = (nil, nil, nil)
            return
        }
        let type = try ResourceType(stored: try row.string(Column.type))
        resource = try ResourceStore.resource(row, type, id, from: Column.resource, related: Column.related)
        position = (try row.optionalString(Column.key), id)
        syncStatus = withSyncStatus ? try SyncStatus(row, from: Column.sync) : nil
    }
}
