// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

extension Schema {
    /// Univention's extension of User.
    package static let univentionUser = Schema(
        id: SchemaURN.univentionUser, name: "UniventionUser", description: "Univention User",
        attributes: [
            SchemaAttribute("description", "Description of the user"),
            SchemaAttribute(
                "passwordRecoveryEmail", "E-mail address to which the means to set a new password are sent"),
        ])

    /// Univention's extension of Group.
    package static let univentionGroup = Schema(
        id: SchemaURN.univentionGroup, name: "UniventionGroup", description: "Univention Group",
        attributes: [
            SchemaAttribute("description", "Description of the group"),
            SchemaAttribute(
                "memberRoles", "Roles that every member of the group has", type: .complex, multiValued: true,
                subAttributes: [
                    SchemaAttribute("value", "Role", required: true),
                    SchemaAttribute("type", "Kind of role", canonicalValues: ["guardian"]),
                ]),
        ])
}
