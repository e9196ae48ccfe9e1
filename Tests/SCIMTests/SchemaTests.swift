// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import SCIM
import Testing

@Suite("Schemas")
struct SchemaTests {
    private let registry = SchemaRegistry.standard

    /// RFC 7643 sections 4 and 8.7.1, one attribute a line: path, type, then what is not the default (single-valued,
    /// optional, not caseExact, readWrite, returned by default, not unique).
    static let userAttributes = """
        userName string required server
        name complex required
        name.formatted string
        name.familyName string required
        name.givenName string
        name.middleName string
        name.honorificPrefix string
        name.honorificSuffix string
        displayName string
        nickName string
        profileUrl reference caseExact
        title string
        userType string
        preferredLanguage string
        locale string
        timezone string
        active boolean
        password string caseExact writeOnly never
        emails complex multiValued
        emails.value string
        emails.display string
        emails.type string
        emails.primary boolean
        phoneNumbers complex multiValued
        phoneNumbers.value string
        phoneNumbers.display string
        phoneNumbers.type string
        phoneNumbers.primary boolean
        ims complex multiValued
        ims.value string
        ims.display string
        ims.type string
        ims.primary boolean
        photos complex multiValued
        photos.value reference caseExact
        photos.display string
        photos.type string
        photos.primary boolean
        addresses complex multiValued
        addresses.formatted string
        addresses.streetAddress string
        addresses.locality string
        addresses.region string
        addresses.postalCode string
        addresses.country string
        addresses.type string
        addresses.primary boolean
        groups complex multiValued readOnly
        groups.value string caseExact readOnly
        groups.$ref reference caseExact readOnly
        groups.display string readOnly
        groups.type string readOnly
        entitlements complex multiValued
        entitlements.value string
        entitlements.display string
        entitlements.type string
        entitlements.primary boolean
        roles complex multiValued
        roles.value string
        roles.display string
        roles.type string
        roles.primary boolean
        x509Certificates complex multiValued
        x509Certificates.value binary caseExact
        x509Certificates.display string
        x509Certificates.type string
        x509Certificates.primary boolean
        """

    static let groupAttributes = """
        displayName string required server
        members complex multiValued
        members.value string required caseExact immutable
        members.$ref reference caseExact immutable
        members.type string immutable
        members.display string readOnly
        """

    static let enterpriseAttributes = """
        employeeNumber string
        costCenter string
        organization string
        division string
        department string
        manager complex
        manager.value string caseExact
        manager.$ref reference caseExact
        manager.displayName string readOnly
        """

    static let univentionUserAttributes = """
        description string
        passwordRecoveryEmail string
        """

    static let univentionGroupAttributes = """
        description string
        memberRoles complex multiValued
        memberRoles.value string required
        memberRoles.type string
        """

    static let syncAttributes = """
        status string caseExact readOnly request
        pendingRevisions integer readOnly request
        syncedRevision integer readOnly request
        parked complex multiValued readOnly request
        parked.attribute string caseExact readOnly request
        parked.reason string readOnly request
        parked.since dateTime readOnly request
        lastAttempt dateTime readOnly request
        nextAttempt dateTime readOnly request
        error complex readOnly request
        error.status string readOnly request
        error.scimType string caseExact readOnly request
        error.detail string readOnly request
        """

    @Test(
        "every attribute has its characteristics",
        arguments: [
            (SchemaURN.user, userAttributes), (SchemaURN.group, groupAttributes),
            (SchemaURN.enterpriseUser, enterpriseAttributes),
            (SchemaURN.univentionUser, univentionUserAttributes),
            (SchemaURN.univentionGroup, univentionGroupAttributes),
            (SchemaURN.sync, syncAttributes),
        ])
    func characteristics(urn: String, table: String) throws {
        let schema = try #require(registry.schema(urn))
        let lines = schema.attributes.flatMap { attribute in
            [line(attribute, name: attribute.name)]
                + attribute.subAttributes.map { line($0, name: "\(attribute.name).\($0.name)") }
        }
        #expect(lines == table.split(separator: "\n").map { String($0) })
    }

    private func line(_ attribute: SchemaAttribute, name: String) -> String {
        var words = [name, attribute.type.rawValue]
        if attribute.multiValued { words.append("multiValued") }
        if attribute.required { words.append("required") }
        if attribute.caseExact { words.append("caseExact") }
        if attribute.mutability != .readWrite { words.append(attribute.mutability.rawValue) }
        if attribute.returned != .default { words.append(attribute.returned.rawValue) }
        if attribute.uniqueness != .none { words.append(attribute.uniqueness.rawValue) }
        return words.joined(separator: " ")
    }

