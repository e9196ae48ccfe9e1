// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Hummingbird
internal import SCIM
internal import Storage

/// `/Me`: the user that the token belongs to (RFC 7644 section 3.11). The answer is that of the user's own address, which its `Location` names.
struct MeEndpoint: Sendable {
    let store: ResourceStore
    let registry: SchemaRegistry
    let resources: ResourceEndpoints
    let baseURL: String

    func answer(_ request: SCIMRequest) async throws -> Response {
        let id = try await user(of: request.principal)
        switch request.method {
        case .put: return try await resources.replace(.user, id, request)
        case .patch: return try await resources.patch(.user, id, request)
        case .delete: return try await resources.delete(.user, id, request)
        case .get, .head, .post, .other: return try await resources.read(.user, id, request)
        }
    }

    private func user(of principal: Principal) async throws -> ResourceID {
        guard let subject = principal.subject else {
            // RFC 7644 section 3.11: where no user goes with the credentials, there is no alias for one.
            throw SCIMError(status: 501, detail: "The token belongs to a client and to no user")
        }
        guard let userName = AttributePath("userName", for: .user, registry: registry) else {
            throw SCIMError.internalError()
        }
        let query = ListQuery(
            tenant: principal.tenant, client: principal.client, baseURL: baseURL,
            [ListQuery.Selection(.user, filter: .compare(userName, .equal, .string(subject)))], count: 1)
        guard let user = try await store.list(query).resources.first else {
            throw SCIMError.notFound("There is no user with the userName that the token belongs to")
        }
        return user.id
    }
}
