// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON
internal import Postgres
package import SCIM

/// How far UDM has followed a resource: the values of the extension `SchemaURN.sync`.
package struct SyncStatus: Sendable, Equatable {
    /// One word for all of it.
    package enum Status: String, CaseIterable, Sendable {
        /// Open jobs, and nobody works on them.
        case pending
        /// Open jobs, and a worker has the resource.
        case syncing
        /// No open jobs, but some members or attributes are not in UDM.
        case partial
        case synced
        /// The last write failed for good.
        case failed
    }

    /// An attribute that UDM has refused while the rest of the write went through.
    package struct ParkedAttribute: Sendable, Equatable {
        package let attribute: String
        package let reason: String?
        /// When UDM refused it first.
        package let since: Timestamp
    }

    package let status: Status
    package let pendingRevisions: Int64
    package let syncedRevision: Int64
    package let lastAttempt: Timestamp?
    package let nextAttempt: Timestamp?
    package let parked: [ParkedAttribute]
    /// Text of a JSON object, a SCIM error.
    package let error: [UInt8]?

    /// Text of a JSON object with the attributes of the extension.
    package var json: [UInt8] {
        var object: JSONObject = [
            "status": .string(status.rawValue), "pendingRevisions": .number(JSONNumber(pendingRevisions)),
            "syncedRevision": .number(JSONNumber(syncedRevision)),
        ]
        if !parked.isEmpty {
            object["parked"] = .array(
                parked.map { parked in
                    var value: JSONObject = ["attribute": .string(parked.attribute)]
                    if let reason = parked.reason { value["reason"] = .string(reason) }
                    value["since"] = .string(parked.since.iso8601Milliseconds)
                    return .object(value)
                })
        }
        if let lastAttempt { object["lastAttempt"] = .string(lastAttempt.iso8601Milliseconds) }
        if let nextAttempt { object["nextAttempt"] = .string(nextAttempt.iso8601Milliseconds) }
        // What was stored beside the SCIM error, such as UDM's own answer, is for operators.
        if let error, let value = try? JSONValue(parsing: error), let stored = value.objectValue {
            var shown = JSONObject()
            for name in ["status", "scimType", "detail"] {
                if let member = stored[name] { shown[name] = member }
            }
            if !shown.isEmpty { object["error"] = .object(shown) }
        }
        return object.serialize()
    }
}

extension ResourceStore {
    /// Derived from the rows that the workers keep; a resource that does not exist (any more) is left out.
    package func syncStatus(of ids: [ResourceID], tenant: String) async throws -> [ResourceID: SyncStatus] {
        guard !ids.isEmpty else { return [:] }
        let result = try await reader.execute(Self.syncStatus, [.text(tenant), .ids(ids)])
        var statuses: [ResourceID: SyncStatus] = [:]
        for row in result { statuses[try row.id(0)] = try SyncStatus(row, from: 1) }
        return statuses
    }

    private static let syncStatus = PostgresStatement(
        "resource_sync_status",
        """
        SELECT r.id, \(SyncColumns.all) FROM resource r
        WHERE r.tenant = $1::text AND r.type IN ('User', 'Group') AND r.id = ANY ($2::uuid[])
        """)
}