    @Test("an attribute is rendered as in RFC 7643 section 8.7.1")
    func attributeJSON() throws {
        let emails = try #require(registry.schema(SchemaURN.user)?.attribute("emails"))
        #expect(
            try #require(emails.subAttribute("type")).json == [
                "name": "type", "type": "string", "multiValued": false, "description": "Function of the value",
                "required": false, "canonicalValues": ["work", "home", "other", "mailbox", "alias"], "caseExact": false,
                "mutability": "readWrite", "returned": "default", "uniqueness": "none",
            ])
        #expect(emails.json["subAttributes"]?.arrayValue?.count == 4)
        #expect(emails.json["type"] == "complex")
        #expect(emails.json["caseExact"] == nil)
        let reference = try #require(registry.schema(SchemaURN.group)?.attribute("members")?.subAttribute("$ref"))
        #expect(reference.json["referenceTypes"] == ["User", "Group"])
        #expect(reference.json["type"] == "reference")
        #expect(reference.json["subAttributes"] == nil)
    }

    @Test("every rendered attribute has the characteristics of RFC 7643 section 7")
    func renderedSchemas() throws {
        let schemas = registry.schemasJSON(baseURL: "https://example.com/v2")
        #expect(
            schemas.map { $0["id"]?.stringValue } == [
                SchemaURN.user, SchemaURN.group, SchemaURN.enterpriseUser, SchemaURN.univentionUser, SchemaURN.sync,
                SchemaURN.univentionGroup,
            ])
        for schema in schemas {
            let id = try #require(schema["id"]?.stringValue)
            #expect(schema["schemas"] == ["urn:ietf:params:scim:schemas:core:2.0:Schema"])
            #expect(schema["meta"] == ["resourceType": "Schema", "location": "https://example.com/v2/Schemas/\(id)"])
            #expect(schema["name"]?.stringValue?.isEmpty == false)
            for attribute in try #require(schema["attributes"]?.arrayValue) {
                for attribute in [attribute] + (attribute["subAttributes"]?.arrayValue ?? []) {
                    for key in ["name", "type", "description", "mutability", "returned", "uniqueness"] {
                        #expect(attribute[key]?.stringValue?.isEmpty == false, "\(id) \(attribute) \(key)")
                    }
                    #expect(attribute["multiValued"]?.boolValue != nil)
                    #expect(attribute["required"]?.boolValue != nil)
                }
            }
        }
    }

    @Test("resource types are those of RFC 7643 section 8.6, apart from our extensions")
    func resourceTypes() throws {
        var expected = try #require(
            Fixture.json("rfc7643-8.6-resource-types.json").arrayValue?.map { $0.objectValue ?? [:] })
        expected[0]["schemaExtensions"] = [
            ["schema": .string(SchemaURN.enterpriseUser), "required": false],
            ["schema": .string(SchemaURN.univentionUser), "required": false],
            ["schema": .string(SchemaURN.sync), "required": false],
        ]
        expected[1]["schemaExtensions"] = [
            ["schema": .string(SchemaURN.univentionGroup), "required": false],
            ["schema": .string(SchemaURN.sync), "required": false],
        ]
        #expect(registry.resourceTypesJSON(baseURL: "https://example.com/v2") == expected.map { .object($0) })
        #expect(registry.resourceTypeJSON(.group, baseURL: "https://example.com/v2") == .object(expected[1]))
    }

    @Test("names and URNs are found in any case, and nothing else is found", arguments: ResourceType.allCases)
    func lookup(type: ResourceType) {
        let schemas = [registry.coreSchema(for: type)] + registry.extensions(for: type).map(\.schema)
        for schema in schemas {
            #expect(registry.schema(schema.id.uppercased())?.id == schema.id)
            for attribute in schema.attributes {
                #expect(schema.attribute(attribute.name) === attribute)
                #expect(schema.attribute(attribute.name.uppercased()) === attribute)
                #expect(schema.attribute(attribute.name + "x") == nil)
                #expect(schema.attribute(String(attribute.name.dropLast())) == nil)
                for subAttribute in attribute.subAttributes {
                    #expect(attribute.subAttribute(subAttribute.name.uppercased()) === subAttribute)
                }
                #expect(attribute.subAttribute("noSuch") == nil)
            }
        }
        #expect(registry.schema("urn:unknown") == nil)
        #expect(registry.coreSchema(for: type).attribute("") == nil)
    }

    @Test("common attributes belong to every type and to no schema")
    func common() {
        #expect(registry.attribute("ID", of: .user)?.mutability == .readOnly)
        #expect(registry.attribute("externalid", of: .group)?.caseExact == true)
        #expect(registry.attribute("meta", of: .group)?.subAttribute("lastmodified")?.type == .dateTime)
        #expect(registry.attribute("username", of: .user)?.name == "userName")
        #expect(registry.attribute("userName", of: .group) == nil)
        #expect(registry.schemas.allSatisfy { $0.attribute("id") == nil && $0.attribute("externalId") == nil })
    }
}
