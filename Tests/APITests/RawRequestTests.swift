// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import SCIM
import Testing

@testable import API

extension OverHTTP {
    /// Requests that no HTTP library would send, byte by byte.
    @Suite struct RawRequestTests {
        private static func head(_ method: String, _ path: String, _ headers: [String] = []) -> String {
            let fixed = ["Host: x", "Authorization: Bearer \(TestToken.client.secret)", "Connection: close"]
            return "\(method) /scim/v2\(path) HTTP/1.1\r\n" + (fixed + headers).map { "\($0)\r\n" }.joined() + "\r\n"
        }

        private static let json = "Content-Type: application/scim+json"

        @Test func bodyThatEndsEarlyChangesNothing() async throws {
            try await withAPI { api in
                let user = Samples.user(Samples.name()).serialize()
                let head = Self.head("POST", "/Users", [Self.json, "Content-Length: \(user.count + 10)"])
                let bytes = try await RawConnection.exchange(
                    Array(head.utf8) + user, port: api.port, closesWriting: true)
                // The client may have gone for good; if it listens, it hears what went wrong.
                if !bytes.isEmpty {
                    try Answer(raw: bytes).expect(400, scimType: "invalidSyntax", naming: "incomplete")
                }
                #expect(try await api.get("/Users").json["totalResults"] == 0)
            }
        }

        @Test func announcedLengthBeyondTheLimitIsRefusedWithoutWaiting() async throws {
            try await withAPI { api in
                for (path, length) in [("/Users", (1 << 20) + 1), ("/Groups", (16 << 20) + 1), ("/Users", .max)] {
                    let head = Self.head("POST", path, [Self.json, "Content-Length: \(length)"])
                    let bytes = try await RawConnection.exchange(Array(head.utf8), port: api.port, limit: .seconds(10))
                    try Answer(raw: bytes).expect(413)
                }
            }
        }

        @Test func chunksBeyondTheLimitAreRefused() async throws {
            try await withAPI { api in
                let head = Self.head("POST", "/Users", [Self.json, "Transfer-Encoding: chunked"])
                let chunk = "40000\r\n" + String(repeating: " ", count: 0x40000) + "\r\n"
                let body = String(repeating: chunk, count: 5) + "0\r\n\r\n"
                let bytes = try await RawConnection.exchange(Array((head + body).utf8), port: api.port)
                try Answer(raw: bytes).expect(413)
            }
        }

        @Test func chunkedBodyIsRead() async throws {
            try await withAPI { api in
                let user = Samples.user(Samples.name()).serialize()
                let head = Self.head("POST", "/Users", [Self.json, "Transfer-Encoding: chunked"])
                var bytes = Array(head.utf8)
                for byte in user { bytes += Array("1\r\n".utf8) + [byte] + Array("\r\n".utf8) }
                bytes += Array("0\r\n\r\n".utf8)
                try Answer(raw: try await RawConnection.exchange(bytes, port: api.port)).expect(201)
            }
        }

        @Test func malformedChunkIsRefused() async throws {
            try await withAPI { api in
                let head = Self.head("POST", "/Users", [Self.json, "Transfer-Encoding: chunked"])
                let bytes = try await RawConnection.exchange(
                    Array((head + "5\r\n{\"a\":\r\nzz\r\n").utf8), port: api.port)
                try Answer(raw: bytes).expect(400, scimType: "invalidSyntax", naming: "malformed")
                #expect(try await api.get("/Users").json["totalResults"] == 0)
            }
        }

