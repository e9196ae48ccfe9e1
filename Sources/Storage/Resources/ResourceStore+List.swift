// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Postgres
package import SCIM

/// A page of a list.
package struct ResourceList: Sendable {
    /// Of all resources, not only the page.
    package let total: Int64
    package let resources: [StoredResource]
}

extension ResourceStore {
    /// Resources of a type in the order of their ids, which is the same for every page.
    ///
    /// - Parameters:
    ///   - startIndex: Of the first resource, from 1 (RFC 7644 section 3.4.2.4).
    ///   - count: 0: only the total.
    ///   - baseURL: As for ``read(_:_:tenant:client:baseURL:withMembers:)``: with the groups of users, or the members of groups.
    package func list(
        _ type: ResourceType, tenant: String, client: String, startIndex: Int64, count: Int64, baseURL: String? = nil
    ) async throws -> ResourceList {
        let statement = baseURL == nil ? Self.plainLists[type] : Self.relatedLists[type]
        guard let statement else { throw StorageError.unknownValue(type.rawValue) }
        var parameters: [PostgresParameter] = [
            .text(tenant), .text(type.rawValue), .text(client), .int(max(startIndex, 1) - 1), .int(max(count, 0)),
        ]
        if let baseURL { parameters.append(.text(baseURL)) }
        let result = try await listPool.withConnection { connection in
            try await connection.execute(statement, parameters)
        }
        guard let first = result.first else { return ResourceList(total: 0, resources: []) }
        var resources: [StoredResource] = []
        resources.reserveCapacity(result.rowCount)
        for row in result where !row.isNull(1) {
            resources.append(try Self.resource(row, type, try row.id(1), from: 2, related: 8))
        }
        return ResourceList(total: try first.int(0), resources: resources)
    }

    private static let plainLists = statements(withRelated: false)
    private static let relatedLists = statements(withRelated: true)

    private static func statements(withRelated: Bool) -> [ResourceType: PostgresStatement] {
        Dictionary(
            uniqueKeysWithValues: ResourceType.allCases.map { ($0, ReadStatements.list($0, withRelated: withRelated)) })
    }
}
