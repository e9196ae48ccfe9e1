// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import SCIM
import Testing

@testable import API

extension OverHTTP {
    @Suite struct AuthenticationTests {
        static let endpoints = [
            ("GET", "/Users"), ("POST", "/Users"), ("GET", "/Users/00000000-0000-4000-8000-000000000000"),
            ("PUT", "/Users/00000000-0000-4000-8000-000000000000"),
            ("DELETE", "/Users/00000000-0000-4000-8000-000000000000"),
            ("PATCH", "/Users/00000000-0000-4000-8000-000000000000"), ("GET", "/Groups"), ("POST", "/Groups"),
            ("GET", "/ServiceProviderConfig"), ("GET", "/Schemas"), ("GET", "/ResourceTypes"), ("POST", "/Bulk"),
            ("POST", "/.search"),
            ("GET", "/Me"), ("GET", "/nothing"), ("OPTIONS", "/Users"), ("GET", ""), ("HEAD", "/Users"),
        ]

        @Test("Nothing below the prefix is answered without a token", arguments: endpoints)
        func noToken(method: String, path: String) async throws {
            try await withAPI { api in
                let answer = try await api.send(method, path, token: nil)
                #expect(answer.status == 401)
                #expect(answer.header("WWW-Authenticate") == #"Bearer realm="scim""#)
                #expect(answer.header("X-Request-ID") != nil)
                if method != "HEAD" { answer.expect(401) }
            }
        }

        @Test(
            "A token that is not ours is refused",
            arguments: [
                "Bearer", "Bearer ", "Bearer nonsense", "Bearer a b", "bearer x", "Bearer scimbridge_AAAA",
                "Bearer \u{e4}",
            ])
        func badToken(authorization: String) async throws {
            try await withAPI { api in
                let answer = try await api.send(
                    "GET", "/Users", headers: [("Authorization", authorization)], token: nil)
                answer.expect(401)
                #expect(answer.header("WWW-Authenticate")?.contains(#"error="invalid_token""#) == true)
            }
        }

        @Test func expiredTokenIsRefused() async throws {
            try await withAPI { api in
                let answer = try await api.get("/Users", token: .expired)
                answer.expect(401)
                #expect(answer.header("WWW-Authenticate")?.contains(#"error="invalid_token""#) == true)
            }
        }

        @Test("Other schemes are no credentials", arguments: ["Basic dXNlcjpwYXNz", "Digest x", "nonsense"])
        func otherScheme(authorization: String) async throws {
            try await withAPI { api in
                let answer = try await api.send(
                    "GET", "/Users", headers: [("Authorization", authorization)], token: nil)
                answer.expect(401)
                #expect(answer.header("WWW-Authenticate") == #"Bearer realm="scim""#)
            }
        }

        @Test func twoTokensAreNoToken() async throws {
            try await withAPI { api in
                let header = ("Authorization", "Bearer \(TestToken.client.secret)")
                try await api.send("GET", "/Users", headers: [header, header], token: nil).expect(401)
            }
        }

        @Test func readingNeedsItsScope() async throws {
            try await withAPI { api in
                let id = try await api.post("/Users", Samples.user(Samples.name())).id
                for path in ["/Users", "/Users/\(id)", "/Schemas", "/ServiceProviderConfig", "/ResourceTypes/User"] {
                    let answer = try await api.get(path, token: .writer)
                    answer.expect(403, naming: "scim.read")
                    #expect(
                        answer.header("WWW-Authenticate")
                            == #"Bearer realm="scim", error="insufficient_scope", scope="scim.read""#)
                }
                try await api.post("/Users", Samples.user(Samples.name()), token: .writer).expect(201)
            }
        }

        @Test func writingNeedsItsScope() async throws {
            try await withAPI { api in
                let id = try await api.post("/Users", Samples.user(Samples.name())).id
                try await api.post("/Users", Samples.user(Samples.name()), token: .reader).expect(
                    403, naming: "scim.write")
                try await api.put("/Users/\(id)", Samples.user(Samples.name()), token: .reader).expect(
                    403, naming: "scim.write")
                try await api.delete("/Users/\(id)", token: .reader).expect(403, naming: "scim.write")
                try await api.get("/Users/\(id)", token: .reader).expect(200)
                #expect(try await api.get("/Users?count=0").json["totalResults"] == 1)
            }
        }

        @Test func tokensThatCannotBeCheckedAre503() async throws {
            struct Unreachable: TokenAuthenticator {
                func authenticate(_ token: Substring) async throws(AuthenticationError) -> Principal {
                    throw .unavailable(reason: "no keys")
                }
            }
            try await withAPI(authenticator: Unreachable()) { api in
                let answer = try await api.get("/Users")
                answer.expect(503)
                #expect(answer.header("Retry-After").flatMap { Int($0) } ?? 0 > 0)
                #expect(!answer.text.contains("no keys"))
            }
        }

        @Test(
            "Outside the prefix there is nothing, token or not",
            arguments: ["/", "/scim", "/scim/v1/Users", "/health/live", "/metrics"])
        func outside(path: String) async throws {
            try await withAPI { api in
                try await api.send("GET", absolute: path, token: nil).expect(404)
                try await api.send("GET", absolute: path).expect(404)
            }
        }
    }
}
