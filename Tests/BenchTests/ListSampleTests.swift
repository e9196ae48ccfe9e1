// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Testing

@testable import scim_bench

@Suite struct ListSampleTests {
    @Test(
        "each list asks by its filter",
        arguments: [
            (ListQuery.userName, "userName eq \"x\""), (.externalId, "externalId eq \"x\""), (.id, "id eq \"x\""),
            (.email, "emails.value eq \"x\""), (.workEmail, "emails[type eq \"work\" and value eq \"x\"]"),
            (.modified, "meta.lastModified gt \"x\""), (.modifiedRecently, "meta.lastModified gt \"x\""),
            (.displayName, "displayName sw \"x\""), (.partOfUserName, "userName co \"x\""),
        ])
    func filter(query: ListQuery, text: String) {
        let sample = ListSample(query, "x")
        #expect(sample.parameters.first.map { [$0.0, $0.1] } == ["filter", text])
        #expect(sample.parameters.contains { $0 == ("count", "100") } == !query.isLookup)
        #expect(sample.value == "x")
    }

    @Test("titles are distinct: they name the rows of the report")
    func titles() { #expect(Set(ListQuery.allCases.map(\.title)).count == ListQuery.allCases.count) }

    @Test(
        "the end of a prefix is behind all that begins with it, and before all else",
        arguments: [("Ada Abel", "ada abem"), ("az", "a{"), ("a", "b"), ("", "")])
    func end(prefix: String, end: String) { #expect(ListSampling.end(ofPrefix: prefix) == end) }

    @Test("a scalar with no successor is taken back to the one before")
    func lastScalar() {
        #expect(ListSampling.end(ofPrefix: "a\u{10FFFF}") == "b")
        #expect(ListSampling.end(ofPrefix: "a\u{D7FF}") == "b")
    }

    @Test("a part of a user name is six of its digits")
    func part() { #expect(ListSampling.part(of: "load-1-ada.abel.0123456789") == "234567") }

    @Test("values of a query are percent-encoded")
    func encoded() {
        #expect(Query.text([]) == "")
        #expect(
            Query.text([("filter", "userName eq \"a+b&c\""), ("count", "1")])
                == "?filter=userName%20eq%20%22a%2Bb%26c%22&count=1")
        #expect(Query.encoded("ä~-._aZ09[") == "%C3%A4~-._aZ09%5B")
    }

    @Test("requests draw from all paths, each connection in another order, and the same seed in the same")
    func requests() throws {
        let target = try Target("http://127.0.0.1:8080/scim/v2", allowingRemote: false)
        func draw(seed: UInt64, connection: Int) -> [String] {
            let paths = (0..<10).map { "/Users/\($0)" }
            var session = GetRequests(target: target, token: "t", paths: paths, seed: seed)
                .session(connection: connection, of: 2)
            return (0..<200).map { _ in
                var buffer = ByteBuffer()
                let isPrepared = session.prepare(&buffer)
                #expect(isPrepared)
                return String(buffer: buffer)
            }
        }
        let first = draw(seed: 1, connection: 0)
        #expect(Set(first).count == 10)
        #expect(
            first.contains(
                "GET /scim/v2/Users/3 HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nAuthorization: Bearer t\r\n"
                    + "Accept: application/scim+json\r\nUser-Agent: scim-bench\r\n\r\n"))
        #expect(first == draw(seed: 1, connection: 0))
        #expect(first != draw(seed: 1, connection: 1))
        #expect(first != draw(seed: 2, connection: 0))
    }
}
