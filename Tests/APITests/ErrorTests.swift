// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import SCIM
import Testing

@testable import API

/// A body that is refused, and how.
struct BadBody: Sendable, CustomTestStringConvertible {
    let text: String
    let status: Int
    let scimType: String?
    /// What the sentence has to name.
    let naming: String

    init(_ text: String, _ status: Int = 400, _ scimType: String? = "invalidValue", naming: String) {
        self.text = text
        self.status = status
        self.scimType = scimType
        self.naming = naming
    }

    /// A user with more members, given as JSON text.
    init(user members: String, _ status: Int = 400, _ scimType: String? = "invalidValue", naming: String) {
        let required = #""schemas":["urn:ietf:params:scim:schemas:core:2.0:User"]"#
        self.init("{\(required),\(members)}", status, scimType, naming: naming)
    }

    init(group members: String, _ status: Int = 400, _ scimType: String? = "invalidValue", naming: String) {
        let required = #""schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"]"#
        self.init("{\(required),\(members)}", status, scimType, naming: naming)
    }

    var testDescription: String { String(text.prefix(100)) }
}

extension OverHTTP {
    @Suite struct ErrorTests {
        private static let named = #""userName":"jo","name":{"familyName":"Doe"}"#

        static let users = [
            BadBody("", 400, "invalidSyntax", naming: "no body"),
            BadBody(" ", 400, "invalidSyntax", naming: "byte 1"),
            BadBody("{", 400, "invalidSyntax", naming: "byte 1"),
            BadBody("[1,2", 400, "invalidSyntax", naming: "byte 4"),
            BadBody("{\"a\":1}x", 400, "invalidSyntax", naming: "byte 7"),
            BadBody("{\"a\":01}", 400, "invalidSyntax", naming: "byte 6"),
            BadBody("{'a':1}", 400, "invalidSyntax", naming: "byte 1"),
            BadBody("{\"a\":1,\"a\":2}", 400, "invalidSyntax", naming: "occurs twice"),
            BadBody("{\"a\":\"\\ud800\"}", 400, "invalidSyntax", naming: "surrogate"),
            BadBody("\u{feff}", 400, "invalidSyntax", naming: "no body"),
            BadBody("\u{feff}\u{feff}{}", 400, "invalidSyntax", naming: "byte 0"),
            BadBody(
                String(repeating: "[", count: 65) + String(repeating: "]", count: 65), 400, "invalidSyntax",
                naming: "deeper than 64"),
            BadBody(String(repeating: "[", count: 100_000), 400, "invalidSyntax", naming: "deeper than 64"),
            BadBody("[]", 400, "invalidSyntax", naming: "JSON object"),
            BadBody("null", 400, "invalidSyntax", naming: "JSON object"),
            BadBody("\"x\"", 400, "invalidSyntax", naming: "JSON object"),
            BadBody("{}", 400, "invalidSyntax", naming: "schemas"),
            BadBody(#"{"schemas":"x"}"#, naming: "schemas"),
            BadBody(#"{"schemas":7}"#, 400, "invalidSyntax", naming: "schemas"),
            BadBody(#"{"schemas":[1]}"#, 400, "invalidSyntax", naming: "schemas[0]"),
            BadBody(#"{"schemas":[]}"#, 400, "invalidSyntax", naming: "schemas"),
            BadBody(
                #"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"g"}"#, naming: "/Groups"),
            BadBody(user: #""name":{"familyName":"Doe"}"#, naming: "userName"),
            BadBody(user: #""userName":"jo""#, naming: "name"),
            BadBody(user: #""userName":"jo","name":{"givenName":"Jo"}"#, naming: "name.familyName"),
            BadBody(user: #""userName":null,"name":{"familyName":"Doe"}"#, naming: "userName"),
            BadBody(user: #""userName":"","name":{"familyName":"Doe"}"#, naming: "userName"),
            BadBody(user: #""userName":17,"name":{"familyName":"Doe"}"#, naming: "userName"),
            BadBody(user: #""userName":"a b","name":{"familyName":"Doe"}"#, naming: "userName"),
            BadBody(user: #""userName":"jo@example.org","name":{"familyName":"Doe"}"#, naming: "userName"),
            BadBody(user: #""userName":"jo","USERNAME":"ja","name":{"familyName":"Doe"}"#, naming: "userName"),
            BadBody(user: #""userName":"jo","name":"Jo Doe""#, naming: "name"),
            BadBody(user: "\(named),\"active\":\"perhaps\"", naming: "active"),
            BadBody(user: "\(named),\"active\":1", naming: "active"),
            BadBody(user: "\(named),\"title\":\"a\\u0000b\"", naming: "title"),
            BadBody(user: "\(named),\"title\":{}", naming: "title"),
            BadBody(user: "\(named),\"externalId\":7", naming: "externalId"),
            BadBody(user: "\(named),\"externalId\":\"\\u0000\"", naming: "externalId"),
            BadBody(user: "\(named),\"password\":\"\"", naming: "password"),
            BadBody(user: "\(named),\"password\":\"short\"", naming: "password"),
            BadBody(user: "\(named),\"emails\":\"a@b.example\"", naming: "emails"),
            BadBody(user: "\(named),\"emails\":[{\"value\":17}]", naming: "emails[0].value"),
            BadBody(
                user: "\(named),\"emails\":[{\"value\":\"a@b.example\"},{\"value\":\"x\",\"type\":\"mailbox\"}]",
                naming: "emails[1].value"),
            BadBody(
                user: "\(named),\"emails\":[{\"value\":\"a\",\"primary\":true},{\"value\":\"b\",\"primary\":true}]",
                naming: "primary"),
            BadBody(
                user: "\(named),\"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User\":{\"department\":1}",
                naming: "department"),
            BadBody(
                user: "\(named),\"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User\":[]", naming: "enterprise"
            ),
            BadBody(
                user: "\(named),\"title\":\"" + String(repeating: "x", count: 1 << 20) + "\"", 413, nil,
                naming: "1048576"),
        ]

        @Test("A user that cannot be is refused, and the sentence says why", arguments: users)
        func user(body: BadBody) async throws {
            try await withAPI { api in
                try await api.send("POST", "/Users", body: Array(body.text.utf8)).expect(
                    body.status, scimType: body.scimType, naming: body.naming)
                let id = try await api.post("/Users", Samples.user(Samples.name())).id
                try await api.send("PUT", "/Users/\(id)", body: Array(body.text.utf8))
                    .expect(body.status, scimType: body.scimType, naming: body.naming)
                #expect(try await api.get("/Users").json["totalResults"] == 1)
                #expect(try await api.get("/Users/\(id)").etag == #"W/"1""#)
            }
        }

        static let groups = [
            BadBody(group: #""externalId":"x""#, naming: "displayName"),
            BadBody(group: #""displayName":" ""#, naming: "displayName"),
            BadBody(group: #""displayName":"a/b""#, naming: "displayName"),
            BadBody(group: #""displayName":"g","members":"x""#, naming: "members"),
            BadBody(group: #""displayName":"g","members":[{"value":"x"}]"#, naming: "members[0].value"),
            BadBody(group: #""displayName":"g","members":[{"display":"x"}]"#, naming: "members[0].value"),
            BadBody(
                group: #""displayName":"g","members":["2819c223-7f76-453a-919d-413861904646"]"#, naming: "members[0]"),
            BadBody(
                group:
                    #""displayName":"g","members":[{"value":"2819c223-7f76-453a-919d-413861904646","type":"Device"}]"#,
                naming: "members[0].type"),
            BadBody(
                group: "\"displayName\":\"g\",\"externalId\":\"" + String(repeating: "x", count: 16 << 20) + "\"", 413,
                nil, naming: "16777216"),
        ]

        @Test("A group that cannot be is refused, and the sentence says why", arguments: groups)
        func group(body: BadBody) async throws {
            try await withAPI { api in
                try await api.send("POST", "/Groups", body: Array(body.text.utf8)).expect(
                    body.status, scimType: body.scimType, naming: body.naming)
                #expect(try await api.get("/Groups").json["totalResults"] == 0)
            }
        }

        @Test(
            "A value that no index can hold is the client's error and nobody else's",
            arguments: ["externalId", "userName"])
        func hugeUniqueValue(attribute: String) async throws {
            // 16,000 characters that PostgreSQL cannot compress.
            let value = (0..<500).map { _ in LowercaseUUID.random().description.replacing("-", with: "") }.joined()
            try await withAPI { api in
                let huge = Samples.user(Samples.name(), [attribute: .string(value)])
                let answers = try await withThrowingTaskGroup(of: (Bool, Answer).self) { group in
                    for index in 0..<6 {
                        group.addTask {
                            (index == 3, try await api.post("/Users", index == 3 ? huge : Samples.user(Samples.name())))
                        }
                    }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
                for (isHuge, answer) in answers {
                    if isHuge { answer.expect(400, scimType: "invalidValue") } else { answer.expect(201) }
                }
            }
        }

        @Test(
            "Other content types are 415",
            arguments: ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin1"])
        func contentType(value: String) async throws {
            try await withAPI { api in
                let body = Samples.user(Samples.name()).serialize()
                try await api.send("POST", "/Users", body: body, headers: [("Content-Type", value)]).expect(415)
                try await api.send("POST", "/Users", body: body, headers: [("Content-Encoding", "gzip")]).expect(415)
                #expect(try await api.get("/Users").json["totalResults"] == 0)
            }
        }

        @Test(
            "Whatever the client accepts, it gets application/scim+json",
            arguments: [
                "application/json", "application/scim+json; charset=utf-8", "text/html", "*/*", "application/xml;q=0.9",
            ])
        func accept(value: String) async throws {
            try await withAPI { api in
                let headers = [("Accept", value), ("Content-Type", "application/json; charset=utf-8")]
                let created = try await api.send(
                    "POST", "/Users", body: Samples.user(Samples.name()).serialize(), headers: headers)
                created.expect(201)
                #expect(created.header("Content-Type") == "application/scim+json")
                try await api.get("/Users/\(created.id)", headers: headers).expect(200)
                try await api.get("/Users/x", headers: headers).expect(404)
            }
        }

        @Test(
            "A method that an endpoint lacks is 405 with the ones it has",
            arguments: [
                ("PUT", "/Users", "GET, HEAD, POST"), ("PATCH", "/Groups", "GET, HEAD, POST"),
                ("DELETE", "/Users", "GET, HEAD, POST"),
                ("OPTIONS", "/Users", "GET, HEAD, POST"),
                ("POST", "/Users/00000000-0000-4000-8000-000000000000", "GET, HEAD, PUT, PATCH, DELETE"),
                ("PROPFIND", "/Groups/x", "GET, HEAD, PUT, PATCH, DELETE"), ("POST", "/Schemas", "GET, HEAD"),
                ("PUT", "/ServiceProviderConfig", "GET, HEAD"),
                ("PATCH", "/ResourceTypes/User", "GET, HEAD"), ("DELETE", "/Schemas/urn:x", "GET, HEAD"),
                ("TRACE", "/ResourceTypes", "GET, HEAD"),
            ])
        func method(name: String, path: String, allowed: String) async throws {
            try await withAPI { api in
                let answer = try await api.send(name, path)
                answer.expect(405, naming: allowed)
                #expect(answer.header("Allow") == allowed)
            }
        }

        @Test(
            "An unknown endpoint is 404",
            arguments: ["/users", "/Devices", "/Users/x/y", "/ServiceProviderConfigs", "/..%2fUsers"])
        func unknownEndpoint(path: String) async throws {
            try await withAPI { api in
                for method in ["GET", "POST", "PATCH", "DELETE"] { try await api.send(method, path).expect(404) }
            }
        }

        @Test func requestIDIsEchoedOnEveryAnswer() async throws {
            try await withAPI { api in
                let id = ("X-Request-ID", "client-id.7")
                for (method, path, status) in [
                    ("GET", "/Users", 200), ("GET", "/Users/x", 404), ("PUT", "/Users", 405), ("GET", "/nothing", 404),
                    ("POST", "/Bulk", 400),
                    ("POST", "/Users", 400), ("HEAD", "/Users", 200),
                ] {
                    let answer = try await api.send(method, path, headers: [id])
                    #expect(answer.status == status)
                    #expect(answer.headers(named: "X-Request-ID") == ["client-id.7"])
                }
                let refused = try await api.send("GET", "/Users", headers: [id], token: nil)
                #expect(refused.headers(named: "X-Request-ID") == ["client-id.7"])
                let first = try #require(try await api.get("/Users").header("X-Request-ID"))
                let second = try #require(try await api.get("/Users").header("X-Request-ID"))
                #expect(LowercaseUUID(first) != nil && LowercaseUUID(second) != nil && first != second)
                let tooLong = try await api.get(
                    "/Users", headers: [("X-Request-ID", String(repeating: "a", count: 129))])
                #expect(LowercaseUUID(tooLong.header("X-Request-ID") ?? "") != nil)
            }
        }
    }
}
