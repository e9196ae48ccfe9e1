// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import Testing
import UDMDouble

@Suite("Section 1: transport, authentication, headers")
struct TransportClauses {
    @Test(
        "Accept is mandatory and must name JSON",
        arguments: [
            (nil, 406), ("*/*", 406), ("text/html", 406), ("image/png", 406), ("application/json", 200),
            ("application/hal+json", 200), ("application/json, */*", 200), ("*/*;q=0.5, application/json", 200),
        ] as [(String?, Int)])
    func accept(value: String?, status: Int) async throws {
        try await withDouble { _, client async throws in
            #expect(try await client.get("", headers: ["Accept": value]).status == status)
        }
    }

    @Test(
        "missing or wrong credentials: 401 with an empty body",
        arguments: [nil, "Basic bm86Ym9keQ==", "Bearer abc", "Digest x", "Basic"] as [String?])
    func unauthorized(value: String?) async throws {
        try await withDouble { _, client async throws in
            let reply = try await client.get("", headers: ["Authorization": value])
            #expect(reply.status == 401)
            #expect(reply.bytes.isEmpty)
            #expect(reply.headers.first(name: "WWW-Authenticate") != nil)
        }
    }

    @Test("a bearer token that is known is accepted, another is called invalid")
    func bearer() async throws {
        try await withDouble(.init(bearerTokens: ["t0ken"])) { _, client async throws in
            #expect(try await client.get("", headers: ["Authorization": "Bearer t0ken"]).status == 200)
            let refused = try await client.get("", headers: ["Authorization": "Bearer other"])
            #expect(refused.headers.first(name: "WWW-Authenticate")?.contains("invalid_token") == true)
        }
    }

    @Test("an account outside the authorized groups: 403")
    func forbidden() async throws {
        let accounts = [UDMDouble.Configuration.Account(username: "guest", password: "guest", isAuthorized: false)]
        try await withDouble(.init(accounts: accounts)) { _, client async throws in
            let reply = try await client.get("", headers: ["Authorization": "Basic Z3Vlc3Q6Z3Vlc3Q="])
            #expect(reply.status == 403)
            #expect(reply.json["error"]?["message"]?.stringValue?.contains("Not in allowed groups.") == true)
        }
    }

    @Test("a body on GET or DELETE: 400", arguments: [Method.get, .delete])
    func bodyOnSafeMethod(method: Method) async throws {
        try await withUsers("jo") { _, client async throws in
            #expect(try await client.send(method, user("jo"), [:]).status == 400)
            #expect(try await client.get(user("jo")).status == 200)
        }
    }

    @Test("malformed JSON: 400", arguments: ["{", "{\"properties\": {\"username\": }", "nonsense"])
    func malformed(body: String) async throws {
        try await withDouble { _, client async throws in
            let reply = try await client.send(.post, url: client.baseURL + "users/user/", Array(body.utf8))
            #expect(reply.status == 400)
            #expect(reply.json["error"]?["title"] == "")
        }
    }

    @Test(
        "X-Request-Id is stripped to hexadecimal digits and hyphens, cut to 36 and echoed, also on errors",
        arguments: [
            ("0b7d7c7e-6a0b-4f5e-9a36-1a2c7ad6b0ce", "0b7d7c7e-6a0b-4f5e-9a36-1a2c7ad6b0ce"),
            ("request-12/xyz", "ee-12"),
            ("0123456789012345678901234567890123456789", "012345678901234567890123456789012345"),
        ])
    func requestID(sent: String, echoed: String) async throws {
        try await withDouble { double, client async throws in
            let reply = try await client.get("users/user/nowhere", headers: ["X-Request-Id": sent])
            #expect(reply.status == 404)
            #expect(reply.headers.first(name: "X-Request-Id") == echoed)
            #expect(double.requests().last?.requestID == sent)
        }
    }

    @Test("links are absolute and follow Host, X-Forwarded-Host and X-Forwarded-Proto")
    func links() async throws {
        try await withUsers("jo") { _, client async throws in
            let own = try await client.get(user("jo"))
            #expect(
                own.json["uri"]?.stringValue?.hasPrefix("\(client.baseURL)users/user/uid%3Djo%2Ccn%3Dusers") == true)
            let forwarded = try await client.get(
                user("jo"), headers: ["X-Forwarded-Host": "id.example.org", "X-Forwarded-Proto": "https"])
            let name = "uid%3Djo%2Ccn%3Dusers%2Cdc%3Dexample%2Cdc%3Dorg"
            #expect(forwarded.json["uri"] == "https://id.example.org/univention/udm/users/user/\(name)")
        }
    }

    @Test("Vary and Cache-Control")
    func caching() async throws {
        try await withUsers("jo") { _, client async throws in
            let object = try await client.get(user("jo"))
            #expect(object.headers.first(name: "Vary") == "Accept, Accept-Language, Accept-Encoding, Authorization")
            #expect(object.headers.first(name: "Cache-Control") == "private, must-revalidate")
            let search = try await client.get("users/user/?hidden=0")
            #expect(search.headers.first(name: "Cache-Control")?.contains("no-store") == true)
        }
    }

    @Test("Link headers in bulk reach the client")
    func manyLinks() async throws {
        try await withDouble(.init(settings: Settings(linkHeaders: 250))) { _, client async throws in
            let reply = try await client.get("")
            #expect(reply.status == 200)
            #expect(reply.headers["Link"].count == 250)
        }
    }

    @Test("another root path moves the whole interface")
    func rootPath() async throws {
        try await withDouble(.init(rootPath: "/udm/")) { _, client async throws in
            #expect(client.baseURL.hasSuffix("/udm/"))
            #expect(try await client.get("").status == 200)
            let elsewhere = client.baseURL.replacing("/udm/", with: "/univention/udm/")
            #expect(try await client.send(.get, url: elsewhere, nil).status == 404)
        }
    }

    @Test("hal+json always has _links and _embedded, and says so")
    func hal() async throws {
        try await withUsers("jo") { _, client async throws in
            for path in ["", user("jo"), "users/user/?filter=uid=nobody"] {
                let reply = try await client.get(path, headers: ["Accept": "application/hal+json"])
                #expect(reply.headers.first(name: "Content-Type") == "application/hal+json")
                #expect(reply.json["_links"]?.objectValue != nil && reply.json["_embedded"]?.objectValue != nil)
            }
            #expect(try await client.get(user("jo")).json["_embedded"] == nil)
        }
    }
}
