// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import Testing
import UDMDouble

@Suite("Section 4: search")
struct SearchClauses {
    /// al and bo in cn=users, cy in ou=north.
    private func withPeople(_ body: (Client) async throws -> Void) async throws {
        try await withDouble { _, client async throws in
            try await client.createUser("al", ["title": "Dr. (med.)", "mailPrimaryAddress": "al@example.org"])
            try await client.createUser("bo", ["phone": ["+49 30 1", "+49 30 2"], "disabled": true])
            #expect(try await client.post("container/ou", ["name": "north"]).status == 201)
            let cy = try await client.post("users/user", userProperties("cy"), position: "ou=north,dc=example,dc=org")
            #expect(cy.status == 201)
            try await body(client)
        }
    }

    private func find(_ client: Client, _ query: String) async throws -> [String] {
        let reply = try await client.get("users/user/?\(query)")
        #expect(reply.status == 200, "\(reply.text)")
        #expect(reply.json["results"]?.integerValue == Int64(reply.objects.count))
        #expect((reply.json["_embedded"] == nil) == reply.objects.isEmpty)
        return reply.objects.compactMap { $0["id"]?.stringValue }
    }

    @Test("no query string, no search")
    func noQuery() async throws {
        try await withPeople { client async throws in
            let reply = try await client.get("users/user/")
            #expect(reply.status == 200)
            #expect(reply.json["results"] == nil && reply.json["_embedded"] == nil)
            #expect(reply.json["_links"] != nil)
        }
    }

    @Test(
        "filters find by UDM and LDAP names",
        arguments: [
            ("username=al", ["al"]), ("(uid=AL)", ["al"]), ("(&(uid=*)(lastname=roe))", ["al", "bo", "cy"]),
            ("(|(uid=al)(uid=bo))", ["al", "bo"]), ("(!(uid=al))", ["bo", "cy"]), ("(phone=*)", ["bo"]),
            ("(phone=%2B49 30 2)", ["bo"]), ("(username=a*)", ["al"]), ("(username=*o)", ["bo"]),
            ("(displayName=J*o*)", ["al", "bo", "cy"]), ("(title=Dr. \\28med.\\29)", ["al"]), ("(disabled=1)", ["bo"]),
            ("(&(objectClass=person)(disabled=0))", ["al", "cy"]), ("(givenName=jo)", ["al", "bo", "cy"]),
            ("(mailPrimaryAddress=AL@example.org)", ["al"]), ("(uidNumber>=1)", ["al", "bo", "cy"]),
            ("(username<=al)", ["al"]), ("(&(!(uid=al))(!(uid=bo)))", ["cy"]), ("(password=*)", []),
            ("(memberOf=cn=domain users,cn=groups,dc=example,dc=org)", ["al", "bo", "cy"]),
        ] as [(String, [String])])
    func filters(filter: String, found: [String]) async throws {
        try await withPeople { client async throws in
            let encoded = filter.replacing("\\", with: "%5C").replacing("&", with: "%26")
            #expect(try await find(client, "filter=\(encoded)") == found)
        }
    }

    @Test(
        "item 18: unknown properties in a filter find nothing, not even negated",
        arguments: ["(xyz=1)", "(!(xyz=1))", "(xyz=*)"])
    func unknownAttribute(filter: String) async throws {
        try await withPeople { client async throws in
            #expect(try await find(client, "filter=\(filter)").isEmpty)
            #expect(try await find(client, "filter=(|(uid=al)\(filter))") == ["al"])
        }
    }

    @Test(
        "a broken filter: 422 at query, filter",
        arguments: ["(uid=al", "(&)", "((uid=al))", "(=al)", "(uid=a(b)", "(uid=\\zz)", "uid", "(uid=al))"])
    func broken(filter: String) async throws {
        try await withDouble { _, client async throws in
            let reply = try await client.get(
                "users/user/?filter=\(filter.replacing("\\", with: "%5C").replacing("&", with: "%26"))")
            #expect(reply.status == 422)
            #expect(reply.errors.map(\.location) == [["query", "filter"]])
            #expect(reply.json["error"]?["error"]?["query"]?["filter"] != nil)
        }
    }

