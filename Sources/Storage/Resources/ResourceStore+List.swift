// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Postgres
internal import SCIM

extension ResourceStore {
    /// A page of the resources that match, in an order that is the same for every page: by the sort key, if there is one, and then by id.
    ///
    /// Behind a cursor a resource that is there throughout and keeps its sort key comes exactly once, whatever is inserted and deleted meanwhile.
    ///
    /// - Throws: ``PostgresError``, of the kind `timeout` when the search takes longer than ``StorageConfiguration/listTimeout``; ``SCIMError`` for
    ///   a position of another query.
    package func list(_ query: ListQuery) async throws -> ListPage {
        guard let statement = ListStatement(query) else { return .only(total: query.knownTotal ?? 0) }
        guard query.count > 0 else { return .only(total: try await count(statement)) }
        if let lookup = statement.lookup() {
            let page = try Self.page(try await reader.execute(lookup.statement, lookup.parameters), query)
            if page.total <= ListStatement.lookupLimit { return page }
        }
        if let command = try statement.prepared() {
            let page = try await preparedListPool.withConnection { connection in
                try Self.page(try await connection.execute(command.statement, command.parameters), query)
            }
            if query.knownTotal != nil || page.total <= ListStatement.few { return page }
        }
        let command = try statement.page()
        return try await listPool.withConnection { connection in
            try Self.page(try await connection.execute(command.statement, command.parameters), query)
        }
    }

    private func count(_ statement: ListStatement) async throws -> Int64 {
        if let total = statement.query.knownTotal { return total }
        let command = statement.count()
        return try await listPool.withConnection { connection in
            try await connection.execute(command.statement, command.parameters)[0].int(0)
        }
    }

    private static func page(_ result: PostgresResult, _ query: ListQuery) throws -> ListPage {
        var total = query.knownTotal ?? 0
        var rows: [ListRow] = []
        rows.reserveCapacity(result.rowCount)
        for row in result {
            let row = try ListRow(row, withSyncStatus: query.withSyncStatus)
            total = row.total ?? total
            rows.append(row)
        }
        let page = rows.prefix(query.count)
        var next: ListPosition?
        if query.isPaged, rows.count > query.count, let position = page.last?.position {
            next = ListPosition(key: position.key, id: position.id, total: total)
        }
        var statuses: [ResourceID: SyncStatus] = [:]
        for row in page {
            if let id = row.resource?.id, let status = row.syncStatus { statuses[id] = status }
        }
        return ListPage(
            total: total, resources: page.compactMap(\.resource), syncStatuses: statuses, next: next)
    }
}
