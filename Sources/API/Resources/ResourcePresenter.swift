// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON
internal import SCIM
internal import Storage

/// Reads resources for an answer and makes their JSON as the request asks for it.
///
/// The usual answer is spliced from the texts that the database holds. Only a projection is worth parsing for.
struct ResourcePresenter: Sendable {
    private let store: ResourceStore
    private let registry: SchemaRegistry
    private let renderer: ResourceRenderer
    let baseURL: String
    /// Of requests that ask for no attributes: to make one takes longer than to find a user.
    private let userDefault: Projection
    private let groupDefault: Projection

    init(store: ResourceStore, registry: SchemaRegistry, baseURL: String) {
        self.store = store
        self.registry = registry
        self.baseURL = baseURL
        renderer = ResourceRenderer(registry: registry, baseURL: baseURL)
        userDefault = Projection([], excluding: [], type: .user, registry: registry)
        groupDefault = Projection([], excluding: [], type: .group, registry: registry)
    }

    func projection(_ query: QueryParameters, _ type: ResourceType) -> Projection {
        if query.isEmpty { return defaultProjection(of: type) }
        return projection(query.values(of: "attributes"), excluding: query.values(of: "excludedAttributes"), type)
    }

    /// - Parameter attributes: Attribute paths, or lists of them with commas; so is what is excluded.
    func projection(_ attributes: [String], excluding excluded: [String], _ type: ResourceType) -> Projection {
        if attributes.isEmpty, excluded.isEmpty { return defaultProjection(of: type) }
        return Projection(attributes, excluding: excluded, type: type, registry: registry)
    }

    private func defaultProjection(of type: ResourceType) -> Projection {
        switch type {
        case .user: userDefault
        case .group: groupDefault
        }
    }

    /// The absolute address of a resource. Made from our own id, so nothing that a client sent gets into a header.
    func location(of type: ResourceType, _ id: ResourceID) -> String { "\(baseURL)\(type.endpoint)/\(id)" }

    // MARK: Reading

    /// A resource with the groups or members that `projection` wants, in one round trip.
    func read(
        _ type: ResourceType, _ id: ResourceID, _ projection: Projection, _ principal: Principal
    ) async throws -> StoredResource? {
        let wantsRelated = projection.keeps(type.relatedAttribute)
        return try await store.read(
            type, id, tenant: principal.tenant, client: principal.client, baseURL: wantsRelated ? baseURL : nil,
            withMembers: wantsRelated)
    }

    /// Adds the groups or members that `projection` wants to a resource that was read, or written, without them.
    func complete(
        _ resource: StoredResource, _ projection: Projection, _ principal: Principal
    ) async throws -> StoredResource {
        guard projection.keeps(resource.type.relatedAttribute) else { return resource }
        var resource = resource
        switch resource.type {
        case .user:
            resource.groups = try await store.groups(of: resource.id, tenant: principal.tenant, baseURL: baseURL)
        case .group:
            resource.members = try await store.members(of: resource.id, tenant: principal.tenant, baseURL: baseURL)
        }
        return resource
    }

    /// The sync status of resources as JSON texts; none when `projection` does not ask for it.
    func sync(
        of ids: [ResourceID], _ projection: Projection, _ principal: Principal
    ) async throws -> [ResourceID: [UInt8]] {
        guard projection.wantsSync else { return [:] }
        return try await store.syncStatus(of: ids, tenant: principal.tenant).mapValues(\.json)
    }

    // MARK: JSON

    func json(of resource: StoredResource, _ projection: Projection, sync: [UInt8]?) throws -> [UInt8] {
        let bytes = renderer.render(
            resource.type, id: resource.id, revision: resource.revision, created: resource.created,
            modified: resource.modified, externalId: resource.externalId, attributes: resource.attributes,
            members: resource.members, groups: resource.groups, sync: sync)
        guard projection.filters(besides: resource.type.relatedAttribute) else { return bytes }
        // Our own text, so the limits for clients do not apply.
        let value = try JSONValue(parsing: bytes, limits: JSONLimits(maximumBytes: .max, maximumDepth: 128))
        return projection.apply(to: value.objectValue ?? JSONObject()).serialize()
    }
}

extension ResourceType {
    /// The attribute whose values are rows of `group_member`: loaded only when it is in the answer.
    var relatedAttribute: String {
        switch self {
        case .user: "groups"
        case .group: "members"
        }
    }
}
