// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

extension Schema {
    /// How far the directory has followed this resource. Returned only when a client asks for it.
    package static let sync = Schema(
        id: SchemaURN.sync, name: "Sync", description: "State of the synchronization with the directory",
        attributes: [
            SchemaAttribute(
                "status", "Whether the directory has the current revision; partial: without some members or attributes",
                canonicalValues: ["pending", "syncing", "partial", "synced", "failed"], caseExact: true,
                mutability: .readOnly, returned: .request),
            SchemaAttribute(
                "pendingRevisions", "Number of accepted revisions that the directory does not have yet", type: .integer,
                mutability: .readOnly, returned: .request),
            SchemaAttribute(
                "syncedRevision", "The last revision that the directory has", type: .integer, mutability: .readOnly,
                returned: .request),
            SchemaAttribute(
                "parked", "Attributes whose value the directory refused; left out until the value changes",
                type: .complex, multiValued: true, mutability: .readOnly, returned: .request,
                subAttributes: [
                    SchemaAttribute(
                        "attribute", "Attribute path", caseExact: true, mutability: .readOnly, returned: .request),
                    SchemaAttribute("reason", "What the directory said", mutability: .readOnly, returned: .request),
                    SchemaAttribute(
                        "since", "When the directory refused it first", type: .dateTime, mutability: .readOnly,
                        returned: .request),
                ]),
            SchemaAttribute(
                "lastAttempt", "When a write to the directory was last tried", type: .dateTime, mutability: .readOnly,
                returned: .request),
            SchemaAttribute(
                "nextAttempt", "When the next try may begin, if one is due", type: .dateTime, mutability: .readOnly,
                returned: .request),
            SchemaAttribute(
                "error", "The last error, in the terms of RFC 7644 section 3.12", type: .complex, mutability: .readOnly,
                returned: .request,
                subAttributes: [
                    SchemaAttribute("status", "Status as a string", mutability: .readOnly, returned: .request),
                    SchemaAttribute(
                        "scimType", "Detail error keyword", caseExact: true, mutability: .readOnly, returned: .request),
                    SchemaAttribute("detail", "What the directory said", mutability: .readOnly, returned: .request),
                ]),
        ])
}
