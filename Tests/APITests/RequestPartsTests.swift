// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import NIOCore
import SCIM
import Testing

@testable import API

@Suite struct RequestPartsTests {
    // MARK: Entity tags

    @Test(
        "Entity tags are compared by revision",
        arguments: [
            (#"W/"3""#, EntityTags.revisions([3])),
            (#""3""#, .revisions([3])),
            (#"w/"3""#, .revisions([3])),
            (#" W/"3" , "4""#, .revisions([3, 4])),
            ("*", .any),
            (#"W/"3", *"#, .any),
            // None of ours: they match no revision.
            ("", .revisions([])),
            ("3", .revisions([])),
            (#"W/3"#, .revisions([])),
            (#"W/"03""#, .revisions([])),
            (#"W/"+3""#, .revisions([])),
            (#"W/"-""#, .revisions([])),
            (#"W/"99999999999999999999""#, .revisions([])),
            (#""a,3""#, .revisions([])),
            (#"""#, .revisions([])),
        ])
    func entityTags(header: String, tags: EntityTags) {
        #expect(EntityTags(header: header) == tags)
    }

    @Test func noHeaderIsNoCondition() {
        #expect(EntityTags(header: nil) == nil)
    }

    // MARK: Request id and traceparent

    @Test(
        "A usable X-Request-ID is kept",
        arguments: ["a", "0d1f3b9a-5f7e-4f2c-8a35-4b8d2c1d9e10", String(repeating: "x", count: 128), "!~"])
    func requestIDKept(header: String) {
        #expect(RequestID(header: header).description == header)
    }

    @Test(
        "Any other X-Request-ID is replaced by a new UUID",
        arguments: [nil, "", " ", "a b", "a\tb", "a\u{7f}", "ä", "a\r\nX: y", String(repeating: "x", count: 129)])
    func requestIDReplaced(header: String?) {
        let id = RequestID(header: header).description
        #expect(LowercaseUUID(id) != nil)
        #expect(id != RequestID(header: header).description)
    }

    @Test func traceParentOfTheRecommendationIsKept() {
        let header = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
        #expect(acceptedTraceParent(header) == header)
    }

    @Test(
        "A malformed traceparent is dropped",
        arguments: [
            nil, "", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0",
            "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4bf92f3577b34da6a3ce929d0e0e473-600f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902bz-01",
        ])
    func traceParentDropped(header: String?) {
        #expect(acceptedTraceParent(header) == nil)
    }

    // MARK: Query

    @Test func queryIsDecoded() throws {
        let query = try QueryParameters("filter=userName+eq+%22j%C3%B6%22&count=5&&flag&COUNT=7&a=%2B=")
        #expect(query["filter"] == "userName eq \"jö\"")
        #expect(query["Count"] == "5")
        #expect(query.values(of: "count") == ["5", "7"])
        #expect(query["flag"] == "")
        #expect(query["a"] == "+=")
        #expect(query["missing"] == nil)
    }

    @Test("Broken percent-encoding is refused", arguments: ["a=%", "a=%4", "a=%zz", "%=a", "a=%ff", "a=%c3%28"])
    func brokenQuery(query: String) {
        #expect(throws: SCIMError.self) { try QueryParameters(Substring(query)) }
    }

    @Test(
        "Pages follow RFC 7644 section 3.4.2.4",
        arguments: [
            ("", 1, 100), ("startIndex=0", 1, 100), ("startIndex=-5", 1, 100), ("startIndex=7&count=3", 7, 3),
            ("count=0", 1, 0), ("count=&startIndex=", 1, 100),
            ("count=-1", 1, 0), ("count=1000000", 1, 1000), ("count=99999999999999999999", 1, 1000),
            ("startIndex=99999999999999999999", Int(Int32.max), 100), ("startIndex=-99999999999999999999", 1, 100),
        ])
    func page(query: String, startIndex: Int, count: Int) throws {
        let list = try ListRequest(QueryParameters(Substring(query)), limits: RequestLimits())
        #expect(list.start == .index(startIndex))
        #expect(list.count == count)
    }

    @Test(
        "A page that is no number is refused",
        arguments: ["count=%20", "count=x", "count=1.5", "startIndex=+1", "startIndex=1e3", "count=-"])
    func brokenPage(query: String) throws {
        let query = try QueryParameters(Substring(query))
        #expect(throws: SCIMError.self) { try ListRequest(query, limits: RequestLimits()) }
    }

    @Test(
        "A message may write its whole numbers as languages with one type of number do",
        arguments: [("1.0", 1), ("2e0", 2), ("7", 7), ("\"1\"", 1), ("\"-1\"", 0)])
    func wholeNumber(text: String, count: Int) throws {
        let message = { (count: String) in #"{"schemas":["\#(SchemaURN.searchRequest)"],"count":\#(count)}"# }
        let list = try ListRequest(try JSONValue(parsing: message(text)), limits: RequestLimits())
        #expect(list.count == count)
        for broken in ["1.5", "\"1.0\"", "\"one\"", "\"\"", "true"] {
            let body = try JSONValue(parsing: message(broken))
            #expect(throws: SCIMError.self) { try ListRequest(body, limits: RequestLimits()) }
        }
    }

    @Test("A byte order mark is no part of a body, however it is cut", arguments: 1...8)
    func byteOrderMark(length: Int) {
        func read(_ bytes: [UInt8]) -> [UInt8] {
            var mark = ByteOrderMark()
            var read: [UInt8] = []
            for start in stride(from: 0, to: bytes.count, by: length) {
                let part = ByteBuffer(bytes: bytes[start..<min(start + length, bytes.count)])
                for part in mark.removed(from: part) { read += part.readableBytesView }
            }
            return read + (mark.rest.map { Array($0.readableBytesView) } ?? [])
        }
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        #expect(read(mark + [1, 2, 3]) == [1, 2, 3])
        #expect(read(mark + mark + [1]) == mark + [1])
        for other in [[], [1], [0xEF, 1, 2, 3], [0xEF, 0xBB], [0xEF, 0xBB, 1, 0xEF, 0xBB, 0xBF], [1] + mark] {
            #expect(read(other) == other)
        }
        #expect(read(mark) == [])
    }

    // MARK: Media types

    @Test(
        "JSON in UTF-8 is taken under both names",
        arguments: [
            nil, "application/scim+json", "application/json", "Application/SCIM+JSON",
            "application/json; charset=utf-8",
            "application/scim+json;charset=UTF-8", "application/json ; charset=\"utf-8\"",
            "application/json;odata=verbose", "application/json; charset=utf8", "application/json; charset='utf-8'",
            "application/scim+json; charset=UTF8",
        ])
    func mediaType(header: String?) throws {
        try MediaType.check(contentType: header, contentEncoding: nil)
    }

    @Test(
        "Every other type is 415",
        arguments: [
            "", "text/plain", "application/xml", "application/x-www-form-urlencoded", "application/jsonx",
            "application/json, text/plain",
            "application/json; charset=iso-8859-1", "application/scim+json; charset=utf-16",
        ])
    func otherMediaType(header: String) {
        #expect { try MediaType.check(contentType: header, contentEncoding: nil) } throws: {
            ($0 as? SCIMError)?.status == 415
        }
    }

    @Test func compressedBodyIs415() {
        #expect { try MediaType.check(contentType: nil, contentEncoding: "gzip") } throws: {
            ($0 as? SCIMError)?.status == 415
        }
    }

    // MARK: Credentials

    @Test(
        "Bearer credentials are told from others",
        arguments: [
            (nil, BearerCredentials.missing), ("", .missing), ("Basic dXNlcjpwYXNz", .missing), ("Bearer", .malformed),
            ("Bearer ", .malformed), ("Bearer a b", .malformed), ("Bearer a, Bearer b", .malformed),
            ("Bearer ä", .malformed),
            ("Bearer abc", .token("abc")), ("bearer  a-b._~+/=", .token("a-b._~+/=")), ("BEARER x", .token("x")),
        ])
    func credentials(header: String?, expected: BearerCredentials) {
        #expect(BearerCredentials(authorization: header) == expected)
    }
}
