// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import SCIM
import Testing

@testable import API

/// Bodies that cost their sender little and a careless reader much.
enum HostileShape: String, CaseIterable, Sendable, CustomTestStringConvertible {
    case deepArrays = "arrays, 100,000 deep"
    case deepObjects = "objects, 100,000 deep"
    case longString = "a string of 10 MB"
    case millionElements = "an array of a million elements"
    case millionObjects = "an array of a million objects"

    var testDescription: String { rawValue }

    /// As JSON text.
    var value: [UInt8] {
        switch self {
        case .deepArrays: nested("[", "1", "]")
        case .deepObjects: nested("{\"a\":", "1", "}")
        case .longString: [0x22] + [UInt8](repeating: UInt8(ascii: "x"), count: 10_000_000) + [0x22]
        case .millionElements: repeated("0")
        case .millionObjects: repeated("{\"\":0}")
        }
    }

    private func nested(_ open: String, _ inner: String, _ close: String) -> [UInt8] {
        Array((String(repeating: open, count: 100_000) + inner + String(repeating: close, count: 100_000)).utf8)
    }

    private func repeated(_ element: String) -> [UInt8] {
        Array(("[" + String(repeating: "\(element),", count: 999_999) + "\(element)]").utf8)
    }
}

/// A request whose body has a place for anything.
private struct Place: Sendable {
    let method: String
    let path: String
    let before: String
    let after: String

    func body(_ value: [UInt8]) -> [UInt8] { Array(before.utf8) + value + Array(after.utf8) }

    static func all(user: String, group: String) -> [Place] {
        func place(_ method: String, _ path: String, _ text: String) -> Place {
            let parts = text.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            return Place(method: method, path: path, before: parts[0], after: parts[1])
        }
        let user = "/Users/\(user)"
        let group = "/Groups/\(group)"
        let named = #""userName":"jo","name":{"familyName":"Roe"}"#
        let schemas = { (urn: String) in "\"schemas\":[\"\(urn)\"]" }
        let patch = schemas(SchemaURN.patchOp)
        let bulk = schemas(SchemaURN.bulkRequest)
        return [
            place("POST", "/Users", "?"),
            place("POST", "/Users", "{\(schemas(SchemaURN.user)),\(named),\"title\":?}"),
            place("POST", "/Users", "{\(schemas(SchemaURN.user)),\(named),\"emails\":?}"),
            place("PUT", user, "{\(schemas(SchemaURN.user)),\(named),\"x\":?}"),
            place("PATCH", user, "?"),
            place("PATCH", user, "{\(patch),\"Operations\":?}"),
            place("PATCH", user, "{\(patch),\"Operations\":[{\"op\":\"add\",\"path\":\"title\",\"value\":?}]}"),
            place("PATCH", group, "{\(patch),\"Operations\":[{\"op\":\"add\",\"path\":\"members\",\"value\":?}]}"),
            place("POST", "/Groups", "?"),
            place("POST", "/Groups", "{\(schemas(SchemaURN.group)),\"displayName\":\"g\",\"members\":?}"),
            place("POST", "/Groups", "{\(schemas(SchemaURN.group)),\"displayName\":\"g\",\"members\":[{\"value\":?}]}"),
            place("PUT", group, "{\(schemas(SchemaURN.group)),\"displayName\":\"g\",\"externalId\":?}"),
            place("POST", "/Bulk", "?"),
            place("POST", "/Bulk", "{\(bulk),\"Operations\":?}"),
            place("POST", "/Bulk", "{\(bulk),\"x\":?,\"Operations\":[]}"),
            place(
                "POST", "/Bulk",
                "{\(bulk),\"Operations\":[{\"method\":\"POST\",\"path\":\"/Users\",\"data\":{\"a\":?}}]}"),
            place("POST", "/.search", "{\(schemas(SchemaURN.searchRequest)),\"attributes\":?}"),
        ]
    }
}

extension OverHTTP {
    @Suite struct HostileBodyTests {
        @Test(
            "Deep, long and endless bodies are refused early, and memory stays flat", arguments: HostileShape.allCases)
        func refused(shape: HostileShape) async throws {
            try await withAPI { api in
                let user = try await api.post("/Users", Samples.user(Samples.name()))
                let group = try await api.post("/Groups", Samples.group(Samples.name()))
                let places = Place.all(user: user.id, group: group.id)
                let value = shape.value
                ResidentMemory.forgetLargeBlocks()
                // What the client and the server need once stays theirs.
                for place in places { try await send(place, value, to: api) }
                let before = try ResidentMemory.now()
                ResidentMemory.resetPeak()
                for _ in 0..<3 { for place in places { try await send(place, value, to: api) } }
                // The client, in this same process, has the body several times.
                let allowed = 64 << 20
                #expect(try ResidentMemory.now() - before < allowed)
                #expect(try ResidentMemory.peak() - before < allowed + 6 * value.count)
                #expect(try await api.get("/Users").json["totalResults"] == 1)
                #expect(try await api.get("/Users/\(user.id)").etag == #"W/"1""#)
                #expect(try await api.get("/Groups/\(group.id)").etag == #"W/"1""#)
            }
        }

        private func send(_ place: Place, _ value: [UInt8], to api: TestAPI) async throws {
            let start = ContinuousClock.now
            let body = place.body(value)
            let head = """
                \(place.method) /scim/v2\(place.path) HTTP/1.1\r
                Host: x\r
                Authorization: Bearer \(TestToken.client.secret)\r
                Content-Type: application/scim+json\r
                Content-Length: \(body.count)\r
                \r

                """
            // A client that keeps nothing of what it sends.
            let answer = try RawResponse(
                try await RawConnection.exchange(Array(head.utf8) + body, port: api.port, stopsAtAnswer: true))
            let shown: Comment =
                "\(place.method) \(place.path) \(place.before): \(answer.status) \(String(decoding: answer.body.prefix(300), as: UTF8.self))"
            #expect(answer.status == 400 || answer.status == 413, shown)
            #expect(answer.fault() == nil, shown)
            #expect(start.duration(to: .now) < .seconds(10), shown)
        }
    }
}
