// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Postgres
package import SCIM

extension JobStore {
    /// The `externalId` that a client has given a resource, as it is now: a job knows only that of the client which wrote it.
    package func externalID(of resource: ResourceID, client: String) async throws -> String? {
        try await reader.execute(Self.externalIDOf, [.id(resource), .text(client)]).first?.string(0)
    }

    private static let externalIDOf = PostgresStatement(
        "job_external_id", "SELECT value FROM external_id WHERE resource_id = $1::uuid AND client = $2::text")
}
