// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import SCIM
internal import Storage

/// What a resource must be like for a write to be carried out: the headers `If-Match` and `If-None-Match`, or the `version` of a bulk operation
/// (RFC 7644 sections 3.7 and 3.14).
struct Precondition: Sendable {
    static let none = Precondition(match: nil, noneMatch: nil)

    let match: EntityTags?
    let noneMatch: EntityTags?

    private init(match: EntityTags?, noneMatch: EntityTags?) {
        self.match = match
        self.noneMatch = noneMatch
    }

    init(_ headers: RequestHeaders) {
        self.init(match: EntityTags(header: headers.ifMatch), noneMatch: EntityTags(header: headers.ifNoneMatch))
    }

    /// - Parameter version: The entity tag of a bulk operation.
    init(version: String?) { self.init(match: EntityTags(header: version), noneMatch: nil) }

    /// The revision that the write has to meet; nil if it is not conditional.
    ///
    /// - Throws: 412 if the condition cannot hold, 404 if there is nothing that it could hold for.
    func expectedRevision(
        of type: ResourceType, _ id: ResourceID, in store: ResourceStore, _ context: WriteContext
    ) async throws -> Int64? {
        if noneMatch == nil {
            switch match {
            case nil, .any: return nil
            case .revisions(let revisions) where revisions.count == 1: return revisions[0]
            case .revisions: break
            }
        }
        guard let current = try await store.read(type, id, tenant: context.tenant, client: context.client) else {
            throw SCIMError.notFound(id: id.description)
        }
        guard match?.matches(current.revision) ?? true, !(noneMatch?.matches(current.revision) ?? false) else {
            throw SCIMError.preconditionFailed()
        }
        return current.revision
    }
}
