// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

extension Schema {
    /// RFC 7643 section 4.3.
    package static let enterpriseUser = Schema(
        id: SchemaURN.enterpriseUser, name: "EnterpriseUser", description: "Enterprise User",
        attributes: [
            SchemaAttribute("employeeNumber", "Identifier of the person in the organization"),
            SchemaAttribute("costCenter", "Cost center"),
            SchemaAttribute("organization", "Organization"),
            SchemaAttribute("division", "Division"),
            SchemaAttribute("department", "Department"),
            SchemaAttribute(
                "manager", "The user's manager", type: .complex,
                subAttributes: [
                    SchemaAttribute("value", "Identifier of the manager", caseExact: true),
                    SchemaAttribute(
                        "$ref", "Address of the manager", type: .reference, caseExact: true, referenceTypes: ["User"]),
                    SchemaAttribute("displayName", "Name of the manager", mutability: .readOnly),
                ]),
        ])
}
