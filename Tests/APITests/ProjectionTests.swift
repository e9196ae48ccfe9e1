// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import SCIM
import Testing

@testable import API

@Suite struct ProjectionTests {
    private static let enterprise = SchemaURN.enterpriseUser

    private static let user: JSONObject = [
        "schemas": [.string(SchemaURN.user), .string(enterprise)],
        "id": "2819c223-7f76-453a-919d-413861904646",
        "externalId": "x1",
        "userName": "jo",
        "name": ["familyName": "Doe", "givenName": "Jo", "formatted": "Jo Doe"],
        "emails": [["value": "a@example.org", "type": "work"], ["value": "b@example.org"]],
        "groups": [["value": "g", "display": "G"]],
        "meta": ["resourceType": "User", "version": "W/\"1\""],
        enterprise: ["department": "Sales", "manager": ["value": "m", "displayName": "M"]],
    ]

    private func projected(_ query: String) throws -> JSONObject {
        let projection = try Projection(query, .user)
        return projection.filters(besides: "") ? projection.apply(to: Self.user) : Self.user
    }

    @Test(
        "attributes leaves what it names and what is always returned",
        arguments: [
            ("attributes=userName", ["schemas", "id", "userName"]),
            ("attributes=USERNAME,%20Emails", ["schemas", "id", "userName", "emails"]),
            ("attributes=urn:ietf:params:scim:schemas:core:2.0:User:userName", ["schemas", "id", "userName"]),
            (
                "attributes=URN:ietf:params:scim:schemas:core:2.0:user",
                ["schemas", "id", "userName", "name", "emails", "groups"]
            ),
            ("attributes=urn:ietf:params:scim:schemas:extension:enterprise:2.0:User", ["schemas", "id", enterprise]),
            ("attributes=externalId,meta.version", ["schemas", "id", "externalId", "meta"]),
            ("attributes=userName&attributes=externalId", ["schemas", "id", "externalId", "userName"]),
            ("attributes=nothing", ["schemas", "id"]),
            ("attributes=name.nothing,emails.value.x,urn:x", ["schemas", "id"]),
            ("attributes=urn:ietf:params:scim:schemas:core:2.0:Userx", ["schemas", "id"]),
            ("attributes=name,userName&excludedAttributes=name", ["schemas", "id", "userName"]),
        ])
    func attributes(query: String, names: [String]) throws {
        #expect(try Set(projected(query).keys) == Set(names))
    }

    @Test(
        "excludedAttributes leaves everything else, and what is always returned",
        arguments: [
            ("excludedAttributes=emails,groups", ["emails", "groups"]),
            ("excludedAttributes=ID,schemas,meta", ["meta"]),
            ("excludedAttributes=urn:ietf:params:scim:schemas:extension:enterprise:2.0:user", [enterprise]),
            ("excludedAttributes=unknown", []),
            ("excludedAttributes=", []),
        ])
    func excluded(query: String, gone: [String]) throws {
        #expect(try Set(projected(query).keys) == Set(Self.user.keys).subtracting(gone))
    }

    @Test func subAttributesAreProjected() throws {
        let user = try projected("attributes=name.familyName,emails.value,\(Self.enterprise):manager.displayName")
        #expect(user["name"] == ["familyName": "Doe"])
        #expect(user["emails"] == [["value": "a@example.org"], ["value": "b@example.org"]])
        #expect(user[Self.enterprise] == ["manager": ["displayName": "M"]])
    }

    @Test func subAttributesAreExcluded() throws {
        let user = try projected("excludedAttributes=name.formatted,emails.type,groups.value,groups.display")
        #expect(user["name"] == ["familyName": "Doe", "givenName": "Jo"])
        #expect(user["emails"] == [["value": "a@example.org"], ["value": "b@example.org"]])
        #expect(user["groups"] == nil)
    }

    @Test func wholeAttributeWinsOverItsParts() throws {
        #expect(try projected("attributes=name.familyName,name")["name"] == Self.user["name"])
        #expect(try projected("attributes=name,name.familyName")["name"] == Self.user["name"])
    }

    @Test(
        "Only the Sync extension's own name asks for it",
        arguments: [
            ("", false), ("attributes=userName", false), ("excludedAttributes=emails", false),
            ("attributes=\(SchemaURN.sync)", true), ("attributes=\(SchemaURN.sync):status", true),
            ("attributes=\(SchemaURN.sync.uppercased()):STATUS,userName", true),
            ("attributes=\(SchemaURN.sync):nothing", false),
            ("excludedAttributes=\(SchemaURN.sync)", false),
        ])
    func sync(query: String, wanted: Bool) throws {
        #expect(try Projection(query, .user).wantsSync == wanted)
    }

    @Test(
        "Leaving out only the related attribute needs no parsing",
        arguments: [
            ("", true, false), ("excludedAttributes=members", false, false),
            ("excludedAttributes=Members,displayName", false, true),
            ("excludedAttributes=members.display", true, true), ("attributes=displayName", false, true),
            ("attributes=members", true, true), ("attributes=members.value", true, true),
            ("attributes=members&excludedAttributes=members", false, true),
        ])
    func related(query: String, keeps: Bool, filters: Bool) throws {
        let projection = try Projection(query, .group)
        #expect(projection.keeps("members") == keeps)
        #expect(projection.filters(besides: "members") == filters)
    }
}

extension Projection {
    fileprivate init(_ query: String, _ type: ResourceType) throws {
        let query = try QueryParameters(Substring(query))
        self.init(
            query.values(of: "attributes"), excluding: query.values(of: "excludedAttributes"), type: type,
            registry: .standard)
    }
}
