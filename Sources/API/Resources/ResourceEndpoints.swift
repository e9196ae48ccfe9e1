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
    let writes: ResourceWrites
    let validator: ResourceValidator
    let presenter: ResourcePresenter
    let transactions: TransactionEndpoint
    let limits: RequestLimits
    let logger: Logger

    // MARK: POST

    func create(_ type: ResourceType, _ request: SCIMRequest) async throws -> Response {
        let projection = presenter.projection(request.query, type)
        let resource = try await resource(in: request, type)
        let answer = try await writes.create(resource, request.writeContext)
        // Nobody can have made a new user a member yet.
        let mayHaveMembers = resource.members?.isEmpty == false
        return try await respond(answer, mayHaveRelated: mayHaveMembers, projection, request)
    }

    // MARK: GET by id

    func read(_ type: ResourceType, _ id: ResourceID?, _ request: SCIMRequest) async throws -> Response {
        let id = try known(id)
        let principal = request.principal
        let projection = presenter.projection(request.query, type)
        let match = EntityTags(header: request.headers.ifMatch)
        // The sync status changes without a new revision.
        let noneMatch = projection.wantsSync ? nil : EntityTags(header: request.headers.ifNoneMatch)
        if match != nil || noneMatch != nil {
            guard let stored = try await store.read(type, id, tenant: principal.tenant, client: principal.client) else {
                throw SCIMError.notFound(id: id.description)
            }
            // In this order (RFC 9110 section 13.2.2).
            guard match?.matches(stored.revision) ?? true else { throw SCIMError.preconditionFailed() }
            if noneMatch?.matches(stored.revision) ?? false {
                return .notModified(etag: ResourceRenderer.etag(stored.revision))
            }
        }
        if type == .group, !projection.memberParts.isEmpty {
            return try await readGroup(id, projection, request)
        }
        guard let stored = try await presenter.read(type, id, projection, principal) else {
            throw SCIMError.notFound(id: id.description)
        }
        let sync = try await presenter.sync(of: [id], projection, principal)[id]
        return try answer(.ok, stored, projection, sync: sync)
    }

    /// The members of a large group are read while they are sent.
    private func readGroup(_ id: ResourceID, _ projection: Projection, _ request: SCIMRequest) async throws -> Response
    {
        let group = try await store.readGroup(
            id, tenant: request.principal.tenant, client: request.principal.client, baseURL: presenter.baseURL)
        guard let group else { throw SCIMError.notFound(id: id.description) }
        let sync = try await presenter.sync(of: [id], projection, request.principal)[id]
        switch group {
        case .whole(let stored): return try answer(.ok, stored, projection, sync: sync)
        case .long(let group):
            let object = try presenter.json(of: group.resource, projection, sync: sync)
            return .scim(
                .ok, streaming: group.text(around: object, parts: projection.memberParts),
                location: presenter.location(of: .group, id), etag: ResourceRenderer.etag(group.resource.revision))
        }
    }

    // MARK: PUT

    func replace(_ type: ResourceType, _ id: ResourceID?, _ request: SCIMRequest) async throws -> Response {
        let id = try known(id)
        let projection = presenter.projection(request.query, type)
        let validator = validator
        let replacement: @Sendable (JSONObject) throws -> ValidatedResource
        switch type {
        case .user:
            let body = try await body(of: request, limit: limits.userBody)
            replacement = { try validator.validateReplacement(body, as: .user, of: $0) }
        case .group:
            let body = try await groupBody(of: request)
            replacement = { try validator.validateReplacement(body, of: $0) }
        }
        let answer = try await writes.replace(
            type, id, Precondition(request.headers), request.writeContext, with: replacement)
        return try await respond(answer, projection, request)
    }

    // MARK: PATCH

    func patch(_ type: ResourceType, _ id: ResourceID?, _ request: SCIMRequest) async throws -> Response {
        let id = try known(id)
        let projection = presenter.projection(request.query, type)
        let patch = try validator.patch(try await body(of: request, limit: limits.patchBody), as: type)
        let answer = try await writes.patch(type, id, patch, Precondition(request.headers), request.writeContext)
        // Who changes one member of a large group need not be sent all of them.
        if answer.stored?.hasManyMembers == true, !projection.isChosen {
            return await transactions.accept([TransactionOperation(answer, method: .patch)], request)
                ?? .noContent(etag: answer.stored.map { ResourceRenderer.etag($0.revision) })
        }
        return try await respond(answer, projection, request)
    }

    // MARK: DELETE

    func delete(_ type: ResourceType, _ id: ResourceID?, _ request: SCIMRequest) async throws -> Response {
        let id = try known(id)
        let answer = try await writes.delete(type, id, Precondition(request.headers), request.writeContext)
        let operation = TransactionOperation(answer, method: request.method)
        return await transactions.accept([operation], request) ?? .noContent
    }

    // MARK: Parts

    private func resource(in request: SCIMRequest, _ type: ResourceType) async throws -> ValidatedResource {
        switch type {
        case .user: try validator.validate(try await body(of: request, limit: limits.userBody), as: type)
        case .group: try validator.validate(try await groupBody(of: request))
        }
    }

    private func groupBody(of request: SCIMRequest) async throws -> GroupBody {
        try MediaType.check(contentType: request.headers.contentType, contentEncoding: request.headers.contentEncoding)
        return try await BodyReader(limit: limits.groupBody, limits: limits)
            .readGroup(from: request)
    }

    private func body(of request: SCIMRequest, limit: Int) async throws -> JSONValue {
        try MediaType.check(contentType: request.headers.contentType, contentEncoding: request.headers.contentEncoding)
        return try await BodyReader(limit: limit, limits: limits)
            .readJSON(from: request)
    }

    /// Ids are UUIDs, so every other text names nothing. It is not repeated in the answer.
    private func known(_ id: ResourceID?) throws(SCIMError) -> ResourceID {
        guard let id else { throw .notFound("There is no resource with this id") }
        return id
    }

    /// The answer to a write that is committed: whatever happens now, it must not look as if the write had failed.
    private func respond(
        _ answer: WriteAnswer, mayHaveRelated: Bool = true, _ projection: Projection, _ request: SCIMRequest
    ) async throws -> Response {
        let operation = TransactionOperation(answer, method: request.method)
        if let response = await transactions.accept([operation], request) { return response }
        guard var stored = answer.stored else { return .noContent }
        var sync: [UInt8]?
        do {
            // What else is asked for is read together with the members.
            if stored.hasManyMembers, !projection.memberParts.isEmpty {
                var response = try await readGroup(stored.id, projection, request)
                response.status = HTTPResponse.Status(code: answer.status)
                return response
            }
            if mayHaveRelated { stored = try await presenter.complete(stored, projection, request.principal) }
            sync = try await presenter.sync(of: [stored.id], projection, request.principal)[stored.id]
        } catch {
            logger.warning(
                "A write is answered without members, groups or sync status, which could not be read",
                metadata: ["resource": "\(stored.id)", "error": "\(error)"])
        }
        return try self.answer(HTTPResponse.Status(code: answer.status), stored, projection, sync: sync)
    }

    private func answer(
        _ status: HTTPResponse.Status, _ stored: StoredResource, _ projection: Projection, sync: [UInt8]?
    ) throws -> Response {
        .scim(
            status, ByteBuffer(bytes: try presenter.json(of: stored, projection, sync: sync)),
            location: presenter.location(of: stored.type, stored.id), etag: ResourceRenderer.etag(stored.revision))
    }
}