        @Test(
            "Bytes that are not UTF-8 are refused with their place",
            arguments: [
                [0xFF], [0xC3, 0x28], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xE2, 0x82],
            ] as [[UInt8]])
        func invalidUTF8(sequence: [UInt8]) async throws {
            try await withAPI { api in
                let body = Array(#"{"title":""#.utf8) + sequence + Array(#""}"#.utf8)
                let head = Self.head("POST", "/Users", [Self.json, "Content-Length: \(body.count)"])
                let answer = try Answer(raw: try await RawConnection.exchange(Array(head.utf8) + body, port: api.port))
                answer.expect(400, scimType: "invalidSyntax", naming: "byte 10")
            }
        }

        @Test func nullByteInTheBodyIsRefused() async throws {
            try await withAPI { api in
                let body = Array("{\"title\":\"a".utf8) + [0] + Array("\"}".utf8)
                let head = Self.head("POST", "/Users", [Self.json, "Content-Length: \(body.count)"])
                try Answer(raw: try await RawConnection.exchange(Array(head.utf8) + body, port: api.port))
                    .expect(400, scimType: "invalidSyntax", naming: "0x00")
            }
        }

        @Test(
            "No id gets into a header or splits a response",
            arguments: [
                "%0d%0aX-Evil:%201", "x%0aLocation:%20http://evil", "%E2%80%A8", "..%2f..%2fetc",
                "%250d%250aX-Evil:%25201", "%2%350d%2%350aX-Evil:1", "%0%64%0%61X-Evil:1",
            ])
        func headerInjection(id: String) async throws {
            try await withAPI { api in
                let bytes = try await RawConnection.exchange(
                    Array(Self.head("GET", "/Users/\(id)").utf8), port: api.port)
                let answer = try Answer(raw: bytes)
                answer.expect(404)
                #expect(answer.header("X-Evil") == nil && answer.header("Location") == nil)
            }
        }

        @Test func requestIDWithForeignBytesIsReplaced() async throws {
            try await withAPI { api in
                for value in ["a\tb", "\u{e4}", "a b", ""] {
                    let bytes = try await RawConnection.exchange(
                        Array(Self.head("GET", "/Users", ["X-Request-ID: \(value)"]).utf8), port: api.port)
                    let answer = try Answer(raw: bytes)
                    answer.expect(200)
                    #expect(LowercaseUUID(answer.header("X-Request-ID") ?? "") != nil)
                }
            }
        }

        @Test("A query that is no percent-encoded UTF-8 is refused", arguments: ["count=%zz", "attributes=%ff", "%"])
        func brokenQuery(query: String) async throws {
            try await withAPI { api in
                let bytes = Array(Self.head("GET", "/Users?\(query)").utf8)
                try Answer(raw: try await RawConnection.exchange(bytes, port: api.port))
                    .expect(400, scimType: "invalidSyntax", naming: "query")
            }
        }

        @Test func absoluteRequestTargetIsAccepted() async throws {
            try await withAPI { api in
                let request = Self.head("GET", "/Users").replacing(
                    "GET /scim", with: "GET http://elsewhere.example/scim")
                try Answer(raw: try await RawConnection.exchange(Array(request.utf8), port: api.port)).expect(200)
            }
        }

        @Test func hostHeaderDoesNotGetIntoAddresses() async throws {
            try await withAPI { api in
                let user = Samples.user(Samples.name()).serialize()
                let head = Self.head(
                    "POST", "/Users", [Self.json, "X-Forwarded-Host: evil", "Content-Length: \(user.count)"]
                )
                .replacing("Host: x", with: "Host: evil.example")
                let answer = try Answer(raw: try await RawConnection.exchange(Array(head.utf8) + user, port: api.port))
                answer.expect(201)
                #expect(answer.header("Location")?.hasPrefix("https://scim.example/scim/v2/Users/") == true)
                #expect(!answer.text.contains("evil"))
            }
        }

        @Test func pipelinedRequestsAreAnsweredInOrder() async throws {
            try await withAPI { api in
                let open = Self.head("GET", "/ServiceProviderConfig").replacing("Connection: close\r\n", with: "")
                let text = String(
                    decoding: try await RawConnection.exchange(
                        Array((open + open + Self.head("GET", "/Users/x")).utf8), port: api.port),
                    as: UTF8.self)
                #expect(text.ranges(of: "HTTP/1.1 200").count == 2)
                #expect(text.ranges(of: "HTTP/1.1 404").count == 1)
                #expect(text.hasPrefix("HTTP/1.1 200"))
            }
        }

        @Test func connectionGoesOnAfterARefusedBody() async throws {
            try await withAPI { api in
                let body = String(repeating: " ", count: 200)
                let refused = Self.head("POST", "/Nothing", [Self.json, "Content-Length: 200"]).replacing(
                    "Connection: close\r\n", with: "")
                let text = String(
                    decoding: try await RawConnection.exchange(
                        Array((refused + body + Self.head("GET", "/Users")).utf8), port: api.port),
                    as: UTF8.self)
                #expect(text.hasPrefix("HTTP/1.1 404"))
                #expect(text.ranges(of: "HTTP/1.1 200").count == 1)
            }
        }

        @Test(
            "What is no HTTP is refused and the server goes on",
            arguments: ["GARBAGE\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "\u{0}\u{1}\u{2}\r\n\r\n"])
        func garbage(text: String) async throws {
            try await withAPI { api in
                let bytes = try await RawConnection.exchange(Array(text.utf8), port: api.port, closesWriting: true)
                #expect(bytes.isEmpty || String(decoding: bytes, as: UTF8.self).hasPrefix("HTTP/1.1 400"))
                try await api.get("/Users").expect(200)
            }
        }

        @Test(
            "What is no HTTP is refused with an error body as everything else is",
            arguments: [
                (
                    "GET /scim/v2/Users HTTP/1.1", "Host: x\r\nX: \(String(repeating: "x", count: 40_000))\r\n", 431,
                    "headers"
                ),
                ("GET /scim/v2/Users HTTP/1.1", String(repeating: "X: y\r\n", count: 101), 431, "headers"),
                (
                    "GET /scim/v2/Users?x=\(String(repeating: "x", count: 40_000)) HTTP/1.1", "Host: x\r\n", 414,
                    ".search"
                ),
                ("GET /scim/v2/Users/\(String(repeating: "x", count: 17_000)) HTTP/1.1", "Host: x\r\n", 414, "address"),
                ("BREW /scim/v2/Users HTTP/1.1", "Host: x\r\n", 501, "method"),
                ("get /scim/v2/Users HTTP/1.1", "Host: x\r\n", 501, "method"),
                ("GET /scim/v2/Users HTTP/1.1", "Host: x\r\nA B: c\r\n", 400, "HTTP"),
                ("GET /scim/v2/Users HTTP/1.1", "", 400, "Host"),
                ("GET /scim/v2/Users HTTP/1.1", "Host: x\r\nHost: x\r\n", 400, "Host"),
                ("GET /scim/v2/Users HTTP/1.1", "Host: x/y\r\n", 400, "Host"),
                ("GET /scim/v2/Users HTTP/1.0", "Host: x\r\nHost: y\r\n", 400, "Host"),
                ("POST /scim/v2/Users HTTP/1.1", "Content-Length: 2\r\n\r\n{}", 400, "Host"),
            ])
        func noHTTP(line: String, headers: String, status: Int, reason: String) async throws {
            try await withAPI { api in
                let open = Self.head("GET", "/Users/x").replacing("Connection: close\r\n", with: "")
                for before in ["", open] {
                    let bytes = try await RawConnection.exchange(
                        Array("\(before)\(line)\r\n\(headers)\r\n".utf8), port: api.port)
                    let text = String(decoding: bytes, as: UTF8.self)
                    #expect(before.isEmpty || text.hasPrefix("HTTP/1.1 404"))
                    let start = try #require(text.firstRange(of: "HTTP/1.1 \(status)"), "\(text)").lowerBound
                    let answer = try Answer(raw: Array(text[start...].utf8))
                    answer.expect(status, naming: reason)
                    #expect(answer.header("Connection") == "close")
                }
            }
        }

        @Test("A host may have a port, be an address, or be missing in HTTP/1.0")
        func hosts() async throws {
            try await withAPI { api in
                for host in ["Host: scim.example:8443\r\n", "Host: [::1]:80\r\n", "Host:\r\n"] {
                    let head = Self.head("GET", "/Users").replacing("Host: x\r\n", with: host)
                    try Answer(raw: try await RawConnection.exchange(Array(head.utf8), port: api.port)).expect(200)
                }
                let old = Self.head("GET", "/Users").replacing("Host: x\r\n", with: "")
                    .replacing("HTTP/1.1", with: "HTTP/1.0")
                try Answer(raw: try await RawConnection.exchange(Array(old.utf8), port: api.port)).expect(200)
            }
        }

        @Test("A client that waits for 100 is told to go on, after the answers to what it sent before")
        func expectation() async throws {
            try await withAPI { api in
                let user = Samples.user(Samples.name()).serialize()
                let head = Self.head(
                    "POST", "/Users", [Self.json, "Expect: 100-Continue", "Content-Length: \(user.count)"])
                let open = Self.head("GET", "/Users/x").replacing("Connection: close\r\n", with: "")
                let text = String(
                    decoding: try await RawConnection.exchange(Array((open + head).utf8) + user, port: api.port),
                    as: UTF8.self)
                let places = try ["404 ", "100 Continue\r\n\r\n", "201 "].map {
                    try #require(text.firstRange(of: "HTTP/1.1 \($0)"), "\(text)").lowerBound
                }
                #expect(places == places.sorted())
                // The head alone gets it, too, and nothing else.
                let alone = try await RawConnection.exchange(
                    Array(head.utf8), port: api.port, stopsAtAnswer: true, limit: .seconds(2))
                #expect(String(decoding: alone, as: UTF8.self) == "HTTP/1.1 100 Continue\r\n\r\n")
            }
        }

        @Test("Nothing to wait for: no body, HTTP/1.0, another expectation")
        func noExpectation() async throws {
            try await withAPI { api in
                let get = Self.head("GET", "/Users", ["Expect: 100-continue"])
                for head in [
                    get, get.replacing("HTTP/1.1", with: "HTTP/1.0"), Self.head("GET", "/Users", ["Expect: x"]),
                    Self.head("GET", "/Users", ["Expect: 100-continue", "Content-Length: 0"]),
                ] {
                    try Answer(raw: try await RawConnection.exchange(Array(head.utf8), port: api.port)).expect(200)
                }
            }
        }

        @Test("A body that nobody will read is not asked for")
        func unwantedBody() async throws {
            try await withAPI { api in
                let large = ["Expect: 100-continue", Self.json, "Content-Length: \(17 << 20)"]
                for (head, status) in [
                    (Self.head("POST", "/Groups", large), 413), (Self.head("PUT", "/nothing", large), 404),
                    (Self.head("POST", "/Users", large).replacing(TestToken.client.secret, with: "x"), 401),
                ] {
                    let bytes = try await RawConnection.exchange(Array(head.utf8), port: api.port, limit: .seconds(10))
                    try Answer(raw: bytes).expect(status)
                }
            }
        }

        @Test("HTTP/1.0 gets no chunks, and the end of the connection; close closes in any case and in a list")
        func connectionEnds() async throws {
            try await withAPI { api in
                try await api.post("/Groups", ["schemas": [.string(SchemaURN.group)], "displayName": "g"]).expect(201)
                let head = Self.head("GET", "/Groups").replacing("Connection: close\r\n", with: "")
                let old = head.replacing("HTTP/1.1", with: "HTTP/1.0")
                let bytes = try await RawConnection.exchange(Array(old.utf8), port: api.port, limit: .seconds(10))
                let parts = String(decoding: bytes, as: UTF8.self).split(separator: "\r\n\r\n", maxSplits: 1)
                #expect(parts.first?.hasPrefix("HTTP/1.0 200") == true)
                #expect(parts.first?.lowercased().contains("transfer-encoding") == false)
                #expect(parts.last?.first == "{" && parts.last?.last == "}")
                for close in ["Close", "TE, close"] {
                    let head = head.replacing("Host: x\r\n", with: "Host: x\r\nConnection: \(close)\r\n")
                    let bytes = try await RawConnection.exchange(Array(head.utf8), port: api.port, limit: .seconds(10))
                    try Answer(raw: bytes).expect(200)
                }
            }
        }
    }
}
