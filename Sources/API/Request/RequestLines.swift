// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import NIOCore

/// What the errors of the decoder leave open: whether an address or the headers were too long, and whether what it took for an unknown method was one.
/// Looks at the heads of requests before they are decoded.
final class RequestLines: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    /// Bytes of an address, or of a header.
    static let longest = 16 << 10

    private(set) var addressIsTooLong = false
    private(set) var hasUnknownMethod = false
    private var isInBody = false
    private var hasBody = false
    /// Of the line that has come so far.
    private var length = 0
    private var isFirst = false

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if !isInBody { look(at: unwrapInboundIn(data).readableBytesView) }
        context.fireChannelRead(data)
    }

    /// What follows is a body; without one its end comes at once.
    func headEnded() {
        isInBody = true
        hasBody = false
    }

    func bodyCame() { hasBody = true }

    func requestEnded() {
        isInBody = false
        // Behind a body, what has come of a line is of it, unless it begins the next request. Otherwise it is of that request anyway.
        if hasBody, !isFirst { length = 0 }
    }

    private func look(at bytes: ByteBufferView) {
        var rest = bytes
        while !rest.isEmpty {
            let end = rest.firstIndex(of: UInt8(ascii: "\n")) ?? rest.endIndex
            if length == 0 { begin(rest[..<end]) }
            length += rest.distance(from: rest.startIndex, to: end)
            if isFirst, length > Self.longest { addressIsTooLong = true }
            guard end < rest.endIndex else { return }
            length = 0
            rest = rest[rest.index(after: end)...]
        }
    }

    /// A request begins with a method and a blank; a header has a colon behind its name.
    private func begin(_ line: ByteBufferView) {
        let method = line.prefix(while: Self.isOfMethod)
        let next = line.dropFirst(method.count).first
        let hasMethod = next == UInt8(ascii: " ") && !method.isEmpty
        // The rest of a method may come with the next part.
        isFirst = hasMethod || next == nil
        if hasMethod, RequestMethod(name: String(decoding: method, as: UTF8.self)) == .other { hasUnknownMethod = true }
    }

    private static func isOfMethod(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "-"): true
        default: false
        }
    }
}
