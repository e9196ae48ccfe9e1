// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// The property lists of UDM 5.2: scim-udm-mapping.md sections 3, 3.1, 3.2 and 3.3, udm-rest-api.md sections 3 and 9.
extension Module {
    static func user(more: [Property]) -> Module {
        Module(
            name: "users/user", title: "User", namingAttribute: "uid", namingProperty: "username",
            defaultContainer: "cn=users",
            objectClasses: [
                "top", "person", "organizationalperson", "inetorgperson", "posixaccount", "shadowaccount",
                "sambasamaccount", "krb5principal", "krb5kdcentry", "univentionmail", "univentionobject",
                "univentionpwhistory",
            ],
            attributes: [
                "uid": "username", "givenname": "firstname", "sn": "lastname", "o": "organisation", "l": "city",
                "displayname": "displayName", "mailprimaryaddress": "mailPrimaryAddress", "postalcode": "postcode",
                "mailalternativeaddress": "mailAlternativeAddress", "mail": "e-mail", "telephonenumber": "phone",
                "mobile": "mobileTelephoneNumber", "homephone": "homeTelephoneNumber", "gidnumber": "gidNumber",
                "pager": "pagerTelephoneNumber", "employeenumber": "employeeNumber", "employeetype": "employeeType",
                "departmentnumber": "departmentNumber", "uidnumber": "uidNumber", "homedirectory": "unixhome",
                "loginshell": "shell", "preferredlanguage": "preferredLanguage", "st": "state",
                "univentionobjectidentifier": "univentionObjectIdentifier", "memberof": "groups",
                "univentionguardianroles": "guardianRoles", "univentionobjectflag": "objectFlag",
            ],
            properties: userStrings + userLists + userSwitches + more)
    }

    static func group(more: [Property]) -> Module {
        Module(
            name: "groups/group", title: "Group", namingAttribute: "cn", namingProperty: "name",
            defaultContainer: "cn=groups",
            objectClasses: ["top", "posixgroup", "univentiongroup", "sambagroupmapping", "univentionobject"],
            attributes: [
                "cn": "name", "gidnumber": "gidNumber", "univentionobjectidentifier": "univentionObjectIdentifier",
                "uniquemember": "users", "mailprimaryaddress": "mailAddress", "univentionobjectflag": "objectFlag",
            ],
            properties: [
                Property(name: "name", kind: .string, syntax: .groupName, isRequired: true),
                Property(name: "description", kind: .string),
                Property(
                    name: "univentionObjectIdentifier", kind: .string, syntax: .identifier, isImmutable: true),
                Property(name: "univentionSourceIAM", kind: .string),
                Property(name: "gidNumber", kind: .integer, isImmutable: true),
                Property(name: "sambaRID", kind: .integer),
                Property(name: "sambaGroupType", kind: .integer),
                Property(name: "adGroupType", kind: .string),
                Property(name: "mailAddress", kind: .string, syntax: .mailbox),
                Property(name: "users", kind: .strings, source: .derived),
                Property(name: "nestedGroup", kind: .strings, source: .derived),
                Property(name: "memberOf", kind: .strings, source: .derived),
                Property(name: "hosts", kind: .strings),
                Property(name: "allowedEmailUsers", kind: .strings),
                Property(name: "allowedEmailGroups", kind: .strings),
                Property(name: "sambaPrivileges", kind: .strings),
                Property(name: "serviceprovidergroup", kind: .strings),
                Property(name: "guardianMemberRoles", kind: .strings),
                Property(name: "objectFlag", kind: .strings),
            ] + more)
    }

    static let mailDomain = Module(
        name: "mail/domain", title: "Mail domain", namingAttribute: "cn", namingProperty: "name",
        defaultContainer: "cn=domain,cn=mail", objectClasses: ["top", "univentionmaildomainname", "univentionobject"],
        attributes: ["cn": "name"],
        properties: [
            Property(name: "name", kind: .string, syntax: .name, isRequired: true, isImmutable: true),
            Property(name: "univentionObjectIdentifier", kind: .string, syntax: .identifier, isImmutable: true),
            Property(name: "objectFlag", kind: .strings),
        ])

    /// - Parameter attribute: `cn`, `ou` or `dc`.
    static func container(_ attribute: String, title: String, objectClass: String) -> Module {
        Module(
            name: "container/\(attribute)", title: title, namingAttribute: attribute, namingProperty: "name",
            defaultContainer: "", objectClasses: ["top", objectClass.lowercased(), "univentionobject"],
            attributes: [attribute: "name"],
            properties: [
                Property(name: "name", kind: .string, syntax: .name, isRequired: true),
                Property(name: "description", kind: .string),
                Property(name: "univentionObjectIdentifier", kind: .string, syntax: .identifier, isImmutable: true),
                Property(name: "objectFlag", kind: .strings),
            ])
    }