    @Test("by identifier, and a miss is 200 with no results")
    func byIdentifier() async throws {
        try await withPeople { client async throws in
            let identifier = try #require(
                try await client.get(user("bo")).properties["univentionObjectIdentifier"]?.stringValue)
            #expect(try await find(client, "filter=univentionObjectIdentifier%3D\(identifier)&hidden=0") == ["bo"])
            #expect(
                try await find(client, "filter=univentionObjectIdentifier%3D9bb6ad72-0f5c-4f0e-8a3b-0d5f0b7c8e11")
                    .isEmpty)
            #expect(
                try await client.get("groups/group/?filter=univentionObjectIdentifier%3D\(identifier)").json["results"]
                    == 0)
        }
    }

    @Test(
        "query[...] takes wildcards, several are ANDed, and filter wins",
        arguments: [
            ("query[username]=al", ["al"]), ("query[username]=*", ["al", "bo", "cy"]),
            ("query[username]=*o&query[lastname]=R*", ["bo"]), ("query%5Busername%5D=b*", ["bo"]),
            ("query[username]=al&filter=uid=bo", ["bo"]),
        ])
    func queryParameters(query: String, found: [String]) async throws {
        try await withPeople { client async throws in #expect(try await find(client, query) == found) }
    }

    @Test(
        "position and scope",
        arguments: [
            ("position=cn=users,dc=example,dc=org", ["al", "bo"]), ("position=ou=north,dc=example,dc=org", ["cy"]),
            ("position=dc=example,dc=org&scope=one", []), ("position=ou=north,dc=example,dc=org&scope=one", ["cy"]),
            ("position=uid=cy,ou=north,dc=example,dc=org&scope=base", ["cy"]),
            ("position=ou=north,dc=example,dc=org&scope=base%2Bone", ["cy"]),
        ])
    func scope(query: String, found: [String]) async throws {
        try await withPeople { client async throws in #expect(try await find(client, query) == found) }
    }

    @Test(
        "a position outside the base, or of nothing: 422 at query, position",
        arguments: ["dc=other,dc=org", "cn=nowhere,dc=example,dc=org", "nonsense"])
    func position(value: String) async throws {
        try await withDouble { _, client async throws in
            let reply = try await client.get("users/user/?position=\(value)")
            #expect(reply.status == 422)
            #expect(reply.errors.map(\.location) == [["query", "position"]])
        }
    }

    @Test("properties restricts, opened=0 and properties=dn close the objects, and hits have no entity tag")
    func projections() async throws {
        try await withPeople { client async throws in
            let some = try await client.get("users/user/?filter=uid=al&properties=username&properties=title")
            #expect(some.objects.first?["properties"] == ["username": "al", "title": "Dr. (med.)"])
            #expect(some.etag == nil)
            for query in ["opened=0", "properties=dn"] {
                let closed = try await client.get("users/user/?filter=uid=al&\(query)")
                let object = try #require(closed.objects.first)
                #expect(object["options"] == nil && object["policies"] == nil)
                #expect(object["properties"] == ["username": "al"])
                #expect(object["uuid"]?.stringValue != nil && object["uri"]?.stringValue != nil)
            }
        }
    }

    @Test("hidden objects are found unless hidden=0 is sent")
    func hidden() async throws {
        try await withPeople { client async throws in
            try await client.createUser("ghost", ["objectFlag": ["hidden"]])
            #expect(try await find(client, "query[username]=*") == ["al", "bo", "cy", "ghost"])
            #expect(try await find(client, "query[username]=*&hidden=0") == ["al", "bo", "cy"])
            #expect(try await find(client, "filter=uid=ghost&hidden=1") == ["ghost"])
        }
    }
}
