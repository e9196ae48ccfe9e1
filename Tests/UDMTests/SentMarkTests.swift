// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOEmbedded
import NIOHTTP1
import Testing

@testable import UDM

/// What a connection does with calls and their answers, in a time that the test moves.
@Suite struct SentMarkTests {
    private let ledger = CallLedger()
    private let deadline = NIODeadline.uptimeNanoseconds(0) + .seconds(60)

    private func connection() throws -> EmbeddedChannel {
        let channel = EmbeddedChannel(handler: SentMark(ledger: ledger))
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        return channel
    }

    private func head(_ call: UInt64, length: Int?) -> HTTPClientRequestPart {
        var head = HTTPRequestHead(version: .http1_1, method: length == nil ? .GET : .POST, uri: "/udm/users/user/")
        head.headers.add(name: SentMark.header, value: "\(call)")
        if let length { head.headers.add(name: "Content-Length", value: "\(length)") }
        return .head(head)
    }

    /// A call whose answer must be there a minute after `time`.
    private func open(after time: TimeAmount = .zero) throws -> UInt64 {
        try #require(ledger.open(until: deadline + time))
    }

    /// What has left the connection.
    private func left(_ channel: EmbeddedChannel) throws -> [HTTPClientRequestPart] {
        var parts: [HTTPClientRequestPart] = []
        while let part = try channel.readOutbound(as: HTTPClientRequestPart.self) { parts.append(part) }
        return parts
    }

    @Test("Head and body of a call leave in one flush; a head without a body leaves at once")
    func oneFlush() throws {
        let channel = try connection()
        // As the client does it: a flush after the head, and one after the end.
        try channel.pipeline.write(head(open(), length: 2), promise: nil)
        channel.flush()
        #expect(try left(channel).isEmpty)
        channel.pipeline.write(HTTPClientRequestPart.body(.byteBuffer(ByteBuffer(string: "{}"))), promise: nil)
        channel.pipeline.write(HTTPClientRequestPart.end(nil), promise: nil)
        channel.flush()
        let parts = try left(channel)
        #expect(parts.count == 3)
        guard case .head(let sent) = parts.first else { throw UnexpectedPart() }
        #expect(!sent.headers.contains(name: SentMark.header))

        try channel.pipeline.write(head(open(), length: nil), promise: nil)
        channel.flush()
        #expect(try left(channel).count == 1)
        _ = try channel.finish(acceptAlreadyClosed: true)
    }

    @Test("A call that nobody waits for any more does not leave")
    func closedCall() throws {
        let channel = try connection()
        let call = try open()
        #expect(!ledger.close(call))
        channel.pipeline.write(head(call, length: nil), promise: nil)
        channel.flush()
        #expect(try left(channel).isEmpty)
        #expect(!channel.isActive)
    }

    @Test("A ledger that is shut opens no call, and waits for those under way")
    func shut() async throws {
        let call = try open()
        let shut = Task { await ledger.shut() }
        while ledger.open(until: deadline).map({ ledger.close($0) }) != nil { await Task.yield() }
        #expect(!ledger.close(call))
        await shut.value
        await ledger.shut()
    }

    private func answer(_ channel: EmbeddedChannel, ends: Bool) throws {
        let head = HTTPResponseHead(version: .http1_1, status: .ok, headers: ["Content-Length": "4"])
        channel.pipeline.fireChannelRead(HTTPClientResponsePart.head(head))
        channel.pipeline.fireChannelRead(HTTPClientResponsePart.body(ByteBuffer(string: "{}")))
        if ends { channel.pipeline.fireChannelRead(HTTPClientResponsePart.end(nil)) }
        channel.pipeline.fireChannelReadComplete()
    }

    @Test("A body that stalls after its head ends with the deadline of the call, however late the head was")
    func overdueBody() throws {
        let channel = try connection()
        try channel.writeOutbound(head(open(), length: nil))
        channel.embeddedEventLoop.advanceTime(by: .seconds(59))
        try answer(channel, ends: false)
        // A trickle changes nothing.
        channel.embeddedEventLoop.advanceTime(by: .milliseconds(999))
        channel.pipeline.fireChannelRead(HTTPClientResponsePart.body(ByteBuffer(string: " ")))
        channel.pipeline.fireChannelReadComplete()
        #expect(channel.isActive)
        channel.embeddedEventLoop.advanceTime(by: .milliseconds(1))
        #expect(throws: BodyOverdue.self) { try channel.throwIfErrorCaught() }
        #expect(!channel.isActive)
    }

    @Test("A connection whose answer was whole lives on, and its next call has a deadline of its own")
    func wholeBody() throws {
        let channel = try connection()
        try channel.writeOutbound(head(open(), length: nil))
        try answer(channel, ends: false)
        channel.pipeline.fireChannelRead(HTTPClientResponsePart.end(nil))
        channel.embeddedEventLoop.advanceTime(by: .seconds(50))
        try channel.writeOutbound(head(open(after: .seconds(50)), length: nil))
        try answer(channel, ends: false)
        channel.embeddedEventLoop.advanceTime(by: .seconds(59))
        #expect(channel.isActive)
        channel.embeddedEventLoop.advanceTime(by: .seconds(1))
        #expect(!channel.isActive)
    }

    private struct UnexpectedPart: Error {}
}
