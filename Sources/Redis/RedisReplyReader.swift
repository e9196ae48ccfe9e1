// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import CRedis

/// The only owner of one hiredis reader: bytes in, replies out, in any fragmentation.
///
/// Limits: 64 MiB for one reply, 1,048,576 elements for one array, seven levels of nesting.
package struct RedisReplyReader: ~Copyable {
    private static let replyBytesMax = 64 << 20

    private let pointer: UnsafeMutablePointer<redisReader>
    private var bytesSinceReply = 0

    package init() throws(RedisError) {
        guard let pointer = credis_reader_create() else {
            throw RedisError(.protocolViolation, "no memory for a reply reader")
        }
        self.pointer = pointer
    }

    deinit { credis_reader_free(pointer) }

    /// Takes over bytes from the socket; hiredis copies them.
    package mutating func feed(_ bytes: UnsafeRawBufferPointer) throws(RedisError) {
        guard let base = bytes.baseAddress, !bytes.isEmpty else { return }
        bytesSinceReply += bytes.count
        guard bytesSinceReply <= Self.replyBytesMax else {
            throw RedisError(.protocolViolation, "a reply is longer than \(Self.replyBytesMax) bytes")
        }
        guard redisReaderFeed(pointer, base.assumingMemoryBound(to: CChar.self), bytes.count) == REDIS_OK else {
            throw violation()
        }
    }

    /// The next complete reply, or `nil` until more bytes arrive.
    package mutating func next() throws(RedisError) -> RedisReply? {
        var object: UnsafeMutableRawPointer?
        guard redisReaderGetReply(pointer, &object) == REDIS_OK else { throw violation() }
        guard let object else { return nil }
        // The reply is ours from here on, whatever becomes of its contents.
        defer { freeReplyObject(object) }
        bytesSinceReply = Int(pointer.pointee.len) - Int(pointer.pointee.pos)
        return try Self.value(of: object.assumingMemoryBound(to: redisReply.self).pointee)
    }

    private func violation() -> RedisError {
        RedisError(
            .protocolViolation, "Redis sent an unreadable reply: \(String(cString: credis_reader_error(pointer)))")
    }

    private static func value(of reply: redisReply) throws(RedisError) -> RedisReply {
        switch reply.type {
        case REDIS_REPLY_STRING: return .bulk(bytes(of: reply))
        case REDIS_REPLY_INTEGER: return .integer(Int64(reply.integer))
        case REDIS_REPLY_NIL: return .null
        case REDIS_REPLY_STATUS: return .status(String(decoding: bytes(of: reply), as: UTF8.self))
        case REDIS_REPLY_ERROR:
            return .error(RedisError(serverMessage: String(decoding: bytes(of: reply), as: UTF8.self)))
        case REDIS_REPLY_ARRAY:
            var elements: [RedisReply] = []
            let count = Int(reply.elements)
            elements.reserveCapacity(count)
            for index in 0..<count {
                guard let element = reply.element[index] else {
                    throw RedisError(.protocolViolation, "Redis sent an incomplete array")
                }
                elements.append(try value(of: element.pointee))
            }
            return .array(elements)
        default:
            throw RedisError(.protocolViolation, "Redis sent a reply of the unknown type \(reply.type)")
        }
    }

    private static func bytes(of reply: redisReply) -> [UInt8] {
        guard let start = reply.str else { return [] }
        return [UInt8](UnsafeRawBufferPointer(start: start, count: Int(reply.len)))
    }
}
