// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import Testing
import UDMDouble

@Suite("Section 8.4: passwords")
struct PasswordClauses {
    @Test(
        "item 13 and section 8.4: length, history, hashes, and the switches that skip them",
        arguments: [
            (["password": "N3w-secret"], 204, ""), (["password": "S3cret-x9"], 422, "used before"),
            (["password": "S3cret-x9", "overridePWHistory": true], 204, ""), (["password": "short"], 422, "too short"),
            (["password": "short", "overridePWLength": true], 204, ""),
            (["password": "short", "overridePWHistory": true], 422, "too short"),
            (["password": "{crypt}abcdefgh"], 422, "Invalid password"), (["password": .null], 204, ""),
            (["password": 12345678], 422, "must be of type string"), (["overridePWHistory": true], 204, ""),
        ] as [(JSONObject, Int, String)])
    func rules(properties: JSONObject, status: Int, token: String) async throws {
        try await withUsers("jo") { _, client async throws in
            let reply = try await client.patch(user("jo"), properties)
            #expect(reply.status == status)
            if status == 422 {
                #expect(reply.errors.map(\.location) == [["body", "properties", "password"]])
                #expect(reply.errors.first?.message.contains(token) == true)
            }
            let read = try await client.get(user("jo")).properties
            #expect(
                read["password"] == .null && read["overridePWHistory"] == .null && read["overridePWLength"] == .null)
        }
    }

    @Test("the history is as long as configured")
    func history() async throws {
        try await withUsers("jo", configuration: .init(settings: Settings(passwordHistoryLength: 2))) {
            _, client async throws in
            #expect(try await client.patch(user("jo"), ["password": "second-one"]).status == 204)
            #expect(try await client.patch(user("jo"), ["password": "S3cret-x9"]).status == 422)
            #expect(try await client.patch(user("jo"), ["password": "third-one"]).status == 204)
            #expect(try await client.patch(user("jo"), ["password": "S3cret-x9"]).status == 204)
        }
    }

    @Test("a user needs a password at creation, of sufficient length")
    func creation() async throws {
        try await withDouble { _, client async throws in
            let missing = try await client.post("users/user", ["username": "jo", "lastname": "Roe"])
            #expect(missing.errors.map(\.location.last) == ["password"])
            #expect(try await client.post("users/user", userProperties("jo", ["password": .null])).status == 422)
            #expect(try await client.post("users/user", userProperties("jo", ["password": "short"])).status == 422)
            try await client.createUser("jo", ["password": "short", "overridePWLength": true])
        }
    }

    @Test("a new password changes the entity tag, no password reaches the records")
    func secrecy() async throws {
        try await withUsers("jo") { double, client async throws in
            let before = try await client.get(user("jo")).etag
            #expect(try await client.patch(user("jo"), ["password": "N3w-secret"]).etag != before)
            _ = try await client.send(
                .patch, user("jo"), [["op": "replace", "path": "/properties/password", "value": "Patched-1"]],
                headers: ["Content-Type": "application/json-patch+json"])
            _ = try await client.send(
                .post, url: client.baseURL + "users/user/", Array(#"{"properties":{"passw\u006frd":"Escaped-1"}}"#.utf8)
            )
            _ = try await client.send(.post, url: client.baseURL + "users/user/", Array("password=Form-data-1".utf8))
            let bodies = double.requests().compactMap(\.body)
            #expect(bodies.count == 5)
            for secret in ["S3cret-x9", "N3w-secret", "Patched-1", "Escaped-1", "Form-data-1"] {
                #expect(!bodies.contains { $0.contains(secret) }, "\(secret)")
            }
            #expect(bodies[1].contains(#""password":"***""#))
        }
    }
}

@Suite("Section 7: deletion")
struct DeleteClauses {
    @Test("204, then 404; the name, addresses and identifier are free again")
    func delete() async throws {
        let properties: JSONObject = [
            "mailPrimaryAddress": "jo@example.org",
            "univentionObjectIdentifier": "9bb6ad72-0f5c-4f0e-8a3b-0d5f0b7c8e11",
        ]
        try await withDouble { double, client async throws in
            try await client.createUser("jo", properties)
            let reply = try await client.delete("\(user("jo"))?cleanup=1&recursive=1")
            #expect(reply.status == 204 && reply.bytes.isEmpty)
            #expect(try await client.delete(user("jo")).status == 404)
            try await client.createUser("jo", properties)
            #expect(double.check().recreatedIdentifiers == ["9bb6ad72-0f5c-4f0e-8a3b-0d5f0b7c8e11": 2])
        }
    }

    @Test("a deleted user goes from its groups, whose entity tags change")
    func references() async throws {
        try await withUsers("jo", "al") { _, client async throws in
            let group = try await client.createGroup("g", ["users": [.string(userDN("jo")), .string(userDN("al"))]])
            #expect(try await client.delete(user("jo")).status == 204)
            let reply = try await client.send(.get, url: try #require(group.location), nil)
            #expect(reply.properties["users"] == [.string(userDN("al"))])
            #expect(reply.etag != group.etag)
            #expect(try await client.get("groups/group/\(domainUsers)").properties["users"] == [.string(userDN("al"))])
        }
    }

    @Test("the primary group of somebody: 400 This is a primary group.")
    func primaryGroup() async throws {
        try await withUsers("jo") { _, client async throws in
            try await client.createGroup("main")
            #expect(try await client.patch(user("jo"), ["primaryGroup": .string(groupDN("main"))]).status == 204)
            let reply = try await client.delete(group("main"))
            #expect(reply.status == 400)
            #expect(reply.json["error"]?["message"] == "This is a primary group.")
            #expect(reply.json["_embedded"] == nil)
            #expect(try await client.delete(user("jo")).status == 204)
            #expect(try await client.delete(group("main")).status == 204)
        }
    }

    @Test("item 19: deleting a container deletes what is in it")
    func container() async throws {
        try await withDouble { double, client async throws in
            #expect(try await client.post("container/ou", ["name": "north"]).status == 201)
            #expect(
                try await client.post("container/cn", ["name": "deep"], position: "ou=north,dc=example,dc=org").status
                    == 201)
            let jo = try await client.post(
                "users/user", userProperties("jo"), position: "cn=deep,ou=north,dc=example,dc=org")
            #expect(jo.status == 201)
            #expect(try await client.delete("container/ou/ou=north,dc=example,dc=org").status == 204)
            #expect(double.objects(.init(module: "users/user")).isEmpty)
            #expect(try await client.get("groups/group/\(domainUsers)").properties["users"] == [])
            #expect(try await client.delete("container/dc/dc=example,dc=org").status == 400)
        }
    }
}
