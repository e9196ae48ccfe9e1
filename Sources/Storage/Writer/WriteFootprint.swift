// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import SCIM

/// The resources and claims that some writes touch.
struct WriteFootprint: Sendable {
    private struct TenantClaim: Hashable {
        let tenant: String
        let claim: UniqueClaim
    }

    private var ids: Set<ResourceID> = []
    private var claims: Set<TenantClaim> = []

    init() {}

    init(_ writes: [PendingWrite]) {
        for write in writes { insert(write.operation) }
    }

    /// - Returns: Whether nothing of it was touched before.
    @discardableResult
    mutating func insert(_ operation: WriteOperation) -> Bool {
        var isFree = ids.insert(operation.id).inserted
        for claim in operation.touchedClaims
        where !claims.insert(TenantClaim(tenant: operation.tenant, claim: claim)).inserted {
            isFree = false
        }
        return isFree
    }

    func touches(_ operation: WriteOperation) -> Bool {
        ids.contains(operation.id)
            || operation.touchedClaims.contains {
                claims.contains(TenantClaim(tenant: operation.tenant, claim: $0))
            }
    }
}
