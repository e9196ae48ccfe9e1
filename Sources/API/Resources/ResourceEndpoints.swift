// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import HTTPTypes
internal import Hummingbird
internal import JSON
internal import Logging
internal import NIOCore
internal import SCIM
internal import Storage

/// `/Users`, `/Groups` and what lies below them (RFC 7644 sections 3.3 to 3.6).
///
/// A write is answered when PostgreSQL has committed it. Validation comes before, the queue after.
struct ResourceEndpoints: Sendable {
    let store: ResourceStore
    let writes: AcceptedWrites
    let validator: ResourceValidator
    let presenter: ResourcePresenter
    let limits: RequestLimits

    // MARK: POST

    func create(_ type: ResourceType, _ request: SCIMRequest) async throws -> Response {
        let projection = presenter.projection(request.query, type)
        let resource = try validator.validate(try await body(of: request, type), as: type)
        let context = request.writeContext
        switch try await store.create(resource, context: context) {
        case .created(let stored, let job):
            writes.note(.create, stored, context, job: job)
            // Nobody can have made a new user a member yet.
            let mayHaveMembers = resource.members?.isEmpty == false
            return try await answerWrite(
                .created, stored, mayHaveRelated: mayHaveMembers, projection, request.principal)
        case .uniqueness(let claim): throw SCIMError.uniqueness(claim, type)
        case .unknownMembers(let ids): throw SCIMError.unknownMembers(ids)
        case .memberTypeMismatch(let id): throw SCIMError.memberTypeMismatch(id)
        }
    }

    // MARK: GET by id

    func read(_ type: ResourceType, _ id: ResourceID?, _ request: SCIMRequest) async throws -> Response {
        let id = try known(id)
        let projection = presenter.projection(request.query, type)
        // The sync status changes without a new revision.
        if !projection.wantsSync, let tags = EntityTags(header: request.headers.ifNoneMatch) {
            let current = try await revision(of: type, id, request.principal)
            if tags.matches(current) { return .notModified(etag: ResourceRenderer.etag(current)) }
        }
        guard let stored = try await presenter.read(type, id, projection, request.principal) else {
            throw SCIMError.notFound(id: id.description)
        }
        let sync = try await presenter.sync(of: [id], projection, request.principal)[id]
        return try answer(.ok, stored, projection, sync: sync)
    }

    // MARK: PUT

    func replace(_ type: ResourceType, _ id: ResourceID?, _ request: SCIMRequest) async throws -> Response {
        let id = try known(id)
        let projection = presenter.projection(request.query, type)
        let resource = try validator.validateReplacement(try await body(of: request, type), as: type)
        let context = request.writeContext
        let expected = try await expectedRevision(type, id, request)
        switch try await store.replace(type, id, with: resource, ifMatch: expected, context: context) {
        case .updated(let stored, let job):
            writes.note(.modify, stored, context, job: job)
            return try await answerWrite(.ok, stored, projection, request.principal)
        case .unchanged(let stored):
            return try await answerWrite(.ok, stored, projection, request.principal)
        case .notFound: throw SCIMError.notFound(id: id.description)
        case .revisionMismatch: throw SCIMError.preconditionFailed()
        case .uniqueness(let claim): throw SCIMError.uniqueness(claim, type)
        case .unknownMembers(let ids): throw SCIMError.unknownMembers(ids)
        case .memberTypeMismatch(let id): throw SCIMError.memberTypeMismatch(id)
        case .memberCycle: throw SCIMError.memberCycle
        }
    }

    // MARK: DELETE

    func delete(_ type: ResourceType, _ id: ResourceID?, _ request: SCIMRequest) async throws -> Response {
        let id = try known(id)
        let context = request.writeContext
        let expected = try await expectedRevision(type, id, request)
        switch try await store.delete(type, id, ifMatch: expected, context: context) {
        case .deleted(let job):
            writes.note(.delete, type, id, context, job: job)
            return .noContent
        case .notFound: throw SCIMError.notFound(id: id.description)
        case .revisionMismatch: throw SCIMError.preconditionFailed()
        }
    }