    private static let userStrings: [Property] =
        [
            Property(name: "username", kind: .string, syntax: .userName, isRequired: true),
            Property(name: "lastname", kind: .string, isRequired: true),
            Property(
                name: "password", kind: .string, syntax: .password, source: .hidden, isRequired: true),
            Property(name: "univentionObjectIdentifier", kind: .string, syntax: .identifier, isImmutable: true),
            Property(name: "primaryGroup", kind: .string, source: .derived),
            Property(name: "organisation", kind: .string, maximumLength: 64),
            Property(name: "country", kind: .string, syntax: .country),
            Property(name: "birthday", kind: .string, syntax: .date),
            Property(name: "mailPrimaryAddress", kind: .string, syntax: .mailbox),
            Property(name: "jpegPhoto", kind: .string, syntax: .base64),
            Property(name: "userCertificate", kind: .string, syntax: .base64),
        ]
        + [
            "firstname", "displayName", "title", "initials", "gecos", "description", "employeeNumber",
            "employeeType", "street", "city", "postcode", "state", "preferredLanguage", "mailHomeServer", "unixhome",
            "shell", "homeShare", "homeSharePath", "homedrive", "profilepath", "scriptpath", "sambahome",
            "sambaLogonHours", "physicalDeliveryOfficeName", "userexpiry", "passwordexpiry", "accountActivationDate",
            "lockedTime", "unlockTime", "univentionSourceIAM", "certificateSubjectCommonName",
            "certificateSubjectMail", "certificateSubjectOrganisation", "certificateSubjectOrganisationalUnit",
            "certificateSubjectLocation", "certificateSubjectState", "certificateSubjectCountry",
            "certificateIssuerCommonName", "certificateIssuerMail", "certificateIssuerOrganisation",
            "certificateIssuerOrganisationalUnit", "certificateIssuerLocation", "certificateIssuerState",
            "certificateIssuerCountry", "certificateDateNotBefore", "certificateDateNotAfter", "certificateVersion",
            "certificateSerial", "PasswordRecoveryEmail", "PasswordRecoveryMobile", "DeregistrationTimestamp",
        ].map { Property(name: $0, kind: .string) }

    private static let userLists: [Property] =
        [
            Property(name: "groups", kind: .strings, source: .derived),
            Property(name: "e-mail", kind: .strings, syntax: .eMail),
            Property(name: "mailAlternativeAddress", kind: .strings, syntax: .mailbox),
            Property(
                name: "homePostalAddress", kind: .complexes(keys: ["street", "zipcode", "city"]), syntax: .postalAddress
            ),
            Property(name: "umcProperty", kind: .dictionary),
        ]
        + ["phone", "mobileTelephoneNumber", "homeTelephoneNumber", "pagerTelephoneNumber"].map {
            Property(name: $0, kind: .strings, syntax: .phone)
        }
        + [
            "mailForwardAddress", "departmentNumber", "roomNumber", "postOfficeBox", "secretary", "guardianRoles",
            "guardianInheritedRoles", "serviceprovider", "sambaUserWorkstations", "sambaPrivileges", "objectFlag",
        ].map { Property(name: $0, kind: .strings) }

    private static let userSwitches: [Property] =
        [
            Property(name: "disabled", kind: .boolean, isFalseWhenUnset: true),
            Property(name: "locked", kind: .boolean, isFalseWhenUnset: true),
            Property(name: "pwdChangeNextLogin", kind: .boolean),
            Property(name: "mailForwardCopyToSelf", kind: .boolean, isFalseWhenUnset: true),
            Property(name: "overridePWHistory", kind: .boolean, source: .hidden),
            Property(name: "overridePWLength", kind: .boolean, source: .hidden),
            Property(name: "unlock", kind: .boolean, source: .hidden),
            Property(name: "PasswordRecoveryEmailVerified", kind: .boolean),
            Property(name: "RegisteredThroughSelfService", kind: .boolean),
            Property(name: "DeregisteredThroughSelfService", kind: .boolean),
            Property(name: "uidNumber", kind: .integer, isImmutable: true),
            Property(name: "gidNumber", kind: .integer, source: .derived, isImmutable: true),
            Property(name: "sambaRID", kind: .integer),
            Property(name: "mailUserQuota", kind: .integer),
        ]
}
