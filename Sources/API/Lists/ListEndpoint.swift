// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Executors
internal import Hummingbird
internal import JSON
internal import NIOCore
internal import Postgres
internal import SCIM
internal import Storage

/// Lists and searches of one resource type or of all (RFC 7644 sections 3.4.2 and 3.4.3, RFC 9865).
struct ListEndpoint: Sendable {
    let store: ResourceStore
    let registry: SchemaRegistry
    let presenter: ResourcePresenter
    let cursors: CursorCodec
    let limits: RequestLimits
    let baseURL: String

    /// Bytes of resources that are rendered in about a millisecond, whatever is to be left out of them.
    private static let quickSize = 128 << 10

    /// - Parameter types: In the order in which the resources come when nothing is said about it.
    func list(_ types: [ResourceType], _ request: SCIMRequest) async throws -> Response {
        try await answer(types, try ListRequest(request.query, limits: limits), request.principal)
    }

    func search(_ types: [ResourceType], _ request: SCIMRequest) async throws -> Response {
        try MediaType.check(contentType: request.headers.contentType, contentEncoding: request.headers.contentEncoding)
        let body = try await BodyReader(limit: limits.searchBody, limits: limits)
            .readJSON(from: request)
        return try await answer(types, try ListRequest(body, limits: limits), request.principal)
    }

    private func answer(
        _ types: [ResourceType], _ list: ListRequest, _ principal: Principal
    ) async throws -> Response {
        var projections: [ResourceType: Projection] = [:]
        var selections: [ListQuery.Selection] = []
        for type in types {
            let projection = presenter.projection(list.attributes, excluding: list.excludedAttributes, type)
            projections[type] = projection
            selections.append(
                ListQuery.Selection(
                    type,
                    filter: try list.filter.map { text throws(SCIMError) in
                        try Filter.parse(text, for: type, registry: registry)
                    },
                    sortKey: try list.sortBy.flatMap { name throws(SCIMError) in
                        try SortKey.parse(name, for: type, registry: registry)
                    },
                    // Members are read while they are sent.
                    withRelated: type == .user && projection.keeps(type.relatedAttribute)))
        }
        let binding = CursorCodec.Binding(
            tenant: principal.tenant, client: principal.client, types: types, filter: list.filter,
            sortBy: list.sortBy, isDescending: list.isDescending)
        let start: ListQuery.Start =
            switch list.start {
            case .index(let index): .index(Int64(index))
            case .cursor(let cursor): .cursor(try cursors.decode(cursor, for: binding, now: .now()))
            }
        let query = ListQuery(
            tenant: principal.tenant, client: principal.client, baseURL: baseURL, selections,
            isDescending: list.isDescending, start: start, count: list.count,
            withSyncStatus: projections.values.contains { $0.wantsSync }, offersCursor: list.offersCursor)
        let page = try await page(query)
        let size = page.resources.reduce(0) { $0 + $1.attributes.count + ($1.groups?.count ?? 0) }
        guard size > Self.quickSize else { return try await render(page, list, projections, binding) }
        return try await offEventLoop { [projections] in try await render(page, list, projections, binding) }
    }

    private func page(_ query: ListQuery) async throws -> ListPage {
        do {
            return try await store.list(query)
        } catch let error as PostgresError where error.kind == .timeout {
            // The search itself took too long; a server that does not answer is told apart by its kind.
            throw SCIMError.tooMany("The search takes too long; narrow the filter, or sort by another attribute")
        }
    }

    private func render(
        _ page: ListPage, _ list: ListRequest, _ projections: [ResourceType: Projection], _ binding: CursorCodec.Binding
    ) async throws -> Response {
        let objects = try page.resources.map { resource in
            let projection = projections[resource.type] ?? .default
            let sync = projection.wantsSync ? page.syncStatuses[resource.id]?.json : nil
            return (id: resource.id, object: try presenter.json(of: resource, projection, sync: sync))
        }
        let head = head(page, list, binding)
        let tail = Array("]}".utf8)
        let parts = projections[.group]?.memberParts ?? []
        if !parts.isEmpty, page.resources.contains(where: { $0.type == .group }) {
            let text = try await store.text(
                of: objects, from: head, to: tail, tenant: binding.tenant, baseURL: baseURL, parts: parts)
            return .scim(.ok, streaming: text)
        }
        var text = ByteBuffer(bytes: head)
        for (index, (_, object)) in objects.enumerated() {
            if index > 0 { text.writeInteger(UInt8(ascii: ",")) }
            text.writeBytes(object)
        }
        text.writeBytes(tail)
        return .scim(.ok, text)
    }

    /// Up to the first resource.
    private func head(_ page: ListPage, _ list: ListRequest, _ binding: CursorCodec.Binding) -> [UInt8] {
        var head = """
            {"schemas":["\(SchemaURN.listResponse)"],"totalResults":\(page.total),\
            "itemsPerPage":\(page.resources.count),
            """
        if case .index(let index) = list.start { head += "\"startIndex\":\(index)," }
        if let next = page.next {
            head += "\"nextCursor\":\"\(cursors.encode(next, for: binding, now: .now()))\","
        }
        return Array("\(head)\"Resources\":[".utf8)
    }
}