    // MARK: GET of a list

    func list(_ type: ResourceType, _ request: SCIMRequest) async throws -> Response {
        let query = request.query
        // Ignored, each of these would give a client other resources than it asked for.
        if query["filter"] != nil {
            throw SCIMError(
                status: 400, scimType: .invalidFilter,
                detail: "Filters are not supported by this version; list without a filter, or read a resource by its id"
            )
        }
        if query["sortBy"] != nil {
            throw SCIMError.invalidValue(
                attribute: "sortBy", reason: "is not supported by this version; resources come in a fixed order")
        }
        if query["cursor"] != nil {
            throw SCIMError(
                status: 400, scimType: .invalidCursor,
                detail: "Cursors are not supported by this version; page with startIndex and count")
        }
        let page = try Page(query, limits: limits)
        let projection = presenter.projection(query, type)
        return .scim(.ok, try await presenter.list(type, page, projection, request.principal))
    }

    // MARK: Parts

    private func body(of request: SCIMRequest, _ type: ResourceType) async throws -> JSONValue {
        try MediaType.check(contentType: request.headers.contentType, contentEncoding: request.headers.contentEncoding)
        let reader = BodyReader(limit: type == .user ? limits.userBody : limits.groupBody, depth: limits.depth)
        return try await reader.readJSON(from: request.body, contentLength: request.headers.contentLength)
    }

    /// Ids are UUIDs, so every other text names nothing. It is not repeated in the answer.
    private func known(_ id: ResourceID?) throws(SCIMError) -> ResourceID {
        guard let id else { throw .notFound("There is no resource with this id") }
        return id
    }

    /// The revision that a conditional write has to meet; nil if it is not conditional.
    ///
    /// - Throws: 412 if the condition cannot hold, 404 if there is nothing that it could hold for.
    private func expectedRevision(_ type: ResourceType, _ id: ResourceID, _ request: SCIMRequest) async throws -> Int64?
    {
        let match = EntityTags(header: request.headers.ifMatch)
        let noneMatch = EntityTags(header: request.headers.ifNoneMatch)
        if noneMatch == nil {
            switch match {
            case nil, .any: return nil
            case .revisions(let revisions) where revisions.count == 1: return revisions[0]
            case .revisions: break
            }
        }
        let current = try await revision(of: type, id, request.principal)
        guard match?.matches(current) ?? true, !(noneMatch?.matches(current) ?? false) else {
            throw SCIMError.preconditionFailed()
        }
        return current
    }

    /// - Throws: 404 if there is no such resource.
    private func revision(of type: ResourceType, _ id: ResourceID, _ principal: Principal) async throws -> Int64 {
        guard let stored = try await store.read(type, id, tenant: principal.tenant, client: principal.client) else {
            throw SCIMError.notFound(id: id.description)
        }
        return stored.revision
    }

    /// The answer to a write that is committed: whatever happens now, it must not look as if the write had failed.
    private func answerWrite(
        _ status: HTTPResponse.Status, _ stored: StoredResource, mayHaveRelated: Bool = true, _ projection: Projection,
        _ principal: Principal
    ) async throws -> Response {
        var stored = stored
        var sync: [UInt8]?
        do {
            if mayHaveRelated { stored = try await presenter.complete(stored, projection, principal) }
            sync = try await presenter.sync(of: [stored.id], projection, principal)[stored.id]
        } catch {
            writes.logger.warning(
                "A write is answered without members, groups or sync status, which could not be read",
                metadata: ["resource": "\(stored.id)", "error": "\(error)"])
        }
        return try answer(status, stored, projection, sync: sync)
    }

    private func answer(
        _ status: HTTPResponse.Status, _ stored: StoredResource, _ projection: Projection, sync: [UInt8]?
    ) throws -> Response {
        .scim(
            status, ByteBuffer(bytes: try presenter.json(of: stored, projection, sync: sync)),
            location: presenter.location(of: stored.type, stored.id), etag: ResourceRenderer.etag(stored.revision))
    }
}
