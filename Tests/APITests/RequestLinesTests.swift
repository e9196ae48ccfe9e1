// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOEmbedded
import NIOHTTP1
import Testing

@testable import API

/// However the bytes of a request are cut.
@Suite struct RequestLinesTests {
    /// The status of what is refused, and nil if nothing is.
    private func status(of bytes: [UInt8], cut length: Int) throws -> UInt? {
        let channel = EmbeddedChannel()
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderFieldSize = RequestLines.longest
        try channel.pipeline.syncOperations.configureHTTPServerPipeline(
            withPipeliningAssistance: false, withErrorHandling: false, withOutboundHeaderValidation: false,
            withEncoderConfiguration: .init(), withDecoderLimitConfiguration: limits)
        try channel.pipeline.syncOperations.addHandler(HTTPRules.Installer())
        defer { _ = try? channel.finish(acceptAlreadyClosed: true) }
        for start in stride(from: 0, to: bytes.count, by: length) {
            do {
                try channel.writeInbound(ByteBuffer(bytes: bytes[start..<min(start + length, bytes.count)]))
            } catch {
                var head = HTTPResponseHead(version: .http1_1, status: .badRequest)
                head.headers.add(name: "Content-Length", value: "0")
                try channel.writeOutbound(HTTPServerResponsePart.head(head))
                let answer = try #require(try channel.readOutbound(as: ByteBuffer.self))
                return UInt(String(buffer: answer).dropFirst("HTTP/1.1 ".count).prefix(3))
            }
        }
        return nil
    }

    private static let long = String(repeating: "x", count: 40_000)
    private static let post = "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 7\r\n\r\n{\"a\":1}"

    @Test(
        "An address that is too long is told from headers that are",
        arguments: [
            ("GET /\(long) HTTP/1.1\r\nHost: x\r\n\r\n", 414),
            ("GET /a HTTP/1.1\r\nHost: x\r\nX: \(long)\r\n\r\n", 431),
            ("GET /a HTTP/1.1\r\nHost: x\r\n\r\n", nil), (post, nil),
        ] as [(String, UInt?)], [7, 100, 2048, 4099, 70_000])
    func tooLong(request: (text: String, status: UInt?), length: Int) throws {
        #expect(try status(of: Array(request.text.utf8), cut: length) == request.status)
        // Behind one without a body, too.
        let get = "GET /b HTTP/1.1\r\nHost: x\r\n\r\n"
        #expect(try status(of: Array("\(get)\(request.text)".utf8), cut: length) == request.status)
    }

    @Test("A request that follows a body on the same connection is looked at from its beginning")
    func behindBody() throws {
        // The cut is just behind the body.
        let text = Self.post + "GET /\(Self.long) HTTP/1.1\r\nHost: x\r\n\r\n"
        #expect(try status(of: Array(text.utf8), cut: Self.post.utf8.count) == 414)
        let headers = Self.post + "GET /a HTTP/1.1\r\nHost: x\r\nX: \(Self.long)\r\n\r\n"
        #expect(try status(of: Array(headers.utf8), cut: Self.post.utf8.count) == 431)
    }
}
