// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import Logging
import Postgres
import SCIM
import Testing

@testable import API

extension OverHTTP {
    @Suite struct LogTests {
        @Test func acceptedWriteIsLoggedWithItsRequestAndResource() async throws {
            let log = CapturedLog()
            try await withAPI(logger: log.logger) { api in
                let answer = try await api.post(
                    "/Users", Samples.user(Samples.name()), headers: [("X-Request-ID", "req-7")])
                let line = try #require(log.lines.first { $0.message == "A write was accepted" })
                #expect(line.level == .info)
                #expect(line.metadata["requestID"] == "req-7")
                #expect(line.metadata["resource"] == answer.id)
                #expect(line.metadata["operation"] == "create")
                #expect(line.metadata["client"] == "idp")
                #expect(LowercaseUUID(line.metadata["job"] ?? "") != nil)
            }
        }

        @Test func noSecretIsLogged() async throws {
            let log = CapturedLog()
            try await withAPI(logger: log.logger) { api in
                let body = Samples.user(Samples.name(), ["password": "correct horse battery"])
                let id = try await api.post("/Users", body).id
                try await api.put("/Users/\(id)", body).expect(200)
                try await api.post("/Users", Samples.user("a b", ["password": "correct horse battery"])).expect(
                    400, scimType: "invalidValue")
                try await api.get("/Users", token: .expired).expect(401)
                try await api.send(
                    "GET", "/Users", headers: [("Authorization", "Bearer not-a-token-of-ours")], token: nil
                ).expect(401)
                let text = log.text
                #expect(text.contains("A token was refused"))
                for secret in [
                    "correct horse", TestToken.client.secret, TestToken.expired.secret, "not-a-token-of-ours",
                ] {
                    #expect(!text.contains(secret))
                }
            }
        }

        @Test func faultsOfOursAre500WithoutInternals() async throws {
            let log = CapturedLog()
            try await withAPI(logger: log.logger) { api in
                try await api.withConnection { try await $0.run("ALTER TABLE resource RENAME TO gone") }
                for (method, path, body) in [
                    ("GET", "/Users/00000000-0000-4000-8000-000000000000", nil), ("GET", "/Users", nil),
                    ("POST", "/Users", Samples.user(Samples.name())),
                ] as [(String, String, JSONObject?)] {
                    let id = Samples.name("req")
                    let answer = try await api.send(
                        method, path, body: body?.serialize(), headers: [("X-Request-ID", id)])
                    answer.expect(500)
                    #expect(!answer.text.contains("relation") && !answer.text.contains("resource\""))
                    let line = try #require(log.lines.last { $0.level == .error && $0.metadata["requestID"] == id })
                    #expect(line.metadata["error"]?.contains("42P01") == true)
                }
                try await api.withConnection { try await $0.run("ALTER TABLE gone RENAME TO resource") }
                try await api.post("/Users", Samples.user(Samples.name())).expect(201)
            }
        }
    }
}
