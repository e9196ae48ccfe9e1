// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

extension Schema {
    /// RFC 7643 section 4.2, with `displayName` required, because it is the name of the group in UDM.
    package static let group = Schema(
        id: SchemaURN.group, name: "Group", description: "Group",
        attributes: [
            SchemaAttribute(
                "displayName", "Name of the group, unique among users and groups regardless of case", required: true,
                uniqueness: .server),
            SchemaAttribute(
                "members", "Members of the group", type: .complex, multiValued: true,
                subAttributes: [
                    SchemaAttribute(
                        "value", "Identifier of the member", required: true, caseExact: true, mutability: .immutable),
                    SchemaAttribute(
                        "$ref", "Address of the member", type: .reference, caseExact: true, mutability: .immutable,
                        referenceTypes: ["User", "Group"]),
                    SchemaAttribute(
                        "type", "Resource type of the member; found out by the service when not given",
                        canonicalValues: ["User", "Group"], mutability: .immutable),
                    SchemaAttribute("display", "Name of the member", mutability: .readOnly),
                ]),
        ])
}
