// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

package import SCIM

/// Which SCIM attributes UDM has properties for. Data: another table maps otherwise.
package struct MappingTable: Hashable, Sendable {
    package var users: [MappingRule]
    package var groups: [MappingRule]
    /// Properties that not every directory has (an unknown one is refused with 422): left out unless enabled by name.
    package var optionalProperties: Set<String>
    /// Property → the properties whose change makes UDM overwrite it, so that it is sent along with them.
    package var sentAlong: [String: Set<String>]
    /// Property → the object option without which UDM drops it.
    package var requiredOptions: [String: String]
    /// Property → what its values must be, where that is less than what SCIM allows.
    package var syntaxes: [String: PropertySyntax]

    package init(
        users: [MappingRule],
        groups: [MappingRule],
        optionalProperties: Set<String> = [],
        sentAlong: [String: Set<String>] = [:],
        requiredOptions: [String: String] = [:],
        syntaxes: [String: PropertySyntax] = [:]
    ) {
        self.users = users
        self.groups = groups
        self.optionalProperties = optionalProperties
        self.sentAlong = sentAlong
        self.requiredOptions = requiredOptions
        self.syntaxes = syntaxes
    }

    package func rules(for type: ResourceType) -> [MappingRule] {
        switch type {
        case .user: users
        case .group: groups
        }
    }

    /// The mapping of Nubus (`scim-udm-mapping` sections 3 and 4).
    package static let standard = MappingTable(
        users: [
            MappingRule(MappedPath("userName"), .userName("username")),
            MappingRule(MappedPath("name", "familyName"), .string("lastname")),
            MappingRule(MappedPath("name", "givenName"), .string("firstname")),
            MappingRule(MappedPath("displayName"), .displayName("displayName")),
            MappingRule(MappedPath("title"), .string("title")),
            MappingRule(MappedPath("userType"), .string("employeeType")),
            MappingRule(MappedPath("preferredLanguage"), .string("preferredLanguage")),
            MappingRule(MappedPath("locale"), .string("locale")),
            MappingRule(MappedPath("active"), .boolean("disabled", inverted: true, missing: true)),
            MappingRule(
                MappedPath("emails"),
                .emails(primary: "mailPrimaryAddress", aliases: "mailAlternativeAddress", others: "e-mail")),
            MappingRule(
                MappedPath("phoneNumbers"),
                .valuesByType(
                    [
                        .init("work", "phone"), .init("mobile", "mobileTelephoneNumber"),
                        .init("home", "homeTelephoneNumber"), .init("pager", "pagerTelephoneNumber"),
                    ], scheme: "tel:")),
            MappingRule(
                MappedPath("addresses"),
                .addresses(
                    work: .init(
                        streetAddress: "street", locality: "city", postalCode: "postcode", country: "country",
                        region: "state"),
                    others: "homePostalAddress")),
            MappingRule(
                MappedPath("roles"),
                .valuesByType([
                    .init("guardian-direct", "guardianRoles"),
                    .init("guardian-indirect", "guardianInheritedRoles", isReadOnly: true),
                ])),
            MappingRule(MappedPath("x509Certificates"), .firstValue("userCertificate")),
            MappingRule(MappedPath("employeeNumber", in: SchemaURN.enterpriseUser), .string("employeeNumber")),
            MappingRule(MappedPath("organization", in: SchemaURN.enterpriseUser), .string("organisation")),
            MappingRule(MappedPath("department", in: SchemaURN.enterpriseUser), .firstOf("departmentNumber")),
            MappingRule(MappedPath("description", in: SchemaURN.univentionUser), .string("description")),
            MappingRule(
                MappedPath("passwordRecoveryEmail", in: SchemaURN.univentionUser), .string("PasswordRecoveryEmail")),
        ],
        groups: [
            MappingRule(MappedPath("displayName"), .string("name")),
            MappingRule(MappedPath("description", in: SchemaURN.univentionGroup), .string("description")),
            MappingRule(
                MappedPath("memberRoles", in: SchemaURN.univentionGroup),
                .valuesByType([.init("guardian", "guardianMemberRoles")])),
        ],
        optionalProperties: [
            "PasswordRecoveryEmail", "guardianInheritedRoles", "guardianMemberRoles", "guardianRoles", "locale",
        ],
        sentAlong: ["displayName": ["firstname", "lastname"]],
        requiredOptions: ["userCertificate": "pki"],
        syntaxes: [
            "PasswordRecoveryEmail": .mailAddress, "country": .country, "e-mail": .mailAddress,
            "homeTelephoneNumber": .telephone, "mobileTelephoneNumber": .telephone, "organisation": .atMost(64),
            "pagerTelephoneNumber": .telephone, "phone": .telephone, "userCertificate": .certificate,
        ])
}
