// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import SCIM
internal import Storage

/// Finds the users and groups that people mean by an id or a name.
struct ResourceNames: Sendable {
    let resources: ResourceStore
    let registry: SchemaRegistry
    let tenant: String
    /// Whose `externalId` the found resources have.
    let client: String

    /// The attribute that names a resource for people, and in UDM.
    static func attribute(of type: ResourceType) -> String {
        switch type {
        case .user: "userName"
        case .group: "displayName"
        }
    }

    /// - Parameters:
    ///   - text: An id, or a `userName` or `displayName` in any case.
    ///   - types: Those that may be meant.
    /// - Returns: nil if there is none.
    /// - Throws: ``UpsertRefusal/ambiguous(_:)``, ``PostgresError``.
    func find(_ text: String, among types: [ResourceType]) async throws -> StoredResource? {
        if let id = ResourceID(text) {
            for type in types {
                if let found = try await resources.read(type, id, tenant: tenant, client: client) { return found }
            }
        }
        return try await named(text, among: types)
    }

    /// As ``find(_:among:)``, by name alone: what looks like an id is a name here.
    func named(_ text: String, among types: [ResourceType]) async throws -> StoredResource? {
        let selections = types.compactMap { type in
            AttributePath(Self.attribute(of: type), for: type, registry: registry).map { name in
                ListQuery.Selection(type, filter: .compare(name, .equal, .string(text)))
            }
        }
        // A user whose name in the directory is another than its userName can share that with a group.
        let page = try await resources.list(
            ListQuery(tenant: tenant, client: client, baseURL: "", selections, count: 2))
        guard page.resources.count < 2 else { throw UpsertRefusal.ambiguous(text) }
        return page.resources.first
    }

    /// - Parameter texts: As for ``find(_:among:)``, of users and groups.
    /// - Returns: Each once, in the order of the texts.
    /// - Throws: ``UpsertRefusal/unknown(_:)`` with all that name nobody.
    func members(_ texts: [String]) async throws -> [ValidatedResource.Member] {
        var members: [ValidatedResource.Member] = []
        var unknown: [String] = []
        for text in texts {
            guard let found = try await find(text, among: [.user, .group]) else {
                unknown.append(text)
                continue
            }
            if !members.contains(where: { $0.id == found.id }) {
                members.append(.init(id: found.id, type: found.type))
            }
        }
        guard unknown.isEmpty else { throw UpsertRefusal.unknown(unknown) }
        return members
    }
}
