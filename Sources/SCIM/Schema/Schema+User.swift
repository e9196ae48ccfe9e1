// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

extension Schema {
    /// RFC 7643 section 4.1. `name` and `name.familyName` are required, because UDM has no user without `lastname`.
    package static let user = Schema(
        id: SchemaURN.user, name: "User", description: "User Account",
        attributes: [
            SchemaAttribute(
                "userName", "Name the user signs in with, unique among users and groups regardless of case",
                required: true, uniqueness: .server),
            SchemaAttribute(
                "name", "The components of the user's name", type: .complex, required: true,
                subAttributes: [
                    // readWrite as in the RFC: Entra ID writes it by default, and must not get an error for it.
                    SchemaAttribute(
                        "formatted", "The full name; formed from givenName and familyName when not given"),
                    SchemaAttribute("familyName", "The family name", required: true),
                    SchemaAttribute("givenName", "The given name"),
                    SchemaAttribute("middleName", "The middle names"),
                    SchemaAttribute("honorificPrefix", "Titles before the name, such as Dr."),
                    SchemaAttribute("honorificSuffix", "What follows the name, such as III"),
                ]),
            SchemaAttribute("displayName", "Name to show; formed from givenName and familyName when not given"),
            SchemaAttribute("nickName", "How the user is called casually"),
            SchemaAttribute(
                "profileUrl", "Address of a page about the user", type: .reference, caseExact: true,
                referenceTypes: ["external"]),
            SchemaAttribute("title", "Title in the organization, such as Vice President"),
            SchemaAttribute("userType", "Relation to the organization, such as Employee or Contractor"),
            SchemaAttribute("preferredLanguage", "Preferred languages in the form of the header Accept-Language"),
            SchemaAttribute("locale", "Default location for localization, such as de-DE"),
            SchemaAttribute("timezone", "Time zone in the form of the IANA database, such as Europe/Berlin"),
            SchemaAttribute("active", "Whether the user may sign in; true when not given", type: .boolean),
            SchemaAttribute(
                "password", "Password in clear text, never returned", caseExact: true, mutability: .writeOnly,
                returned: .never),
            multiValued(
                "emails", "E-mail addresses; a mailbox or alias is an address of the directory's own mail domains",
                value: SchemaAttribute("value", "E-mail address"),
                types: ["work", "home", "other", "mailbox", "alias"]),
            multiValued(
                "phoneNumbers", "Telephone numbers", value: SchemaAttribute("value", "Telephone number"),
                types: ["work", "home", "mobile", "fax", "pager", "other"]),
            multiValued(
                "ims", "Addresses for instant messaging", value: SchemaAttribute("value", "Address"),
                types: ["aim", "gtalk", "icq", "xmpp", "msn", "skype", "qq", "yahoo"]),
            multiValued(
                "photos", "Addresses of pictures of the user",
                value: SchemaAttribute(
                    "value", "Address of a picture", type: .reference, caseExact: true, referenceTypes: ["external"]),
                types: ["photo", "thumbnail"]),
            addresses,
            groups,
            multiValued("entitlements", "Entitlements of the user", value: SchemaAttribute("value", "Entitlement")),
            multiValued("roles", "Roles of the user", value: SchemaAttribute("value", "Role")),
            multiValued(
                "x509Certificates", "Certificates of the user; the directory takes one: the primary, or the first",
                value: SchemaAttribute("value", "Certificate in DER, base64", type: .binary, caseExact: true)),
        ])

    private static let addresses = SchemaAttribute(
        "addresses", "Postal addresses", type: .complex, multiValued: true,
        subAttributes: [
            SchemaAttribute("formatted", "The whole address for display or a label"),
            SchemaAttribute("streetAddress", "Street, house number, box"),
            SchemaAttribute("locality", "City"),
            SchemaAttribute("region", "State or region"),
            SchemaAttribute("postalCode", "Postal code"),
            SchemaAttribute("country", "Country as ISO 3166-1 alpha-2 code"),
            SchemaAttribute("type", "Function of the address", canonicalValues: ["work", "home", "other"]),
            primary,
        ])

    private static let groups = SchemaAttribute(
        "groups", "Groups the user is a member of; changed through the groups", type: .complex, multiValued: true,
        mutability: .readOnly,
        subAttributes: [
            SchemaAttribute("value", "Identifier of the group", caseExact: true, mutability: .readOnly),
            SchemaAttribute(
                "$ref", "Address of the group", type: .reference, caseExact: true, mutability: .readOnly,
                referenceTypes: ["Group"]),
            SchemaAttribute("display", "Name of the group", mutability: .readOnly),
            SchemaAttribute(
                "type", "Whether the user is a member itself or through another group",
                canonicalValues: ["direct", "indirect"], mutability: .readOnly),
        ])

    private static let primary = SchemaAttribute(
        "primary", "Whether this is the preferred value; true at most once", type: .boolean)

    /// The sub-attributes of RFC 7643 section 2.4.
    private static func multiValued(
        _ name: String, _ description: String, value: SchemaAttribute, types: [String] = []
    ) -> SchemaAttribute {
        SchemaAttribute(
            name, description, type: .complex, multiValued: true,
            subAttributes: [
                value,
                SchemaAttribute("display", "Name to show for the value"),
                SchemaAttribute("type", "Function of the value", canonicalValues: types),
                primary,
            ])
    }
}
