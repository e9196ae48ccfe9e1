// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

package import JSON
internal import Postgres
package import SCIM

/// A resource as it should be in UDM, and what was pushed last.
package struct VerificationFacts: Sendable {
    /// The resource as SCIM has it.
    package struct Resource: Sendable {
        package let revision: Int64
        package let attributes: JSONObject
        /// Of the client whose `externalId` is mapped.
        package let externalID: String?
    }

    /// A member as SCIM wants it.
    package struct Member: Sendable, Hashable {
        package let id: ResourceID
        package let type: ResourceType
        /// Where UDM has it, as far as we know; nil when it was never pushed.
        package let dn: String?
        /// UDM's group lists it, as far as we know.
        package let isSynced: Bool
    }

    /// Nil when the resource was deleted, or never was.
    package let resource: Resource?
    /// The last push; nil when there was none.
    package let object: UDMObjectRecord?
    package let openJobs: Int
    package let parked: Set<String>
    /// Of a group.
    package let members: [Member]
}

/// Reads our side of a comparison with UDM.
package struct VerificationStore: Sendable {
    let lists: PostgresPool

    /// - Parameter externalIDClient: Whose `externalId` is pushed; nil: nobody's.
    package func facts(
        tenant: String, _ type: ResourceType, _ id: ResourceID, externalIDClient: String?
    ) async throws -> VerificationFacts {
        try await lists.withConnection { connection in
            let row = try await connection.execute(
                Self.reading, [.text(tenant), .text(type.rawValue), .id(id), .optional(externalIDClient)])[0]
            var resource: VerificationFacts.Resource?
            if let revision = try row.optionalInt(0) {
                let value = try JSONValue(
                    parsing: try row.bytes(1), limits: JSONLimits(maximumBytes: .max, maximumDepth: 128))
                resource = VerificationFacts.Resource(
                    revision: revision, attributes: value.objectValue ?? JSONObject(),
                    externalID: try row.optionalString(2))
            }
            let members = type == .user ? [] : try await connection.execute(Self.membersOf, [.id(id)]).map(Self.member)
            return VerificationFacts(
                resource: resource,
                object: try row.optionalString(3).map { UDMObjectRecord(dn: $0, properties: try row.bytes(4)) },
                openJobs: Int(try row.int(5)), parked: Set(try row.textArray(6)), members: members)
        }
    }

    private static func member(_ row: PostgresRow) throws -> VerificationFacts.Member {
        VerificationFacts.Member(
            id: try row.id(0), type: try ResourceType(stored: row.string(1)), dn: try row.optionalString(2),
            isSynced: try row.bool(3))
    }

    private static let reading = PostgresStatement(
        "verification_facts",
        """
        SELECT r.revision, r.attributes,
            (SELECT e.value FROM external_id e WHERE e.resource_id = $3::uuid AND e.client = $4::text),
            u.dn, u.properties, (SELECT count(*) FROM job j WHERE j.resource_id = $3::uuid),
            ARRAY(SELECT f.attribute::text FROM sync_failure f WHERE f.resource_id = $3::uuid AND f.attribute <> '')
        FROM (SELECT) one
        LEFT JOIN resource r ON r.tenant = $1::text AND r.type = $2::text AND r.id = $3::uuid
        LEFT JOIN udm_object u ON u.resource_id = $3::uuid
        """)

    private static let membersOf = PostgresStatement(
        "verification_members",
        """
        SELECT m.member_id, m.member_type, u.dn, m.synced FROM group_member m
        LEFT JOIN udm_object u ON u.resource_id = m.member_id
        WHERE m.group_id = $1::uuid AND m.removed_revision IS NULL ORDER BY m.member_id
        """)
}
