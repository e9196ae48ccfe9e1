// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Redis
import Testing

@Suite struct RedisReplyReaderTests {
    static let stream =
        "+OK\r\n:42\r\n$5\r\nhello\r\n$-1\r\n*-1\r\n*0\r\n$0\r\n\r\n-WRONGTYPE not a list\r\n"
        + "*3\r\n:-7\r\n*2\r\n$1\r\na\r\n$-1\r\n-ERR inside\r\n"
    static let replies: [RedisReply] = [
        .status("OK"), .integer(42), .bulk(Array("hello".utf8)), .null, .null, .array([]), .bulk([]),
        .error(RedisError(serverMessage: "WRONGTYPE not a list")),
        .array([
            .integer(-7), .array([.bulk(Array("a".utf8)), .null]), .error(RedisError(serverMessage: "ERR inside")),
        ]),
    ]

    @Test("Replies are the same however the bytes are cut", arguments: [1, 2, 3, 5, 7, 11, 1_000])
    func fragmentation(size: Int) throws {
        var reader = try RedisReplyReader()
        var found: [RedisReply] = []
        let bytes = Array(Self.stream.utf8)
        for start in stride(from: 0, to: bytes.count, by: size) {
            try bytes[start..<min(start + size, bytes.count)].withUnsafeBytes { try reader.feed($0) }
            while let reply = try reader.next() { found.append(reply) }
        }
        #expect(found == Self.replies)
    }

    @Test("An incomplete reply is not given out", arguments: ["", "$5\r\nhell", "*2\r\n:1\r\n", ":12", "+OK\r"])
    func incomplete(text: String) throws {
        var reader = try RedisReplyReader()
        try Array(text.utf8).withUnsafeBytes { try reader.feed($0) }
        #expect(try reader.next() == nil)
    }

    @Test("Bulk strings carry any bytes")
    func binary() throws {
        let payload = (0...255).map { UInt8($0) } + [0, 13, 10, 0]
        var reader = try RedisReplyReader()
        try (Array("$\(payload.count)\r\n".utf8) + payload + [13, 10]).withUnsafeBytes { try reader.feed($0) }
        #expect(try reader.next() == .bulk(payload))
    }

    @Test(
        "What is not RESP2 or beyond the limits is refused",
        arguments: [
            "HTTP/1.1 400 Bad Request\r\n", "$-5\r\n", "*2000000\r\n",
            String(repeating: "*1\r\n", count: 8) + ":1\r\n",
        ])
    func refused(text: String) throws {
        var reader = try RedisReplyReader()
        try Array(text.utf8).withUnsafeBytes { try reader.feed($0) }
        var found: RedisError?
        do throws(RedisError) {
            _ = try reader.next()
        } catch {
            found = error
        }
        #expect(found?.kind == .protocolViolation)
    }

    @Test("Seven levels of nesting are read")
    func nesting() throws {
        var reader = try RedisReplyReader()
        let text = String(repeating: "*1\r\n", count: 7) + ":1\r\n"
        try Array(text.utf8).withUnsafeBytes { try reader.feed($0) }
        var reply = try #require(try reader.next())
        for _ in 0..<7 { reply = try #require(reply.array?.first) }
        #expect(reply == .integer(1))
    }

    @Test("A reply that never ends is refused instead of filling the memory")
    func endless() throws {
        var reader = try RedisReplyReader()
        let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 1)
        defer { chunk.deallocate() }
        chunk.initializeMemory(as: UInt8.self, repeating: UInt8(ascii: "x"))
        try Array("$536870912\r\n".utf8).withUnsafeBytes { try reader.feed($0) }
        var accepted = 0
        var found: RedisError?
        while found == nil, accepted < 100 {
            do throws(RedisError) {
                try reader.feed(UnsafeRawBufferPointer(chunk))
                accepted += 1
            } catch {
                found = error
            }
        }
        #expect(found?.kind == .protocolViolation)
        #expect(accepted < 65)
    }

    @Test("Many small replies in a row do not count as one large reply")
    func manySmall() throws {
        var reader = try RedisReplyReader()
        let chunk = Array(String(repeating: "$1000\r\n\(String(repeating: "x", count: 1_000))\r\n", count: 100).utf8)
        var count = 0
        for _ in 0..<700 {
            try chunk.withUnsafeBytes { try reader.feed($0) }
            while try reader.next() != nil { count += 1 }
        }
        #expect(count == 70_000)
    }

    @Test("Accessors give a value only where the reply has one")
    func accessors() {
        #expect(RedisReply.bulk(Array("12".utf8)).integer == 12)
        #expect(RedisReply.bulk(Array("x".utf8)).integer == nil)
        #expect(RedisReply.integer(3).string == nil)
        #expect(RedisReply.status("PONG").string == "PONG")
        #expect(RedisReply.null.isNull)
        #expect(RedisReply.array([.null]).array?.count == 1)
    }
}
